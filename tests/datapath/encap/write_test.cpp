// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/encap/prepare.h: how a network's policy sets the outer headers.
#include <algorithm>
#include <set>

#include "fixture.hpp"

namespace xovl::test {

namespace {

/// Expected outer header fields, besides addresses, flow and lengths.
struct Policy {
	uint8_t ttl = 64;
	uint8_t tos = 0;
	bool df = true;
	bool may_clear_df = false; ///< then IPv4 has an identification
	bool udpcsum = false;
	std::optional<uint32_t> flow_label = {}; ///< nullopt: derived from the flow
};

const Ethernet kEth = {mac::kRemoteA, mac::kTenant1};

Packet in_ipv4(const IPv4 &ip)
{
	return kEth / ip / UDP{1111, 2222} / Payload::of(20);
}

Packet in_ipv6(uint8_t traffic_class, uint8_t hop_limit)
{
	return kEth /
	       IPv6{.src = "fd00:1::1", .dst = "fd00:1::2", .traffic_class = traffic_class, .hop_limit = hop_limit} /
	       TCP{.sport = 40000, .dport = 80} / Payload::of(21);
}

IPv4 ipv4(uint8_t tos, uint8_t ttl, bool df)
{
	return {.src = "10.1.0.1", .dst = "10.1.0.2", .tos = tos, .id = 7, .df = df, .ttl = ttl};
}

const Packet kNotIP = kEth / Payload{Bytes(46, 0xff)};

/// Returns a frame of flow n.
Packet flow(int n)
{
	return kEth / IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} /
	       UDP{.sport = static_cast<uint16_t>(1000 + n), .dport = 53} / Payload::of(10);
}

} // namespace

class Outer : public DatapathTest {
protected:
	void set_policy(const std::function<void(OuterPolicy &)> &edit)
	{
		set_blue([&](NetworkConfig &net) { edit(net.outer); });
	}

	/// Returns the tunnel packet to peer A. complete: inner with complete checksums, for the outer checksum.
	Bytes expected(const Policy &policy, const Packet &inner, const Packet &complete, const Bytes &made) const
	{
		const auto id = static_cast<uint16_t>(policy.may_clear_df && is_v4() ? made[18] << 8 | made[19] : 0);
		const Packet outer = is_v4() ? Packet(IPv4{.src = ip().local,
							   .dst = ip().peer_a,
							   .tos = policy.tos,
							   .id = id,
							   .df = policy.df,
							   .ttl = policy.ttl})
					     : Packet(IPv6{.src = ip().local,
							   .dst = ip().peer_a,
							   .traffic_class = policy.tos,
							   .flow_label = policy.flow_label.value_or(flow_label(made)),
							   .hop_limit = policy.ttl});
		const Packet below = Ethernet{mac::kPeerA, mac::kUplink} / outer;
		UDP udp = {.sport = sport(made), .dport = 4789, .checksum = 0};
		if (policy.udpcsum) {
			udp.checksum.reset();
			const Bytes sum = below / udp / Vxlan{kBlueVni} / complete;
			const size_t at = outer_len() - 10;
			udp.checksum = static_cast<uint16_t>(sum[at] << 8 | sum[at + 1]);
		}
		return below / udp / Vxlan{kBlueVni} / inner;
	}

	/// Sends inner from port1 in the hook under test, or in TC if to_tc, and checks the tunnel packet.
	void makes(const Packet &inner, const Policy &policy, bool to_tc = false)
	{
		makes(inner, inner, policy, to_tc);
	}
	void makes(const Packet &inner, const Packet &complete, const Policy &policy, bool to_tc)
	{
		const Counts counts = sent("port1", "blue", ip().peer_a, inner.bytes().size());
		if (policy.may_clear_df && is_v4()) {
			/* each packet has a new identification */
			const RunResult result = bench_->run(to_tc ? Hook::Tc : hook(), "port1", inner);
			EXPECT_EQ(result.verdict, Verdict::Redirect);
			EXPECT_EQ(hex_dump(result.packet), hex_dump(expected(policy, inner, complete, result.packet)));
			return;
		}
		const Bytes want = expected(policy, inner, complete, made_of(inner, to_tc ? Hook::Tc : hook()));
		if (to_tc)
			finishes_in_tc("port1", inner, {Verdict::Redirect, want, counts});
		else
			finishes("port1", inner, {Verdict::Redirect, want, counts});
	}

