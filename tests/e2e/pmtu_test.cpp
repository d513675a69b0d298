// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Tenants whose MTU is larger than what the overlay carries: they are told, and TCP finds its way, be it the uplink, the network
// or a link far away that is too small. Topologies in traffic_test.cpp; the tenants' MTU is 1500 here.
#include <algorithm>
#include <optional>
#include <ostream>
#include <regex>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

constexpr unsigned kTenantMtu = 1500;
constexpr size_t kEthernet = 14;

/// What ping was told: "fragmentation needed" or "packet too big".
struct TooBig {
	std::string from;
	unsigned mtu = 0;

	bool operator==(const TooBig &) const = default;
};

std::ostream &operator<<(std::ostream &out, const TooBig &error)
{
	return out << "from " << error.from << ", MTU " << error.mtu;
}

/// One ping with DF, IP packet of `length` octets; what came back, if it was an error.
std::optional<TooBig> too_big(const Netns &from, const std::string &address, unsigned length)
{
	const unsigned headers = address.find(':') == std::string::npos ? 28 : 48;
	const Result result = from.run(fmt::format("ping -n -c 1 -W 1 -M do -s {} {}", length - headers, address));
	static const std::regex error(
		R"(From (\S+) icmp_seq=1 (?:Frag needed and DF set \(mtu = |Packet too big: mtu=)(\d+))");
	std::smatch match;
	if (!std::regex_search(result.out, match, error))
		return std::nullopt;
	return TooBig{match[1], static_cast<unsigned>(std::stoul(match[2]))};
}

/// Forgets what the tenant knows of path MTUs.
void forget_pmtu(const Netns &tenant)
{
	tenant.must("ip -4 route flush cache");
	tenant.must("ip -6 route flush cache");
}

bool is_ipv4(const Frame &frame)
{
	return frame.ethertype() == 0x0800;
}

/// A received ICMP "destination unreachable" or ICMPv6 "packet too big".
bool is_error(const Frame &frame)
{
	const Bytes &b = frame.bytes;
	if (frame.outgoing || b.size() < kEthernet + 48)
		return false;
	return is_ipv4(frame) ? b[kEthernet + 9] == 1 && b[kEthernet + 20] == 3
			      : frame.ethertype() == 0x86dd && b[kEthernet + 6] == 58 && b[kEthernet + 40] == 2;
}

/// The MSS that a received SYN has; nullopt: it is none.
std::optional<uint16_t> mss_of_syn(const Frame &frame)
{
	constexpr uint8_t tcp_protocol = 6, syn = 0x02;
	const Bytes &b = frame.bytes;
	const size_t tcp = kEthernet + (is_ipv4(frame) ? 20 : 40);
	const size_t protocol = kEthernet + (is_ipv4(frame) ? 9 : 6);
	if (frame.outgoing || b.size() < tcp + 20 || b[protocol] != tcp_protocol || !(b[tcp + 13] & syn))
		return std::nullopt;
	const size_t end = tcp + (b[tcp + 12] >> 4) * 4;
	for (size_t i = tcp + 20; i + 4 <= end && end <= b.size() && b[i] != 0;) {
		if (b[i] == 2)
			return frame.be16(i + 2);
		i += b[i] == 1 ? 1 : std::max<size_t>(b[i + 1], 2);
	}
	return 0;
}

std::vector<uint16_t> mss_seen(PacketSocket &tap)
{
	std::vector<uint16_t> list;
	for (const Frame &frame : tap.frames())
		if (const auto mss = mss_of_syn(frame))
			list.push_back(*mss);
	return list;
}

class PmtuBase : public OverlayTest {
protected:
	void wide_tenants() const
	{
		for (unsigned i = 1; i <= 2; i++)
			c(i).ip(fmt::format("link set eth0 mtu {}", kTenantMtu));
	}

