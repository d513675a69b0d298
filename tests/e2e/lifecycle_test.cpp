// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Life cycle of a configuration: apply, edit, save, down. Interrupted commands are in kill_test.cpp. Direct underlay
// (see traffic_test.cpp).
#include <bpf/bpf.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "lifecycle_bench.hpp"
#include "sockets.hpp"

namespace xovl::test {

namespace {

using namespace std::string_literals;
using LifecycleTc = OverlayTest;

/// The ids of maps and programs that are pinned in a folder, "map 7".
std::set<std::string> pinned_objects(const std::string &folder)
{
	std::set<std::string> ids;
	for (const auto &file : std::filesystem::recursive_directory_iterator(folder)) {
		const Fd fd(bpf_obj_get(file.path().c_str()));
		if (!fd)
			continue;
		std::ifstream info(fmt::format("/proc/self/fdinfo/{}", fd.get()));
		for (std::string key, value; info >> key >> value;)
			if (key == "map_id:" || key == "prog_id:")
				ids.insert(key.substr(0, key.find('_')) + " " + value);
	}
	return ids;
}

bool object_exists(const std::string &object)
{
	return run(words("bpftool " + object.substr(0, 4) + " show id " + object.substr(object.find(' ')))).ok();
}

std::string sysctl_value(const Netns &netns, const std::string &path)
{
	std::string value;
	in_netns(netns.name(), [&] { std::ifstream("/proc/sys/net/" + path) >> value; });
	return value;
}

/// Pings every 10 ms; lost() ends that and returns how many pings were lost.
class SteadyPing {
public:
	SteadyPing(const Netns &from, const std::string &to) : ping_(from.start("ping -q -i 0.01 -W 1 " + to))
	{
		std::this_thread::sleep_for(100ms);
	}

