// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Plain files of FDB entries: their entries, and the exact message, line and column of every mistake.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "config/config.hpp"
#include "expect_error.hpp"
#include "file/fdb_file.hpp"
#include "process.hpp"

using namespace xovl;
using test::TempFile;

namespace {

struct Case {
	const char *name;
	std::string text;
	std::string message; ///< without the "FILE:"
};

std::ostream &operator<<(std::ostream &out, const Case &c)
{
	return out << c.name;
}

constexpr const char *kUsage = "(MAC net NAME dst IP [encap KIND] [dstport P] [via direct|kernel|auto] [require "
			       "encrypted|none] | dev DEV [vid V])";

/// A configuration with two networks that names the file and has one inline entry.
std::string naming(const std::string &path)
{
	return fmt::format(R"(fdb_files: ["{}"]
limits: {{fdb: 3}}
vtep: {{local: [10.0.0.1]}}
networks:
  - name: blue
    encap: vxlan
    vni: 100
    ports: [{{dev: veth0}}, {{dev: "#x", vid: 100}}]
    fdb: [{{mac: "02:00:00:00:00:01", dst: 10.0.0.2}}]
  - {{name: red, encap: vxlan, vni: 200, flood: [{{dst: 10.0.0.3, encap: geneve}}]}}
)",
			   path);
}

class FdbFile : public testing::TestWithParam<Case> {};

const Case kCases[] = {
	{"Mac", "02:zz net blue dst 10.0.0.2", "1:1: \"02:zz\" is not a MAC address (as 02:00:00:00:00:99)"},
	{"SecondLine", "# one\n  fdb add", "2:3: \"fdb\" is not a MAC address (as 02:00:00:00:00:99)"},
	{"UnknownKey", "020000000002 net blue by 10.0.0.2",
	 "1:23: unknown key \"by\" (net, dst, encap, dstport, via, require, dev, vid)"},
	{"Via", "020000000002 net blue via 10.0.0.2", "1:27: \"10.0.0.2\" is not a value of via (direct|kernel|auto)"},
	{"Require", "020000000002 net blue dst 10.0.0.2 require ipsec",
	 "1:44: \"ipsec\" is not a value of require (encrypted|none)"},
	{"RequireTwice", "020000000002 net blue dst 10.0.0.2 require none require none",
	 "1:49: \"require\" is given twice (once)"},
	{"ViaOfPort", "020000000002 net blue dev veth0 via auto",
	 "1:41: encap, dstport, via and require go with dst, not with dev (dst with them, or dev alone)"},
	{"ViaOfOneSide", "020000000002 net blue dst 10.0.0.3 encap gre via kernel",
	 "1:27: via kernel is for vxlan or geneve, not for gre peer 10.0.0.3 (via direct)"},
	{"Twice", "020000000002 net blue net red", "1:23: \"net\" is given twice (once)"},
	{"NoValue", "020000000002 net blue dst", std::string("1:26: \"dst\" has no value ") + kUsage},
	{"NoNetwork", "020000000002 dst 10.0.0.2", std::string("1:26: \"net\" is missing ") + kUsage},
	{"UnknownNetwork", "020000000002 net green dst 10.0.0.2",
	 "1:18: there is no network \"green\" (xovl net show)"},
	{"Address", "020000000002 net blue dst 10.0.0",
	 "1:27: \"10.0.0\" is not an IP address (as 10.0.0.1 or fd00::1)"},
	{"Dev", "020000000002 net blue dev a/b",
	 "1:27: \"a/b\" is not an interface name (1-15 printable characters, no space, '/' or ':')"},
	{"Vid", "020000000002 net blue dev veth0 vid 4095", "1:37: VLAN 4095 is out of range (1-4094)"},
	{"PeerOfASecondEntry",
	 "020000000002 net blue dst 10.0.0.2\n020000000003 net blue dst 10.0.0.2 encap gre dstport 4",
	 "2:27: gre has no dstport (vxlan and geneve have)"},
	{"Neither", "020000000002 net blue", "1:22: MAC 02:00:00:00:00:02 has neither dst nor dev (either one)"},
	{"Both", "020000000002 net blue dst 10.0.0.2 dev veth0",
	 "1:45: MAC 02:00:00:00:00:02 has both dst and dev (either one)"},
	{"VlanOfPeer", "020000000002 net blue dst 10.0.0.2 vid 7",
	 "1:41: a VLAN goes with dev, not with dst (dev and vid, or dst alone)"},
	{"Encap", "020000000002 net blue dst 10.0.0.2 encap ipip",
	 "1:42: \"ipip\" is not an encap (vxlan|geneve|gre|nvgre)"},
	{"Dstport", "020000000002 net blue dstport 0 dst 10.0.0.2", "1:31: dstport 0 is out of range (1-65535)"},
	{"EncapOfPort", "020000000002 net blue dev veth0 encap gre",
	 "1:42: encap, dstport, via and require go with dst, not with dev (dst with them, or dev alone)"},
	{"EncapTwice", "020000000002 net blue dst 10.0.0.2 encap gre\n020000000003 net blue dst 10.0.0.2 encap nvgre",
	 "2:47: 10.0.0.2 is a gre peer of network \"blue\" already (one encapsulation for a peer)"},
	{"EncapOfTheYamlFile", "020000000002 net red dst 10.0.0.3 encap gre",
	 "1:44: 10.0.0.3 is a geneve peer of network \"red\" already (one encapsulation for a peer)"},
	{"LongLine", std::string(65536, ' '), "1:1: the line is too long (at most 65535 octets)"},
	// mistakes that validate() finds
	{"DstportOfGre", "020000000002 net blue dst 10.0.0.9 encap gre dstport 7",
	 "1:27: gre has no dstport (vxlan and geneve have)"},
	{"Group", "\n 01:00:00:00:00:02 net blue dst 10.0.0.2",
	 "2:2: MAC 01:00:00:00:00:02 is a group address (a unicast address)"},
	{"OfTheYamlFile", "020000000001 net blue dst 10.0.0.2",
	 "1:1: MAC 02:00:00:00:00:01 is in network \"blue\" already (another MAC)"},
	{"OfTheFile",
	 "020000000001 net red dst 10.0.0.2\n020000000002 net red dst 10.0.0.2\n020000000001 net red dst 10.0.0.2",
	 "3:1: MAC 02:00:00:00:00:01 is in network \"red\" already (another MAC)"},
	{"Port", "020000000002 dev veth0 vid 7 net blue",
	 "1:18: veth0 vid 7 is not a port of network \"blue\" (xovl port add veth0 net blue vid 7)"},
	{"PortOfOtherNetwork", "020000000002 net red dev veth0",
	 "1:26: veth0 is not a port of network \"red\" (xovl port add veth0 net red)"},
	{"PeerFamily", "020000000002 net blue dst fd00::2",
	 "1:27: peer fd00::2 of network \"blue\" needs an IPv6 vtep (xovl vtep add ADDRESS)"},
	{"Limit",
	 "020000000001 net red dst 10.0.0.2\n020000000002 net red dst 10.0.0.2\n020000000003 net red dst 10.0.0.2",
	 "3:1: too many static FDB entries (at most 3)"},
};

} // namespace

