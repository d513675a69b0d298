// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Tagged uplinks: the notes when their VLAN interfaces are missing, appear or go.
#include "state/vlans.hpp"

#include <gtest/gtest.h>

using namespace xovl;

namespace {

constexpr uint32_t kEth0 = 2, kEth1 = 3, kVlan = 7;

xovl_device device(const char *name, xovl_role role, uint16_t vid, uint32_t via = 0)
{
	xovl_device device{};
	std::string_view(name).copy(device.name, sizeof(device.name) - 1);
	device.role = role;
	device.vid = vid;
	device.lower_ifindex = via;
	return device;
}

/// eth0 in VLAN 200, eth1 untagged.
Tables tables(const xovl_device &more = {})
{
	Tables tables;
	tables.devices[kEth0] = device("eth0", XOVL_ROLE_UPLINK, 200);
	tables.devices[kEth1] = device("eth1", XOVL_ROLE_UPLINK, 0);
	if (more.role)
		tables.devices[kVlan] = more;
	return tables;
}

const xovl_device kKnown = device("eth0.200", XOVL_ROLE_VLAN, 200, kEth0);
const std::vector<VlanLink> kOthers = {{8, "eth0.201", kEth0, 201}, {9, "eth1.200", kEth1, 200}};
const std::vector<VlanLink> kAll = {kOthers[0], kOthers[1], {kVlan, "eth0.200", kEth0, 200}};

using Lines = std::vector<std::string>;

} // namespace

TEST(VlanNote, NothingIsWrong)
{
	EXPECT_EQ(vlan_note(tables(kKnown), kEth0, kAll), "");
	EXPECT_EQ(vlan_note(tables(), kEth1, kOthers), "") << "untagged";
	EXPECT_EQ(vlan_note(tables(device("eth0.200", XOVL_ROLE_UPLINK, 0)), kEth0, kAll), "");
}

TEST(VlanNote, NoInterface)
{
	const std::string note = "no VLAN interface of vid 200: only permanent neighbours are reached "
				 "(ip link add link eth0 name eth0.200 type vlan id 200, then xovl apply)";
	EXPECT_EQ(vlan_note(tables(), kEth0, kOthers), note);
	EXPECT_EQ(vlan_note(tables(kKnown), kEth0, kOthers), note) << "it is gone";
}

TEST(VlanNote, NotKnown)
{
	EXPECT_EQ(vlan_note(tables(), kEth0, kAll),
		  "eth0.200 is not in use yet: packets routed there are dropped (xovl apply)");
	EXPECT_EQ(vlan_note(tables(device("eth0.200", XOVL_ROLE_PORT, 0)), kEth0, kAll),
		  "eth0.200 is a port: what is routed there is dropped (another interface for the port)");
}

TEST(VlanOver, IsOfTheUplink)
{
	const Tables known = tables(kKnown);
	ASSERT_TRUE(vlan_over(known, kEth0));
	EXPECT_EQ(vlan_over(known, kEth0)->first, kVlan);
	EXPECT_EQ(vlan_over(known, kEth1), nullptr);
	EXPECT_EQ(vlan_over(tables(), kEth0), nullptr);
}

TEST(DescribeVlans, ComeAndGo)
{
	EXPECT_EQ(describe_vlans(tables(), tables(kKnown)), Lines{"+ uplink eth0 via eth0.200"});
	EXPECT_EQ(describe_vlans(tables(kKnown), tables()), Lines{"- uplink eth0 via eth0.200"});
	EXPECT_EQ(describe_vlans(tables(kKnown), tables(device("under", XOVL_ROLE_VLAN, 200, kEth0))),
		  (Lines{"- uplink eth0 via eth0.200", "+ uplink eth0 via under"}))
		<< "another one of the same number";
	EXPECT_EQ(describe_vlans(tables(kKnown), tables(kKnown)), Lines{});
}

TEST(DescribeVlans, NothingOfUplinksThatChange)
{
	Tables untagged = tables();
	untagged.devices[kEth0].vid = 0;
	EXPECT_EQ(describe_vlans(Tables(), tables(kKnown)), Lines{});
	EXPECT_EQ(describe_vlans(untagged, tables(kKnown)), Lines{});
	EXPECT_EQ(describe_vlans(tables(kKnown), untagged), Lines{});
}
