// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// TCP super-frames stay whole in TC in both directions, and a tenant may route them between two networks.
#include <string>
#include <thread>

#include <fmt/format.h>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

class Offload : public OverlayTest, public testing::WithParamInterface<bool> {
protected:
	Plan plan() const { return {.v6 = GetParam()}; }
};

} // namespace

TEST_P(Offload, SuperFramesStayWhole)
{
	build(plan());
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	PacketSocket wire(h(2), "up0"), tenant(c(2), "eth0");
	EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant4(2), 4 << 20));
	EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant6(2), 4 << 20));
	const auto super = [](const Frame &frame) { return !frame.outgoing && frame.bytes.size() > 3000; };
	EXPECT_GT(wire.frames(super).size(), 20u) << "encapsulated whole";
	EXPECT_GT(tenant.frames(super).size(), 20u) << "delivered whole";
}

TEST_P(Offload, TheStackCutsSuperFramesRightWhereTheUnderlayCannotCarryThem)
{
	build(plan());
	h(1).offload("up0", "tso off gso off tx-udp_tnl-segmentation off tx-udp_tnl-csum-segmentation off");
	PacketSocket wire(h(2), "up0");
	EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant4(2), 4 << 20));
	EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant6(2), 4 << 20));
	EXPECT_EQ(wire.frames([](const Frame &frame) { return !frame.outgoing && frame.bytes.size() > 1514; }).size(),
		  0u);
}

class OffloadNested : public Offload {
protected:
	static std::string tunnels(const char *state)
	{
		return fmt::format("tx-udp_tnl-segmentation {0} tx-udp_tnl-csum-segmentation {0}", state);
	}

	/// The uplink of h1 cannot segment tunnel packets, and the tenants have a tunnel of their own.
	void build_with(const std::string &encap)
	{
		Plan with = plan();
		with.encap = encap;
		prepare(with);
		h(1).offload("up0", tunnels("off") + " tx-gre-segmentation off tx-gre-csum-segmentation off");
		net().start();
		for (unsigned i = 1; i <= 2; i++)
			c(i).ip(fmt::format(
				"link add vx0 type vxlan id 7 dstport 4789 local 10.1.0.{0} remote 10.1.0.{1} "
				"dev eth0\nlink set vx0 mtu 1350 up\naddr add 10.9.0.{0}/24 dev vx0",
				i, 3 - i));
		ASSERT_TRUE(pings(c(1), "10.9.0.2"));
	}
};

INSTANTIATE_TEST_SUITE_P(Underlays, OffloadNested, testing::Bool(),
			 [](const auto &info) { return info.param ? "v6" : "v4"; });

TEST_P(OffloadNested, TheTunnelDeviceCutsThem)
{
	build_with("vxlan");
	EXPECT_TRUE(tcp_content(c(1), c(2), "10.9.0.2"));
	EXPECT_EQ(h(1).drops("gso_nested"), 0u);
}

/* Nothing can segment nested super-frames of a GRE network: they are dropped. */
TEST_P(OffloadNested, NobodyElseCan)
{
	build_with("gre");
	(void)tcp_content(c(1), c(2), "10.9.0.2", 64 << 10); // in single segments, if at all
	const uint64_t dropped = h(1).drops("gso_nested");
	EXPECT_GT(dropped, 0u);
	c(1).offload("eth0", tunnels("off"));
	EXPECT_TRUE(tcp_content(c(1), c(2), "10.9.0.2")) << "as the reason's text says";
	EXPECT_EQ(h(1).drops("gso_nested"), dropped);
}

/*
 * c1 - h1 - blue - h2 - router (eth0, eth1) - h2 - red - h1 - c4: decapsulated frames are encapsulated again.
 */
TEST_P(Offload, ATenantRoutesBetweenTwoNetworks)
{
	build(plan());
	const Netns &router = c(2);
	veth(h(2), "port1", router, "eth1");
	router.sysctl("net/ipv4/ip_forward", "1");
	router.ip("link set eth1 mtu 1430\nlink set eth0 mtu 1430\naddr add 10.2.0.2/24 dev eth1");
	const auto far = net().add_tenant("c4", 1, "port1", 4);
	far->ip("addr flush dev eth0\naddr add 10.2.0.1/24 dev eth0\nlink set eth0 mtu 1430\nroute add 10.1.0.0/24 via "
		"10.2.0.2");
	c(1).ip("link set eth0 mtu 1430\nroute add 10.2.0.0/24 via 10.1.0.2");
	for (unsigned i = 1; i <= 2; i++) {
		h(i).xovl_must("net add red encap vxlan vni 200");
		h(i).xovl_must("port add port1 net red mode tc");
		h(i).xovl_must("flood add net red dst " + net().vtep(3 - i));
	}
	ASSERT_TRUE(pings(c(1), "10.2.0.1"));
	EXPECT_TRUE(udp_both_ways(c(1), "10.1.0.1", *far, "10.2.0.1", 1300));
	EXPECT_TRUE(tcp_content(c(1), *far, "10.2.0.1", 4 << 20));
	EXPECT_TRUE(tcp_content(*far, c(1), "10.1.0.1", 4 << 20));
	EXPECT_TRUE(iperf(c(1), *far, "10.2.0.1"));
}

INSTANTIATE_TEST_SUITE_P(Underlays, Offload, testing::Bool(),
			 [](const auto &info) { return info.param ? "v6" : "v4"; });

} // namespace xovl::test
