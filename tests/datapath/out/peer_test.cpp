// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/out/peer.h: a tenant's frame is sent into the tunnel.
#include "fixture.hpp"

namespace xovl::test {

class Encap : public DatapathTest {
protected:
	/// A frame from port1 to a remote MAC is encapsulated as expected, to the octet.
	void encapsulates(const Packet &inner, const std::string &peer_mac, const std::string &peer)
	{
		const Bytes made = made_of(inner);
		finishes("port1", inner,
			 {Verdict::Redirect, encapsulated(kBlueVni, inner, peer_mac, peer, made),
			  sent("port1", "blue", peer, inner.bytes().size())});
	}
};

INSTANTIATE_TEST_SUITE_P(, Encap, every_setup(), setup_name);

TEST_P(Encap, EveryKindOfFrame)
{
	for (const auto &[name, inner] : tenant_frames(mac::kRemoteA, mac::kTenant1)) {
		SCOPED_TRACE(name);
		const Bytes made = made_of(inner, is_left_to_tc(name) ? Hook::Tc : hook());
		finishes_frame(name, "port1", inner,
			       {Verdict::Redirect, encapsulated(kBlueVni, inner, mac::kPeerA, ip().peer_a, made),
				sent("port1", "blue", ip().peer_a, inner.bytes().size())});
	}
}

TEST_P(Encap, EachPeerHasItsOwnHeader)
{
	encapsulates(udp_frame(mac::kRemoteB, mac::kTenant1), mac::kPeerB, ip().peer_b);
	encapsulates(udp_frame(mac::kRemoteNarrow, mac::kTenant1), mac::kPeerB, ip().narrow);
	encapsulates(udp_frame(mac::kRemoteA, mac::kTenant1), mac::kPeerA, ip().peer_a);
}

TEST_P(Encap, LargestFrameThatFits)
{
	const size_t largest = kUplinkMtu - (outer_len() - 14);
	encapsulates(frame_of(mac::kRemoteA, mac::kTenant1, largest), mac::kPeerA, ip().peer_a);
	answers_too_big(frame_of(mac::kRemoteA, mac::kTenant1, largest + 1), "mtu_underlay", largest - 14);
}

TEST_P(Encap, MtuOfTheRoute)
{
	const size_t largest = kNarrowMtu - (outer_len() - 14);
	encapsulates(frame_of(mac::kRemoteNarrow, mac::kTenant1, largest), mac::kPeerB, ip().narrow);
	answers_too_big(frame_of(mac::kRemoteNarrow, mac::kTenant1, largest + 1), "mtu_underlay", largest - 14);
}

TEST_P(Encap, MtuOfTheNetwork)
{
	set_blue([](NetworkConfig &net) { net.mtu = 1000; });
	encapsulates(frame_of(mac::kRemoteA, mac::kTenant1, 1014), mac::kPeerA, ip().peer_a);
	answers_too_big(frame_of(mac::kRemoteA, mac::kTenant1, 1015), "mtu_network", 1000);
}

/* TC sends a super-frame whole if each of its segments fits. */
TEST_P(Encap, SuperFrames)
{
	const Packet inner = Ethernet{mac::kRemoteA, mac::kTenant1} / IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} /
			     TCP{.sport = 40000, .dport = 80} / Payload::of(3000);
	const uint32_t largest = kUplinkMtu - (outer_len() - 14) - 14 - 20 - 20;
	const auto run = [&](uint32_t gso_size) { return bench_->run(Hook::Tc, "port1", inner, gso_size); };
	const auto is_answered = [&](uint32_t gso_size, uint32_t mtu) {
		const RunResult result = run(gso_size);
		EXPECT_EQ(result.verdict, Verdict::Redirect);
		EXPECT_EQ(hex_dump(result.packet), hex_dump(too_big(inner, mtu)));
	};
	const RunResult fits = run(largest);
	EXPECT_EQ(fits.verdict, Verdict::Redirect);
	EXPECT_EQ(hex_dump(fits.packet),
		  hex_dump(encapsulated(kBlueVni, inner, mac::kPeerA, ip().peer_a, fits.packet)));
	is_answered(largest + 1, largest + 20 + 20);
	EXPECT_EQ(bench_->counts()["drop mtu_underlay packets"], 1u);

	set_blue([](NetworkConfig &net) { net.mtu = 1000; });
	const RunResult smaller = run(1000 - 20 - 20);
	EXPECT_EQ(smaller.verdict, Verdict::Redirect);
	EXPECT_EQ(hex_dump(smaller.packet),
		  hex_dump(encapsulated(kBlueVni, inner, mac::kPeerA, ip().peer_a, smaller.packet)));
	is_answered(1000 - 20 - 20 + 1, 1000);
	EXPECT_EQ(bench_->counts()["drop mtu_network packets"], 1u);
}

/* Ethernet padding of the tenant's frame is kept. */
TEST_P(Encap, PaddingIsKept)
{
	encapsulates(udp_frame(mac::kRemoteA, mac::kTenant1, 1) / Payload{Bytes(17)}, mac::kPeerA, ip().peer_a);
}

TEST_P(Encap, SettingsOfTheNetwork)
{
	Config config = bench_->config();
	config.find_network("blue")->vni = 0xffffff;
	config.find_network("blue")->dstport = 8472;
	bench_->apply(config);
	const Packet inner = udp_frame(mac::kRemoteA, mac::kTenant1);
	bench_->run(Hook::Tc, "port1", inner);
	Bytes want = encapsulated(0xffffff, inner, mac::kPeerA, ip().peer_a, made_of(inner));
	const size_t dport = outer_len() - 14;
	want[dport] = 8472 >> 8;
	want[dport + 1] = 8472 & 0xff;
	finishes("port1", inner, {Verdict::Redirect, want, sent("port1", "blue", ip().peer_a, inner.bytes().size())});
}

TEST_P(Encap, OutOfTheUplink)
{
	const Packet inner = udp_frame(mac::kRemoteA, mac::kTenant1);
	const Bytes made = made_of(inner);
	wire("tenant1", inner, {{"under", encapsulated(kBlueVni, inner, mac::kPeerA, ip().peer_a, made)}},
	     sent("port1", "blue", ip().peer_a, inner.bytes().size()));
}

TEST_P(Encap, VlanPortTagIsRemoved)
{
	const Packet rest = IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} / UDP{1111, 2222} / Payload::of(20);
	const Packet inner = Ethernet{mac::kRemoteA, mac::kTagged} / rest;
	const Packet arp = Ethernet{mac::kRemoteA, mac::kTagged} /
			   ARP{.sha = mac::kTagged, .spa = "10.1.0.1", .tpa = "10.1.0.2"} / Payload{Bytes(18)};
	for (const Packet &frame : {inner, arp}) {
		const Bytes bytes = frame;
		const Bytes made = made_of(frame);
		Bytes tagged = bytes;
		const Bytes tag = {0x81, 0x00, 0x60, 10};
		tagged.insert(tagged.begin() + 12, tag.begin(), tag.end());
		const Bytes want = encapsulated(kBlueVni, frame, mac::kPeerA, ip().peer_a, made);
		const Counts counts = sent("trunk.10", "blue", ip().peer_a, bytes.size());
		wire("tenants", tagged, {{"under", want}}, counts);
		if (hook() == Hook::Xdp)
			finishes("trunk", tagged, {Verdict::Redirect, want, counts});
	}
}

} // namespace xovl::test
