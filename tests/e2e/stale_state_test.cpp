// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// State of network namespaces that are gone, and the commands that remove it.
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <thread>

#include "state_bench.hpp"

namespace xovl::test {

namespace {

namespace fs = std::filesystem;

using StaleState = State;

} // namespace

TEST_F(StaleState, WhatAGoneNamespaceLeftIsSweptByAChange)
{
	auto gone = std::make_unique<Netns>("gone");
	const Netns live("live");
	make_interfaces(*gone);
	for (const Netns *netns : {static_cast<const Netns *>(gone.get()), &live})
		must(command(*netns, "net add blue encap vxlan vni 7"));
	must(command(*gone, "port add port0 net blue mode tc"));
	const std::string left = folder(*gone);
	gone.reset();
	std::this_thread::sleep_for(500ms); // the kernel ends namespaces in the background
	EXPECT_EQ(xovl_must("save"), "{}\n");
	EXPECT_TRUE(fs::exists(left)) << "a look removes nothing";
	xovl_must("vtep add 192.0.2.1");
	EXPECT_FALSE(fs::exists(left));
	EXPECT_TRUE(fs::exists(folder(live)));
	must(command(live, "down"));
}

TEST_F(StaleState, DownStaleTellsWhatItRemoves)
{
	auto gone = std::make_unique<Netns>("gone");
	const Netns live("live");
	make_interfaces(*gone);
	for (const Netns *netns : {static_cast<const Netns *>(gone.get()), &live})
		must(command(*netns, "net add blue encap vxlan vni 7"));
	must(command(*gone, "uplink add up0 mode tc"));
	const std::string left = folder(*gone);
	gone.reset();
	std::this_thread::sleep_for(500ms);
	const auto removed = nlohmann::json::parse(must(command(*host_, "-j down --stale")));
	EXPECT_EQ(removed.at("removed"), nlohmann::json::array({fs::path(left).filename().string()})) << removed;
	EXPECT_FALSE(fs::exists(left));
	EXPECT_TRUE(fs::exists(folder(live)));
	EXPECT_EQ(xovl_must("down --stale"), "");
	must(command(live, "down"));
}

TEST_F(StaleState, DownStaleKeepsWhatOthersPutThere)
{
	const std::string other = root() + "/net-1";
	xovl_must("vtep add 192.0.2.1");
	ASSERT_TRUE(fs::remove(folder() + "/settings")); // as a killed load leaves it
	ASSERT_EQ(rename(folder().c_str(), other.c_str()), 0) << strerror(errno);
	ASSERT_EQ(mkdir((other + "/sub").c_str(), 0700), 0);
	EXPECT_EQ(xovl_must("down --stale"), "kept net-1: all pins of xovl are removed; sub does not belong to xovl\n");
	EXPECT_EQ(names_in(other), std::set<std::string>{"sub"});
	EXPECT_EQ(xovl_must("down --stale"), "kept net-1: sub does not belong to xovl\n");
	ASSERT_EQ(rmdir((other + "/sub").c_str()), 0);
	EXPECT_EQ(xovl_must("down --stale"), "- net-1\n");
	EXPECT_FALSE(fs::exists(other));
}

TEST_F(StaleState, DownStaleSaysWhatItCannotLookAt)
{
	xovl_must("vtep add 192.0.2.1");
	for (const char *name : {"/net-1", "/net-2"}) {
		ASSERT_EQ(mkdir((root() + name).c_str(), 0700), 0);
		ASSERT_EQ(chown((root() + name).c_str(), kNobody, kNobody), 0);
	}
	const Result result = xovl("down --stale");
	EXPECT_EQ(result.status, 2) << result.text();
	EXPECT_NE(result.out.find("kept net-1: "), std::string::npos) << result.out;
	EXPECT_NE(result.out.find("kept net-2: "), std::string::npos) << result.out;
	EXPECT_NE(result.err.find("belongs to user 65534"), std::string::npos) << result.err;
	EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
	EXPECT_EQ(xovl("-j down --stale").status, 2);
	for (const char *name : {"/net-1", "/net-2"})
		EXPECT_EQ(rmdir((root() + name).c_str()), 0);
}

// The state of a namespace stays while an open socket holds the namespace, which nothing in /proc shows.
TEST_F(StaleState, NamespaceThatASocketHoldsIsNotGone)
{
	auto held = std::make_unique<Netns>("held");
	Fd socket;
	in_netns(held->name(), [&] { socket = Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); });
	must(command(*held, "net add blue encap vxlan vni 7"));
	const std::string kept = folder(*held);
	held.reset();
	std::this_thread::sleep_for(500ms);
	xovl_must("vtep add 192.0.2.1");
	EXPECT_TRUE(fs::exists(kept));
	must({xovl_command(), "--pin-root", root(), "down", "--stale"});
	EXPECT_TRUE(fs::exists(kept));
}

} // namespace xovl::test
