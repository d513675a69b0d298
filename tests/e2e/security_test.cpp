// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Port security with real tenants behind guarded, locked and isolated ports. Two hosts (see traffic_test.cpp).
#include <string>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

class PortSecurity : public OverlayTest, public testing::WithParamInterface<std::tuple<std::string, bool>> {
protected:
	void SetUp() override
	{
		const auto &[mode, v6] = GetParam();
		build({.port_mode = mode, .uplink_mode = mode, .v6 = v6});
	}

	std::string own(unsigned i) const { return net().tenant4(i) + "," + net().tenant6(i); }

	Topology &net() const { return *net_; }

	void set(const std::string &words) const { h(1).xovl_must("port set port0 " + words); }

	bool reaches(const std::string &address) const { return static_cast<bool>(pings(c(1), address, 2)); }
};

std::string name_of_setup(const testing::TestParamInfo<PortSecurity::ParamType> &info)
{
	return std::get<0>(info.param) + (std::get<1>(info.param) ? "V6" : "V4");
}

} // namespace

TEST_P(PortSecurity, AddressesAreBoundToThePort)
{
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	set("mac-guard " + Topology::tenant_mac(1) + " ip-guard " + own(1));
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_TRUE(pings(c(1), net().tenant6(2)));
	EXPECT_TRUE(pings(c(2), net().tenant4(1)));
	EXPECT_TRUE(pings(c(2), net().tenant6(1)));
	EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant4(2)));
	EXPECT_TRUE(tcp_content(c(2), c(1), net().tenant6(1)));
	EXPECT_TRUE(udp_both_ways(c(1), net().tenant4(1), c(2), net().tenant4(2)));
	EXPECT_EQ(h(1).drops("ip_guard"), 0u);
	EXPECT_EQ(h(1).drops("mac_guard"), 0u);

	set("ip-guard 10.1.0.99,fd00:99::/64");
	EXPECT_FALSE(reaches(net().tenant4(2)));
	EXPECT_FALSE(reaches(net().tenant6(2)));
	EXPECT_GT(h(1).drops("ip_guard"), 0u);
	set("ip-guard none");
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	set("mac-guard 02:00:00:00:00:99");
	EXPECT_FALSE(reaches(net().tenant4(2)));
	EXPECT_GT(h(1).drops("mac_guard"), 0u);
	set("mac-guard none");
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
}

/// An ARP answer with somebody else's IP address does not change the victim's neighbour entry.
TEST_P(PortSecurity, SpoofedArpDoesNotArrive)
{
	const std::string victim = "10.1.0.50";
	const Packet spoof = Ethernet{.dst = Topology::tenant_mac(2), .src = Topology::tenant_mac(1)} /
			     ARP{.op = 2,
				 .sha = Topology::tenant_mac(1),
				 .spa = victim,
				 .tha = Topology::tenant_mac(2),
				 .tpa = net().tenant4(2)};
	const auto poisoned = [&] {
		PacketSocket from(c(1), "eth0");
		return wait_until(
			[&] {
				from.send(spoof);
				return c(2).must("ip neigh show " + victim).find(Topology::tenant_mac(1)) !=
				       std::string::npos;
			},
			500ms);
	};
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	c(2).sysctl("net/ipv4/neigh/eth0/locktime", "0");
	c(2).ip("neigh add " + victim + " lladdr 02:00:00:00:00:50 nud stale dev eth0");
	EXPECT_TRUE(poisoned()) << "without a guard it works";
	c(2).ip("neigh replace " + victim + " lladdr 02:00:00:00:00:50 nud stale dev eth0");
	set("ip-guard " + own(1));
	EXPECT_FALSE(poisoned());
	EXPECT_GT(h(1).drops("ip_guard"), 0u);
}

TEST_P(PortSecurity, LockedPortsTakeStaticMacsOnly)
{
	h(1).xovl_must("port del port0");
	h(1).xovl_must("port add port0 net blue locked mode " + std::get<0>(GetParam()));
	EXPECT_FALSE(reaches(net().tenant4(2)));
	EXPECT_GT(h(1).drops("port_locked"), 0u);
	EXPECT_FALSE(h(1).fdb(Topology::tenant_mac(1)));
	h(1).xovl_must("fdb add " + Topology::tenant_mac(1) + " net blue dev port0");
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_TRUE(pings(c(1), net().tenant6(2)));
}

TEST_P(PortSecurity, IsolatedPortsReachTheOtherHostOnly)
{
	const auto neighbour = net().add_tenant("c3", 1, "port1", 3);
	h(1).xovl_must("port add port1 net blue isolated mode " + std::get<0>(GetParam()));
	EXPECT_TRUE(pings(c(1), net().tenant4(3)));
	set("isolated on");
	EXPECT_FALSE(reaches(net().tenant4(3)));
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_TRUE(pings(*neighbour, net().tenant6(2)));
	set("isolated off");
	EXPECT_TRUE(pings(c(1), net().tenant4(3)));
}

TEST_P(PortSecurity, SavedAndShown)
{
	set("mac-guard 02:00:00:00:01:01,02:00:00:00:01:02 ip-guard 10.1.0.0/24,10.1.0.1,fd00::/64 dhcp-guard off "
	    "ra-guard on "
	    "locked on isolated on");
	const std::string saved = h(1).save();
	for (const char *word : {"mac-guard: [\"02:00:00:00:01:01\", \"02:00:00:00:01:02\"]",
				 "ip-guard: [\"10.1.0.0/24\", \"10.1.0.1\", \"fd00::/64\"]", "dhcp-guard: false",
				 "ra-guard: true", "locked: true", "isolated: true"})
		EXPECT_NE(saved.find(word), std::string::npos) << word << "\n" << saved;
	EXPECT_EQ(h(1).apply(saved).out, "");
	const auto options = h(1).xovl_show("port show").at(0).at("options");
	EXPECT_EQ(options.at("ip-guard"), nlohmann::json({"10.1.0.0/24", "10.1.0.1", "fd00::/64"}));
	h(1).xovl_must("port del port0");
	ASSERT_TRUE(h(1).apply(saved).ok());
	EXPECT_EQ(h(1).save(), saved);
}

INSTANTIATE_TEST_SUITE_P(Modes, PortSecurity, testing::Combine(testing::Values("native", "tc"), testing::Bool()),
			 name_of_setup);

} // namespace xovl::test