	int lost()
	{
		std::this_thread::sleep_for(100ms);
		const Result result = ping_.stop(SIGINT);
		int sent = 0, received = 0;
		const size_t begin = result.out.find("statistics ---\n");
		if (begin == std::string::npos ||
		    sscanf(result.out.c_str() + begin, "statistics --- %d packets transmitted, %d received", &sent,
			   &received) != 2)
			return -1;
		// SIGINT may come between a request and its answer
		return std::max(0, sent - received - 1);
	}

private:
	Process ping_;
};

} // namespace

TEST_P(Lifecycle, DownLeavesTheMachineAsItWas)
{
	prepare(plan());
	const std::string forwarding4 = sysctl_value(h(1), "ipv4/conf/lo/forwarding");
	const std::string forwarding6 = sysctl_value(h(1), "ipv6/conf/lo/forwarding");
	net().start();
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	const auto objects = pinned_objects(h(1).pin_folder());
	EXPECT_GT(objects.size(), 10u);

	EXPECT_EQ(h(1).down_and_check(), "");
	for (const std::string &object : objects)
		EXPECT_TRUE(wait_until([&] { return !object_exists(object); })) << object << " is still there";
	EXPECT_EQ(sysctl_value(h(1), "ipv4/conf/lo/forwarding"), forwarding4);
	EXPECT_EQ(sysctl_value(h(1), "ipv6/conf/lo/forwarding"), forwarding6);
	EXPECT_TRUE(h(1).xovl("down").ok()) << "nothing there: nothing to do";
	EXPECT_TRUE(pings(h(1), net().vtep(2))) << "the underlay itself";

	ASSERT_TRUE(h(1).apply(net().config(1)).ok());
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
}

/* Each command switches forwarding of lo on, which route look-ups need. `down` restores the value from before. */
TEST_F(LifecycleTc, ForwardingOfTheLoopbackIsKeptAndRestored)
{
	prepare({});
	ASSERT_TRUE(h(2).apply(net().config(2)).ok());
	const auto set = [&](const char *value) {
		for (const char *family : {"ipv4", "ipv6"})
			h(1).sysctl(fmt::format("net/{}/conf/lo/forwarding", family), value);
	};
	const auto forwarding = [&] {
		return sysctl_value(h(1), "ipv4/conf/lo/forwarding") + sysctl_value(h(1), "ipv6/conf/lo/forwarding");
	};
	for (const char *before : {"0", "1"}) {
		SCOPED_TRACE(before);
		set(before);
		ASSERT_TRUE(h(1).apply(net().config(1)).ok());
		EXPECT_EQ(forwarding(), "11");
		set("0");
		const Result again = h(1).apply(net().config(1));
		EXPECT_TRUE(again.ok()) << again.text();
		EXPECT_EQ(forwarding(), "11");
		EXPECT_TRUE(pings(c(1), net().tenant4(2)));
		set("0");
		h(1).xovl_must("net set blue ageing 9");
		EXPECT_EQ(forwarding(), "11");
		h(1).xovl_must("down");
		EXPECT_EQ(forwarding(), std::string(2, *before));
	}
}

TEST_P(Lifecycle, PortLeavesAndComesBackUnderTraffic)
{
	build(plan());
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	SteadyPing ping(c(1), net().tenant4(2));
	h(2).xovl_must("port del port0");
	EXPECT_FALSE(c(1).run("ping -c 2 -i 0.01 -W 0.2 " + net().tenant4(2)).ok());
	h(2).xovl_must("port add port0 net blue mode " + GetParam());
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	h(1).xovl_must("uplink del up0");
	h(1).xovl_must("uplink add up0 mode " + GetParam());
	EXPECT_TRUE(pings(c(2), net().tenant6(1)));
	EXPECT_GT(ping.lost(), 0);
}

TEST_P(Lifecycle, ApplyTwiceChangesNothing)
{
	build(plan());
	const std::string before = h(1).save();
	const Result again = h(1).apply(net().config(1));
	EXPECT_TRUE(again.ok()) << again.text();
	EXPECT_EQ(again.out, "");
	EXPECT_EQ(h(1).save(), before);
	EXPECT_EQ(h(1).apply(before).out, "") << "what save prints is what runs";
}

TEST_F(LifecycleTc, EditedFileLeavesTheRestAlone)
{
	build({});
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	SteadyPing ping(c(1), net().tenant4(2));
	std::string wanted = net().config(1);
	for (const char *change : {
		     "  - {name: red, encap: vxlan, vni: 200, flood: [192.0.2.2, 192.0.2.3]}\n",
		     "  - {name: red, encap: vxlan, vni: 201, learning: off, flood: [192.0.2.3]}\n"
		     "  - {name: green, encap: vxlan, vni: 202, ageing: 10, fdb: [{mac: 02:00:00:00:00:99, dst: "
		     "192.0.2.9}]}\n",
		     "  - {name: green, encap: vxlan, vni: 202, dstport: 4790, fdb: [{mac: 02:00:00:00:00:98, dst: "
		     "192.0.2.9}]}\n",
		     "",
	     }) {
		const Result result = h(1).apply(wanted + change);
		EXPECT_TRUE(result.ok()) << result.text();
		EXPECT_NE(result.out, "");
		EXPECT_EQ(result.out.find("blue"), std::string::npos) << result.out;
		EXPECT_EQ(h(1).apply(wanted + change).out, "");
	}
	EXPECT_EQ(ping.lost(), 0);
}

TEST_F(LifecycleTc, ModesChangeUnderTraffic)
{
	build({});
	for (const Netns *tenant : {&c(1), &c(2)})
		tenant->offload("eth0", "gro on");
	h(2).offload("up0", "gro on");
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	for (const std::string mode : {"native", "generic", "native", "tc", "generic", "auto"}) {
		const std::string wanted = std::regex_replace(net().config(1), std::regex("mode: tc"), "mode: " + mode);
		const Result result = h(1).apply(wanted);
		ASSERT_TRUE(result.ok()) << result.text();
		EXPECT_NE(result.out, "");
		const std::string in_force = mode == "auto" ? "tc" : mode;
		EXPECT_EQ(h(1).xovl_show("uplink show").at(0).at("mode"), in_force);
		EXPECT_EQ(h(1).xovl_show("port show").at(0).at("mode"), in_force);
		EXPECT_TRUE(pings(c(1), net().tenant4(2), 5)) << mode;
		EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant4(2))) << mode;
	}
	EXPECT_NE(h(1).xovl_show("uplink show").at(0).value("note", ""), "") << "auto says why it chose tc";
}

TEST_P(Lifecycle, SaveAfterCommandsRestoresTheSame)
{
	prepare(plan());
	h(2).apply(net().config(2));
	for (const std::string &line : {
		     "vtep add 192.0.2.1"s,
		     "vtep add 2001:db8::1 foreign pass"s,
		     "uplink add up0 mode " + GetParam(),
		     "net add red encap vxlan vni 0x10 learning off ageing 7 dstport 8472 mtu 1400"s,
		     "net add blue encap vxlan vni 100"s,
		     "net add v6 encap vxlan vni 102 local 2001:db8::1"s,
		     "port add port0 net blue mode " + GetParam(),
		     "flood add net blue dst 192.0.2.2"s,
		     "flood add net red dst 192.0.2.3"s,
		     "flood add net red dst 192.0.2.2"s,
		     "flood add net v6 dst 2001:db8::2"s,
		     "fdb add 02:00:00:00:00:99 net blue dst 192.0.2.2"s,
		     "fdb add 0200.0000.0098 net blue dev port0"s,
		     "flood del net red dst 192.0.2.3"s,
		     "net set red ageing 9"s,
	     })
		h(1).xovl_must(line);
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	const std::string saved = h(1).save();
	const auto show = [&] {
		auto nets = h(1).xovl_show("net show");
		for (auto &net : nets)
			for (const char *counter : {"learned", "learn_refused"})
				net.erase(counter);
		return nets.dump(1) + h(1).xovl_must("port show") + h(1).xovl_must("flood show");
	};
	const std::string shown = show();
	EXPECT_EQ(h(1).apply(saved).out, "");
	h(1).xovl_must("down");
	const Result restored = h(1).apply(saved);
	ASSERT_TRUE(restored.ok()) << restored.text();
	EXPECT_EQ(h(1).save(), saved);
	EXPECT_EQ(show(), shown);
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
}

