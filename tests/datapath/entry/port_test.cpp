// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/entry/port.h: which port and network a tenant's frame belongs to, and which frames are refused.
#include "fixture.hpp"

namespace xovl::test {

class Port : public DatapathTest {
protected:
	static Packet tagged_frame(uint16_t vid, const std::string &dst, const std::string &src)
	{
		return Ethernet{dst, src} / Vlan{vid} / rest();
	}
	/* FLOW_TAGS_MAX */
	static constexpr uint16_t kTagsRead = 4;

	static Packet llc(const std::string &dst, Bytes header)
	{
		header.resize(46);
		return Ethernet{dst, mac::kTenant1, 38} / Payload{header};
	}
	/// xovl leaves a frame with an unknown VLAN to the kernel.
	void is_left_to_the_kernel(const Bytes &frame)
	{
		finishes_in_tc("trunk", frame, {Verdict::Pass, {}, {{"interface trunk vlan_unknown", 1}}});
	}
	/// Sends a frame from a far end and returns its tunnel packet.
	Bytes carried(const std::string &from, const Packet &frame)
	{
		bench_->far("under").frames();
		bench_->far(from).send(frame);
		const auto came = bench_->far("under").collect(
			1, [](const Frame &one) { return !one.outgoing && one.be16(0) == 0x0200; });
		return came.empty() ? Bytes() : came[0].bytes;
	}
	static Packet rest() { return IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} / UDP{1111, 2222} / Payload::of(20); }
};

INSTANTIATE_TEST_SUITE_P(, Port, each_mode(), setup_name);

/* LACP, LLDP, 802.1X and PTP frames pass to the kernel, with or without tags. */
TEST_P(Port, ProtocolsOfTheLinkAreTheKernels)
{
	const std::pair<std::string, uint16_t> protocols[] = {{"01:80:c2:00:00:02", 0x8809},
							      {"01:80:c2:00:00:0e", 0x88cc},
							      {"01:80:c2:00:00:00", 0x88cc},
							      {"01:80:c2:00:00:03", 0x888e},
							      {"01:80:c2:00:00:0e", 0x88f7}};
	for (const auto &[dst, type] : protocols) {
		SCOPED_TRACE(dst);
		passes("port1", Ethernet{dst, mac::kTenant1, type} / Payload::of(46));
		for (const Packet &tags :
		     {Packet(Vlan{.vid = 7, .type = type}), Vlan{7} / Vlan{.vid = 8, .type = type}})
			passes("port1", Ethernet{dst, mac::kTenant1} / tags / Payload::of(46));
		/* their source is not learned */
		EXPECT_FALSE(bench_->fdb("blue", mac::kTenant1));
	}
}

/* Other frames to link-local groups are dropped: they reach neither the host's IP stack nor the network. */
TEST_P(Port, NothingElseOfALinkLocalGroup)
{
	for (const std::string dst : {"01:80:c2:00:00:00", "01:80:c2:00:00:01", "01:80:c2:00:00:03",
				      "01:80:c2:00:00:0e", "01:80:c2:00:00:0f"}) {
		SCOPED_TRACE(dst);
		std::vector<Packet> frames;
		for (const auto &[name, frame] : tenant_frames(dst, mac::kTenant1))
			frames.push_back(frame);
		const Ethernet eth = {dst, mac::kTenant1};
		frames.push_back(eth / Vlan{7} / rest());
		frames.push_back(eth / Vlan{1} / Vlan{2} / Vlan{3} / Vlan{4} / rest());
		frames.push_back(Ethernet{dst, mac::kTenant1, 0x8808} / Payload::of(46)); /* pause */
		frames.push_back(llc(dst, {0xaa, 0xaa, 0x03}));
		frames.push_back(llc(dst, {0x42, 0x42}));
		frames.push_back(llc(dst, {0x42, 0x42, 0x13}));
		/* an EtherType, not a length */
		frames.push_back(Ethernet{dst, mac::kTenant1, 1536} / Payload{Bytes{0x42, 0x42, 0x03}});
		for (const Bytes frame : frames)
			finishes_in_tc("port1", frame,
				       {Verdict::Drop, {}, dropped_from_port("port1", "reserved_mac", frame.size())});
		EXPECT_FALSE(bench_->fdb("blue", mac::kTenant1));
	}
}

