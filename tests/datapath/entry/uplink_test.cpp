// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/entry/uplink.h: which frames from a tunnel are forwarded, and where to.
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
		/* LLDP of a remote link is dropped, too */
		drops(Ethernet{dst, mac::kRemoteA, 0x88cc} / Payload::of(46), "reserved_mac");
	}
}

/* `bpdu drop` and `bpdu punt` both drop BPDUs from a tunnel: punt leaves only those of ports to the kernel. */
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
	/* also for the peer that sent it */
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
