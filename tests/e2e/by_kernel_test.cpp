// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Packets that the kernel carries (via): its IPsec policies, firewall and routes apply to them. Topologies in
// traffic_test.cpp.
#include <unistd.h>

#include <string>
#include <thread>

#include <fmt/format.h>

#include "sockets.hpp"
#include "topology.hpp"
#include "tun.hpp"

namespace xovl::test {

namespace {

constexpr Milliseconds kNoticed = 1s; ///< by then the datapath follows a new policy, see XOVL_NEXTHOP_…

struct Case {
	const char *mode;
	bool v6;
};

using Silence = std::vector<Bytes>;

class ByKernel : public OverlayTest, public testing::WithParamInterface<Case> {
protected:
	Plan plan() const
	{
		return {.port_mode = GetParam().mode, .uplink_mode = GetParam().mode, .v6 = GetParam().v6};
	}
	Plan via_kernel() const
	{
		Plan with = plan();
		with.network = "    via: kernel\n";
		return with;
	}

	/// The words of a policy that blocks tunnel packets from h1 to h2.
	std::string policy(const char *direction) const
	{
		return fmt::format("policy add dir {} src {} dst {} proto udp dport 4789 action block", direction,
				   net_->vtep(1), net_->vtep(2));
	}
	/// Tunnel packets from h1 that arrive at h2 while action runs. The source is checked, because h2's own packets
	/// can appear there on their way to the kernel's neighbour code.
	std::vector<Bytes> on_wire(const std::function<void()> &action) const
	{
		PacketSocket wire(h(2), "up0");
		action();
		const size_t port = GetParam().v6 ? 14 + 40 + 2 : 14 + 20 + 2;
		const size_t source = GetParam().v6 ? 14 + 8 + 15 : 14 + 12 + 3; // its last octet
		std::vector<Bytes> seen;
		for (const Frame &frame : wire.frames())
			if (!frame.outgoing && frame.be16(port) == 4789 && frame.bytes.at(source) == 1)
				seen.push_back(frame.bytes);
		return seen;
	}
	bool both_ping() const { return pings(c(1), net_->tenant4(2)) && pings(c(2), net_->tenant6(1)); }

	/// True if a guard program checks the packets that leave h1 by the interface (kernels with tcx only).
	bool has_guard(const std::string &dev) const
	{
		const int index = h(1).ip_show("link show dev " + dev).at(0).at("ifindex");
		return access(fmt::format("{}/guard_{}", h(1).pin_folder(), index).c_str(), F_OK) == 0;
	}

