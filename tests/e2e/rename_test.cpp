// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Interfaces that are renamed while the overlay runs: a port stays with its interface and shows its new name. Direct
// underlay (see traffic_test.cpp).
#include <string>

#include <fmt/format.h>

#include "topology.hpp"

namespace xovl::test {

namespace {

using Rename = OverlayTest;

/// Sets the interface down, renames it, sets it up. An uplink loses its IPv6 addresses.
void rename(const Netns &netns, const std::string &from, const std::string &to)
{
	netns.ip(fmt::format("link set {0} down\nlink set {0} name {1}\nlink set {1} up", from, to));
}

/// The "dev" of each row, joined by commas.
std::string devs(const nlohmann::json &rows)
{
	std::string out;
	for (const auto &row : rows)
		out += (out.empty() ? "" : ",") + row.at("dev").get<std::string>();
	return out;
}

} // namespace

class RenameIn : public Rename, public testing::WithParamInterface<std::string> {
protected:
	void SetUp() override { build({.port_mode = GetParam(), .uplink_mode = GetParam()}); }
};

TEST_P(RenameIn, EveryCommandUsesThePresentName)
{
	h(1).xovl_must("fdb add 02:00:00:00:00:98 net blue dev port0");
	rename(h(1), "port0", "tenant7");
	rename(h(1), "up0", "wan9");
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));

	EXPECT_EQ(devs(h(1).xovl_show("port show")), "tenant7");
	EXPECT_EQ(devs(h(1).xovl_show("uplink show")), "wan9");
	EXPECT_EQ(h(1).xovl_show("uplink show").at(0).at("note"), "");
	EXPECT_EQ(h(1).xovl_show("port show").at(0).at("note"), "");
	EXPECT_EQ(h(1).fdb("02:00:00:00:00:98")->at("dev"), "tenant7");
	EXPECT_EQ(devs(h(1).xovl_show("stats").at("ports")), "tenant7");
	EXPECT_GT(h(1).port_counter("tenant7", "rx_packets"), 0u);
	const std::string saved = h(1).save();
	EXPECT_EQ(saved.find("port0"), std::string::npos) << saved;
	EXPECT_EQ(saved.find("up0"), std::string::npos) << saved;

	const Result again = h(1).apply(saved);
	EXPECT_TRUE(again.ok()) << again.text();
	EXPECT_EQ(again.out, "") << "nothing differs";
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_EQ(h(1).xovl("port del port0").status, 1) << "there is none of that name";
	h(1).xovl_must("fdb replace 02:00:00:00:00:98 net blue dev tenant7");
	h(1).xovl_must("net set blue ageing 7");
	EXPECT_EQ(devs(h(1).xovl_show("port show")), "tenant7");
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	h(1).xovl_must("port del tenant7");
	h(1).xovl_must("uplink del wan9");
	EXPECT_TRUE(h(1).xovl_show("port show").empty());
	EXPECT_TRUE(h(1).xovl_show("uplink show").empty());
	EXPECT_FALSE(h(1).ip_show("link show dev tenant7").at(0).contains("xdp"));
}

TEST_P(RenameIn, TheOldNameIsFree)
{
	rename(h(1), "port0", "tenant7");
	const auto other = net().add_tenant("c3", 1, "port0", 3);
	EXPECT_EQ(devs(h(1).xovl_show("port show")), "tenant7");
	h(1).xovl_must("port add port0 net blue mode tc");
	EXPECT_EQ(devs(h(1).xovl_show("port show")), "tenant7,port0");
	EXPECT_TRUE(pings(*other, net().tenant4(1)));
	EXPECT_TRUE(pings(*other, net().tenant4(2)));
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
}

INSTANTIATE_TEST_SUITE_P(Mode, RenameIn, testing::Values("tc", "native"), [](const auto &info) { return info.param; });

/* Two ports exchange names. xovl knows them by ifindex, so the port of blue stays in blue. */
TEST_F(Rename, NamesAreExchanged)
{
	build({});
	const auto other = net().add_tenant("c3", 1, "port1", 3);
	h(1).xovl_must("net add red encap vxlan vni 200");
	h(1).xovl_must("port add port1 net red mode tc");
	rename(h(1), "port0", "x");
	rename(h(1), "port1", "port0");
	rename(h(1), "x", "port1");
	const auto expect_exchanged = [&] {
		for (const auto &port : h(1).xovl_show("port show"))
			EXPECT_EQ(port.at("dev"), port.at("net") == "blue" ? "port1" : "port0") << port;
		EXPECT_TRUE(pings(c(1), net().tenant4(2)));
		EXPECT_FALSE(other->run("ping -c 1 -W 0.3 " + net().tenant4(1)).ok());
	};
	expect_exchanged();
	h(1).xovl_must("net set red ageing 7");
	expect_exchanged();
	const std::string saved = h(1).save();
	EXPECT_EQ(h(1).apply(saved).out, "");
	expect_exchanged();
	h(1).xovl_must("port del port0"); // red's port
	EXPECT_EQ(devs(h(1).xovl_show("port show")), "port1");
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
}

/* Another port takes the name of a deleted one, which is shown by its number. */
TEST_F(Rename, APortTakesTheNameOfOneThatHasGone)
{
	build({});
	const auto other = net().add_tenant("c3", 1, "port1", 3);
	h(1).xovl_must("port add port1 net blue mode tc");
	const int gone = h(1).ip_show("link show dev port0").at(0).at("ifindex");
	h(1).ip("link del port0");
	rename(h(1), "port1", "port0");
	const std::string number = fmt::format("if{}", gone);
	EXPECT_EQ(devs(h(1).xovl_show("port show")), number + ",port0");
	EXPECT_NE(h(1).xovl_show("port show").at(0).at("note"), "");
	h(1).xovl_must("net set blue ageing 7");
	EXPECT_TRUE(pings(*other, net().tenant4(2)));
	h(1).xovl_must("port del " + number);
	EXPECT_EQ(devs(h(1).xovl_show("port show")), "port0");
	EXPECT_TRUE(pings(*other, net().tenant4(2)));
}

/* An interface that takes the old name of a port does not become a port. */
TEST_F(Rename, AStrangerWithTheOldNameIsNoPort)
{
	build({});
	const auto other = net().add_tenant("c3", 1, "port1", 3);
	rename(h(1), "port0", "x");
	rename(h(1), "port1", "port0");
	EXPECT_EQ(devs(h(1).xovl_show("port show")), "x");
	h(1).xovl_must("net set blue ageing 7");
	EXPECT_FALSE(other->run("ping -c 1 -W 0.3 " + net().tenant4(2)).ok());
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
}

} // namespace xovl::test
