// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Invalid requests, and machines that lack something: one line on stderr, the right exit status, no change.
#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "topology.hpp"

namespace xovl::test {

namespace {

class Requests : public OverlayTest {
protected:
	void SetUp() override
	{
		build({});
		h(1).xovl_must("fdb add 02:00:00:00:00:99 net blue dst 192.0.2.2");
		before_ = h(1).save();
	}

	/// Expects the exit status, no change, and one line on stderr that begins with "xovl: " and contains the word.
	void expect_refused(const Result &result, int status, const std::string &word, const std::string &what) const
	{
		EXPECT_EQ(result.status, status) << what << ": " << result.text();
		EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << what << ": " << result.err;
		EXPECT_TRUE(result.err.starts_with("xovl: ")) << what << ": " << result.err;
		EXPECT_NE(result.err.find(word), std::string::npos) << what << ": " << result.err;
		EXPECT_EQ(result.out, "") << what;
		EXPECT_EQ(h(1).save(), before_) << what;
	}

	std::string before_;
};

struct Wrong {
	const char *line;
	const char *word; ///< part of the message
};

} // namespace

TEST_F(Requests, EveryObjectHasHelp)
{
	for (const char *object : {"vtep", "uplink", "net", "port", "fdb", "flood", "peer", "stats", "apply", "save",
				   "down", "limits", "version"}) {
		const Result result = h(1).xovl(fmt::format("{} help", object));
		EXPECT_EQ(result.status, 0) << object << ": " << result.text();
		EXPECT_TRUE(result.out.starts_with(fmt::format("  xovl {}", object))) << result.out;
	}
	EXPECT_EQ(h(1).save(), before_);
}

/* The message names the network that already has the port. */
TEST_F(Requests, PortOfAnotherNetwork)
{
	h(1).xovl_must("net add red encap vxlan vni 4000");
	before_ = h(1).save();
	expect_refused(h(1).xovl("port add port0 net red"), 1,
		       "port port0 exists already in network \"blue\" (another interface or VLAN)", "later network");
	h(1).xovl_must("port del port0");
	h(1).xovl_must("port add port0 net red");
	before_ = h(1).save();
	expect_refused(h(1).xovl("port add port0 net blue"), 1,
		       "port port0 exists already in network \"red\" (another interface or VLAN)", "earlier network");
}

// A table of commands and answers, so it is long.
TEST_F(Requests, WrongCommands)
{
	for (const Wrong &wrong : {
		     Wrong{"frobnicate", "frobnicate"},
		     {"net frobnicate", "frobnicate"},
		     {"net add", "net add"},
		     {"net add red", "encap"},
		     {"net add red encap vxlan", "vni"},
		     {"net add red encap vxlan vni 16777216", "net add: VNI 16777216 is out of range (0-16777215)"},
		     {"net add red encap vxlan vni -1", "-1"},
		     {"net add red encap vxlan vni 12x", "12x"},
		     {"net add red encap warp vni 1", "warp"},
		     {"net add red encap vxlan vni 200 dstport 65536", "65536"},
		     {"net add red encap vxlan vni 200 dstport 0", "0"},
		     {"net add red encap vxlan vni 200 local 192.0.2", "192.0.2"},
		     {"net add red encap vxlan vni 200 learning perhaps", "perhaps"},
		     {"net add red encap vxlan vni 200 ageing ever", "ever"},
		     {"net add red encap vxlan vni 200 colour 7", "colour"},
		     {"net add red encap vxlan vni 200 vni 201", "vni"},
		     {"net add red/x encap vxlan vni 200", "red/x"},
		     {"net add blue encap vxlan vni 200", "blue"},
		     {"net add red encap vxlan vni 100", "100"},
		     {"net set red vni 7", "red"},
		     {"net set blue", "net set"},
		     {"net del red", "red"},
		     {"net show red", "red"},
		     {"vtep add 192.0.2.300", "192.0.2.300"},
		     {"vtep add 224.0.0.1", "224.0.0.1"},
		     {"vtep add 0.0.0.0", "0.0.0.0"},
		     {"vtep add 192.0.2.1", "192.0.2.1"},
		     {"vtep del 192.0.2.9", "192.0.2.9"},
		     {"uplink add up0", "up0"},
		     {"uplink add nowhere0", "nowhere0"},
		     {"uplink add up1 mode fast", "fast"},
		     {"uplink add averyveryverylongname", "averyveryverylongname"},
		     {"uplink add port0", "port0"},
		     {"uplink add lo", "lo"},
		     {"uplink del up7", "up7"},
		     {"port add port0 net blue", "port0"},
		     {"port add port9 net blue", "port9"},
		     {"port add up0 net blue", "up0"},
		     {"port add port0 net red", "red"},
		     {"port add port0 net blue vid 4095", "4095"},
		     {"port add port0 net blue vid 0", "0"},
		     {"port add port0", "net"},
		     {"port del port0 vid 7", "port0"},
		     {"port set port0", "port set"},
		     {"port set port9 locked", "there is no port port9 (xovl port show)"},
		     {"port set port0 vid 7 locked", "there is no port port0 vid 7 (xovl port show)"},
		     {"port set port0 locked perhaps", "perhaps"},
		     {"port set port0 mac-guard 01:00:00:00:00:01", "cannot be a source (a unicast MAC)"},
		     {"port set port0 mac-guard 02:00:00:00:00:01,02:00:00:00:00:01",
		      "given twice in mac-guard (once)"},
		     {"port set port0 mac-guard 02:00", "02:00"},
		     {"port set port0 ip-guard 10.0.0.1/24", "(10.0.0.0/24, or 10.0.0.1)"},
		     {"port set port0 ip-guard 10.0.0.0/33", "prefix length 33 is out of range (0-32)"},
		     {"port set port0 ip-guard 10.0.0.1,10.0.0.1/32", "given twice in ip-guard (once)"},
		     {"port set port0 dhcp-guard maybe", "maybe"},
		     {"fdb add 02:00:00:00:00 net blue dst 192.0.2.2", "02:00:00:00:00"},
		     {"fdb add 01:00:00:00:00:01 net blue dst 192.0.2.2", "01:00:00:00:00:01"},
		     {"fdb add 00:00:00:00:00:00 net blue dst 192.0.2.2", "00:00:00:00:00:00"},
		     {"fdb add 02:00:00:00:00:99 net blue dst 192.0.2.2", "02:00:00:00:00:99"},
		     {"fdb add 02:00:00:00:00:98 net blue", "dst"},
		     {"fdb add 02:00:00:00:00:98 net blue dst 192.0.2.2 dev port0", "dst"},
		     {"fdb add 02:00:00:00:00:98 net blue dev port9", "port9"},
		     {"fdb add 02:00:00:00:00:98 net red dst 192.0.2.2", "red"},
		     {"fdb add 02:00:00:00:00:98 net blue dst 2001:db8::2", "2001:db8::2"},
		     {"fdb add 02:00:00:00:00:98 net blue dst 224.1.1.1", "224.1.1.1"},
		     {"fdb del 02:00:00:00:00:98 net blue", "02:00:00:00:00:98"},
		     {"fdb flush net red", "red"},
		     {"flood add net blue dst 192.0.2.2", "192.0.2.2"},
		     {"flood add net blue dst 192.0.2.1", "192.0.2.1"},
		     {"flood add net red dst 192.0.2.3", "red"},
		     {"flood del net blue dst 192.0.2.3", "192.0.2.3"},
		     {"stats weather", "weather"},
		     {"apply /nonexistent/file", "/nonexistent/file"},
		     {"apply", "FILE"},
		     {"-b /nonexistent/file", "/nonexistent/file"},
		     {"--no-such-option", "--no-such-option"},
		     {"-n second net show", "xovl: -n is given twice (once)"},
		     {"-b - -b - net show", "xovl: -b is given twice (once)"},
	     })
		expect_refused(h(1).xovl(wrong.line), 1, wrong.word, wrong.line);
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
}

/* The last FDB entry that leads to a GENEVE peer cannot go while the network has a setting for GENEVE. */
TEST_F(Requests, LastPeerOfAnEncapsulation)
{
	h(1).xovl_must("fdb add 02:00:00:00:00:97 net blue dst 192.0.2.7 encap geneve");
	h(1).xovl_must("net set blue geneve-opt 0x0102:0x01:00010002");
	before_ = h(1).save();
	const std::string rule = "geneve-opt is for geneve";
	const std::string gone = "fdb replace 02:00:00:00:00:97 net blue dst ";
	expect_refused(h(1).xovl("fdb del 02:00:00:00:00:97 net blue"), 1, rule, "del");
	expect_refused(h(1).xovl(gone + "192.0.2.2"), 1, rule, "replace");
	expect_refused(h(1).xovl("fdb replace 02:00:00:00:00:97 net blue dev port0"), 1, rule, "replace by a port");

	h(1).xovl_must(gone + "192.0.2.7");
	h(1).xovl_must(gone + "192.0.2.8 encap geneve");
	h(1).xovl_must("fdb add 02:00:00:00:00:96 net blue dst 192.0.2.8");
	h(1).xovl_must("fdb del 02:00:00:00:00:97 net blue");
	before_ = h(1).save();
	expect_refused(h(1).xovl("fdb del 02:00:00:00:00:96 net blue"), 1, rule, "del of the other one");
	h(1).xovl_must("net set blue geneve-opt none");
	h(1).xovl_must("fdb del 02:00:00:00:00:96 net blue");
}

TEST_F(Requests, UnknownNamespace)
{
	expect_refused(run({xovl_command(), "-n", "x-no-such-namespace", "net", "show"}), 1, "x-no-such-namespace",
		       "-n");
}

TEST_F(Requests, WrongFilesNameTheirPlace)
{
	const std::string good = net().config(1);
	const std::string next = fmt::format("{}:", std::count(good.begin(), good.end(), '\n') + 1);
	for (const auto &[text, word] : std::vector<std::pair<std::string, std::string>>{
		     {good + "  - {name: red, encap: vxlan, vni: 16777216}\n", ":" + next},
		     {good + "  - {name: red, encap: vxlan, vni: 200, colour: 7}\n", "colour"},
		     {good + "  - {name: blue, encap: vxlan, vni: 200}\n", ":" + next},
		     {good + "  - {name: red, encap: vxlan, vni: 100}\n", ":" + next},
		     {good + "  - {name: red, encap: vxlan}\n", "vni"},
		     {good + "  - {name: red, vni: 200}\n", "encap"},
		     {good + "  - {name: red, encap: vxlan, vni: 200, flood: [10.0.0]}\n", "10.0.0"},
		     {good + "  - {name: red, encap: vxlan, vni: 200, fdb: [{mac: zz, dst: 192.0.2.2}]}\n", "zz"},
		     {good + "  - {name: red, encap: vxlan, vni: 200, ports: [{dev: port0}]}\n", "port0"},
		     {good + "  - {name: red, encap: vxlan, vni: 200, ports: [{dev: port9}]}\n", "port9"},
		     {good + "  - {name: red, encap: vxlan, vni: 200, ports: [{dev: port0, vid: 5000}]}\n", "5000"},
		     {good + "  - {name: red, encap: vxlan, vni: 200, learning: 7}\n", "7"},
		     {good + "  - {name: red, encap: vxlan, vni: 200\n", ":"},
		     {good + "colour: red\n", "colour"},
		     {"uplinks: {dev: up0}\n", ":1:"},
		     {"- 1\n", ":1:1"},
		     {"\tnetworks:\n", ":1:"},
	     }) {
		const TempFile file(text);
		const Result result = h(1).xovl("apply " + file.path());
		expect_refused(result, 1, word, text);
		EXPECT_NE(result.err.find(file.path() + ":"), std::string::npos) << result.err;
	}
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
}

TEST_F(Requests, WrongFilesOfEntriesNameTheirPlace)
{
	for (const Wrong &wrong : {
		     Wrong{"02:00:00:00:00:01 net blue dst 192.0.2.2\n02:00:00:00:00:02 net red dst 192.0.2.2\n",
			   ":2:23: there is no network \"red\""},
		     {"02:00:00:00:00:01 net blue dst 192.0.2\n", ":1:32: "},
		     {"02:00:00:00:00:01 net blue dev port9\n", ":1:32: "},
		     {"02:00:00:00:00:01 net blue dst 192.0.2.2\n020000000001 net blue dst 192.0.2.2\n",
		      ":2:1: MAC 02:00:00:00:00:01 is in network"},
	     }) {
		const TempFile entries(wrong.line);
		const TempFile file("fdb_files: [\"" + entries.path() + "\"]\n" + net().config(1));
		expect_refused(h(1).xovl("apply " + file.path()), 1, entries.path() + wrong.word, wrong.line);
	}
	const TempFile file("fdb_files: [nowhere.fdb]\n" + net().config(1));
	expect_refused(h(1).xovl("apply " + file.path()), 1, "nowhere.fdb: No such file", "a file that is not there");
}

TEST_F(Requests, WithoutRoot)
{
	const Args as_nobody = {"setpriv",        "--reuid=65534",   "--regid=65534",
				"--clear-groups", "--inh-caps=-all", xovl_command()};
	const Result reached =
		run({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", xovl_command(), "version"});
	if (!reached.ok())
		GTEST_SKIP() << "another user cannot run " << xovl_command() << ": " << reached.text();
	for (const char *line : {"net add red encap vxlan vni 200", "net show", "down", "stats"}) {
		Args argv = as_nobody;
		for (const std::string &word : words(line))
			argv.push_back(word);
		expect_refused(run(argv, {.netns = h(1).name()}), 2, "root", line);
	}
}

TEST_F(Requests, WithoutBpffs)
{
	// as in `ip netns exec`: a mount namespace without the bpffs
	const std::string script = "umount -l /sys/fs/bpf 2>/dev/null; exec \"$0\" \"$@\"";
	for (const char *line : {"net add red encap vxlan vni 200", "net show", "save"}) {
		Args argv = {"unshare", "-m", "sh", "-c", script, xovl_command()};
		for (const std::string &word : words(line))
			argv.push_back(word);
		expect_refused(run(argv, {.netns = h(1).name()}), 2, "xovl -n", line);
	}
	expect_refused(run({"ip", "netns", "exec", h(1).name(), xovl_command(), "net", "show"}), 2, "xovl -n",
		       "ip netns exec");
}

TEST_F(Requests, InterfaceThatIsNoEthernet)
{
	if (!run({"ip", "-n", h(1).name(), "tuntap", "add", "tun0", "mode", "tun"}).ok())
		GTEST_SKIP() << "no tun device here";
	expect_refused(h(1).xovl("port add tun0 net blue"), 1, "tun0", "a tun device");
}

} // namespace xovl::test