	/// Both tenants are told of this MTU for either family, by the address they sent to; what fits passes.
	void expect_told(unsigned mtu, unsigned from) const
	{
		const unsigned to = 3 - from;
		for (const std::string &address : {Topology::tenant4(to), Topology::tenant6(to)}) {
			SCOPED_TRACE(fmt::format("c{} to {}", from, address));
			ASSERT_TRUE(pings(c(from), address));
			for (const unsigned length : {kTenantMtu, mtu + 1}) {
				forget_pmtu(c(from));
				const auto error = too_big(c(from), address, length);
				ASSERT_TRUE(error) << "nothing was said of " << length << " octets\n"
						   << h(from).xovl_show("stats drop").dump(1);
				EXPECT_EQ(*error, (TooBig{address, mtu})) << "for " << length << " octets";
			}
			const auto route = c(from).ip_show("route get " + address);
			EXPECT_EQ(route.at(0).at("metrics").at(0).at("mtu"), mtu) << "the tenant's kernel believes it";
			const unsigned headers = address.find(':') == std::string::npos ? 28 : 48;
			EXPECT_TRUE(pings(c(from), address, 2, mtu - headers)) << "what fits passes";
		}
	}

	/// c1 is, after a while.
	void expect_told_soon(unsigned mtu) const
	{
		EXPECT_TRUE(wait_until([&] {
			forget_pmtu(c(1));
			const auto error = too_big(c(1), Topology::tenant4(2), net_->tenant_mtu());
			return error == TooBig{Topology::tenant4(2), mtu};
		})) << h(1).xovl_show("stats drop").dump(1);
		std::this_thread::sleep_for(1100ms); // every CPU finds out for itself
		expect_told(mtu, 1);
	}

	/// The router's link to h2 is smaller than that to h1, and h1 cannot know.
	void narrow_far_link(unsigned mtu) const
	{
		net_->middle().ip(fmt::format("link set h2up0 mtu {}", mtu));
		h(2).ip(fmt::format("link set up0 mtu {}", mtu));
	}

	/// A frame from c1 that does not fit underlays of less than 1500 octets.
	void send_large() const
	{
		c(1).run(
			fmt::format("ping -n -c 1 -W 1 -M do -s {} {}", net_->tenant_mtu() - 28, Topology::tenant4(2)));
	}
	/// What h1 says of its only peer.
	nlohmann::json peer() const { return h(1).xovl_show("peer show").at(0); }
	/// After a message of a router, which told about a packet that it could not send on.
	void expect_reported(unsigned mtu, unsigned said) const
	{
		EXPECT_TRUE(wait_until([&] {
			send_large();
			return peer().at("pmtu") == mtu;
		})) << h(1).xovl_show("peer show").dump(1);
		const nlohmann::json now = peer();
		EXPECT_EQ(now.at("pmtu_said"), said);
		EXPECT_NE(now.at("pmtu_from"), "route");
		EXPECT_GT(now.at("pmtu_expires"), 500);
		EXPECT_LE(now.at("pmtu_expires"), 600);
		EXPECT_GE(now.at("icmp_believed"), 1);
		EXPECT_EQ(h(1).xovl_show("net show").at(0).at("narrower"),
			  nlohmann::json::array(
				  {{{"dst", now.at("dst")}, {"mtu", mtu - net_->overhead()}, {"path_mtu", mtu}}}));
	}

	void expect_tcp_completes() const
	{
		EXPECT_TRUE(tcp_content(c(1), c(2), Topology::tenant4(2), 4 << 20));
		EXPECT_TRUE(tcp_content(c(2), c(1), Topology::tenant4(1), 4 << 20));
		EXPECT_TRUE(tcp_content(c(1), c(2), Topology::tenant6(2), 4 << 20));
		EXPECT_TRUE(tcp_content(c(2), c(1), Topology::tenant6(1), 4 << 20));
	}
};

class Pmtu : public PmtuBase, public testing::WithParamInterface<std::tuple<std::string, bool>> {
protected:
	Plan plan(Underlay underlay = Underlay::Direct) const
	{
		const auto &[mode, v6] = GetParam();
		return {.port_mode = mode, .uplink_mode = mode, .v6 = v6, .underlay = underlay};
	}

