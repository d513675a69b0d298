// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// make_tables(): what there is room for.
#include "tables.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "expect_error.hpp"

using namespace xovl;

namespace {

/// Tables without anything, and room for two ports.
Tables room()
{
	Tables tables;
	tables.limits = {.fdb = 1, .networks = 1, .peers = 1, .ports = 2, .members = 1};
	tables.port_table.resize(2);
	tables.networks.resize(1);
	tables.peers.resize(2);
	return tables;
}

/// Uplinks u1 …, the first of them in VLAN 200, and ports p1 ….
Config config(int uplinks, int ports)
{
	Config config;
	for (int i = 1; i <= uplinks; i++)
		config.uplinks.push_back({fmt::format("u{}", i), static_cast<uint16_t>(i == 1 ? 200 : 0)});
	config.networks.resize(1);
	config.networks[0].name = "blue";
	for (int i = 1; i <= ports; i++)
		config.networks[0].ports.push_back({fmt::format("p{}", i)});
	return config;
}

constexpr uint32_t kFirstPort = 11, kVlan = 20;

/// u1 … are 1 …, p1 … are 11 …, and 20 is u1's VLAN interface.
Interfaces interfaces()
{
	Interfaces known;
	for (uint32_t i = 1; i < 9; i++) {
		known.ifindex[fmt::format("u{}", i)] = i;
		known.ifindex[fmt::format("p{}", i)] = kFirstPort + i - 1;
	}
	known.vlans = {{kVlan, "u1.200", 1, 200}};
	return known;
}

Tables make(const Config &wanted, const Tables &current)
{
	return make_tables(wanted, current, interfaces(),
			   [](const NetworkConfig &) { return std::map<Address, uint32_t>(); });
}

} // namespace

TEST(TablesRoom, UplinksAndVlansAreNoPorts)
{
	const Tables tables = make(config(1, 2), room());
	EXPECT_EQ(tables.devices.size(), 4u);
	EXPECT_EQ(tables.devices.at(kVlan).role, XOVL_ROLE_VLAN);
	EXPECT_EQ(make(config(1, 2), tables).devices.size(), 4u) << "again";
}

TEST(TablesRoom, InterfacesOfBothStates)
{
	const std::string refused =
		" interfaces of ports and uplinks, their VLAN interfaces and those that go included (at "
		"most 4, twice the limit of ports)";
	EXPECT_EQ(complaint([] { make(config(2, 2), room()); }), "5" + refused);
	const Tables current = make(config(1, 2), room());
	Config other = config(1, 2);
	other.networks[0].ports[0].dev = "p3";
	EXPECT_EQ(complaint([&] { make(other, current); }), "5" + refused) << "p1 goes when p3 is there";
	other.networks[0].ports.pop_back();
	EXPECT_EQ(complaint([&] { make(other, make(config(1, 1), room())); }), "no complaint");
}

TEST(TablesRoom, Ports)
{
	EXPECT_EQ(complaint([] { make(config(0, 3), room()); }), "too many ports (at most 2)");
}
