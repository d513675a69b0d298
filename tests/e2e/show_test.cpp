// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Output for programs: the JSON keys that the docs promise, and the same values as tables.
#include <csignal>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

class Show : public OverlayTest {
protected:
	void SetUp() override
	{
		build({});
		h(1).xovl_must("fdb add 02:00:00:00:00:99 net blue dst 192.0.2.2");
		ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	}
};

void expect_keys(const nlohmann::json &rows, const Args &keys)
{
	ASSERT_TRUE(rows.is_array());
	ASSERT_FALSE(rows.empty());
	for (const auto &row : rows)
		for (const std::string &key : keys)
			EXPECT_TRUE(row.contains(key)) << key << " in " << row;
}

} // namespace

TEST_F(Show, JsonHasThePromisedKeys)
{
	const Args traffic = {"rx_packets", "rx_bytes", "tx_packets", "tx_bytes"};
	const auto with = [&](Args keys) {
		keys.insert(keys.end(), traffic.begin(), traffic.end());
		return keys;
	};
	PacketSocket(c(1), "eth0")
		.send(Ethernet{.dst = "02:00:00:00:00:07", .src = "01:00:00:00:00:01"} / Payload::of(50));
	EXPECT_TRUE(wait_until([&] { return h(1).drops("source_mac") == 1; }));
	const auto stats = h(1).xovl_show("stats");
	expect_keys(stats.at("networks"), with({"name"}));
	expect_keys(stats.at("ports"), with({"dev", "vid"}));
	expect_keys(stats.at("peers"), with({"dst"}));
	expect_keys(stats.at("drops"), {"reason", "packets"});
	expect_keys(h(1).xovl_show("net show"),
		    {"name", "encap", "vni", "local", "dstport", "mtu", "learning", "ageing"});
	expect_keys(h(1).xovl_show("port show"), {"dev", "vid", "net", "mode_asked", "mode", "note"});
	expect_keys(h(1).xovl_show("uplink show"), {"dev", "mode_asked", "mode", "note"});
	expect_keys(h(1).xovl_show("fdb show"), {"mac", "net", "state"});
	expect_keys(h(1).xovl_show("flood show"), {"net", "dst"});
	expect_keys(h(1).xovl_show("vtep show"), {"local"});
}

TEST_F(Show, NoteTellsTheReasonOfTheDriver)
{
	for (unsigned i : {1, 2})
		h(i).ip("link set up0 mtu 9000");
	h(1).xovl_must("uplink del up0");
	h(1).xovl_must("uplink add up0 mode native");
	const auto uplink = h(1).xovl_show("uplink show").at(0);
	EXPECT_EQ(uplink.at("mode_asked"), "native");
	EXPECT_EQ(uplink.at("mode"), "tc");
	EXPECT_NE(uplink.at("note").get<std::string>().find("MTU"), std::string::npos) << uplink;
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	h(1).xovl_must("uplink del up0");
	h(1).xovl_must("uplink add up0 mode tc");
	EXPECT_EQ(h(1).xovl_show("uplink show").at(0).at("note"), "") << "nothing of the refusal is left";
}

TEST_F(Show, LinkThatIsDownIsNoted)
{
	const auto note = [&](const std::string &object) {
		return h(1).xovl_show(object + " show").at(0).at("note").get<std::string>();
	};
	for (const auto &[object, dev] : {std::pair("port", "port0"), std::pair("uplink", "up0")}) {
		EXPECT_EQ(note(object), "");
		h(1).ip(fmt::format("link set {} down", dev));
		EXPECT_EQ(note(object), "the link is down");
		h(1).ip(fmt::format("link set {} up", dev));
	}
}

TEST_F(Show, WhatAVtepDoesWithForeignPackets)
{
	const std::string vtep = h(1).xovl_show("vtep show").at(0).at("local");
	for (const char *foreign : {"refuse", "drop", "pass"}) {
		h(1).xovl_must(fmt::format("vtep set {} foreign {}", vtep, foreign));
		EXPECT_EQ(h(1).xovl_show("vtep show").at(0).at("foreign"), foreign);
	}
}

