// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/packet/ecn.h: congestion notification through the tunnel, RFC 6040.
#include <array>

#include "fixture.hpp"

namespace xovl::test {

namespace {

enum Codepoint : uint8_t { NotEct, Ect1, Ect0, Ce };

constexpr uint8_t kDscp = 0x28 << 2; ///< DSCP of the tenant's packet; it never changes
constexpr int kDrop = -1;

/// RFC 6040, figure 4: the resulting inner codepoint by [outer][inner].
constexpr std::array<std::array<int, 4>, 4> kDecapsulation = {{
	/* inner:   Not-ECT, ECT(1), ECT(0), CE */
	{NotEct, Ect1, Ect0, Ce}, // outer Not-ECT
	{NotEct, Ect1, Ect1, Ce}, // outer ECT(1)
	{NotEct, Ect1, Ect0, Ce}, // outer ECT(0)
	{kDrop, Ce, Ce, Ce},      // outer CE
}};

/// A tenant's packet without its Ethernet header.
struct Inner {
	const char *name;
	Packet (*packet)(uint8_t tos);
};

Packet in_ipv4(uint8_t tos)
{
	return IPv4{.src = "10.1.0.1", .dst = "10.1.0.2", .tos = tos, .id = 0x4711, .ttl = 3} / UDP{1111, 2222} /
	       Payload::of(20);
}

Packet in_ipv4_with_options(uint8_t tos)
{
	return IPv4{.src = "10.1.0.1", .dst = "10.1.0.2", .tos = tos, .options = {148, 4, 0, 0}} / ICMP{} /
	       Payload::of(31);
}

Packet in_ipv6(uint8_t tos)
{
	return IPv6{.src = "fd00:1::1", .dst = "fd00:1::2", .traffic_class = tos, .flow_label = 0xfedcb} /
	       TCP{.sport = 40000, .dport = 80} / Payload::of(21);
}

Packet in_tagged_ipv4(uint8_t tos)
{
	return Vlan{100, 5} / in_ipv4(tos);
}

Packet in_tagged_ipv6(uint8_t tos)
{
	return Vlan{100, 5, false, 0x88a8} / Vlan{7} / in_ipv6(tos);
}

constexpr Inner kInners[] = {{"IPv4", in_ipv4},
			     {"IPv4 with options", in_ipv4_with_options},
			     {"IPv6", in_ipv6},
			     {"tagged IPv4", in_tagged_ipv4},
			     {"tagged twice IPv6", in_tagged_ipv6}};

} // namespace

class Ecn : public DatapathTest {
protected:
	/// Returns a packet from peer A with this TOS in the outer IP header.
	Packet arriving_with(uint8_t tos, const Packet &inner, const UDP &udp = kUdp) const
	{
		const Packet outer =
			is_v4() ? Packet(IPv4{.src = ip().peer_a, .dst = ip().local, .tos = tos})
				: Packet(IPv6{.src = ip().peer_a, .dst = ip().local, .traffic_class = tos});
		return Ethernet{mac::kUplink, mac::kPeerA} / outer / udp / Vxlan{kBlueVni} / inner;
	}

	/// Returns the outer TOS or traffic class.
	uint8_t outer_tos(const Bytes &made) const
	{
		return is_v4() ? made[15] : static_cast<uint8_t>(made[14] << 4 | made[15] >> 4);
	}

	void becomes(const Packet &arriving, const Bytes &frame)
	{
		finishes("uplink", arriving,
			 {Verdict::Redirect, frame, delivered(ip().peer_a, "blue", "port2", frame.size())});
	}

	/// XDP leaves all packets from peer A to this MAC unchanged, whatever their marks. Each is sent twice: the
	/// second time its source is known.
	void leaves_to_tc(const std::string &dst)
	{
		for (const Inner &inner : kInners)
			for (uint8_t outer : {Ect1, Ce})
				for (int i = 0; i < 2; i++) {
					SCOPED_TRACE(testing::Message() << inner.name << ", outer " << int(outer));
					const Packet frame = Ethernet{dst, mac::kRemoteA} / inner.packet(kDscp | Ect0);
					finishes("uplink", arriving_with(outer, frame), {});
				}
	}

