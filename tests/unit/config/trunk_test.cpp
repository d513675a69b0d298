// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/trunk.hpp"

#include <gtest/gtest.h>

#include "expect_error.hpp"

namespace xovl::test {

TEST(Vids, ListsAndRanges)
{
	EXPECT_EQ(parse_vids("7"), (std::vector<uint16_t>{7}));
	EXPECT_EQ(parse_vids("100-102,300,0x10"), (std::vector<uint16_t>{100, 101, 102, 300, 16}));
	EXPECT_EQ(parse_vids("1-4094").size(), 4094u);
	EXPECT_EQ(parse_vids("5-5"), (std::vector<uint16_t>{5}));
}

TEST(Vids, RefusesWithWhatWouldBeRight)
{
	for (const auto &[text, message] : {std::pair{"0", "VLAN 0 is out of range (1-4094)"},
					    {"4095", "VLAN 4095 is out of range (1-4094)"},
					    {"100-5000", "VLAN 5000 is out of range (1-4094)"},
					    {"199-100", "vids 199-100 ends before it begins (100-199)"},
					    {"100-199,150", "VLAN 150 is given twice in vids (once)"},
					    {"100-199,150-250", "VLAN 150 is given twice in vids (once)"},
					    {"7,7", "VLAN 7 is given twice in vids (once)"}})
		EXPECT_EQ(complaint([&] { parse_vids(text); }), message);
	for (const char *text : {"", ",", "1,", "a", "1-", "-1", "1--2", "1-2-3", "1 2"})
		EXPECT_NE(complaint([&] { parse_vids(text); }), "no complaint") << text;
}

TEST(Trunk, MakesNetworksByRule)
{
	Config config;
	TrunkConfig trunk{.port = {.dev = "eth1", .mode = XOVL_MODE_TC},
			  .vids = {100, 101},
			  .native = 7,
			  .vni_base = 10000,
			  .flood = {Address::parse("10.0.0.2")}};
	EXPECT_EQ(add_trunk(config, trunk), (std::vector<MadePort>{{0, 0}, {1, 0}, {2, 0}}));
	ASSERT_EQ(config.networks.size(), 3u);
	EXPECT_EQ(config.networks[0].name, "vni10100");
	EXPECT_EQ(config.networks[0].vni, 10100u);
	EXPECT_EQ(config.networks[0].ports[0].vid, 100);
	EXPECT_EQ(config.networks[0].ports[0].mode, XOVL_MODE_TC);
	EXPECT_EQ(config.networks[0].flood, trunk.flood);
	EXPECT_EQ(config.networks[2].name, "vni10007");
	EXPECT_EQ(config.networks[2].ports[0].vid, 0) << "native: untagged";
	// a second trunk uses the networks of the first
	trunk.port.dev = "eth2";
	EXPECT_EQ(add_trunk(config, trunk), (std::vector<MadePort>{{0, 1}, {1, 1}, {2, 1}}));
	EXPECT_EQ(config.networks.size(), 3u);
	config.vteps = {{Address::parse("10.0.0.1")}};
	EXPECT_EQ(complaint([&] { validate(config, Limits{}); }), "no complaint");
}

TEST(Trunk, TakesNetworksThatHaveTheIdentifier)
{
	Config config;
	NetworkConfig &net = config.networks.emplace_back();
	net.name = "blue";
	net.vni = 10100;
	EXPECT_EQ(add_trunk(config, {.port = {.dev = "eth1"}, .vids = {100}, .vni_base = 10000}),
		  (std::vector<MadePort>{{0, 0}}));
	EXPECT_EQ(config.networks.size(), 1u);
}

TEST(Trunk, RefusesWithWhatWouldBeRight)
{
	const auto trunk = [](uint16_t native, uint32_t base, const char *name = "blue") {
		Config config;
		config.networks.emplace_back().name = name;
		return complaint([&] {
			add_trunk(config, {.port = {.dev = "eth1"}, .vids = {100}, .native = native, .vni_base = base});
		});
	};
	EXPECT_EQ(trunk(100, 10000), "native VLAN 100 is in vids, too (vids without 100: its frames are untagged)");
	EXPECT_EQ(trunk(0, 16777200), "VNI 16777300 is out of range (0-16777215)");
	EXPECT_EQ(trunk(0, 4294967295u), "VNI 4294967395 is out of range (0-16777215)");
	EXPECT_EQ(trunk(0, 1, "vni101"),
		  "network \"vni101\" exists with another identifier than vxlan 101, and VLAN 100 needs "
		  "a network of that name (another name for it)");
}

} // namespace xovl::test
