// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/entry/uplink.h: whose network a sound tunnel packet belongs to, who may send to it, and which inner frames may go on.
#include "fixture.hpp"

namespace xovl::test {

class Uplink : public DatapathTest {
protected:
	const Packet inner_ = udp_frame(mac::kTenant2, mac::kRemoteA);
	const size_t len_ = inner_.bytes().size();

	void drops(const Packet &inner, const std::string &reason)
	{
		finishes("uplink", arriving(kBlueVni, inner),
			 {Verdict::Drop, {}, dropped_from_peer(ip().peer_a, "blue", reason, inner.bytes().size())});
	}
};

INSTANTIATE_TEST_SUITE_P(, Uplink, every_setup(), setup_name);

TEST_P(Uplink, VniIsUnknown)
{
	for (uint32_t vni : {0u, 1u, kBlueVni ^ 1, kBlueVni ^ 0x800000, 0xffffffu})
		finishes("uplink", arriving(vni, inner_), {Verdict::Drop, {}, dropped_outer("vni_unknown")});
}

TEST_P(Uplink, ForeignVniPasses)
{
	Config config = bench_->config();
	config.vteps[is_v4() ? 0 : 1].foreign = XOVL_FOREIGN_PASS;
	bench_->apply(config);
	passes("uplink", arriving(1, inner_));
	passes("uplink", padded(arriving(1, inner_), 6));
	/* whatever else is said of it, the kernel says it */
	passes("uplink", truncated(arriving(1, inner_), outer_len()));
	/* one of ours from a stranger is still ours to refuse */
	finishes("uplink", arriving(kBlueVni, inner_, ip().stranger),
		 {Verdict::Drop, {}, dropped_outer("peer_unknown")});
	finishes("uplink", arriving(kBlueVni, inner_),
		 {Verdict::Redirect, inner_, delivered(ip().peer_a, "blue", "port2", len_)});
}

TEST_P(Uplink, PeerIsUnknown)
{
	finishes("uplink", arriving(kBlueVni, inner_, ip().stranger),
		 {Verdict::Drop, {}, dropped_outer("peer_unknown")});
	/* a peer of blue, not of green */
	const Packet green = udp_frame(mac::kGreen, mac::kRemoteB);
	finishes("uplink", arriving(kGreenVni, green, ip().peer_b), {Verdict::Drop, {}, dropped_outer("peer_unknown")});
}

TEST_P(Uplink, PeerOfAnFdbEntryAloneMaySend)
{
	const Packet inner = udp_frame(mac::kTenant2, mac::kRemoteNarrow);
	finishes("uplink", arriving(kBlueVni, inner, ip().narrow),
		 {Verdict::Redirect, inner, delivered(ip().narrow, "blue", "port2", inner.bytes().size())});
}

/* What was learned from a peer gives it no right to stay. */
TEST_P(Uplink, PeerThatHasLeftMayNotSend)
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

/* One MAC from two peers: each frame counts for the peer that sent it. */
TEST_P(Uplink, SourceKnownBehindAnotherPeer)
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

TEST_P(Uplink, PeerMustUseTheAddressFamilyOfTheEndpoint)
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

TEST_P(Uplink, SourceMac)
{
	for (const std::string src :
	     {"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "03:00:00:00:00:01"})
		drops(udp_frame(mac::kTenant2, src), "source_mac");
}

TEST_P(Uplink, ReservedMac)
{
	for (const std::string dst :
	     {"01:80:c2:00:00:00", "01:80:c2:00:00:03", "01:80:c2:00:00:0e", "01:80:c2:00:00:0f"}) {
		drops(Ethernet{dst, mac::kRemoteA} / Payload::of(46), "reserved_mac");
		/* of the link, but not of this one */
		drops(Ethernet{dst, mac::kRemoteA, 0x88cc} / Payload::of(46), "reserved_mac");
	}
}

/* Those that are left to the kernel are those of ports. */
TEST_P(Uplink, BpdusOfANetworkThatCarriesNone)
{
	Bytes header = {0x42, 0x42, 0x03};
	header.resize(46);
	for (const Bpdu bpdu : {Bpdu::Drop, Bpdu::Punt}) {
		set_blue([&](NetworkConfig &net) { net.bpdu = bpdu; });
		drops(Ethernet{"01:80:c2:00:00:00", mac::kRemoteA, 38} / Payload{header}, "bpdu");
		drops(Ethernet{"01:80:c2:00:00:00", mac::kRemoteA} / Vlan{.vid = 7, .type = 38} / Payload{header},
		      "bpdu");
	}
}

TEST_P(Uplink, SplitHorizon)
{
	drops(udp_frame(mac::kRemoteB, mac::kRemoteA), "split_horizon");
	/* also back to where it came from */
	drops(udp_frame(mac::kRemoteA, mac::kRemoteA), "split_horizon");
}

TEST_P(Uplink, ToAVlanPortTheTagIsAdded)
{
	const Packet rest = IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} / UDP{1111, 2222} / Payload::of(20);
	const Packet inner = Ethernet{mac::kTagged, mac::kRemoteA} / rest;
	const Packet tagged = Ethernet{mac::kTagged, mac::kRemoteA} / Vlan{10} / rest;
	const Counts counts = delivered(ip().peer_a, "blue", "trunk.10", inner.bytes().size());
	wire("under", arriving(kBlueVni, inner), {{"tenants", tagged}}, counts);
	if (hook() == Hook::Xdp)
		finishes("uplink", arriving(kBlueVni, inner), {Verdict::Redirect, tagged, counts});
}

TEST_P(Uplink, NetworksDoNotMeet)
{
	/* a MAC of blue is unknown in green */
	const Packet inner = udp_frame(mac::kGreen, mac::kTenant2);
	const Packet tagged = Ethernet{mac::kGreen, mac::kTenant2} / Vlan{20} /
			      IPv4{.src = "10.1.0.1", .dst = "10.1.0.2", .tos = 0xb8, .id = 0x4711, .ttl = 3} /
			      UDP{1111, 2222} / Payload::of(20);
	wire("under", arriving(kGreenVni, inner), {{"tenants", tagged}},
	     delivered(ip().peer_a, "green", "trunk.20", inner.bytes().size()));
	EXPECT_EQ(bench_->fdb("blue", mac::kTenant2)->state, XOVL_FDB_STATIC);
	EXPECT_EQ(bench_->fdb("green", mac::kTenant2)->dst, Address::parse(ip().peer_a));
}

TEST_P(Uplink, IntoThePort)
{
	wire("under", arriving(kBlueVni, inner_), {{"tenant2", inner_}}, delivered(ip().peer_a, "blue", "port2", len_));
}

} // namespace xovl::test
