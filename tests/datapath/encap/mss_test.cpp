// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/encap/mss.h: `mss clamp` lowers the MSS option of SYNs to what fits the tunnel.
#include "fixture.hpp"

namespace xovl::test {

class Mss : public DatapathTest {
protected:
	static constexpr uint8_t kSyn = 0x02, kSynAck = 0x12, kAck = 0x10, kRst = 0x04;

	void SetUp() override
	{
		DatapathTest::SetUp();
		set_blue([](NetworkConfig &net) { net.mss_clamp = true; });
	}

	/// Returns the size of the largest inner IP packet for this underlay MTU.
	uint16_t mtu(uint16_t underlay = kUplinkMtu) const
	{
		return static_cast<uint16_t>(underlay - (outer_len() - 14) - 14);
	}

	/// Returns the MSS for this MTU of the inner IP packet.
	static uint16_t mss(const Packet &ip, uint16_t mtu) { return mtu - (is_ipv6(ip) ? 60 : 40); }
	static bool is_ipv6(const Packet &ip) { return ip.bytes()[0] >> 4 == 6; }

	static TCP tcp(const Bytes &options, uint8_t flags = kSyn)
	{
		return {.sport = 40000, .dport = 80, .seq = 0xfffffff0, .flags = flags, .options = options};
	}

	/// A frame from port1 leaves in TC to peer A, changed to `after`.
	void goes_out(const Packet &inner, const Packet &after)
	{
		const Bytes made = made_of(inner, Hook::Tc);
		finishes_in_tc("port1", inner,
			       {Verdict::Redirect, encapsulated(kBlueVni, after, mac::kPeerA, ip().peer_a, made),
				sent("port1", "blue", ip().peer_a, inner.bytes().size())});
	}

	/// The hook under test sends the frame unchanged.
	void goes_out_at_once(const Packet &inner)
	{
		const Bytes made = made_of(inner);
		finishes("port1", inner,
			 {Verdict::Redirect, encapsulated(kBlueVni, inner, mac::kPeerA, ip().peer_a, made),
			  sent("port1", "blue", ip().peer_a, inner.bytes().size())});
	}

	void comes_in_at_once(const Packet &inner)
	{
		finishes("uplink", arriving(kBlueVni, inner),
			 {Verdict::Redirect, inner, delivered(ip().peer_a, "blue", "port2", inner.bytes().size())});
	}

	/// A frame from peer A arrives in TC at port2, changed to `after`.
	void comes_in(const Packet &inner, const Packet &after)
	{
		finishes_in_tc(
			"uplink", arriving(kBlueVni, inner),
			{Verdict::Redirect, after, delivered(ip().peer_a, "blue", "port2", inner.bytes().size())});
	}

	/// Checks both directions. before, after: the IP layer and below.
	void both_ways(const Packet &before, const Packet &after)
	{
		goes_out(kOut / before, kOut / after);
		comes_in(kIn / before, kIn / after);
	}

	static Bytes with(Bytes before, const Bytes &option, const Bytes &behind = {})
	{
		before.insert(before.end(), option.begin(), option.end());
		before.insert(before.end(), behind.begin(), behind.end());
		return before;
	}

	/// Returns option lists with the MSS option at even and odd offsets.
	static std::vector<Bytes> lists(uint16_t value)
	{
		const Bytes option = TCP::mss(value);
		return {option,
			with(option, {4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 7}),
			with({1}, option, {1, 1, 0}),
			with({3, 3, 7}, option, {0}),
			with({1, 1, 3, 3, 7}, option, {1, 4, 2}),
			with(with({8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1}, Bytes(24, 1)), option),
			with(with({8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1}, Bytes(24, 1)), option, {1})};
	}

