// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/decap/tunnel.h: which network a tunnel packet belongs to, and which peers may send to it.
#include <fmt/format.h>

#include "tunnel_fixture.hpp"

namespace xovl::test {

class TunnelIdentity : public TunnelTest {
protected:
	const size_t len_ = inner_.bytes().size();
};

INSTANTIATE_TEST_SUITE_P(, TunnelIdentity, every_setup(), setup_name);

TEST_P(TunnelIdentity, VniIsUnknown)
{
	for (uint32_t vni : {0u, 1u, kBlueVni ^ 1, kBlueVni ^ 0x800000, 0xffffffu})
		finishes("uplink", arriving(vni, inner_), {Verdict::Drop, {}, dropped_outer("vni_unknown")});
}

TEST_P(TunnelIdentity, ForeignVniPasses)
{
	Config config = bench_->config();
	config.vteps[is_v4() ? 0 : 1].foreign = XOVL_FOREIGN_PASS;
	bench_->apply(config);
	passes("uplink", arriving(1, inner_));
	passes("uplink", padded(arriving(1, inner_), 6));
	/* the kernel also gets malformed packets with this VNI */
	passes("uplink", truncated(arriving(1, inner_), outer_len()));
	/* a packet with a known VNI from an unknown peer is dropped */
	finishes("uplink", arriving(kBlueVni, inner_, ip().stranger),
		 {Verdict::Drop, {}, dropped_outer("peer_unknown")});
	finishes("uplink", arriving(kBlueVni, inner_),
		 {Verdict::Redirect, inner_, delivered(ip().peer_a, "blue", "port2", len_)});
}

TEST_P(TunnelIdentity, PeerIsUnknown)
{
	finishes("uplink", arriving(kBlueVni, inner_, ip().stranger),
		 {Verdict::Drop, {}, dropped_outer("peer_unknown")});
	/* peer B belongs to blue, not to green */
	const Packet green = udp_frame(mac::kGreen, mac::kRemoteB);
	finishes("uplink", arriving(kGreenVni, green, ip().peer_b), {Verdict::Drop, {}, dropped_outer("peer_unknown")});
}

TEST_P(TunnelIdentity, PeerOfAnFdbEntryAloneMaySend)
{
	const Packet inner = udp_frame(mac::kTenant2, mac::kRemoteNarrow);
	finishes("uplink", arriving(kBlueVni, inner, ip().narrow),
		 {Verdict::Redirect, inner, delivered(ip().narrow, "blue", "port2", inner.bytes().size())});
}

/* A learned entry does not let a removed peer send. */
TEST_P(TunnelIdentity, PeerThatHasLeftMayNotSend)
{
	const Packet inner = udp_frame(mac::kTenant2, mac::kUnknown);
	const size_t len = inner.bytes().size();
	finishes("uplink", arriving(kBlueVni, inner, ip().peer_b),
		 {Verdict::Redirect, inner, delivered(ip().peer_b, "blue", "port2", len)});
	Config config = bench_->config();
	std::erase(config.find_network("blue")->flood, Address::parse(ip().peer_b));
	std::erase_if(config.find_network("blue")->fdb,
		      [&](const FdbConfig &entry) { return entry.target == FdbTarget(Address::parse(ip().peer_b)); });
	bench_->apply(config);
	finishes("uplink", arriving(kBlueVni, inner, ip().peer_b), {Verdict::Drop, {}, dropped_outer("peer_unknown")});
}

/* If two peers send from one MAC, each frame counts for the peer that sent it. */
TEST_P(TunnelIdentity, SourceKnownBehindAnotherPeer)
{
	const Packet inner = udp_frame(mac::kTenant2, mac::kUnknown);
	for (const std::string &peer : {ip().peer_a, ip().peer_b, ip().peer_a})
		finishes("uplink", arriving(kBlueVni, inner, peer),
			 {Verdict::Redirect, inner, delivered(peer, "blue", "port2", inner.bytes().size())});
	const Packet fixed = udp_frame(mac::kTenant2, mac::kRemoteA);
	finishes("uplink", arriving(kBlueVni, fixed, ip().peer_b),
		 {Verdict::Redirect, fixed, delivered(ip().peer_b, "blue", "port2", fixed.bytes().size())});
	finishes("uplink", arriving(kBlueVni, fixed, ip().stranger),
		 {Verdict::Drop, {}, dropped_outer("peer_unknown")});
}

TEST_P(TunnelIdentity, PeerMustUseTheAddressFamilyOfTheEndpoint)
{
	const Addresses &other = addresses(is_v4() ? AF_INET6 : AF_INET);
	const Packet outer = is_v4() ? Packet(IPv6{.src = other.peer_a, .dst = other.local})
				     : Packet(IPv4{.src = other.peer_a, .dst = other.local});
	const Packet packet = Ethernet{mac::kUplink, mac::kPeerA} / outer /
			      UDP{.sport = 50000, .dport = 4789, .checksum = 0} / Vxlan{kBlueVni} / inner_;
	const Counts before = bench_->counts();
	EXPECT_EQ(bench_->run(hook(), "uplink", packet).verdict, Verdict::Drop);
	EXPECT_EQ(bench_->counts().size(), before.size() + 1);
}

/* A packet with several faults is counted under the first: length, header, network, peer. */
TEST_P(TunnelIdentity, TheFirstFaultIsTheReason)
{
	const std::string stranger = ip().stranger;
	const Packet no_flags = Vxlan{.vni = 1, .flags = 0} / inner_;
	const Packet wrong_length = UDP{.sport = 50000, .dport = 4789, .length = 9, .checksum = 0} / no_flags;
	refuses(from(stranger, wrong_length), "udp_length");
	refuses(from(stranger, udp(4789, no_flags)), "vxlan_flags");
	refuses(from(stranger, udp(4789, Vxlan{.vni = 1} / inner_)), "vni_unknown");
	refuses(from(stranger, udp(4789, Vxlan{.vni = kBlueVni} / inner_)), "peer_unknown");
	delivers(from_a(udp(4789, Vxlan{.vni = kBlueVni} / inner_)), inner_);
}

/* After a change of the configuration, no path assigns a packet to the old network. */
TEST_P(TunnelIdentity, FollowsTheConfiguration)
{
	const Bytes packet = arriving(kBlueVni, inner_);
	for (int i = 0; i < 2; i++)
		delivers(packet, inner_);
	set_blue([](NetworkConfig &net) { net.vni = kBlueVni + 1; });
	refuses(packet, "vni_unknown");
	delivers(arriving(kBlueVni + 1, inner_), inner_);

	Config config = bench_->config();
	std::erase_if(config.networks, [](const NetworkConfig &net) { return net.name == "blue"; });
	bench_->apply(config);
	refuses(arriving(kBlueVni + 1, inner_), "vni_unknown");
}

/* The endpoint key includes the local address: packets to other addresses of this host pass. */
TEST_P(TunnelIdentity, LocalAddressIsOfTheEndpoint)
{
	const std::string other = is_v4() ? "192.0.2.77" : "2001:db8::77";
	bench_->ip(fmt::format("address add {}/{} dev uplink", other, is_v4() ? 24 : 64));
	const Bytes packet = Ethernet{mac::kUplink, mac::kPeerA} / outer_ip(ip().peer_a, other) /
			     udp(4789, Vxlan{.vni = kBlueVni} / inner_);
	passes("uplink", packet);
	delivers(arriving(kBlueVni, inner_), inner_);
	passes("uplink", packet);
}

} // namespace xovl::test