TEST_F(Show, ValuesAreTheFactsOfTheMachine)
{
	const auto blue = h(1).xovl_show("net show blue").at(0);
	EXPECT_EQ(blue.at("encap"), "vxlan");
	EXPECT_EQ(blue.at("vni"), 100);
	EXPECT_EQ(blue.at("local"), "192.0.2.1");
	EXPECT_EQ(blue.at("dstport"), 4789);
	EXPECT_EQ(blue.at("mtu"), 1450);
	EXPECT_EQ(blue.at("learning"), true);
	EXPECT_EQ(blue.at("ageing"), 300);
	const auto fixed = h(1).fdb("02:00:00:00:00:99");
	ASSERT_TRUE(fixed);
	EXPECT_EQ(fixed->at("state"), "static");
	EXPECT_EQ(fixed->at("dst"), "192.0.2.2");
	EXPECT_FALSE(fixed->contains("dev"));
	EXPECT_EQ(h(1).xovl_show("fdb show net blue").size(), 3u);
}

TEST_F(Show, CountersFollowTheTraffic)
{
	const auto before = h(1).xovl_show("stats");
	const UdpSocket from(c(1), "0.0.0.0", 0);
	const UdpSocket to(c(2), "0.0.0.0", 9000);
	for (int i = 0; i < 100; i++)
		from.send(net().tenant4(2), 9000, Payload::of(58).data);
	size_t arrived = 0;
	ASSERT_TRUE(wait_until([&] { return (arrived += to.drain()) == 100; }));
	const auto after = h(1).xovl_show("stats");
	const auto moved = [&](const char *section, const char *key) {
		return after.at(section).at(0).at(key).get<uint64_t>() -
		       before.at(section).at(0).at(key).get<uint64_t>();
	};
	// a frame or two of neighbour discovery may be among them
	EXPECT_GE(moved("ports", "rx_packets"), 100u);
	EXPECT_LE(moved("ports", "rx_packets"), 104u);
	EXPECT_GE(moved("ports", "rx_bytes"), 10000u) << "14 + 20 + 8 + 58 each";
	EXPECT_LE(moved("ports", "rx_bytes"), 10400u);
	for (const char *section : {"networks", "peers"}) {
		EXPECT_GE(moved(section, "tx_packets"), 100u);
		EXPECT_LE(moved(section, "tx_packets"), 104u);
		EXPECT_GE(moved(section, "tx_bytes"), 10000u);
	}
	EXPECT_GE(h(2).xovl_show("stats").at("peers").at(0).at("rx_packets"), 100);
}

TEST_F(Show, PerCpuCountersAddUp)
{
	const nlohmann::json together = h(1).xovl_show("stats port").at("ports");
	const auto each = h(1).xovl_show("stats port --per-cpu");
	uint64_t sum = 0;
	for (const auto &row : each.at("ports"))
		sum += row.at("rx_packets").get<uint64_t>();
	EXPECT_GE(sum, together.at(0).at("rx_packets"));
}

TEST_F(Show, WatchPrintsUntilItIsInterrupted)
{
	Process watch = h(1).start_xovl("stats --watch 1");
	std::this_thread::sleep_for(1300ms);
	EXPECT_TRUE(h(1).xovl("net add red encap vxlan vni 200").ok()) << "nobody is locked out meanwhile";
	const Result result = watch.stop(SIGINT);
	EXPECT_EQ(result.status, 0) << result.text();
	const size_t first = result.out.find("ports:");
	EXPECT_NE(first, std::string::npos);
	EXPECT_NE(result.out.find("ports:", first + 1), std::string::npos);
}

TEST_F(Show, TablesAreForPeople)
{
	EXPECT_NE(h(1).xovl_must("net show").find("blue"), std::string::npos);
	EXPECT_NE(h(1).xovl_must("stats").find("port0"), std::string::npos);
	EXPECT_NE(h(1).xovl_must("version").find("xovl"), std::string::npos);
	EXPECT_TRUE(nlohmann::json::accept(h(1).xovl_must("-p net show")));
}

} // namespace xovl::test