	static uint64_t by_kernel(const Host &host)
	{
		return host.xovl_show("stats net").at("networks").at(0).at("by_kernel");
	}
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Modes, ByKernel,
			 testing::Values(Case{"tc", false}, Case{"native", true}, Case{"generic", false}),
			 [](const auto &info) {
				 return fmt::format("{}_{}", info.param.mode, info.param.v6 ? "v6" : "v4");
			 });

TEST_P(ByKernel, PolicyThatComesLater)
{
	build(plan());
	ASSERT_TRUE(both_ping());
	const uint64_t before = by_kernel(h(1));
	h(1).must("ip xfrm " + policy("out"));
	std::this_thread::sleep_for(kNoticed);
	EXPECT_EQ(on_wire([&] {
			  EXPECT_FALSE(pings(c(1), net().tenant4(2), 2));  // known
			  EXPECT_FALSE(pings(c(1), net().tenant4(77), 1)); // flooded
		  }),
		  Silence());
	h(1).xovl_must("net set blue ttl 60");
	EXPECT_EQ(on_wire([&] { EXPECT_FALSE(pings(c(1), net().tenant4(2), 2)); }), Silence()) << "after a command";
	EXPECT_GT(by_kernel(h(1)), before);
	h(1).must("ip xfrm policy flush");
	std::this_thread::sleep_for(kNoticed);
	EXPECT_TRUE(both_ping());
	EXPECT_EQ(h(1).drops().size(), 0u) << h(1).drops();
}

TEST_P(ByKernel, PolicyOfThoseThatReceive)
{
	build(plan());
	ASSERT_TRUE(both_ping());
	h(2).must("ip xfrm " + policy("in"));
	std::this_thread::sleep_for(kNoticed);
	PacketSocket tenant(c(2), "eth0");
	EXPECT_FALSE(pings(c(1), net().tenant4(2), 2));
	EXPECT_FALSE(pings(c(1), net().tenant4(77), 1));
	const auto of_tenant1 = [&](const Frame &frame) {
		return !frame.outgoing && frame.bytes.at(11) == 1 && frame.ethertype() != 0x86dd;
	};
	EXPECT_EQ(tenant.frames(of_tenant1).size(), 0u);
	h(2).xovl_must("net set blue ttl 60");
	EXPECT_FALSE(pings(c(1), net().tenant4(2), 1)) << "after a command";
	h(2).must("ip xfrm policy flush");
	std::this_thread::sleep_for(kNoticed);
	EXPECT_TRUE(both_ping());
	EXPECT_EQ(h(2).drops().size(), 0u) << h(2).drops();
}

TEST_P(ByKernel, PolicyForOthers)
{
	build(plan());
	ASSERT_TRUE(both_ping());
	h(1).must("ip xfrm policy add dir out src 198.51.100.1 dst 198.51.100.2 action block");
	std::this_thread::sleep_for(kNoticed);
	EXPECT_TRUE(both_ping());
	h(1).xovl_must("net set blue ttl 60"); // now xovl knows that the policy is not for its packets
	const uint64_t before = by_kernel(h(1));
	EXPECT_TRUE(both_ping());
	EXPECT_EQ(by_kernel(h(1)), before);
}

TEST_P(ByKernel, ViaKernel)
{
	build(via_kernel());
	const uint64_t before = by_kernel(h(2));
	EXPECT_TRUE(both_ping());
	EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant4(2), 4 << 20));
	EXPECT_TRUE(tcp_content(c(2), c(1), net().tenant6(1), 4 << 20));
	EXPECT_GT(by_kernel(h(2)), before);
	EXPECT_EQ(h(1).drops().size() + h(2).drops().size(), 0u) << h(1).drops() << h(2).drops();
}

TEST_P(ByKernel, SizesAroundTheMtu)
{
	build(via_kernel());
	ASSERT_TRUE(both_ping());
	const unsigned fits = net().tenant_mtu() - 28;
	c(1).ip("link set eth0 mtu 1500\n");
	const auto ping = [&](unsigned size) {
		return c(1).run(fmt::format("ping -c 1 -W 1 -M do -s {} {}", size, net().tenant4(2))).ok();
	};
	EXPECT_TRUE(ping(fits));
	EXPECT_FALSE(ping(fits + 1));
	EXPECT_TRUE(ping(fits));
	EXPECT_EQ(h(1).drops("mtu_underlay"), 1u);
}

TEST_P(ByKernel, FirewallHolds)
{
	build(via_kernel());
	ASSERT_TRUE(both_ping());
	h(1).must("nft add table inet t");
	h(1).must("nft add chain inet t out { type filter hook output priority 0 ; }");
	h(1).must("nft add rule inet t out udp dport 4789 counter drop");
	EXPECT_EQ(on_wire([&] { EXPECT_FALSE(pings(c(1), net().tenant4(2), 2)); }), Silence());
	h(1).must("nft delete table inet t");
	EXPECT_TRUE(both_ping());
}

TEST_P(ByKernel, FloodsToOneByEach)
{
	Plan with = plan();
	with.underlay = Underlay::Switched;
	with.hosts = 3;
	build(with);
	h(1).xovl_must("flood del net blue dst " + net().vtep(2));
	h(1).xovl_must("flood add net blue dst " + net().vtep(2) + " via kernel");
	const uint64_t before = by_kernel(h(1));
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_TRUE(pings(c(1), net().tenant4(3)));
	EXPECT_GT(by_kernel(h(1)), before);
	EXPECT_EQ(h(1).drops().size(), 0u) << h(1).drops();
}