TEST_P(FdbFile, SaysWhatAndWhere)
{
	const TempFile file(GetParam().text);
	EXPECT_EQ(complaint([&] { parse_yaml(naming(file.path()), "f.yaml", Limits{}); }),
		  file.path() + ":" + GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(Cases, FdbFile, testing::ValuesIn(kCases),
			 [](const testing::TestParamInfo<Case> &info) { return info.param.name; });

TEST(FdbFileGood, JoinsTheEntriesOfTheYamlFile)
{
	const TempFile file("# MAC net NAME …\r\n\n"
			    "\t0200.0000.0002  dst 10.0.0.3 net blue\r\n"
			    "02-00-00-00-00-03 net blue dev #x vid 0x64 # a name, and a comment");
	const Config config = parse_yaml(naming(file.path()), "f.yaml", Limits{});
	const std::vector<FdbConfig> expected = {
		{Mac::parse("02:00:00:00:00:01"), Address::parse("10.0.0.2")},
		{Mac::parse("02:00:00:00:00:02"), Address::parse("10.0.0.3")},
		{Mac::parse("02:00:00:00:00:03"), FdbPort("#x", 100)},
	};
	EXPECT_TRUE(config.networks[0].fdb == expected) << to_yaml(config);
	EXPECT_TRUE(config.networks[1].fdb.empty());
}

TEST(FdbFileGood, LargerThanOneRead)
{
	std::string text;
	for (int i = 0; i < 20000; i++)
		text += fmt::format("0200{:08x} net {} dst 10.0.0.2\n", i, i % 2 ? "blue" : "red");
	const TempFile file(text);
	std::string yaml = naming(file.path());
	yaml.replace(yaml.find("{fdb: 3}"), 8, "{fdb: 20001}");
	yaml.replace(yaml.find("02:00:00:00:00:01"), 17, "02:01:00:00:00:01");
	const Config config = parse_yaml(yaml, "f.yaml", Limits{});
	ASSERT_EQ(config.networks[0].fdb.size(), 10001u);
	EXPECT_EQ(config.networks[0].fdb.back().mac, Mac::parse("02:00:00:00:4e:1f"));
	ASSERT_EQ(config.networks[1].fdb.size(), 10000u);
}

TEST(FdbFileGood, StandsBesideTheYamlFile)
{
	const TempFile file("020000000002 net red dst 10.0.0.2\n");
	const std::filesystem::path path = file.path();
	const std::string yaml = naming(path.filename());
	EXPECT_EQ(parse_yaml(yaml, path.parent_path() / "f.yaml", Limits{}).networks[1].fdb.size(), 1u);
	EXPECT_EQ(complaint([&] { parse_yaml(yaml, "/nowhere/f.yaml", Limits{}); }),
		  fmt::format("/nowhere/f.yaml:1:13: /nowhere/{}: No such file or directory (a file that can be read)",
			      path.filename().string()));
}

TEST(FdbFileWrite, RoundTrips)
{
	const TempFile none("");
	Config config = parse_yaml(naming(none.path()), "f.yaml", Limits{});
	config.networks[0].fdb.push_back({Mac::parse("02:00:00:00:00:02"), FdbPort("#x", 100)});
	config.networks[1].fdb.push_back({Mac::parse("02:00:00:00:00:03"), Address::parse("10.0.0.2")});
	EXPECT_EQ(to_fdb_file(config), "02:00:00:00:00:01 net blue dst 10.0.0.2\n"
				       "02:00:00:00:00:02 net blue dev #x vid 100\n"
				       "02:00:00:00:00:03 net red dst 10.0.0.2\n");
	const TempFile file(to_fdb_file(config));
	EXPECT_TRUE(parse_yaml(to_yaml(config, file.path()), "f.yaml", Limits{}) == config);
}

TEST(FdbFileGood, SaysHowPeersAreReached)
{
	const TempFile file("020000000002 encap gre net red dst 10.0.0.4\n"
			    "020000000003 net red dst 10.0.0.3\n"
			    "020000000004 net blue dst 10.0.0.2 dstport 4790\n");
	std::string yaml = naming(file.path());
	yaml.replace(yaml.find("{fdb: 3}"), 8, "{fdb: 4}");
	const Config config = parse_yaml(yaml, "f.yaml", Limits{});
	const PeerConfig other_port{Address::parse("10.0.0.2"), XOVL_ENCAP_VXLAN, 4790};
	const PeerConfig geneve{Address::parse("10.0.0.3"), XOVL_ENCAP_GENEVE, 6081};
	const PeerConfig gre{Address::parse("10.0.0.4"), XOVL_ENCAP_GRE, 0};
	EXPECT_EQ(config.networks[0].peers, std::vector{other_port}) << "of the entry in the YAML file, too";
	EXPECT_EQ(config.networks[1].peers, (std::vector{geneve, gre}));
	// the flood entry in the YAML file has the encapsulation of 10.0.0.3
	EXPECT_EQ(to_fdb_file(config), "02:00:00:00:00:01 net blue dst 10.0.0.2 dstport 4790\n"
				       "02:00:00:00:00:04 net blue dst 10.0.0.2 dstport 4790\n"
				       "02:00:00:00:00:02 net red dst 10.0.0.4 encap gre\n"
				       "02:00:00:00:00:03 net red dst 10.0.0.3\n");
	const TempFile saved(to_fdb_file(config));
	EXPECT_TRUE(parse_yaml(to_yaml(config, saved.path()), "f.yaml", Limits{}) == config);
}

TEST(FdbFileGood, SaysWhoCarriesPackets)
{
	const TempFile file("020000000002 require none net red dst 10.0.0.4 via direct\n"
			    "020000000003 net red dst 10.0.0.5 encap gre\n"
			    "020000000004 net blue dst 10.0.0.2 require encrypted via kernel\n");
	std::string yaml = naming(file.path());
	yaml.replace(yaml.find("{fdb: 3}"), 8, "{fdb: 4}");
	const Config config = parse_yaml(yaml, "f.yaml", Limits{});
	const PeerConfig kernel{Address::parse("10.0.0.2"), XOVL_ENCAP_VXLAN, 4789, XOVL_VIA_KERNEL, true};
	const PeerConfig direct{Address::parse("10.0.0.4"), XOVL_ENCAP_VXLAN, 4789, XOVL_VIA_DIRECT};
	EXPECT_EQ(config.networks[0].peers, std::vector{kernel});
	EXPECT_EQ(*find_peer(config.networks[1].peers, direct.dst), direct);
	EXPECT_EQ(to_fdb_file(config), "02:00:00:00:00:01 net blue dst 10.0.0.2 via kernel require encrypted\n"
				       "02:00:00:00:00:04 net blue dst 10.0.0.2 via kernel require encrypted\n"
				       "02:00:00:00:00:02 net red dst 10.0.0.4 via direct\n"
				       "02:00:00:00:00:03 net red dst 10.0.0.5 encap gre\n");
	const TempFile saved(to_fdb_file(config));
	EXPECT_TRUE(parse_yaml(to_yaml(config, saved.path()), "f.yaml", Limits{}) == config);
}

TEST(FdbFileWrite, YamlNamesTheFile)
{
	EXPECT_EQ(to_yaml(Config(), "a \"b\".fdb"), "fdb_files: [\"a \\\"b\\\".fdb\"]\n");
}
