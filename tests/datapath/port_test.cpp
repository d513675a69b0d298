// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/port.h: which port and network a tenant's frame belongs to, and whether it may go on.
#include "fixture.hpp"

namespace xovl::test {

class Port : public DatapathTest {
protected:
	static Packet tagged_frame(uint16_t vid, const std::string &dst, const std::string &src)
	{
		return Ethernet{dst, src} / Vlan{vid} / rest();
	}
	static Packet rest() { return IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} / UDP{1111, 2222} / Payload::of(20); }
};

INSTANTIATE_TEST_SUITE_P(, Port, each_mode(), setup_name);

TEST_P(Port, LinkLocalGroupsAreTheKernels)
{
	for (const std::string dst :
	     {"01:80:c2:00:00:00", "01:80:c2:00:00:02", "01:80:c2:00:00:0e", "01:80:c2:00:00:0f"}) {
		passes("port1", Ethernet{dst, mac::kTenant1} / Payload::of(46));
		/* not learned either */
		EXPECT_FALSE(bench_->fdb("blue", mac::kTenant1));
	}
}

TEST_P(Port, SourceMac)
{
	for (const std::string src :
	     {"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01", "01:00:00:00:00:00"}) {
		const Bytes frame = udp_frame(mac::kRemoteA, src);
		finishes("port1", frame, {Verdict::Drop, {}, dropped_from_port("port1", "source_mac", frame.size())});
	}
}

TEST_P(Port, SamePort)
{
	const Bytes frame = udp_frame(mac::kTenant2, mac::kTenant1);
	finishes("port2", frame, {Verdict::Drop, {}, dropped_from_port("port2", "same_port", frame.size())});
}

TEST_P(Port, UntaggedFrameOfATrunkIsTheKernels)
{
	passes("trunk", udp_frame(mac::kRemoteA, mac::kTagged));
}

/* By the wire: only there does the kernel take the tag off for TC. */
TEST_P(Port, OtherVlansAreTheKernels)
{
	for (uint16_t vid : {1, 11, 4094})
		wire("tenants", tagged_frame(vid, mac::kRemoteA, mac::kTagged), {}, {});
	/* a tag of a provider is no VLAN of a customer */
	wire("tenants", Ethernet{mac::kRemoteA, mac::kTagged} / Vlan{.vid = 10, .tpid = 0x88a8} / rest(), {}, {});
}

TEST_P(Port, VlansOfOneInterfaceAreDifferentNetworks)
{
	const Packet blue = Ethernet{mac::kRemoteA, mac::kTagged} / rest();
	const Packet green = Ethernet{mac::kRemoteA, mac::kGreen} / rest();
	const Bytes blue_made = made_of(blue);
	wire("tenants", tagged_frame(10, mac::kRemoteA, mac::kTagged),
	     {{"under", encapsulated(kBlueVni, blue, mac::kPeerA, ip().peer_a, blue_made)}},
	     sent("trunk.10", "blue", ip().peer_a, blue.bytes().size()));
	wire("tenants", tagged_frame(20, mac::kRemoteA, mac::kGreen),
	     {{"under", encapsulated(kGreenVni, green, mac::kPeerA, ip().peer_a, blue_made)}},
	     sent("trunk.20", "green", ip().peer_a, green.bytes().size()));
}

/* The untagged port, alone on its interface, carries its tenant's VLANs as they are. */
TEST_P(Port, TagsOfTheTenantAreCarriedWhole)
{
	const std::vector<Packet> tags = {Vlan{100, 5}, Vlan{.vid = 7, .tpid = 0x88a8} / Vlan{.vid = 8, .pcp = 3},
					  Vlan{0, 6}};
	for (const Packet &tag : tags) {
		const Packet frame = Ethernet{mac::kRemoteA, mac::kTenant1} / tag / rest();
		const Bytes inner = frame;
		/* entropy is that of the packet in the tags */
		const Bytes untagged_made = made_of(Ethernet{mac::kRemoteA, mac::kTenant1} / rest());
		wire("tenant1", inner,
		     {{"under", encapsulated(kBlueVni, frame, mac::kPeerA, ip().peer_a, untagged_made)}},
		     sent("port1", "blue", ip().peer_a, inner.size()));
	}
}

TEST_P(Port, TagsComeOutOfTheTunnelAsTheyWere)
{
	const std::vector<Packet> tags = {Vlan{100, 5}, Vlan{.vid = 7, .tpid = 0x88a8} / Vlan{.vid = 8, .pcp = 3}};
	for (const Packet &tag : tags) {
		const Packet frame = Ethernet{mac::kTenant2, mac::kRemoteA} / tag / rest();
		wire("under", arriving(kBlueVni, frame), {{"tenant2", frame}},
		     delivered(ip().peer_a, "blue", "port2", frame.bytes().size()));
	}
}

/* The kernel keeps tags beside the frame for TC, and there is room to put back two; XDP has them in the frame. */
TEST_P(Port, ThreeTags)
{
	const Packet frame = Ethernet{mac::kRemoteA, mac::kTenant1} / Vlan{1} / Vlan{2} / Vlan{3} / rest();
	const Bytes inner = frame;
	if (hook() == Hook::Tc) {
		wire("tenant1", inner, {}, dropped_from_port("port1", "vlan_depth", inner.size()));
		return;
	}
	finishes("port1", inner,
		 {Verdict::Redirect, encapsulated(kBlueVni, frame, mac::kPeerA, ip().peer_a, made_of(frame)),
		  sent("port1", "blue", ip().peer_a, inner.size())});
}

/* Beside ports with VLANs, the untagged port of an interface has no tagged frames. */
TEST_P(Port, UntaggedPortBesideVlans)
{
	Config config = bench_->config();
	config.networks.push_back({{.name = "native", .vni = 1},
				   {{"trunk", 0, GetParam().mode}},
				   {},
				   {},
				   {{Mac::parse(mac::kRemoteA), Address::parse(ip().peer_a)}}});
	bench_->apply(config);
	const Packet untagged = Ethernet{mac::kRemoteA, mac::kTagged} / rest();
	const Bytes made = made_of(untagged);
	wire("tenants", untagged, {{"under", encapsulated(1, untagged, mac::kPeerA, ip().peer_a, made)}},
	     sent("trunk", "native", ip().peer_a, untagged.bytes().size()));
	wire("tenants", tagged_frame(10, mac::kRemoteA, mac::kTagged),
	     {{"under", encapsulated(kBlueVni, untagged, mac::kPeerA, ip().peer_a, made)}},
	     sent("trunk.10", "blue", ip().peer_a, untagged.bytes().size()));
	wire("tenants", tagged_frame(11, mac::kRemoteA, mac::kTagged), {}, {});
}

/* An Ethernet header alone, or an IP header that is cut off. By the wire: some kernels run no TC program on these. */
TEST_P(Port, ShortestFrames)
{
	const Bytes whole = udp_frame(mac::kRemoteA, mac::kTenant1);
	for (size_t length : {14, 15, 20, 33}) {
		const Packet inner = Payload{truncated(whole, length)};
		bench_->far("under").frames();
		bench_->far("tenant1").send(inner);
		const auto came =
			bench_->far("under").collect(1, [](const Frame &frame) { return frame.be16(0) == 0x0200; });
		ASSERT_EQ(came.size(), 1u);
		EXPECT_EQ(hex_dump(came[0].bytes),
			  hex_dump(encapsulated(kBlueVni, inner, mac::kPeerA, ip().peer_a, came[0].bytes)));
	}
}

} // namespace xovl::test
