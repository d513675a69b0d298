// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A tagged underlay: the uplink sends and receives packets with its VLAN tag only. In TC the tag is in the skb and not
// in the packet, so these tests use real frames.
#include <thread>

#include "process.hpp"
#include "tunnel_fixture.hpp"
#include "xovl/caches.h"

namespace xovl::test {

class UnderlayVlan : public TunnelTest {
protected:
	static constexpr uint16_t kVid = 200;

	/// Sets the uplink's VLAN. Neighbours stay on the uplink, as the kernel may not support VLAN devices.
	void SetUp() override
	{
		TunnelTest::SetUp();
		ASSERT_TRUE(run({"ethtool", "-K", "uplink", "rxvlan", "off"}).ok());
		Config config = bench_->config();
		config.uplinks[0].vid = kVid;
		bench_->apply(config);
		set_blue([](NetworkConfig &) {});
	}

	/// Returns the packet with a tag after the MACs.
	static Bytes tagged(const Bytes &packet, uint16_t vid, uint8_t pcp = 0, uint16_t tpid = 0x8100)
	{
		Bytes out = packet;
		const Bytes tag = {static_cast<uint8_t>(tpid >> 8), static_cast<uint8_t>(tpid),
				   static_cast<uint8_t>(pcp << 5 | vid >> 8), static_cast<uint8_t>(vid)};
		out.insert(out.begin() + 12, tag.begin(), tag.end());
		return out;
	}
	static Bytes untagged(Bytes packet)
	{
		packet.erase(packet.begin() + 12, packet.begin() + 16);
		return packet;
	}
	/// Returns the hook's result without the tag that XDP has inserted.
	Bytes made()
	{
		const Bytes packet = made_of(out_);
		return hook() == Hook::Xdp ? untagged(packet) : packet;
	}
	/// The frame leaves tagged on the wire. In XDP the program's result is tagged, too.
	void sends_tagged(const Bytes &want)
	{
		const Counts counts = sent("port1", "blue", ip().peer_a, out_.bytes().size());
		wire("tenant1", out_, {{"under", tagged(want, kVid)}}, counts);
		if (hook() == Hook::Xdp)
			finishes("port1", out_, {Verdict::Redirect, tagged(want, kVid), counts});
	}
	void receives_tagged(const Bytes &packet)
	{
		const Counts counts = delivered(ip().peer_a, "blue", "port2", inner_.bytes().size());
		for (uint8_t pcp : {0, 7})
			wire("under", tagged(packet, kVid, pcp), {{"tenant2", inner_}}, counts);
		if (hook() == Hook::Xdp)
			finishes("uplink", tagged(packet, kVid), {Verdict::Redirect, inner_, counts});
	}
	/// Untagged packets and packets of other VLANs are left alone.
	void leaves_alone(const Bytes &packet)
	{
		finishes("uplink", packet, {});
		for (uint16_t vid : {uint16_t(kVid + 1), uint16_t(0xfff & ~kVid)}) {
			wire("under", tagged(packet, vid), {}, {});
			if (hook() == Hook::Xdp)
				finishes("uplink", tagged(packet, vid), {});
		}
		/* the same VLAN number in 802.1ad is another VLAN */
		wire("under", tagged(packet, kVid, 0, 0x88a8), {}, {});
		if (hook() == Hook::Xdp) {
			finishes("uplink", tagged(packet, 0), {});
			finishes("uplink", tagged(packet, kVid, 0, 0x88a8), {});
		}
	}
};

/* XDP follows the path of TC. XDP leaves the first packet to TC because of its trailing octets. */
TEST_P(UnderlayVlan, XdpFollowsThePathOfTc)
{
	const Bytes packet = arriving(kBlueVni, inner_);
	const Counts counts = delivered(ip().peer_a, "blue", "port2", inner_.bytes().size());
	bench_->forget_paths();
	wire("under", tagged(padded(packet, packet.size() + 4), kVid), {{"tenant2", inner_}}, counts);
	bench_->lose(mac::kTenant2);
	const uint64_t by_xdp = bench_->by_xdp();
	bench_->far("under").send(tagged(packet, kVid));
	EXPECT_TRUE(wait_until([&] { return !bench_->far("tenant2").frames().empty(); }, 1s));
	EXPECT_EQ(bench_->by_xdp() - by_xdp, hook() == Hook::Xdp ? 1u : 0u);
}

INSTANTIATE_TEST_SUITE_P(, UnderlayVlan, every_setup(), setup_name);

TEST_P(UnderlayVlan, Vxlan)
{
	sends_tagged(udp_sent(4789, Vxlan{kBlueVni}, out_, made()));
	const Bytes packet = from_a(udp(4789, Vxlan{kBlueVni} / inner_));
	for (int i = 0; i < 2; i++) {
		receives_tagged(packet);
		leaves_alone(packet);
	}
}

/* Packets of other VLANs do not match a known path that differs only in VLAN and destination. */
TEST_P(UnderlayVlan, NotByAKnownPathEither)
{
	const Bytes right = from_a(udp(4789, Vxlan{kBlueVni} / inner_)).bytes();
	const size_t mac = right.size() - inner_.bytes().size();
	const auto flooded = [&] { return bench_->counts()["net blue flooded"]; };
	const uint64_t before = flooded();
	for (unsigned n = 0; n < 8 * XOVL_PATHS; n++) {
		Bytes wrong = right;
		wrong[mac + 3] ^= 0x80; // an unknown MAC
		wrong[mac + 4] = static_cast<uint8_t>(n >> 8);
		wrong[mac + 5] = static_cast<uint8_t>(n);
		if (n % 256 == 0)
			bench_->far("under").send(tagged(right, kVid));
		bench_->far("under").send(tagged(wrong, kVid + 1));
	}
	EXPECT_EQ(flooded(), before);
	Bytes unknown = right;
	unknown[mac + 3] ^= 0x80;
	bench_->far("under").send(tagged(unknown, kVid));
	EXPECT_EQ(flooded(), before + 1) << "in the right VLAN it is flooded";
}

/* After a change of the VLAN, no frame is sent into the old one. */
TEST_P(UnderlayVlan, AnotherAtOnce)
{
	const Bytes want = udp_sent(4789, Vxlan{kBlueVni}, out_, made());
	const Counts counts = sent("port1", "blue", ip().peer_a, out_.bytes().size());
	Config config = bench_->config();
	config.uplinks[0].vid = kVid + 1;
	bench_->apply(config);
	wire("tenant1", out_, {{"under", tagged(want, kVid + 1)}}, counts);
}

TEST_P(UnderlayVlan, GeneveWithOptions)
{
	const GeneveTlv critical = {0x0102, 0x80, {0, 1, 0, 2}};
	const Geneve geneve = {.vni = kBlueVni, .options = {critical}};
	set_blue([&](NetworkConfig &net) {
		net.encap = XOVL_ENCAP_GENEVE;
		net.dstport = 6081;
		net.options = {{critical.option_class, critical.type, critical.data}};
	});
	sends_tagged(udp_sent(6081, geneve, out_, made()));
	for (int i = 0; i < 2; i++) {
		receives_tagged(from_a(udp(6081, geneve / inner_)));
		leaves_alone(from_a(udp(6081, geneve / inner_)));
	}
}

TEST_P(UnderlayVlan, GreWithChecksum)
{
	set_blue([&](NetworkConfig &net) {
		net.encap = XOVL_ENCAP_GRE;
		net.dstport = 0;
		net.csum = true;
	});
	const Gre gre = {.key = kBlueVni, .csum = true};
	sends_tagged(gre_sent(gre, out_, made()));
	receives_tagged(from_a(gre / inner_));
	leaves_alone(from_a(gre / inner_));
}

/* Path MTU messages from another VLAN are ignored: anybody there may pose as a router. */
TEST_P(UnderlayVlan, PathMtuFromElsewhere)
{
	const Packet large = frame_of(mac::kRemoteA, mac::kTenant1, 1400);
	const Bytes sent = bench_->run(Hook::Tc, "port1", large).packet; // its tag is in the skb
	const Payload quoted{Bytes(sent.begin() + 14, sent.begin() + 200)};
	const ICMP icmp = is_v4() ? ICMP{.type = 3, .code = 4, .rest = 1300} : ICMP{.type = 2, .rest = 1300};
	const Packet message = from(is_v4() ? "198.18.0.1" : "2001:db8:5::1", icmp / quoted);
	for (const uint16_t vid : {uint16_t(kVid + 1), kVid}) {
		bench_->far("under").send(tagged(message, vid));
		std::this_thread::sleep_for(1s);
		bench_->forget_paths();
		EXPECT_EQ(bench_->run(Hook::Tc, "port1", large).packet.size() > 1400, vid != kVid);
	}
}

TEST_P(UnderlayVlan, Flood)
{
	const Packet rest = IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} / UDP{1111, 2222} / Payload::of(20);
	const Packet inner = Ethernet{mac::kBroadcast, mac::kTenant1} / rest;
	const Bytes known = made_of(Ethernet{mac::kRemoteA, mac::kTenant1} / rest);
	const Bytes sample = hook() == Hook::Xdp ? untagged(known) : known;
	const auto copy = [&](const std::string &peer, const std::string &peer_mac) {
		return tagged(outer_sent(peer, peer_mac, inner, sample) /
				      UDP{.sport = sport(sample), .dport = 4789, .checksum = 0} / Vxlan{kBlueVni} /
				      inner,
			      kVid);
	};
	const size_t len = inner.bytes().size();
	Counts counts = {{"port port1 rx_packets", 1}, {"port port1 rx_bytes", len}, {"net blue flooded", 1},
			 {"net blue copies", 4},       {"net blue tx_packets", 2},   {"net blue tx_bytes", 2 * len}};
	for (const std::string &to :
	     {"peer " + ip().peer_a, "peer " + ip().peer_b, std::string("port port2"), std::string("port trunk.10")})
		counts = counts + Counts{{to + " tx_packets", 1}, {to + " tx_bytes", len}};
	wire("tenant1", inner,
	     {{"tenant2", inner},
	      {"tenants", Ethernet{mac::kBroadcast, mac::kTenant1} / Vlan{10} / rest},
	      {"under", copy(ip().peer_a, mac::kPeerA)},
	      {"under", copy(ip().peer_b, mac::kPeerB)}},
	     counts);
}

} // namespace xovl::test