	static inline const Ethernet kOut = {mac::kRemoteA, mac::kTenant1}, kIn = {mac::kTenant2, mac::kRemoteA};
	static inline const Packet kV4 = IPv4{.src = "10.1.0.1", .dst = "10.1.0.2", .df = true};
	static inline const Packet kV6 = IPv6{.src = "fd00:1::1", .dst = "fd00:1::2"};
	static inline const std::vector<Packet> kBoth = {kV4, kV6};
};

INSTANTIATE_TEST_SUITE_P(, Mss, every_setup(), setup_name);

TEST_P(Mss, IsLowered)
{
	for (const Packet &ip : kBoth)
		for (uint8_t flags : {kSyn, kSynAck})
			for (const uint16_t value :
			     {uint16_t(mss(ip, mtu()) + 1), uint16_t(1460), uint16_t(8960), uint16_t(0xffff)}) {
				SCOPED_TRACE(value);
				both_ways(ip / tcp(TCP::mss(value), flags), ip / tcp(TCP::mss(mss(ip, mtu())), flags));
			}
}

TEST_P(Mss, WhereverItStands)
{
	for (const Packet &ip : kBoth) {
		const auto before = lists(1460), after = lists(mss(ip, mtu()));
		for (size_t i = 0; i < before.size(); i++) {
			SCOPED_TRACE(i);
			both_ways(ip / tcp(before[i]), ip / tcp(after[i]));
			both_ways(ip / tcp(before[i]) / Payload::of(7), ip / tcp(after[i]) / Payload::of(7));
		}
	}
}

TEST_P(Mss, BehindIPOptions)
{
	const Packet ip = IPv4{.src = "10.1.0.1", .dst = "10.1.0.2", .options = Bytes(40, 1)};
	for (size_t i = 0; i < 7; i++)
		both_ways(ip / tcp(lists(1460)[i]), ip / tcp(lists(mss(ip, mtu()))[i]));
}

/* The MSS fits the smaller of the network's MTU and the route's. */
TEST_P(Mss, OfTheNetworkAndOfTheRoute)
{
	const Packet narrow = Ethernet{mac::kTenant2, mac::kRemoteNarrow};
	const Bytes fits = narrow / kV4 / tcp(TCP::mss(mss(kV4, mtu(kNarrowMtu))));
	finishes_in_tc("uplink", arriving(kBlueVni, narrow / kV4 / tcp(TCP::mss(1460)), ip().narrow),
		       {Verdict::Redirect, fits, delivered(ip().narrow, "blue", "port2", fits.size())});
	set_blue([](NetworkConfig &net) { net.mtu = 1000; });
	both_ways(kV4 / tcp(TCP::mss(1460)), kV4 / tcp(TCP::mss(960)));
	both_ways(kV6 / tcp(TCP::mss(1460)), kV6 / tcp(TCP::mss(940)));
}

/* A tag lowers the MSS by 4. */
TEST_P(Mss, TaggedFramesOut)
{
	for (const Packet &ip : kBoth)
		goes_out(kOut / Vlan{100} / ip / tcp(TCP::mss(1460)),
			 kOut / Vlan{100} / ip / tcp(TCP::mss(mss(ip, mtu() - 4))));
}

TEST_P(Mss, TaggedFramesIn)
{
	for (const Packet &ip : kBoth)
		comes_in(kIn / Vlan{100} / ip / tcp(TCP::mss(1460)),
			 kIn / Vlan{100} / ip / tcp(TCP::mss(mss(ip, mtu() - 4))));
}

TEST_P(Mss, WhatFitsIsUntouched)
{
	for (const Packet &ip : kBoth)
		for (const uint16_t value :
		     {uint16_t(0), uint16_t(536), uint16_t(mss(ip, mtu()) - 1), mss(ip, mtu())}) {
			SCOPED_TRACE(value);
			both_ways(ip / tcp(TCP::mss(value)), ip / tcp(TCP::mss(value)));
		}
}

TEST_P(Mss, OtherSegmentsAreUntouched)
{
	for (const Packet &ip : kBoth)
		for (uint8_t flags : {uint8_t(0), kAck, kRst, uint8_t(0xfd)}) {
			const Packet frame = ip / tcp(TCP::mss(1460), flags) / Payload::of(5);
			goes_out_at_once(kOut / frame);
			comes_in_at_once(kIn / frame);
		}
	const Packet udp = kV4 / UDP{.sport = 1, .dport = 2} / Payload::of(20);
	goes_out_at_once(kOut / udp);
	comes_in_at_once(kIn / udp);
}

TEST_P(Mss, WithoutTheOption)
{
	const Bytes lists_without[] = {{},
				       {1, 1, 1, 1},
				       {0, 2, 4, 5, 180, 0, 0, 0},              // after the end of the list
				       {8, 10, 2, 4, 5, 180, 7, 8, 1, 1, 1, 1}, // inside a timestamp option
				       {2, 3, 255, 1},                          // an MSS option of wrong length
				       {2, 6, 255, 255, 255, 255, 1, 1},
				       {1, 1, 2, 4},                // truncated
				       {1, 0, 2, 4, 5, 180, 1, 1},  // after the end of the list
				       {30, 0, 2, 4, 5, 180, 1, 1}, // after an option of length 0
				       {30, 1, 2, 4, 5, 180, 1, 1},
				       {30, 99, 2, 4, 5, 180, 1, 1}};
	for (const Bytes &list : lists_without) {
		SCOPED_TRACE(hex_dump(list));
		both_ways(kV4 / tcp(list), kV4 / tcp(list));
	}
}

/* A SYN with a wrong data offset stays unchanged. */
TEST_P(Mss, HeaderThatLies)
{
	for (uint8_t offset : {0, 4, 5, 15}) {
		TCP lying = tcp(TCP::mss(1460));
		lying.data_offset = offset;
		if (offset == 15) /* beyond the end of the packet */
			lying.options = {1, 1, 1, 1};
		both_ways(kV4 / lying, kV4 / lying);
	}
	/* a later fragment has no TCP header */
	const Packet fragment =
		IPv4{.src = "10.1.0.1", .dst = "10.1.0.2", .offset = 10, .protocol = 6} / tcp(TCP::mss(1460));
	goes_out_at_once(kOut / fragment);
}

TEST_P(Mss, NotWithoutTheWord)
{
	set_blue([](NetworkConfig &net) { net.mss_clamp = false; });
	const Packet syn = kV4 / tcp(TCP::mss(1460));
	goes_out_at_once(kOut / syn);
	comes_in_at_once(kIn / syn);
}

/* A SYN between two ports of this host stays unchanged. */
TEST_P(Mss, NotBetweenPorts)
{
	const Packet syn = Ethernet{mac::kTenant2, mac::kTenant1} / kV4 / tcp(TCP::mss(1460));
	finishes("port1", syn, {Verdict::Redirect, {}, switched("port1", "port2", "blue", syn.bytes().size())});
}

/* A flooded SYN is clamped, too. */
TEST_P(Mss, FloodedSyns)
{
	const Ethernet eth = {mac::kUnknown, mac::kTenant1};
	set_blue([&](NetworkConfig &net) { net.flood = {Address::parse(ip().peer_a)}; });
	const Packet before = eth / kV4 / tcp(TCP::mss(1460)), after = eth / kV4 / tcp(TCP::mss(mss(kV4, mtu())));
	const Bytes made = made_of(kOut / kV4 / tcp(TCP::mss(1460)), Hook::Tc);
	bench_->far("under").frames();
	bench_->far("tenant1").send(before);
	const auto came = bench_->far("under").collect(
		1, [&](const Frame &frame) { return !frame.outgoing && frame.be16(outer_len() - 14) == 4789; });
	ASSERT_EQ(came.size(), 1u);
	EXPECT_EQ(hex_dump(came[0].bytes), hex_dump(encapsulated(kBlueVni, after, mac::kPeerA, ip().peer_a, made)));
}

/* The outer checksum is verified before the MSS changes, and computed after it. */
TEST_P(Mss, WithAnOuterChecksum)
{
	set_blue([](NetworkConfig &net) { net.outer.udpcsum = true; });
	const Packet before = kV4 / tcp(lists(1460)[2]), after = kV4 / tcp(lists(mss(kV4, mtu()))[2]);
	const auto summed = [&](const Packet &outer, const Packet &inner, uint16_t sport) {
		return outer / UDP{.sport = sport, .dport = 4789} / Vxlan{kBlueVni} / inner;
	};
	const Bytes made = made_of(kOut / before, Hook::Tc);
	const Packet outer =
		is_v4() ? Packet(IPv4{.src = ip().local, .dst = ip().peer_a, .df = true})
			: Packet(IPv6{.src = ip().local, .dst = ip().peer_a, .flow_label = flow_label(made)});
	finishes_in_tc("port1", kOut / before,
		       {Verdict::Redirect,
			summed(Ethernet{mac::kPeerA, mac::kUplink} / outer, kOut / after, sport(made)),
			sent("port1", "blue", ip().peer_a, (kOut / before).bytes().size())});
	finishes_in_tc("uplink",
		       summed(Ethernet{mac::kUplink, mac::kPeerA} / outer_ip(ip().peer_a, ip().local), kIn / before, 5),
		       {Verdict::Redirect, kIn / after,
			delivered(ip().peer_a, "blue", "port2", (kIn / after).bytes().size())});
}

/* An outer partial checksum does not stop the update of the complete inner checksum. */
TEST_P(Mss, CompleteBelowAPartialChecksum)
{
	for (const Packet &ip : kBoth) {
		const Packet before = kIn / ip / tcp(TCP::mss(1460)), after = kIn / ip / tcp(TCP::mss(mss(ip, mtu())));
		const Addresses &underlay = DatapathTest::ip();
		const Bytes packet = Ethernet{mac::kUplink, mac::kPeerA} / outer_ip(underlay.peer_a, underlay.local) /
				     UDP{.sport = 50000, .dport = 4789, .partial = true} / Vxlan{kBlueVni} / before;
		const auto start = static_cast<uint16_t>(is_v4() ? 34 : 54);
		wire([&] { bench_->far("under").send_partial(packet, start, 6); }, {{"tenant2", after}},
		     delivered(underlay.peer_a, "blue", "port2", after.bytes().size()));
	}
}

/* The MSS leaves room for the longest options of any port. */
TEST_P(Mss, RoomForTheOptionsOfPorts)
{
	set_blue([](NetworkConfig &net) {
		net.encap = XOVL_ENCAP_GENEVE;
		net.dstport = 6081;
		net.ports[1].options = {{0x0102, 0x01, Bytes(28)}};
	});
	const uint16_t fits = mtu() - 32;
	for (const Packet &ip : kBoth) {
		const Packet before = kIn / ip / tcp(TCP::mss(1460)), after = kIn / ip / tcp(TCP::mss(mss(ip, fits)));
		const Bytes packet = Ethernet{mac::kUplink, mac::kPeerA} /
				     outer_ip(DatapathTest::ip().peer_a, DatapathTest::ip().local) /
				     UDP{.sport = 50000, .dport = 6081, .checksum = 0} / Geneve{.vni = kBlueVni} /
				     before;
		finishes_in_tc("uplink", packet,
			       {Verdict::Redirect, after,
				delivered(DatapathTest::ip().peer_a, "blue", "port2", after.bytes().size())});
	}
}

/* A partial checksum keeps the sum of the pseudo-header. */
TEST_P(Mss, PartialChecksum)
{
	for (const Packet &ip : kBoth)
		for (size_t i : {0, 2}) {
			TCP before = tcp(lists(1460)[i]), after = tcp(lists(mss(ip, mtu()))[i]);
			before.partial = after.partial = true;
			const Packet inner = kOut / ip / after;
			const Bytes made = made_of(kOut / ip / before, Hook::Tc);
			const auto start = static_cast<uint16_t>(is_ipv6(ip) ? 54 : 34);
			wire([&] { bench_->far("tenant1").send_partial(kOut / ip / before, start, 16); },
			     {{"under", encapsulated(kBlueVni, inner, mac::kPeerA, DatapathTest::ip().peer_a, made)}},
			     sent("port1", "blue", DatapathTest::ip().peer_a, inner.bytes().size()));
		}
}

} // namespace xovl::test