	/// Returns the source ports of this many flows.
	std::vector<uint16_t> sports(int flows)
	{
		std::vector<uint16_t> list;
		for (int n = 0; n < flows; n++)
			list.push_back(sport(made_of(flow(n))));
		return list;
	}
};

INSTANTIATE_TEST_SUITE_P(, Outer, every_setup(), setup_name);

/// Tests of fields that only one family has.
using OuterIPv4 = Outer;
using OuterIPv6 = Outer;

INSTANTIATE_TEST_SUITE_P(, OuterIPv4, testing::Values(Setup{XOVL_MODE_NATIVE, AF_INET}, Setup{XOVL_MODE_TC, AF_INET}),
			 setup_name);
INSTANTIATE_TEST_SUITE_P(, OuterIPv6, testing::Values(Setup{XOVL_MODE_NATIVE, AF_INET6}, Setup{XOVL_MODE_TC, AF_INET6}),
			 setup_name);

TEST_P(Outer, Ttl)
{
	for (uint8_t ttl : {1, 2, 255}) {
		set_policy([&](OuterPolicy &outer) { outer.ttl = ttl; });
		for (const Packet &inner : {in_ipv4(ipv4(0, 9, false)), in_ipv6(0, 9), kNotIP})
			makes(inner, {.ttl = ttl});
	}
}

TEST_P(Outer, TtlInherit)
{
	set_policy([](OuterPolicy &outer) { outer.ttl.reset(); });
	for (uint8_t ttl : {1, 9, 255}) {
		makes(in_ipv4(ipv4(0, ttl, false)), {.ttl = ttl});
		makes(in_ipv6(0, ttl), {.ttl = ttl});
	}
	makes(kNotIP, {.ttl = 64});
}

/* The policy sets the DSCP; ECN still comes from the inner packet. */
TEST_P(Outer, Dscp)
{
	for (uint8_t dscp : {1, 46, 63}) {
		set_policy([&](OuterPolicy &outer) { outer.dscp = dscp; });
		const auto tos = static_cast<uint8_t>(dscp << 2);
		makes(in_ipv4(ipv4(0x28, 9, false)), {.tos = tos});
		makes(in_ipv4(ipv4(0x2a, 9, false)), {.tos = static_cast<uint8_t>(tos | 2)});
		makes(in_ipv6(0x29, 9), {.tos = static_cast<uint8_t>(tos | 1)});
		makes(kNotIP, {.tos = tos});
	}
}

TEST_P(Outer, DscpInherit)
{
	set_policy([](OuterPolicy &outer) { outer.dscp.reset(); });
	for (uint8_t tos : {0x00, 0x28, 0xb8, 0xfd, 0xff}) {
		makes(in_ipv4(ipv4(tos, 9, false)), {.tos = tos});
		makes(in_ipv6(tos, 9), {.tos = tos});
	}
	makes(kNotIP, {.tos = 0});
}

TEST_P(Outer, DfUnset)
{
	set_policy([](OuterPolicy &outer) { outer.df = false; });
	const Policy policy = {.df = false, .may_clear_df = true};
	for (const Packet &inner : {in_ipv4(ipv4(0, 9, true)), in_ipv4(ipv4(0, 9, false)), in_ipv6(0, 9), kNotIP})
		makes(inner, policy);
}

/* With `inherit`, inner IPv4 passes on its DF, inner IPv6 sets DF, and other frames clear it. */
TEST_P(Outer, DfInherit)
{
	set_policy([](OuterPolicy &outer) { outer.df.reset(); });
	makes(in_ipv4(ipv4(0, 9, true)), {.df = true, .may_clear_df = true});
	makes(in_ipv4(ipv4(0, 9, false)), {.df = false, .may_clear_df = true});
	makes(in_ipv6(0, 9), {.df = true, .may_clear_df = true});
	makes(kNotIP, {.df = false, .may_clear_df = true});
}

/* Without DF, packets have different identifications (RFC 6864, section 4.3). */
TEST_P(OuterIPv4, IdentificationWhereFragmentsArePossible)
{
	set_policy([](OuterPolicy &outer) { outer.df = false; });
	std::set<int> ids;
	for (int i = 0; i < 100; i++) {
		const Bytes made = made_of(kNotIP);
		ids.insert(made[18] << 8 | made[19]);
	}
	EXPECT_GT(ids.size(), 90u);
}