	void build_wide(Underlay underlay = Underlay::Direct)
	{
		build(plan(underlay));
		wide_tenants();
	}
};

using MssClamp = Pmtu;

std::string mode_name(const testing::TestParamInfo<Pmtu::ParamType> &info)
{
	return std::get<0>(info.param) + (std::get<1>(info.param) ? "_v6" : "_v4");
}

/// A tunnel and what it adds.
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

/* The router drops the outer packet and tells h1, whose kernel has no socket for it. */
TEST_P(Pmtu, ARouterOnTheWayIsHeard)
{
	build_wide(Underlay::Routed);
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	narrow_far_link(1400);
	// the first is lost on the way, and only then h1 knows
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
	std::this_thread::sleep_for(1100ms); // as often as it may be lowered
	expect_reported(1400, 1400);
	h(1).xovl_must("peer flush pmtu");
	EXPECT_EQ(peer().at("pmtu_from"), "route");
}

/* Whatever routers say, IPv6 of tenants has its 1280 octets; where the path is that narrow, they are lost on the way. */
TEST_P(Pmtu, NotBelowTheFloor)
{
	build_wide(Underlay::Routed);
	ASSERT_TRUE(pings(c(1), net().tenant6(2)));
	narrow_far_link(1290);
	expect_reported(1280 + net().overhead(), 1290);
	std::this_thread::sleep_for(1100ms); // every CPU finds out for itself
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

/* Locked: else the kernel, too, forwards by the MTU of the interface. */
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
		std::this_thread::sleep_for(1s); // whatever span they are counted in
	}
}

TEST_P(MssClamp, BothDirectionsAndFamilies)
{
	build_wide();
	h(1).xovl_must("net set blue mss clamp");
	const auto mss4 = static_cast<uint16_t>(net().tenant_mtu() - 40);
	const auto mss6 = static_cast<uint16_t>(net().tenant_mtu() - 60);
	for (unsigned from = 1; from <= 2; from++) {
		const unsigned to = 3 - from;
		for (const bool inner6 : {false, true}) {
			SCOPED_TRACE(fmt::format("from c{}, {}", from, inner6 ? "IPv6" : "IPv4"));
			PacketSocket near_tap(c(from), "eth0"), far_tap(c(to), "eth0");
			EXPECT_TRUE(tcp_content(c(from), c(to), inner6 ? net().tenant6(to) : net().tenant4(to)));
			const std::vector<uint16_t> clamped = {inner6 ? mss6 : mss4};
			EXPECT_EQ(mss_seen(far_tap), clamped) << "of the SYN";
			EXPECT_EQ(mss_seen(near_tap), clamped) << "of its answer";
		}
	}
}

TEST_P(MssClamp, FollowsTheMtuAndNeverRaises)
{
	build_wide();
	const auto seen = [&] {
		forget_pmtu(c(1)); // which would be in its SYNs
		PacketSocket tap(c(2), "eth0");
		EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant4(2)));
		return mss_seen(tap);
	};
	EXPECT_EQ(seen(), std::vector<uint16_t>{1460}) << "not asked for";
	h(1).xovl_must("net set blue mss clamp mtu 1300");
	EXPECT_EQ(seen(), std::vector<uint16_t>{1260});
	c(1).must("ip route change 10.1.0.0/24 dev eth0 proto kernel src 10.1.0.1 advmss 700");
	EXPECT_EQ(seen(), std::vector<uint16_t>{700}) << "smaller already";
	c(1).must("ip route change 10.1.0.0/24 dev eth0 proto kernel src 10.1.0.1");
	h(1).xovl_must("net set blue mss off");
	EXPECT_EQ(seen(), std::vector<uint16_t>{1460}) << "no more";
}

/* The MTU that `net show` prints is what tenants are told, and what goes on the wire. */
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
INSTANTIATE_TEST_SUITE_P(Modes, MssClamp, testing::Combine(testing::Values("native", "tc"), testing::Bool()),
			 mode_name);
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