TEST_P(Port, BpdusAreDroppedOrTheKernels)
{
	for (const std::string dst : {"01:80:c2:00:00:00", "01:80:c2:00:00:08"}) {
		const Bytes bpdu = llc(dst, {0x42, 0x42, 0x03});
		const Bytes tagged = Ethernet{dst, mac::kTenant1} / Vlan{.vid = 7, .type = 38} /
				     Payload{Bytes{0x42, 0x42, 0x03, 0, 0, 2, 2}};
		set_blue([](NetworkConfig &net) { net.bpdu = Bpdu::Drop; });
		for (const Bytes &frame : {bpdu, tagged})
			finishes_in_tc("port1", frame,
				       {Verdict::Drop, {}, dropped_from_port("port1", "bpdu", frame.size())});
		set_blue([](NetworkConfig &net) { net.bpdu = Bpdu::Punt; });
		for (const Bytes &frame : {bpdu, tagged})
			passes("port1", frame);
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
	is_left_to_the_kernel(udp_frame(mac::kRemoteA, mac::kTagged));
}

/* Uses real frames: only then does the kernel strip the tag before TC. */
TEST_P(Port, OtherVlansAreTheKernels)
{
	const Counts counted = {{"interface trunk vlan_unknown", 1}};
	for (uint16_t vid : {1, 11, 4094})
		wire("tenants", tagged_frame(vid, mac::kRemoteA, mac::kTagged), {}, counted);
	/* an 802.1ad tag does not match the port's 802.1Q VLAN */
	wire("tenants", Ethernet{mac::kRemoteA, mac::kTagged} / Vlan{.vid = 10, .tpid = 0x88a8} / rest(), {}, counted);
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

/* A port without VLAN, alone on its interface, carries the tenant's tags unchanged. */
TEST_P(Port, TagsOfTheTenantAreCarriedWhole)
{
	const std::vector<Packet> tags = {Vlan{100, 5}, Vlan{.vid = 7, .tpid = 0x88a8} / Vlan{.vid = 8, .pcp = 3},
					  Vlan{0, 6}};
	for (const Packet &tag : tags) {
		const Packet frame = Ethernet{mac::kRemoteA, mac::kTenant1} / tag / rest();
		const Bytes inner = frame;
		/* the source port follows the flow inside the tags */
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

/* Any number of tags is carried. TC gets the outermost one in the skb, XDP gets all in the packet. */
TEST_P(Port, ManyTagsOfTheTenantAreCarriedWhole)
{
	const Bytes untagged_made = made_of(Ethernet{mac::kRemoteA, mac::kTenant1} / rest());
	Packet tags = Vlan{.vid = 1, .tpid = 0x88a8} / Vlan{.vid = 2, .pcp = 7};
	for (uint16_t vid = 3; vid <= 9; vid++) {
		SCOPED_TRACE(vid);
		tags = tags / Vlan{.vid = vid, .pcp = 3};
		const Packet frame = Ethernet{mac::kRemoteA, mac::kTenant1} / tags / rest();
		/* up to kTagsRead tags, the source port follows the flow inside */
		const Bytes made = vid <= kTagsRead ? untagged_made : carried("tenant1", frame);
		wire("tenant1", frame, {{"under", encapsulated(kBlueVni, frame, mac::kPeerA, ip().peer_a, made)}},
		     sent("port1", "blue", ip().peer_a, frame.bytes().size()));
		wire("under", arriving(kBlueVni, Ethernet{mac::kTenant2, mac::kRemoteA} / tags / rest()),
		     {{"tenant2", Ethernet{mac::kTenant2, mac::kRemoteA} / tags / rest()}},
		     delivered(ip().peer_a, "blue", "port2", frame.bytes().size()));
	}
}

TEST_P(Port, ManyTagsBehindThatOfThePort)
{
	const Bytes untagged_made = made_of(Ethernet{mac::kRemoteA, mac::kTenant1} / rest());
	Packet tags = Vlan{.vid = 1, .tpid = 0x88a8};
	for (uint16_t vid = 2; vid <= 7; vid++) {
		SCOPED_TRACE(vid);
		tags = tags / Vlan{.vid = vid, .pcp = 3};
		const Packet inner = Ethernet{mac::kRemoteA, mac::kTagged} / tags / rest();
		const Packet frame = Ethernet{mac::kRemoteA, mac::kTagged} / Vlan{10} / tags / rest();
		const Bytes made = vid < kTagsRead ? untagged_made : carried("tenants", frame);
		wire("tenants", frame, {{"under", encapsulated(kBlueVni, inner, mac::kPeerA, ip().peer_a, made)}},
		     sent("trunk.10", "blue", ip().peer_a, inner.bytes().size()));
		wire("under", arriving(kBlueVni, Ethernet{mac::kTagged, mac::kRemoteA} / tags / rest()),
		     {{"tenants", Ethernet{mac::kTagged, mac::kRemoteA} / Vlan{10} / tags / rest()}},
		     delivered(ip().peer_a, "blue", "trunk.10", inner.bytes().size()));
	}
}

/* ECN and MTU follow the packet inside the tags. */
TEST_P(Port, MarksAndSizesBehindManyTags)
{
	const Packet tags = Vlan{1} / Vlan{2} / Vlan{3} / Vlan{4};
	const Packet marked = Ethernet{mac::kRemoteA, mac::kTenant1} / tags /
			      IPv4{.src = "10.1.0.1", .dst = "10.1.0.2", .tos = 3} / UDP{1111, 2222} / Payload::of(20);
	const Bytes made = made_of(Ethernet{mac::kRemoteA, mac::kTenant1} / rest());
	finishes("port1", marked,
		 {Verdict::Redirect, encapsulated(kBlueVni, marked, mac::kPeerA, ip().peer_a, made),
		  sent("port1", "blue", ip().peer_a, marked.bytes().size())});
	const size_t fits = kUplinkMtu - (outer_len() - 14);
	for (size_t more : {0, 1}) {
		const Packet large = Ethernet{mac::kRemoteA, mac::kTenant1} / tags / IPv4{"10.1.0.1", "10.1.0.2"} /
				     UDP{1111, 2222} / Payload::of(fits - 14 - 16 - 28 + more);
		if (more)
			answers_too_big(large, "mtu_underlay", static_cast<uint32_t>(fits - 14 - 16), 14 + 16);
		else
			EXPECT_EQ(made_of(large).size(), fits + outer_len());
	}
}

/* If an interface has VLAN ports, its untagged port takes no tagged frames. */
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
	wire("tenants", tagged_frame(11, mac::kRemoteA, mac::kTagged), {}, {{"interface trunk vlan_unknown", 1}});
}

/* Frames with no or a truncated IP header are carried. Uses real frames: some kernels run no TC test on these. */
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
