// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// make_tables(): the room in the tables, and the configuration read back from them.
#include "state/tables.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "expect_error.hpp"

using namespace xovl;

namespace {

/// Empty tables with room for two ports.
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

/// The ifindexes: u1 … have 1 …, p1 … have 11 …, and u1's VLAN interface has 20.
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

namespace {

/// Empty tables with room for two networks, four members and four peers.
Tables room_for_peers()
{
	Tables tables = room();
	tables.limits.networks = 2;
	tables.limits.peers = tables.limits.members = 4;
	tables.networks.resize(2);
	tables.peers.resize(8);
	return tables;
}

/// blue and red reach the same two peers in the same way.
Config two_networks()
{
	Config config;
	config.vteps = {{Address::parse("10.0.0.1")}};
	config.networks.resize(2);
	config.networks[0].name = "blue";
	config.networks[1].name = "red";
	for (auto &net : config.networks)
		net.flood = {Address::parse("10.0.0.2"), Address::parse("10.0.0.3")};
	return config;
}

uint32_t peer_index(const Tables &tables, uint32_t net, const char *remote)
{
	return tables.members.at({.remote = Address::parse(remote).raw(), .net = net, .pad = 0}).peer;
}

} // namespace

TEST(TablesPeers, OneForEachWay)
{
	Config config = two_networks();
	Tables tables = make(config, room_for_peers());
	EXPECT_EQ(peer_index(tables, 0, "10.0.0.2"), peer_index(tables, 1, "10.0.0.2"));
	EXPECT_EQ(tables.peers[0].via, XOVL_VIA_AUTO);
	EXPECT_EQ(tables.peers[0].flags, 0);

	config.networks[1].via = XOVL_VIA_KERNEL;
	config.networks[1].encrypted = true;
	config.networks[1].peers = {{Address::parse("10.0.0.3"), XOVL_ENCAP_VXLAN, 4789, XOVL_VIA_AUTO}};
	tables = make(config, tables);
	const xovl_peer &blue = tables.peers[peer_index(tables, 0, "10.0.0.2")];
	const xovl_peer &red = tables.peers[peer_index(tables, 1, "10.0.0.2")];
	EXPECT_NE(blue.serial, red.serial);
	EXPECT_EQ(blue.via, XOVL_VIA_AUTO);
	EXPECT_EQ(blue.flags, 0);
	EXPECT_EQ(red.via, XOVL_VIA_KERNEL);
	EXPECT_EQ(red.flags, XOVL_PEER_ENCRYPTED);
	EXPECT_EQ(peer_index(tables, 0, "10.0.0.3"), peer_index(tables, 1, "10.0.0.3")) << "of one way";
}

/// A peer keeps the flags that userspace sets for IPsec policies. They do not make it a new peer.
TEST(TablesPeers, StayWithTheirNotes)
{
	const Config config = two_networks();
	Tables tables = make(config, room_for_peers());
	xovl_peer &peer = tables.peers[peer_index(tables, 0, "10.0.0.2")];
	peer.flags |= XOVL_PEER_XFRM_OUT | XOVL_PEER_XFRM_IN;
	const uint32_t serial = peer.serial;
	tables = make(config, tables);
	const xovl_peer &again = tables.peers[peer_index(tables, 0, "10.0.0.2")];
	EXPECT_EQ(again.serial, serial);
	EXPECT_EQ(again.flags, XOVL_PEER_XFRM_OUT | XOVL_PEER_XFRM_IN);
}

TEST(TablesPeers, WaysAreReadBack)
{
	for (xovl_via via : {XOVL_VIA_AUTO, XOVL_VIA_DIRECT, XOVL_VIA_KERNEL}) {
		Config config = two_networks();
		config.networks[0].via = via;
		config.networks[0].encrypted = via != XOVL_VIA_DIRECT;
		config.networks[1].peers = {
			{Address::parse("10.0.0.2"), XOVL_ENCAP_GENEVE, 6081, via, false},
			{Address::parse("10.0.0.3"), XOVL_ENCAP_VXLAN, 4789, XOVL_VIA_KERNEL, true}};
		const Tables tables = make(config, room_for_peers());
		EXPECT_TRUE(to_config(tables) == config) << to_yaml(to_config(tables));
		const NetworkConfig alone = to_config(tables, 0).networks[0];
		EXPECT_EQ(alone.via, via);
		EXPECT_EQ(alone.encrypted, config.networks[0].encrypted);
	}
}
