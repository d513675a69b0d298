// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Path MTU: tenants with a larger MTU than the overlay's get ICMP errors and TCP adapts. The limit is the uplink, the
// network or a distant link. Topologies in traffic_test.cpp; the tenants' MTU is 1500 here.
#include <algorithm>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "pmtu_bench.hpp"
#include "sockets.hpp"

namespace xovl::test {

namespace {

/// A received ICMP "destination unreachable" or ICMPv6 "packet too big".
bool is_error(const Frame &frame)
{
	const Bytes &b = frame.bytes;
	if (frame.outgoing || b.size() < kEthernet + 48)
		return false;
	return is_ipv4(frame) ? b[kEthernet + 9] == 1 && b[kEthernet + 20] == 3
			      : frame.ethertype() == 0x86dd && b[kEthernet + 6] == 58 && b[kEthernet + 40] == 2;
}

/// A kind of tunnel and its overhead.
struct Kind {
	const char *name;
	const char *encap;
	const char *network = "";
	unsigned options = 0;
	std::optional<uint32_t> vni = 100;
};

class PmtuOfKind : public PmtuBase, public testing::WithParamInterface<std::tuple<Kind, bool>> {};

std::string kind_name(const testing::TestParamInfo<PmtuOfKind::ParamType> &info)
{
	return std::string(std::get<0>(info.param).name) + (std::get<1>(info.param) ? "_v6" : "_v4");
}

} // namespace

TEST_P(Pmtu, TenantsAreToldByTheAddressTheySentTo)
{
	build_wide();
	expect_told(net().tenant_mtu(), 1);
	expect_told(net().tenant_mtu(), 2);
}

TEST_P(Pmtu, TcpFindsItsWay)
{
	build_wide();
	expect_tcp_completes();
}

TEST_P(Pmtu, TheMtuSetForTheNetwork)
{
	build_wide();
	h(1).xovl_must("net set blue mtu 1300");
	expect_told(1300, 1);
	EXPECT_GE(h(1).drops("mtu_network"), 1u);
	EXPECT_EQ(h(1).drops("mtu_underlay"), 0u);
	expect_tcp_completes();
}

/* A router drops an outer packet. h1 uses its ICMP error, although the kernel has no socket for it. */
TEST_P(Pmtu, ARouterOnTheWayIsHeard)
{
	build_wide(Underlay::Routed);
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	narrow_far_link(1400);
	// the first packet is lost, and its ICMP error tells h1
	expect_told_soon(1400 - net().overhead());
}

TEST_P(Pmtu, WhatARouterSaidIsShownAndForgotten)
{
	build_wide(Underlay::Routed);
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_EQ(peer().at("pmtu"), 1500);
	EXPECT_EQ(peer().at("pmtu_from"), "route");
	EXPECT_FALSE(h(1).xovl_show("net show").at(0).contains("narrower"));
	narrow_far_link(1400);
	expect_reported(1400, 1400);
	h(1).xovl_must("peer flush pmtu dst " + net().vtep(2));
	EXPECT_EQ(peer().at("pmtu"), 1500);
	std::this_thread::sleep_for(1100ms); // lowered at most once a second
	expect_reported(1400, 1400);
	h(1).xovl_must("peer flush pmtu");
	EXPECT_EQ(peer().at("pmtu_from"), "route");
}

/* Tenants always keep the 1280 octets that IPv6 requires. A narrower path loses such packets. */
TEST_P(Pmtu, NotBelowTheFloor)
{
	build_wide(Underlay::Routed);
	ASSERT_TRUE(pings(c(1), net().tenant6(2)));
	narrow_far_link(1290);
	expect_reported(1280 + net().overhead(), 1290);
	std::this_thread::sleep_for(1100ms); // each CPU learns it separately
	for (const std::string &address : {net().tenant4(2), net().tenant6(2)}) {
		forget_pmtu(c(1));
		EXPECT_EQ(too_big(c(1), address, 1281), (TooBig{address, 1280}));
		forget_pmtu(c(1));
		EXPECT_EQ(too_big(c(1), address, 1280), std::nullopt);
	}
}

TEST_P(Pmtu, RoutersAreNotHeardWithoutTrust)
{
	build_wide(Underlay::Routed);
	h(1).xovl_must(fmt::format("vtep set {} pmtu trust off", net().vtep(1)));
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	narrow_far_link(1400);
	EXPECT_TRUE(wait_until([&] {
		send_large();
		return peer().at("icmp_refused") >= 1;
	}));
	EXPECT_EQ(peer().at("pmtu"), 1500);
	h(1).xovl_must(fmt::format("vtep set {} pmtu trust on", net().vtep(1)));
	expect_reported(1400, 1400);
	h(1).xovl_must(fmt::format("vtep set {} pmtu trust off", net().vtep(1)));
	EXPECT_EQ(peer().at("pmtu_from"), "route");
}

TEST_P(Pmtu, TcpFindsItsWayThroughARouterWithASmallerLink)
{
	build_wide(Underlay::Routed);
	narrow_far_link(1400);
	expect_tcp_completes();
}

/* The MTU of a route limits the path. The route locks it: otherwise the kernel forwards by the interface's MTU. */
TEST_P(Pmtu, TheMtuOfTheKernelsRouteIsHonoured)
{
	build_wide(Underlay::Routed);
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	const bool v6 = std::get<1>(GetParam());
	h(1).must(fmt::format("ip {} route replace {} via {} mtu lock 1380", v6 ? "-6" : "-4",
			      v6 ? "2001:db8::/64" : "192.0.2.0/24", v6 ? "2001:db8:1:2::2" : "198.51.100.6"));
	expect_told_soon(1380 - net().overhead());
}

TEST_P(Pmtu, WhatTheKernelHasLearnedIsHonoured)
{
	build_wide(Underlay::Routed);
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	narrow_far_link(1400);
	ASSERT_EQ(too_big(h(1), net().vtep(2), 1500).value_or(TooBig{}).mtu, 1400u) << "no tunnel, h1's own ping";
	expect_told_soon(1400 - net().overhead());
}

TEST_P(Pmtu, FramesThatAreNotIpAreDropped)
{
	build_wide();
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	const uint64_t before = h(1).drops("mtu_underlay");
	PacketSocket tenant(c(1), "eth0"), far(c(2), "eth0");
	const auto frame = [&](size_t size) {
		return Ethernet{.dst = net().tenant_mac(2), .src = net().tenant_mac(1)} / Payload::of(size);
	};
	const auto ours = [](const Frame &f) { return !f.outgoing && f.ethertype() == 0x88b5; };
	tenant.send(frame(net().tenant_mtu()));
	EXPECT_EQ(far.collect(1, ours).size(), 1u);
	tenant.send(frame(net().tenant_mtu() + 1));
	tenant.send(frame(kTenantMtu));
	EXPECT_TRUE(wait_until([&] { return h(1).drops("mtu_underlay") == before + 2; }));
	EXPECT_TRUE(far.collect(1, ours, 100ms).empty());
	EXPECT_TRUE(tenant.frames(is_error).empty()) << "there is nobody to tell";
}

TEST_P(Pmtu, ErrorsAreFewerThanTheirCauses)
{
	build_wide();
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	ASSERT_TRUE(pings(c(1), net().tenant6(2)));
	const Ethernet eth = {.dst = net().tenant_mac(2), .src = net().tenant_mac(1)};
	const Bytes v4 = eth / IPv4{.src = "10.1.0.1", .dst = "10.1.0.2", .df = true} / UDP{5, 6} / Payload::of(1472);
	const Bytes v6 = eth / IPv6{.src = "fd01::1", .dst = "fd01::2"} / UDP{5, 6} / Payload::of(1452);
	for (const Bytes &frame : {v4, v6}) {
		PacketSocket tenant(c(1), "eth0");
		for (int i = 0; i < 2000; i++)
			tenant.send(frame);
		const size_t errors = tenant.collect(2000, is_error, 300ms).size();
		EXPECT_GE(errors, 1u);
		EXPECT_LT(errors, 1000u);
		std::this_thread::sleep_for(1s); // the rate limit starts afresh
	}
}

/* The MTU of `net show` is the one in tenants' ICMP errors and the largest on the wire. */
TEST_P(PmtuOfKind, ShownToldAndSent)
{
	const auto &[kind, v6] = GetParam();
	build({.v6 = v6, .network = kind.network, .encap = kind.encap, .vni = kind.vni, .options = kind.options});
	wide_tenants();
	EXPECT_EQ(h(1).xovl_show("net show").at(0).at("mtu"), net().tenant_mtu());
	PacketSocket wire(h(2), "up0");
	expect_told(net().tenant_mtu(), 1);
	size_t longest = 0;
	for (const Frame &frame : wire.frames([](const Frame &f) { return !f.outgoing; }))
		longest = std::max(longest, frame.bytes.size());
	EXPECT_EQ(longest, kEthernet + 1500) << "full to the last octet";
	expect_tcp_completes();
}

TEST_P(PmtuOfKind, ARouterOnTheWayIsHeard)
{
	const auto &[kind, v6] = GetParam();
	build({.v6 = v6,
	       .underlay = Underlay::Routed,
	       .network = kind.network,
	       .encap = kind.encap,
	       .vni = kind.vni,
	       .options = kind.options});
	wide_tenants();
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	narrow_far_link(1400);
	expect_reported(1400, 1400);
	expect_told_soon(1400 - net().overhead());
}

INSTANTIATE_TEST_SUITE_P(Modes, Pmtu, testing::Combine(testing::Values("native", "tc"), testing::Bool()), mode_name);
INSTANTIATE_TEST_SUITE_P(
	Kinds, PmtuOfKind,
	testing::Combine(
		testing::Values(Kind{"vxlan", "vxlan"}, Kind{"geneve", "geneve"},
				Kind{"geneve_options", "geneve",
				     "    geneve-opt: [\"0x0102:0x80:00010002\", \"0x0103:0x01:deadbeefcafef00d\"]\n",
				     20},
				Kind{"gre", "gre"}, Kind{"gre_keyless", "gre", "", 0, std::nullopt},
				Kind{"nvgre", "nvgre"}),
		testing::Bool()),
	kind_name);

} // namespace xovl::test
