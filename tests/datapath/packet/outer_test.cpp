// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/packet/outer.h: which packets belong to xovl's tunnels, and which of these are well-formed.
#include <system_error>

#include "fixture.hpp"

namespace xovl::test {

class Decap : public DatapathTest {
protected:
	const Packet inner_ = udp_frame(mac::kTenant2, mac::kRemoteA);
	const Ethernet eth_ = {mac::kUplink, mac::kPeerA};
	const UDP udp_ = {.sport = 50000, .dport = 4789, .checksum = 0};

	/// The packet arrives from peer A, and inner leaves at port2.
	void decapsulates(const Bytes &packet, const Bytes &inner)
	{
		finishes("uplink", packet,
			 {Verdict::Redirect, inner, delivered(ip().peer_a, "blue", "port2", inner.size())});
	}

	void refuses(const Bytes &packet, const std::string &reason)
	{
		finishes("uplink", packet, {Verdict::Drop, {}, dropped_outer(reason)});
	}

	Bytes arriving_vxlan(const Vxlan &vxlan) const { return outer() / udp_ / vxlan / inner_; }
	/// Returns all headers with one of the 39 reserved bits set.
	static std::vector<Vxlan> with_a_reserved_bit()
	{
		std::vector<Vxlan> list;
		for (int bit = 0; bit < 8; bit++)
			if (bit != 3)
				list.push_back({.vni = kBlueVni, .flags = static_cast<uint8_t>(0x08 | 1 << bit)});
		for (int bit = 0; bit < 24; bit++)
			list.push_back({.vni = kBlueVni, .reserved1 = 1u << bit});
		for (int bit = 0; bit < 8; bit++)
			list.push_back({.vni = kBlueVni, .reserved2 = static_cast<uint8_t>(1 << bit)});
		return list;
	}
	Packet outer() const { return eth_ / outer_ip(ip().peer_a, ip().local); }
	IPv4 v4() const { return {.src = ip().peer_a, .dst = ip().local}; }
	IPv6 v6() const { return {.src = ip().peer_a, .dst = ip().local}; }
	/// Returns a tunnel packet without Ethernet and IP headers.
	Packet tunnel() const { return udp_ / Vxlan{kBlueVni} / inner_; }
	uint16_t tunnel_len() const { return static_cast<uint16_t>(tunnel().bytes().size()); }
};

class DecapIPv4 : public Decap {};

INSTANTIATE_TEST_SUITE_P(, Decap, every_setup(), setup_name);
INSTANTIATE_TEST_SUITE_P(, DecapIPv4, testing::Values(Setup{XOVL_MODE_NATIVE, AF_INET}, Setup{XOVL_MODE_TC, AF_INET}),
			 setup_name);

TEST_P(Decap, EveryKindOfFrame)
{
	for (const auto &[name, inner] : tenant_frames(mac::kTenant2, mac::kRemoteA)) {
		SCOPED_TRACE(name);
		const Bytes frame = inner;
		finishes_frame(name, "uplink", arriving(kBlueVni, inner),
			       {Verdict::Redirect, frame, delivered(ip().peer_a, "blue", "port2", frame.size())});
	}
}

TEST_P(Decap, WhatPeersMayChoose)
{
	const auto marked = [&](uint8_t tos) {
		IPv4 outer4 = v4();
		outer4.tos = tos;
		outer4.id = 9;
		outer4.ttl = 1;
		IPv6 outer6 = v6();
		outer6.traffic_class = tos;
		outer6.flow_label = 0xfffff;
		outer6.hop_limit = 1;
		return eth_ / (is_v4() ? Packet(outer4) : Packet(outer6)) / tunnel();
	};
	for (uint8_t tos : {0xfc, 0xfd, 0xfe})
		decapsulates(marked(tos), inner_);
	/* CE, but the inner packet is Not-ECT */
	finishes("uplink", marked(0xff),
		 {Verdict::Drop, {}, dropped_from_peer(ip().peer_a, "blue", "ecn", inner_.bytes().size())});
	if (is_v4())
		decapsulates(eth_ / IPv4{.src = ip().peer_a, .dst = ip().local, .df = true} / tunnel(), inner_);
	/* any UDP source port, with or without a checksum */
	decapsulates(outer() / UDP{.sport = 1, .dport = 4789, .checksum = 0} / Vxlan{kBlueVni} / inner_, inner_);
	decapsulates(outer() / UDP{.sport = 50000, .dport = 4789} / Vxlan{kBlueVni} / inner_, inner_);
}

TEST_P(DecapIPv4, OptionsAreAccepted)
{
	for (size_t octets = 4; octets <= 40; octets += 4) {
		IPv4 ip = v4();
		ip.options = Bytes(octets, 1);
		decapsulates(eth_ / ip / tunnel(), inner_);
	}
}

/* Padding or a driver's checksum after the packet is cut off. */
TEST_P(Decap, OctetsBehindThePacketAreCutOff)
{
	for (size_t octets : {1, 4, 18}) {
		const Bytes inner = inner_;
		finishes_in_tc("uplink", padded(arriving(kBlueVni, inner_), octets),
			       {Verdict::Redirect, inner, delivered(ip().peer_a, "blue", "port2", inner.size())});
	}
}

TEST_P(Decap, NotForUs)
{
	const std::string stranger = ip().stranger;
	passes("uplink", Ethernet{"02:00:00:00:aa:02", mac::kPeerA} / outer_ip(ip().peer_a, ip().local) / tunnel());
	passes("uplink", Ethernet{mac::kBroadcast, mac::kPeerA} / outer_ip(ip().peer_a, ip().local) / tunnel());
	passes("uplink", eth_ / outer_ip(ip().peer_a, stranger) / tunnel());
	passes("uplink", outer() / UDP{.sport = 50000, .dport = 4790} / Vxlan{kBlueVni} / inner_);
	passes("uplink", outer() / TCP{.sport = 50000, .dport = 4789} / Vxlan{kBlueVni} / inner_);
	passes("uplink", outer() / ICMP{} / inner_);
	passes("uplink", eth_ / Payload::of(64));
	passes("uplink", eth_ / ARP{.sha = mac::kPeerA, .spa = "192.0.2.2", .tpa = "192.0.2.1"});
	/* EtherType of the other family */
	passes("uplink", Ethernet{mac::kUplink, mac::kPeerA, is_v4() ? 0x86dd : 0x0800} /
				 outer_ip(ip().peer_a, ip().local) / tunnel());
}

/* Packets with a broken IPv4 header pass to the kernel, which drops them: their UDP port cannot be found. */
TEST_P(DecapIPv4, NoUdpHeaderToBeFound)
{
	for (uint8_t version : {0, 5, 6, 15}) {
		IPv4 ip = v4();
		ip.version = version;
		passes("uplink", eth_ / ip / tunnel());
	}
	for (uint8_t ihl : {0, 1, 4}) {
		IPv4 ip = v4();
		ip.ihl = ihl;
		passes("uplink", eth_ / ip / tunnel());
	}
}

TEST_P(DecapIPv4, HeaderChecksum)
{
	const Bytes good = eth_ / v4() / tunnel();
	for (size_t bit = 0; bit < 16; bit++) {
		Bytes bad = good;
		bad[24 + bit / 8] ^= 1 << bit % 8;
		refuses(bad, "outer_checksum");
	}
	IPv4 options = v4();
	options.options = {1, 1, 1, 1};
	Bytes bad = eth_ / options / tunnel();
	bad[34] = 0;
	refuses(bad, "outer_checksum");
}

TEST_P(Decap, IPLengthLies)
{
	const uint16_t right = is_v4() ? 20 + tunnel_len() : tunnel_len();
	const auto lying = [&](uint16_t length) -> Bytes {
		if (is_v4()) {
			IPv4 ip = v4();
			ip.total_length = length;
			return eth_ / ip / tunnel();
		}
		IPv6 ip = v6();
		ip.payload_length = length;
		return eth_ / ip / tunnel();
	};
	for (int length : {right + 1, right + 8, 1500, 32768, 65535})
		refuses(lying(static_cast<uint16_t>(length)), "outer_length");
	/* no room for the UDP header */
	for (int length : {0, 1, 7})
		refuses(lying(static_cast<uint16_t>(is_v4() ? 20 + length : length)), "outer_length");
	if (is_v4())
		for (int length : {0, 19})
			refuses(lying(static_cast<uint16_t>(length)), "outer_length");
	/* shorter than the UDP length */
	for (int length : {right - 1, right - 8})
		refuses(lying(static_cast<uint16_t>(length)), "udp_length");
}

TEST_P(Decap, UdpLengthLies)
{
	for (int length : {0, 7, 8, tunnel_len() - 1, tunnel_len() + 1, 65535}) {
		UDP udp = udp_;
		udp.length = static_cast<uint16_t>(length);
		refuses(outer() / udp / Vxlan{kBlueVni} / inner_, "udp_length");
	}
}

TEST_P(Decap, Fragments)
{
	if (is_v4()) {
		IPv4 ip = v4();
		ip.mf = true;
		refuses(eth_ / ip / tunnel(), "outer_fragment");
		/* a later fragment has no ports, so it passes */
		ip.offset = 185;
		passes("uplink", eth_ / ip / Payload::of(100));
		ip.mf = false;
		passes("uplink", eth_ / ip / Payload::of(100));
		return;
	}
	const IPv6Ext first = {44, {0, 0x00, 0x01, 0, 0, 0, 7}};
	const IPv6Ext later = {44, {0, 0x05, 0xc9, 0, 0, 0, 7}, 17};
	refuses(eth_ / v6() / first / tunnel(), "outer_fragment");
	passes("uplink", eth_ / v6() / later / Payload::of(100));
	/* the only fragment of its packet (RFC 6946) */
	const IPv6Ext only = {44, {0, 0, 0, 0, 0, 0, 7}};
	finishes("uplink", eth_ / v6() / only / tunnel(),
		 {Verdict::Redirect, inner_, delivered(ip().peer_a, "blue", "port2", inner_.bytes().size())});
}

/* IPv4-mapped addresses on the wire match no peer, although the maps store IPv4 addresses in this form. */
TEST_P(Decap, MappedAddresses)
{
	const std::string local = "::ffff:" + addresses(AF_INET).local, peer = "::ffff:" + addresses(AF_INET).peer_a;
	finishes("uplink", arriving(kBlueVni, inner_),
		 {Verdict::Redirect, inner_, delivered(ip().peer_a, "blue", "port2", inner_.bytes().size())});
	passes("uplink", eth_ / IPv6{.src = peer, .dst = local} / tunnel());
	passes("uplink", eth_ / IPv6{.src = peer, .dst = addresses(AF_INET6).local} / tunnel());
}

TEST_P(Decap, NoRoomForTheInnerHeader)
{
	refuses(outer() / udp_, "vxlan_short");
	refuses(outer() / udp_ / Payload::of(7), "vxlan_short");
	refuses(outer() / udp_ / Vxlan{kBlueVni}, "vxlan_short");
	refuses(outer() / udp_ / Vxlan{kBlueVni} / Payload{truncated(inner_, 13)}, "vxlan_short");
}

/* Frames shorter than Ethernet's minimum are delivered: a veth does not pad them. */
TEST_P(Decap, InnerFramesOfAFewOctets)
{
	for (size_t payload : {0, 1, 2, 5, 19, 20}) {
		const Packet inner = Ethernet{mac::kTenant2, mac::kRemoteA} / Payload::of(payload);
		SCOPED_TRACE(payload);
		wire("under", arriving(kBlueVni, inner), {{"tenant2", inner}},
		     delivered(ip().peer_a, "blue", "port2", inner.bytes().size()));
	}
}

TEST_P(Decap, VxlanFlags)
{
	for (const bool strict : {false, true}) {
		set_blue([&](NetworkConfig &net) { net.reserved_strict = strict; });
		for (uint8_t flags : {0x00, 0x80, 0xf7})
			refuses(arriving_vxlan({.vni = kBlueVni, .flags = flags}), "vxlan_flags");
	}
}

/* Reserved bits are ignored (RFC 7348, section 5). */
TEST_P(Decap, VxlanReservedBitsAreIgnored)
{
	for (const Vxlan &vxlan : with_a_reserved_bit()) {
		SCOPED_TRACE(hex_dump(Packet(vxlan)));
		decapsulates(arriving_vxlan(vxlan), inner_);
	}
	decapsulates(arriving_vxlan({.vni = kBlueVni, .flags = 0xff, .reserved1 = 0xffffff, .reserved2 = 0xff}),
		     inner_);
}

TEST_P(Decap, VxlanReservedBitsInAStrictNetwork)
{
	set_blue([](NetworkConfig &net) { net.reserved_strict = true; });
	for (const Vxlan &vxlan : with_a_reserved_bit()) {
		SCOPED_TRACE(hex_dump(Packet(vxlan)));
		refuses(arriving_vxlan(vxlan), "vxlan_reserved");
	}
	decapsulates(arriving_vxlan({.vni = kBlueVni}), inner_);
}

/* A truncated packet is never delivered, not even in part. */
TEST_P(Decap, TruncatedAnywhere)
{
	const Bytes whole = arriving(kBlueVni, inner_);
	for (size_t length = 14; length < whole.size(); length++) {
		SCOPED_TRACE(length);
		const bool has_udp = length >= outer_len() - 8;
		if (!runs(truncated(whole, length)))
			continue;
		if (has_udp)
			refuses(truncated(whole, length), "outer_length");
		else
			passes("uplink", truncated(whole, length));
	}
	decapsulates(whole, inner_);
}

/* A truncated packet on the wire is never delivered. Unlike BPF_PROG_TEST_RUN, the wire allows any length. */
TEST_P(Decap, TruncatedOnTheWire)
{
	const Bytes whole = arriving(kBlueVni, inner_);
	for (size_t length : {size_t(14), size_t(15), size_t(33), size_t(34), outer_len() - 9})
		wire("under", truncated(whole, length), {}, {});
	wire("under", truncated(whole, outer_len() - 8), {}, dropped_outer("outer_length"));
	wire("under", truncated(whole, whole.size() - 1), {}, dropped_outer("outer_length"));
	wire("under", whole, {{"tenant2", inner_}}, delivered(ip().peer_a, "blue", "port2", inner_.bytes().size()));
}

/* UDP tunnel super-frames go to the kernel's tunnel device: no BPF helper clears the tunnel's GSO type. */
TEST_P(Decap, SuperFramesOfUdpAreLeftToTheTunnelDevice)
{
	const Packet packet = arriving(kBlueVni, udp_frame(mac::kTenant2, mac::kRemoteA, 1000));
	const auto run = [&](const Counts &counts) {
		const Counts before = bench_->counts();
		const RunResult result = bench_->run(Hook::Tc, "uplink", packet, 400);
		EXPECT_EQ(moved(before, bench_->counts()), counts);
		return result;
	};
	EXPECT_EQ(run(dropped_outer("gso_unpack")).verdict, Verdict::Drop);
	Config config = bench_->config();
	config.uplinks[0].gro = true;
	bench_->apply(config);
	const RunResult left = run({});
	EXPECT_EQ(left.verdict, Verdict::Pass);
	EXPECT_EQ(left.mark, 0x786f7671u); // the mark shows that xovl has checked the packet
	EXPECT_EQ(hex_dump(left.packet), hex_dump(packet));
}

} // namespace xovl::test
