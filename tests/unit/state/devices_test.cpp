// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The mode that `auto` chooses for network cards, see the table in docs/modes.md. The other tests have no cards.
#include <gtest/gtest.h>

#include "state/devices.hpp"

namespace xovl::test {

namespace {

constexpr const char *kMerged = "tenants are on virtual interfaces: TC gets their packets merged, XDP would not";

LinkInfo card()
{
	LinkInfo link;
	link.name = "eth0";
	link.ethernet = true;
	link.xdp_features = 0x7; // NETDEV_XDP_ACT_BASIC, _REDIRECT and _NDO_XMIT
	return link;
}

std::string why(const LinkInfo &link, xovl_role role, const DeviceUse &use, uint8_t choices = 0,
		xovl_mode asked = XOVL_MODE_AUTO)
{
	xovl_device device{};
	device.role = role;
	device.mode_asked = asked;
	device.choices = choices;
	return why_no_xdp(link, device, use);
}

} // namespace

TEST(Modes, AnUplinkOnACard)
{
	EXPECT_EQ(why(card(), XOVL_ROLE_UPLINK, {}), "") << "from card to card";
	EXPECT_EQ(why(card(), XOVL_ROLE_UPLINK, {.virtual_tenants = true}), kMerged);
	EXPECT_EQ(why(card(), XOVL_ROLE_UPLINK, {.virtual_tenants = true}, XOVL_UPLINK_GRO_OFF), "");
	EXPECT_EQ(why(card(), XOVL_ROLE_UPLINK, {.virtual_tenants = true}, 0, XOVL_MODE_NATIVE), "")
		<< "asked for by name";
}

TEST(Modes, APortOnACard)
{
	EXPECT_EQ(why(card(), XOVL_ROLE_PORT, {.virtual_tenants = true}), "");
}

TEST(Modes, WhatACardCanDoComesFirst)
{
	LinkInfo link = card();
	link.lro = true;
	EXPECT_NE(why(link, XOVL_ROLE_UPLINK, {}).find("LRO"), std::string::npos);
	link = card();
	link.xdp_features = 0;
	EXPECT_NE(why(link, XOVL_ROLE_UPLINK, {}).find("no native XDP"), std::string::npos);
	link = card();
	link.kind = "veth";
	EXPECT_NE(why(link, XOVL_ROLE_UPLINK, {}).find("virtual interface"), std::string::npos);
}

TEST(Modes, NoEthernet)
{
	LinkInfo link = card();
	link.ethernet = false;
	EXPECT_NE(why(link, XOVL_ROLE_UPLINK, {}).find("no Ethernet"), std::string::npos);
}

} // namespace xovl::test