TEST_F(LifecycleTc, DryRunChangesNothing)
{
	build({});
	const std::string before = h(1).save();
	const TempFile file(net().config(1) + "  - {name: red, encap: vxlan, vni: 200}\n");
	const Result dry = h(1).xovl("apply " + file.path() + " --dry-run");
	EXPECT_TRUE(dry.ok()) << dry.text();
	EXPECT_NE(dry.out.find("red"), std::string::npos) << dry.out;
	EXPECT_EQ(h(1).save(), before);
	EXPECT_EQ(h(1).xovl_must("apply " + file.path()), dry.out);
}

TEST_F(LifecycleTc, FileWithoutLimitsIsHeldToThoseInForce)
{
	prepare({});
	const std::string text = big_config(net(), 1, 2);
	h(1).xovl_must("limits set fdb 39");
	const Result refused = h(1).apply(text);
	EXPECT_EQ(refused.status, 1) << refused.text();
	EXPECT_NE(refused.err.find("<stdin>:"), std::string::npos) << refused.err;
	EXPECT_NE(refused.err.find("at most 39"), std::string::npos) << refused.err;
	h(1).xovl_must("limits set fdb 65536 peers 2000");
	std::string peers = net().config(1);
	for (unsigned i = 0; i < 1500; i++)
		peers += fmt::format("{}10.1.{}.{}", i ? ", " : "  - {name: red, encap: vxlan, vni: 200, flood: [",
				     i / 250, 1 + i % 250);
	const Result result = h(1).apply(peers + "]}\n");
	EXPECT_TRUE(result.ok()) << result.text();
}

TEST_F(LifecycleTc, BatchRunsAFileOfCommands)
{
	prepare({});
	h(2).apply(net().config(2));
	const TempFile file(
		"# a comment\n\nvtep add 192.0.2.1\nuplink add up0 mode tc\nnet add blue encap vxlan vni 100\n"
		"port add port0 net blue mode tc\nflood add net blue dst 192.0.2.2\n");
	const Result result = run({xovl_command(), "-n", h(1).name(), "-b", file.path()});
	EXPECT_TRUE(result.ok()) << result.text();
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	const TempFile bad("net add red encap vxlan vni 200\nnet add red encap vxlan vni 201\n");
	EXPECT_EQ(run({xovl_command(), "-n", h(1).name(), "-b", bad.path()}).status, 1);
}

TEST_P(Lifecycle, AnInterfaceThatIsGoneIsSaidAndCanBeRemoved)
{
	build(plan());
	h(1).ip("link del port0");
	const auto ports = h(1).xovl_show("port show");
	ASSERT_EQ(ports.size(), 1u);
	EXPECT_NE(ports.at(0).value("note", ""), "") << ports;
	EXPECT_TRUE(h(1).xovl("port del port0").ok());
	EXPECT_TRUE(h(1).xovl_show("port show").empty());
}

TEST_P(Lifecycle, AnInterfaceMadeAnewIsAttachedByApply)
{
	build(plan());
	h(1).ip("link del port0");
	veth(h(1), "port0", c(1), "eth0");
	c(1).ip(fmt::format("link set eth0 mtu 1450 address {}\naddr add {}/24 dev eth0", net().tenant_mac(1),
			    net().tenant4(1)));
	if (GetParam() == "native")
		c(1).offload("eth0", "gro on");
	const Result result = h(1).apply(net().config(1));
	EXPECT_TRUE(result.ok()) << result.text();
	EXPECT_NE(result.out, "");
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_EQ(h(1).apply(net().config(1)).out, "");
}

TEST_F(LifecycleTc, CommandsAtOnceWaitForEachOther)
{
	build({});
	std::vector<Process> all;
	for (int i = 0; i < 12; i++)
		all.push_back(h(1).start_xovl(fmt::format("net add net{} encap vxlan vni {}", i, 1000 + i)));
	for (Process &process : all) {
		const Result result = process.wait(20s);
		EXPECT_TRUE(result.ok()) << result.text();
	}
	EXPECT_EQ(h(1).xovl_show("net show").size(), 13u);
}

INSTANTIATE_TEST_SUITE_P(Modes, Lifecycle, testing::Values("native", "tc"),
			 [](const auto &info) { return info.param; });

} // namespace xovl::test
