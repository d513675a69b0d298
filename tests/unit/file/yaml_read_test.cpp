// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// parse_yaml(): valid files and their Config.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "every_kind.hpp"
#include "expect_error.hpp"
#include "process.hpp"
#include "yaml_texts.hpp"

using namespace xovl;
using test::kBlue;
using test::kFull;
using test::TempFile;

namespace {

Address ip(const char *text)
{
	return Address::parse(text);
}

} // namespace

TEST(YamlRead, FileOfTheContract)
{
	const Config config = parse_yaml(R"(vtep: {local: [10.0.0.1, "fd00::1"]}
uplinks:
  - {dev: eth0, mode: auto}
networks:
  - name: blue
    encap: vxlan            # vxlan | geneve | gre | nvgre
    vni: 100                # 24 bits; gre: a 32-bit key, or absent
    local: 10.0.0.1         # default: the vtep address of the peers' family
    dstport: 4789           # default: 4789 vxlan, 6081 geneve
    mtu: 1450               # default: underlay MTU less the overhead
    learning: true          # default; ageing: 300 (seconds)
    ports:
      - {dev: veth-blue}
      - {dev: eth1, vid: 100}
    flood: [10.0.0.2, 10.0.0.3]
    fdb:
      - {mac: "02:00:00:00:00:99", dst: 10.0.0.2}
)",
					 "F", Limits{});

	Config expected;
	expected.vteps = {{ip("10.0.0.1")}, {ip("fd00::1")}};
	expected.uplinks = {{"eth0", 0, XOVL_MODE_AUTO}};
	NetworkConfig &blue = expected.networks.emplace_back();
	blue.name = "blue";
	blue.encap = XOVL_ENCAP_VXLAN;
	blue.vni = 100;
	blue.local = ip("10.0.0.1");
	blue.dstport = 4789;
	blue.mtu = 1450;
	blue.learning = true;
	blue.ageing = 300;
	blue.ports = {{"veth-blue", 0, XOVL_MODE_AUTO}, {"eth1", 100, XOVL_MODE_AUTO}};
	blue.flood = {ip("10.0.0.2"), ip("10.0.0.3")};
	blue.fdb = {{Mac::parse("02:00:00:00:00:99"), ip("10.0.0.2")}};
	EXPECT_TRUE(config == expected) << to_yaml(config);
}

// One file with every key and what each becomes, so it is long.
TEST(YamlRead, EveryOtherKey)
{
	const Config config = parse_yaml(R"(---
networks:
- {name: "on", encap: vxlan, vni: 0xffffff, learning: off, ageing: 0, dstport: 8472, mtu: 0,
   ports: [{dev: "a,b", mode: native}], fdb: [{mac: 02-00-00-00-00-01, dev: "a,b"}], flood: ["fd00::2"]}
- name: 7
  encap: 'vxlan'
  vni: 1
  local: fd00::1
  learning: false
  ports:
  - dev: eth1
    vid: 0x10
    mode: tc
  fdb:
  - mac: 0200.0000.0001
    dev: eth1
    vid: 16
vtep:
  local:
  - ip: 10.0.0.1
    foreign: pass
  - {ip: "fd00::1", foreign: drop, xfrm: ignore}
limits: {peers: 7, fdb: 0x100000}
uplinks: [{dev: eth0, mode: generic}]
...
)",
					 "F", Limits{});

	Config expected;
	expected.limits = Limits{.fdb = 1048576, .peers = 7};
	expected.vteps = {{ip("10.0.0.1"), XOVL_FOREIGN_PASS}, {ip("fd00::1"), XOVL_FOREIGN_DROP, true}};
	expected.uplinks = {{"eth0", 0, XOVL_MODE_GENERIC}};
	expected.networks.resize(2);
	NetworkConfig &on = expected.networks[0];
	on.name = "on";
	on.vni = 16777215;
	on.learning = false;
	on.ageing = 0;
	on.dstport = 8472;
	on.ports = {{"a,b", 0, XOVL_MODE_NATIVE}};
	on.flood = {ip("fd00::2")};
	on.fdb = {{Mac::parse("02:00:00:00:00:01"), FdbPort("a,b")}};
	NetworkConfig &seven = expected.networks[1];
	seven.name = "7";
	seven.vni = 1;
	seven.local = ip("fd00::1");
	seven.learning = false;
	seven.ports = {{"eth1", 16, XOVL_MODE_TC}};
	seven.fdb = {{Mac::parse("02:00:00:00:00:01"), FdbPort("eth1", 16)}};
	EXPECT_TRUE(config == expected) << to_yaml(config);
}