	static constexpr UDP kUdp = {.sport = 50000, .dport = 4789, .checksum = 0};
	const Ethernet eth_ = {mac::kTenant2, mac::kRemoteA};
};

using EcnNative = Ecn;

INSTANTIATE_TEST_SUITE_P(, Ecn, every_setup(), setup_name);
INSTANTIATE_TEST_SUITE_P(, EcnNative,
			 testing::Values(Setup{XOVL_MODE_NATIVE, AF_INET}, Setup{XOVL_MODE_NATIVE, AF_INET6}),
			 setup_name);

/* Encapsulation copies the inner ECN but not the DSCP (section 4.1, normal mode). */
TEST_P(Ecn, Encapsulation)
{
	for (const Inner &inner : kInners)
		for (uint8_t ecn : {NotEct, Ect1, Ect0, Ce}) {
			SCOPED_TRACE(testing::Message() << inner.name << ", " << int(ecn));
			const Packet frame = Ethernet{mac::kRemoteA, mac::kTenant1} / inner.packet(kDscp | ecn);
			const Bytes made = made_of(frame);
			EXPECT_EQ(outer_tos(made), ecn);
			finishes("port1", frame,
				 {Verdict::Redirect, encapsulated(kBlueVni, frame, mac::kPeerA, ip().peer_a, made),
				  sent("port1", "blue", ip().peer_a, frame.bytes().size())});
		}
}

TEST_P(Ecn, EncapsulationOfWhatIsNotIP)
{
	const Ethernet eth = {mac::kRemoteA, mac::kTenant1};
	EXPECT_EQ(outer_tos(made_of(eth / Payload{Bytes(46, 0xff)})), 0);
	EXPECT_EQ(outer_tos(made_of(eth / Vlan{100} / Payload{Bytes(46, 0xff)})), 0);
}

/* Decapsulation follows figure 4 for any outer DSCP (section 4.2). */
TEST_P(Ecn, Decapsulation)
{
	for (const Inner &inner : kInners)
		for (uint8_t outer : {NotEct, Ect1, Ect0, Ce})
			for (uint8_t before : {NotEct, Ect1, Ect0, Ce}) {
				SCOPED_TRACE(testing::Message()
					     << inner.name << ", outer " << int(outer) << ", inner " << int(before));
				const Bytes frame = eth_ / inner.packet(kDscp | before);
				const int after = kDecapsulation[outer][before];
				const Packet packet = arriving_with(0x50 | outer, Payload{frame});
				if (after == kDrop)
					finishes("uplink", packet,
						 {Verdict::Drop,
						  {},
						  dropped_from_peer(ip().peer_a, "blue", "ecn", frame.size())});
				else
					becomes(packet, eth_ / inner.packet(static_cast<uint8_t>(kDscp | after)));
			}
}

/* The incremental update of the IPv4 header checksum is right at the ends of its range. */
TEST_P(Ecn, ChecksumAtTheEndsOfItsRange)
{
	const auto header = [](uint16_t id, uint8_t tos) {
		return IPv4{.src = "10.1.0.1", .dst = "10.1.0.2", .tos = tos, .id = id};
	};
	const auto checksum = [&](uint16_t id, uint8_t tos) {
		const Bytes bytes = header(id, tos) / UDP{1, 2} / Payload::of(9);
		return static_cast<uint16_t>(bytes[10] << 8 | bytes[11]);
	};
	for (const auto &[outer, before, after] :
	     {std::tuple(Ect1, Ect0, Ect1), std::tuple(Ce, Ect0, Ce), std::tuple(Ce, Ect1, Ce)})
		for (uint8_t tos : {before, after}) {
			/* with this ID the checksum is zero; the IDs around it cause carries */
			const uint16_t zero = checksum(0, tos);
			for (int id : {zero - 2, zero - 1, int(zero), zero + 1, zero + 2}) {
				SCOPED_TRACE(id);
				const Packet rest = UDP{1, 2} / Payload::of(9);
				const auto wrapped = static_cast<uint16_t>(id);
				becomes(arriving_with(outer, eth_ / header(wrapped, before) / rest),
					eth_ / header(wrapped, after) / rest);
			}
		}
}

TEST_P(Ecn, WhatIsNotIPIsUntouched)
{
	const Packet arp =
		eth_ / ARP{.op = 2, .sha = mac::kRemoteA, .spa = "10.1.0.1", .tpa = "10.1.0.2"} / Payload{Bytes(18)};
	/* a frame too short for its IP header is not IP */
	const Packet cut = Ethernet{mac::kTenant2, mac::kRemoteA, 0x0800} / Payload{Bytes(19, 0x45)};
	const Packet cut6 = Ethernet{mac::kTenant2, mac::kRemoteA, 0x86dd} / Payload{Bytes(39, 0x60)};
	for (const Packet &frame : {arp, eth_ / Payload::of(46), cut, cut6})
		for (uint8_t outer : {Ect1, Ce})
			becomes(arriving_with(outer, frame), frame);
}

/* The outer checksum is verified before the ECN field changes. */
TEST_P(Ecn, WithAnOuterChecksum)
{
	const UDP udp = {.sport = 50000, .dport = 4789};
	for (const Inner &inner : {kInners[0], kInners[2]}) {
		const Packet arriving = arriving_with(Ce, eth_ / inner.packet(Ect0), udp);
		becomes(arriving, eth_ / inner.packet(Ce));
		Bytes damaged = arriving;
		damaged.back() ^= 1;
		finishes_in_tc("uplink", damaged, {Verdict::Drop, {}, dropped_outer("udp_checksum")});
		becomes(arriving, eth_ / inner.packet(Ce));
	}
}

/* The ECN check applies to each packet, with or without a path. */
TEST_P(Ecn, FollowsThePacketNotThePath)
{
	for (int i = 0; i < 3; i++) {
		becomes(arriving_with(NotEct, eth_ / in_ipv4(NotEct)), eth_ / in_ipv4(NotEct));
		becomes(arriving_with(Ce, eth_ / in_ipv4(Ect1)), eth_ / in_ipv4(Ce));
		finishes("uplink", arriving_with(Ce, eth_ / in_ipv4(NotEct)),
			 {Verdict::Drop,
			  {},
			  dropped_from_peer(ip().peer_a, "blue", "ecn", (eth_ / in_ipv4(0)).bytes().size())});
	}
}

/* XDP leaves packets to flood unchanged: TC applies the mark to each copy. */
TEST_P(EcnNative, FloodedPacketsAreUntouched)
{
	leaves_to_tc(mac::kUnknown);
	leaves_to_tc(mac::kBroadcast);
	const Bytes frame = Ethernet{mac::kBroadcast, mac::kRemoteA} / in_ipv4(Ce);
	const Bytes tagged = Ethernet{mac::kBroadcast, mac::kRemoteA} / Vlan{10} / in_ipv4(Ce);
	Counts counts = {{"peer " + ip().peer_a + " rx_packets", 1},
			 {"peer " + ip().peer_a + " rx_bytes", frame.size()},
			 {"net blue rx_packets", 1},
			 {"net blue rx_bytes", frame.size()},
			 {"net blue flooded", 1},
			 {"net blue copies", 3}};
	for (const char *port : {"port port1", "port port2", "port trunk.10"})
		counts = counts + Counts{{port + std::string(" tx_packets"), 1},
					 {port + std::string(" tx_bytes"), frame.size()}};
	wire("under", arriving_with(Ce, Ethernet{mac::kBroadcast, mac::kRemoteA} / in_ipv4(Ect0)),
	     {{"tenant1", frame}, {"tenant2", frame}, {"tenants", tagged}}, counts);
}

/* XDP leaves packets unchanged for a port that takes no XDP frames, with and without a path. */
TEST_P(EcnNative, PacketsForAPortWithoutXdpAreUntouched)
{
	const Packet plain = eth_ / in_ipv4(Ect0);
	becomes(arriving_with(NotEct, plain), plain);
	bench_->far_offload("tenant2", "gro off");
	bench_->apply(bench_->config());
	leaves_to_tc(mac::kTenant2);
	const Bytes frame = eth_ / in_ipv6(Ce);
	wire("under", arriving_with(Ce, eth_ / in_ipv6(Ect0)), {{"tenant2", frame}},
	     delivered(ip().peer_a, "blue", "port2", frame.size()));
}

/* XDP leaves packets unchanged that need TC for another reason. */
TEST_P(EcnNative, PacketsThatNeedTcAreUntouched)
{
	const auto untouched = [&](const Packet &rest) {
		for (uint8_t outer : {Ect1, Ce})
			for (int i = 0; i < 2; i++)
				finishes("uplink", arriving_with(outer, eth_ / rest), {});
	};
	const IPv4 ip4 = {.src = "10.1.0.1", .dst = "10.1.0.2", .tos = Ect0};
	const IPv6 ip6 = {.src = "fd00:1::1", .dst = "fd00:1::2", .traffic_class = Ect0};
	untouched(ip4 / UDP{.sport = 5, .dport = 6, .partial = true} / Payload::of(20));
	untouched(ip6 / TCP{.sport = 5, .dport = 6, .partial = true} / Payload::of(20));
	set_blue([](NetworkConfig &net) { net.mss_clamp = true; });
	untouched(ip4 / TCP{.sport = 5, .dport = 6, .flags = 0x02});
	untouched(ip6 / TCP{.sport = 5, .dport = 6, .flags = 0x02});
	set_blue([](NetworkConfig &net) { net.gbp = true; });
	const Packet grouped = Vxlan::gbp(kBlueVni, 7) / eth_ / in_ipv4(Ect0);
	const Packet outer = is_v4() ? Packet(IPv4{.src = ip().peer_a, .dst = ip().local, .tos = Ce})
				     : Packet(IPv6{.src = ip().peer_a, .dst = ip().local, .traffic_class = Ce});
	for (int i = 0; i < 2; i++)
		finishes("uplink", Ethernet{mac::kUplink, mac::kPeerA} / outer / kUdp / grouped, {});
}

TEST_P(Ecn, OnTheWire)
{
	const Bytes frame = eth_ / in_ipv4(Ce);
	wire("under", arriving_with(Ce, eth_ / in_ipv4(Ect0)), {{"tenant2", frame}},
	     delivered(ip().peer_a, "blue", "port2", frame.size()));
	const Bytes tagged = eth_ / in_tagged_ipv6(Ect1);
	wire("under", arriving_with(Ect1, eth_ / in_tagged_ipv6(Ect0)), {{"tenant2", tagged}},
	     delivered(ip().peer_a, "blue", "port2", tagged.size()));
}

} // namespace xovl::test