TEST_P(Outer, Udpcsum)
{
	set_policy([](OuterPolicy &outer) { outer.udpcsum = true; });
	for (const auto &[name, inner] : tenant_frames(mac::kRemoteA, mac::kTenant1)) {
		SCOPED_TRACE(name);
		const Bytes bytes = inner;
		const size_t at = 15;
		const uint8_t ecn = bytes[12] == 0x86 ? bytes[at] >> 4 & 3 : 0;
		makes(inner, {.tos = ecn, .udpcsum = true}, is_left_to_tc(name));
	}
}

/* The checksum is right for odd lengths and at block boundaries of the sum. */
TEST_P(Outer, UdpcsumOfEveryLength)
{
	set_policy([](OuterPolicy &outer) { outer.udpcsum = true; });
	const size_t largest = kUplinkMtu - (outer_len() - 14);
	std::vector<size_t> lengths = {14, 15, 16, 17, 60, 61, 62, 63, largest - 1, largest};
	for (size_t length = 180; length < 1300; length += 61)
		lengths.push_back(length);
	for (size_t length : lengths) {
		SCOPED_TRACE(length);
		makes(kEth / Payload::of(length - 14), {.udpcsum = true});
	}
}

/* A checksum of zero is sent as all ones (RFC 768). */
TEST_P(Outer, UdpcsumThatIsZero)
{
	set_policy([](OuterPolicy &outer) { outer.udpcsum = true; });
	Bytes payload(46, 0);
	const Bytes made = made_of(kEth / Payload{payload});
	const size_t at = outer_len() - 10;
	payload[0] = made[at];
	payload[1] = made[at + 1];
	const Bytes again = made_of(kEth / Payload{payload});
	EXPECT_EQ(again[at], 0xff);
	EXPECT_EQ(again[at + 1], 0xff);
	makes(kEth / Payload{payload}, {.udpcsum = true});
}

/* The outer checksum covers the frame with its inner checksum completed. */
TEST_P(Outer, UdpcsumOverAPartialChecksum)
{
	set_policy([](OuterPolicy &outer) { outer.udpcsum = true; });
	const IPv4 v4 = ipv4(0, 9, true);
	const IPv6 v6 = {.src = "fd00:1::1", .dst = "fd00:1::2"};
	for (const Packet &above : {kEth / v4, kEth / v6, kEth / Vlan{100} / v4, kEth / Vlan{100} / Vlan{7} / v6})
		for (size_t length : {0, 1, 20, 333, 1300}) {
			SCOPED_TRACE(length);
			const Packet payload = Payload::of(length);
			makes(above / UDP{.sport = 5, .dport = 6, .partial = true} / payload,
			      above / UDP{.sport = 5, .dport = 6} / payload, {.udpcsum = true}, true);
			makes(above / TCP{.sport = 5, .dport = 6, .partial = true} / payload,
			      above / TCP{.sport = 5, .dport = 6} / payload, {.udpcsum = true}, true);
		}
}

/*
 * A frame is dropped if its partial checksum is inside a tunnel of the tenant: the outer checksum cannot be computed.
 */
TEST_P(Outer, UdpcsumOverAHiddenPartialChecksum)
{
	set_policy([](OuterPolicy &outer) { outer.udpcsum = true; });
	const UDP udp = {.sport = 5, .dport = 6, .partial = true};
	const Packet inner =
		kEth / ipv4(0, 9, true) / IPv4{.src = "10.3.0.1", .dst = "10.3.0.2"} / udp / Payload::of(33);
	wire([&] { bench_->far("tenant1").send_partial(inner, 14 + 20 + 20, 6); }, {},
	     dropped_from_port("port1", "csum_open", inner.bytes().size()));
}

TEST_P(Outer, UdpcsumOnTheWire)
{
	set_policy([](OuterPolicy &outer) { outer.udpcsum = true; });
	const Packet rest = IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} / UDP{1111, 2222} / Payload::of(21);
	const Packet inner = Ethernet{mac::kRemoteA, mac::kTagged} / rest;
	const Bytes want = expected({.udpcsum = true}, inner, inner, made_of(kEth / rest));
	wire("tenants", Ethernet{mac::kRemoteA, mac::kTagged} / Vlan{10, 3} / rest, {{"under", want}},
	     sent("trunk.10", "blue", ip().peer_a, inner.bytes().size()));
}