TEST(YamlRead, EveryKindInOtherWords)
{
	const Config config = parse_yaml(R"(uplinks: [{mode: tc, dev: eth0, vid: 0xc8}]
vtep: {local: [{xfrm: ignore, foreign: drop, ip: 10.0.0.1}]}
networks:
  - {name: blue, encap: geneve, vni: 0x64, ttl: inherit, dscp: 0xa, df: unset, udpcsum: on, udp6zerocsumrx: off,
     srcport: 0xc350-50100, flowlabel: 0, gso: off, mss: clamp, mac-limit: 1000, move-limit: 5/180, on-limit: drop, peer-mac-limit: 500, require: encrypted, via: kernel, bpdu: drop, geneve-opt: ["0x0102:0x80:00010002", "1:2:"],
     geneve-match: "258:128:00010002/ffff0000",
     ports: [{dev: p0, vid: 5, mode: tc, geneve-opt: "1:3:,1:4:"}]}
  - {flood: [{dst: 10.0.0.2}, {dst: 10.0.0.3, dstport: 6082}, {via: direct, require: none, dst: 10.0.0.4, encap: vxlan, dstport: 4790},
             {dst: 10.0.0.5, encap: nvgre}],
     fdb: [{mac: 020000000001, dst: 10.0.0.3, encap: geneve}, {mac: 020000000002, dst: 10.0.0.6, via: kernel, dstport: 6081, encap: geneve, require: encrypted}],
     ports: [{dev: p1, group: 0x7, geneve-opt: []}],
     reserved: strict, bpdu: punt, gbp: on, vni: 200, name: red, encap: vxlan}
  - {seq: on, csum: on, vni: none, name: green, encap: gre}
  - {seq: strict, csum: true, vni: 0xffffffff, name: off, encap: gre}
  - {name: grey, encap: nvgre, vni: 5}
)",
					 "F", Limits{});
	EXPECT_TRUE(config == test::every_kind()) << to_yaml(config);
}

TEST(YamlRead, KeyCanBeAbsentInGre)
{
	EXPECT_EQ(parse_yaml("networks: [{name: blue, encap: gre}]", "F", Limits{}).networks[0].vni, std::nullopt);
}

TEST(YamlRead, ListsLeftOpenAreEmpty)
{
	const Config config =
		parse_yaml(kBlue + "    ports:\n    flood: []\n    fdb:\nuplinks:\nvtep: {local: }\n", "F", Limits{});
	Config expected;
	expected.networks.emplace_back().name = "blue";
	expected.networks[0].vni = 100;
	EXPECT_TRUE(config == expected) << to_yaml(config);
}

TEST(YamlRead, EmptyMapIsTheEmptyConfig)
{
	EXPECT_TRUE(parse_yaml("{}\n", "F", Limits{}) == Config());
}

TEST(YamlRead, BooleansInBothWords)
{
	for (const char *yes : {"true", "on"})
		EXPECT_TRUE(parse_yaml(kBlue + "    learning: " + yes, "F", Limits{}).networks[0].learning) << yes;
	for (const char *no : {"false", "off"})
		EXPECT_FALSE(parse_yaml(kBlue + "    learning: " + no, "F", Limits{}).networks[0].learning) << no;
}

TEST(YamlFile, ReadsAndNamesThePath)
{
	const TempFile good("uplinks: [{dev: eth0}]\n");
	EXPECT_EQ(read_yaml_file(good.path(), Limits{}).uplinks[0].dev, "eth0");
	const TempFile bad("uplinks: [{dev: eth0, mode: x}]\n");
	EXPECT_EQ(complaint([&] { read_yaml_file(bad.path(), Limits{}); }),
		  bad.path() + ":1:29: \"x\" is not a mode (auto|native|generic|tc)");
}

TEST(YamlFile, ThatCannotBeRead)
{
	EXPECT_EQ(complaint([] { read_yaml_file("/nowhere/f.yaml", Limits{}); }),
		  "/nowhere/f.yaml: No such file or directory (a file that can be read)");
	EXPECT_EQ(complaint([] { read_yaml_file("/", Limits{}); }), "/: Is a directory (a file that can be read)");
}

TEST(YamlFile, LargerThanOneRead)
{
	std::string text = kFull + "    fdb:\n";
	for (int i = 0; i < 20000; i++)
		text += fmt::format("      - {{mac: \"02:00:00:00:{:02x}:{:02x}\", dst: 10.0.0.{}}}\n", i / 256,
				    i % 256, i % 200 + 2);
	const TempFile file(text);
	const Config config = read_yaml_file(file.path(), Limits{});
	ASSERT_EQ(config.networks[0].fdb.size(), 20000u);
	EXPECT_EQ(config.networks[0].fdb[19999].mac, Mac::parse("02:00:00:00:4e:1f"));
	EXPECT_EQ(config.networks[0].fdb[19999].target, FdbTarget(ip("10.0.0.201")));
	EXPECT_EQ(complaint([&] { parse_yaml(text + "      - {mac: 020000000000, dst: 10.0.0.2}\n", "F", Limits{}); }),
		  "F:20009:15: MAC 02:00:00:00:00:00 is in network \"blue\" already (another MAC)");
}