TEST_P(ByKernel, LinkWithoutEthernet)
{
	prepare(plan());
	const TunLink link(h(1), h(2), "vpn0");
	const std::string bits = GetParam().v6 ? "/64" : "/24";
	const std::string addresses[] = {GetParam().v6 ? "fd00:9::1" : "10.0.9.1",
					 GetParam().v6 ? "fd00:9::2" : "10.0.9.2"};
	for (unsigned i : {1, 2}) {
		h(i).ip(fmt::format("link set vpn0 up mtu 1420\naddress add {}{} dev vpn0{}\n", addresses[i - 1], bits,
				    GetParam().v6 ? " nodad" : ""));
		h(i).xovl_must("vtep add " + addresses[i - 1]);
		h(i).xovl_must("uplink add vpn0");
		h(i).xovl_must("net add blue encap vxlan vni 100");
		h(i).xovl_must(fmt::format("port add port0 net blue mode {}", GetParam().mode));
		h(i).xovl_must("flood add net blue dst " + addresses[2 - i]);
	}
	EXPECT_TRUE(both_ping());
	EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant4(2), 1 << 20));
	EXPECT_TRUE(tcp_content(c(2), c(1), net().tenant6(1), 1 << 20));
	EXPECT_EQ(h(1).drops("mtu_underlay"),
		  h(1).drops().empty() ? 0u : h(1).drops().at(0).at("packets").get<uint64_t>())
		<< h(1).drops();
	const auto uplink = h(1).xovl_show("uplink show").at(0);
	EXPECT_EQ(uplink.at("mode"), "tc");
	EXPECT_EQ(h(1).xovl("uplink set vpn0 mode native").status, 1);
	EXPECT_EQ(h(1).xovl("port add vpn0 net blue").status, 1);
}

TEST_P(ByKernel, NothingInTheClear)
{
	build(plan());
	ASSERT_TRUE(both_ping());
	const Result result = h(1).xovl("net set blue require encrypted");
	EXPECT_EQ(result.status, 0);
	EXPECT_NE(result.err.find("no encrypted way"), std::string::npos) << result.err;
	const auto leaks = [&] {
		return on_wire([&] {
			EXPECT_FALSE(pings(c(1), net().tenant4(2), 2));  // known
			EXPECT_FALSE(pings(c(1), net().tenant4(77), 1)); // flooded
		});
	};
	EXPECT_EQ(leaks(), Silence());
	const auto before = h(1).drops("plaintext");
	EXPECT_GT(before, 0u);
	EXPECT_FALSE(pings(c(2), net().tenant4(1), 2)) << "nor is anything taken";
	EXPECT_GT(h(1).drops("plaintext"), before);

	h(1).must("ip xfrm policy add dir out src 198.51.100.1 dst 198.51.100.2 action block");
	std::this_thread::sleep_for(kNoticed);
	EXPECT_EQ(leaks(), Silence()) << "the kernel has policies, but none encrypts";
	EXPECT_EQ(h(1).apply(h(1).save()).out, "");
	h(1).xovl_must("net set blue require none");
	EXPECT_TRUE(both_ping());
	EXPECT_EQ(h(1).down_and_check(), "");
}

TEST_P(ByKernel, NothingInTheClearToOne)
{
	Plan with = plan();
	with.underlay = Underlay::Switched;
	with.hosts = 3;
	build(with);
	h(1).xovl_must("flood del net blue dst " + net().vtep(2));
	h(1).xovl_must("flood add net blue dst " + net().vtep(2) + " require encrypted");
	EXPECT_FALSE(pings(c(1), net().tenant4(2), 2));
	EXPECT_TRUE(pings(c(1), net().tenant4(3)));
	h(1).xovl_must("flood del net blue dst " + net().vtep(2));
	EXPECT_FALSE(has_guard("up0"));
	h(1).xovl_must("fdb add " + Topology::tenant_mac(2) + " net blue dst " + net().vtep(2) + " require encrypted");
	EXPECT_TRUE(has_guard("up0"));
	EXPECT_NE(h(1).xovl_must("uplink show").find(" egress xovl_tc_guard"), std::string::npos);
	EXPECT_EQ(on_wire([&] { EXPECT_FALSE(pings(c(1), net().tenant4(2), 2)); }), Silence());
}

} // namespace xovl::test