TEST_P(Outer, SrcportOfOne)
{
	set_policy([](OuterPolicy &outer) { outer.sport_min = outer.sport_max = 5555; });
	EXPECT_EQ(sports(20), std::vector<uint16_t>(20, 5555));
	makes(kNotIP, {});
	EXPECT_EQ(sport(made_of(kNotIP)), 5555);
}

/* Flows use all source ports of the range evenly; each flow keeps its port. */
TEST_P(Outer, SrcportOfAHundred)
{
	set_policy([](OuterPolicy &outer) {
		outer.sport_min = 1000;
		outer.sport_max = 1099;
	});
	const std::vector<uint16_t> list = sports(2000);
	EXPECT_EQ(std::ranges::min(list), 1000);
	EXPECT_EQ(std::ranges::max(list), 1099);
	EXPECT_EQ(std::set(list.begin(), list.end()).size(), 100u);
	for (uint16_t port = 1000; port < 1100; port++)
		EXPECT_LT(std::ranges::count(list, port), 60) << port;
	EXPECT_EQ(sports(100), std::vector(list.begin(), list.begin() + 100));
	makes(flow(0), {});
}

TEST_P(Outer, SrcportOfAll)
{
	set_policy([](OuterPolicy &outer) {
		outer.sport_min = 1;
		outer.sport_max = 65535;
	});
	const std::vector<uint16_t> list = sports(1000);
	EXPECT_GT(std::ranges::min(list), 0);
	EXPECT_LT(std::ranges::min(list), 1000);
	EXPECT_GT(std::ranges::max(list), 64535);
}

/* A fixed flow label is set over IPv6 only. */
TEST_P(Outer, Flowlabel)
{
	for (uint32_t label : {0u, 7u, 0xfffffu}) {
		set_policy([&](OuterPolicy &outer) { outer.flowlabel = label; });
		for (const Packet &inner : {flow(1), flow(2), in_ipv6(0x29, 9), kNotIP})
			makes(inner,
			      {.tos = static_cast<uint8_t>(inner.bytes()[12] == 0x86 ? 1 : 0), .flow_label = label});
	}
}

/* Each flow has its own flow label (RFC 6438). */
TEST_P(OuterIPv6, FlowlabelOfTheFlow)
{
	std::set<uint32_t> labels;
	for (int n = 0; n < 300; n++) {
		labels.insert(flow_label(made_of(flow(n))));
		labels.insert(flow_label(made_of(flow(n))));
	}
	EXPECT_GT(labels.size(), 290u);
	EXPECT_LE(labels.size(), 300u);
	EXPECT_GT(*labels.rbegin(), 0xf0000u);
}

TEST_P(Outer, AllTogether)
{
	set_policy([](OuterPolicy &outer) {
		outer = {.ttl = {},
			 .dscp = {},
			 .df = {},
			 .udpcsum = true,
			 .sport_min = 7000,
			 .sport_max = 7003,
			 .flowlabel = 0xabcde};
	});
	const auto both = [&](const Packet &inner, const Policy &policy) {
		makes(inner, policy);
		EXPECT_EQ(sport(made_of(inner)) >> 2, 7000 >> 2);
	};
	both(in_ipv4(ipv4(0xb9, 3, true)),
	     {.ttl = 3, .tos = 0xb9, .df = true, .may_clear_df = true, .udpcsum = true, .flow_label = 0xabcde});
	both(in_ipv4(ipv4(0x2a, 255, false)),
	     {.ttl = 255, .tos = 0x2a, .df = false, .may_clear_df = true, .udpcsum = true, .flow_label = 0xabcde});
	both(in_ipv6(0xff, 1),
	     {.ttl = 1, .tos = 0xff, .df = true, .may_clear_df = true, .udpcsum = true, .flow_label = 0xabcde});
	both(kNotIP, {.ttl = 64, .df = false, .may_clear_df = true, .udpcsum = true, .flow_label = 0xabcde});
}

} // namespace xovl::test
