// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/out/port.h: known unicast to a port of this host.
#include "fixture.hpp"

namespace xovl::test {

class Deliver : public DatapathTest {
protected:
	static Packet rest() { return IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} / UDP{1111, 2222} / Payload::of(20); }
};

class DeliverNative : public Deliver {};

INSTANTIATE_TEST_SUITE_P(, Deliver, each_mode(), setup_name);
INSTANTIATE_TEST_SUITE_P(, DeliverNative, testing::Values(Setup{XOVL_MODE_NATIVE, AF_INET}), setup_name);

TEST_P(Deliver, FromPortToPort)
{
	for (const auto &[name, frame] : tenant_frames(mac::kTenant2, mac::kTenant1)) {
		SCOPED_TRACE(name);
		finishes_frame(name, "port1", frame,
			       {Verdict::Redirect, {}, switched("port1", "port2", "blue", frame.bytes().size())});
	}
}

TEST_P(Deliver, ToThePortAndNowhereElse)
{
	const Bytes frame = udp_frame(mac::kTenant2, mac::kTenant1);
	wire("tenant1", frame, {{"tenant2", frame}}, switched("port1", "port2", "blue", frame.size()));
}

/* On a port without VLAN, tags belong to the tenant's frame and are kept. */
TEST_P(Deliver, TaggedFrame)
{
	const Bytes frame = Ethernet{mac::kTenant2, mac::kTenant1} / Vlan{100, 5} / rest();
	wire("tenant1", frame, {{"tenant2", frame}}, switched("port1", "port2", "blue", frame.size()));
}

/* The tunnel's MTU does not limit frames between two ports of this host. */
TEST_P(Deliver, FullSizedFrame)
{
	const Bytes frame = frame_of(mac::kTenant2, mac::kTenant1, 1514);
	wire("tenant1", frame, {{"tenant2", frame}}, switched("port1", "port2", "blue", frame.size()));
}

TEST_P(Deliver, VlanPortToPlainPort)
{
	const Packet untagged = Ethernet{mac::kTenant2, mac::kTagged} / rest();
	const Packet tagged = Ethernet{mac::kTenant2, mac::kTagged} / Vlan{10, 3} / rest();
	const Counts counts = switched("trunk.10", "port2", "blue", untagged.bytes().size());
	wire("tenants", tagged, {{"tenant2", untagged}}, counts);
	if (hook() == Hook::Xdp)
		finishes("trunk", tagged, {Verdict::Redirect, untagged, counts});
}

TEST_P(Deliver, PlainPortToVlanPort)
{
	const Packet untagged = Ethernet{mac::kTagged, mac::kTenant1} / rest();
	const Packet tagged = Ethernet{mac::kTagged, mac::kTenant1} / Vlan{10} / rest();
	const Counts counts = switched("port1", "trunk.10", "blue", untagged.bytes().size());
	wire("tenant1", untagged, {{"tenants", tagged}}, counts);
	if (hook() == Hook::Xdp)
		finishes("port1", untagged, {Verdict::Redirect, tagged, counts});
}

TEST_P(Deliver, FromOneVlanToAnother)
{
	const std::string dst = "02:00:00:00:01:30";
	Config config = bench_->config();
	config.find_network("blue")->ports.push_back({"trunk", 30, config.find_network("blue")->ports[0].mode});
	config.find_network("blue")->fdb.push_back({Mac::parse(dst), FdbPort("trunk", 30)});
	bench_->apply(config);
	wire("tenants", Ethernet{dst, mac::kTagged} / Vlan{10} / rest(),
	     {{"tenants", Ethernet{dst, mac::kTagged} / Vlan{30} / rest()}},
	     switched("trunk.10", "trunk.30", "blue", (Ethernet{dst, mac::kTagged} / rest()).bytes().size()));
}

/* XDP leaves frames with partial checksums to TC: an xdp_frame would lose them. */
TEST_P(Deliver, PartialChecksumsAreForTc)
{
	const Ethernet eth = {mac::kTenant2, mac::kTenant1};
	const std::vector<Packet> frames = {
		eth / IPv4{"10.1.0.1", "10.1.0.2"} / UDP{.sport = 1, .dport = 2, .partial = true} / Payload::of(9),
		eth / IPv4{"10.1.0.1", "10.1.0.2"} / TCP{.sport = 1, .dport = 2, .partial = true} / Payload::of(9),
		eth / IPv6{"fd00::1", "fd00::2"} / UDP{.sport = 1, .dport = 2, .partial = true} / Payload::of(9),
		eth / IPv6{"fd00::1", "fd00::2"} / TCP{.sport = 1, .dport = 2, .partial = true} / Payload::of(9),
		eth / IPv4{.src = "10.1.0.1", .dst = "10.1.0.2", .options = {1, 1, 1, 1}} /
			TCP{.sport = 1, .dport = 2, .partial = true} / Payload::of(9),
		eth / Vlan{100} / IPv4{"10.1.0.1", "10.1.0.2"} / TCP{.sport = 1, .dport = 2, .partial = true},
		/* SCTP does not show if its checksum is partial */
		eth / IPv4{.src = "10.1.0.1", .dst = "10.1.0.2", .protocol = 132} / Payload::of(40),
	};
	for (const Packet &frame : frames)
		finishes_in_tc("port1", frame,
			       {Verdict::Redirect, {}, switched("port1", "port2", "blue", frame.bytes().size())});
	for (const Packet &frame : frames)
		finishes_in_tc(
			"uplink", arriving(kBlueVni, frame),
			{Verdict::Redirect, frame, delivered(ip().peer_a, "blue", "port2", frame.bytes().size())});
}

/* If a port takes no XDP frames, native XDP leaves its frames to TC. */
TEST_P(DeliverNative, PortThatTakesNoXdpFrames)
{
	bench_->far_offload("tenant2", "gro off");
	Config config = bench_->config();
	std::erase_if(config.find_network("blue")->fdb,
		      [](const FdbConfig &entry) { return entry.target == FdbTarget(FdbPort("port2")); });
	std::erase_if(config.find_network("blue")->ports, [](const PortConfig &port) { return port.dev == "port2"; });
	const Config whole = bench_->config();
	bench_->apply(config);
	bench_->apply(whole);
	const Bytes frame = udp_frame(mac::kTenant2, mac::kTenant1);
	finishes_in_tc("port1", frame, {Verdict::Redirect, {}, switched("port1", "port2", "blue", frame.size())});
	wire("tenant1", frame, {{"tenant2", frame}}, switched("port1", "port2", "blue", frame.size()));
}

/* `apply` notices that a port takes no XDP frames any more, and voids its paths. */
TEST_P(DeliverNative, PortThatTakesThemNoMore)
{
	const Bytes frame = udp_frame(mac::kTenant2, mac::kTenant1);
	const Counts counts = switched("port1", "port2", "blue", frame.size());
	finishes("port1", frame, {Verdict::Redirect, {}, counts});
	bench_->far_offload("tenant2", "gro off");
	bench_->forget_paths();
	finishes("port1", frame, {Verdict::Redirect, {}, counts});
	bench_->apply(bench_->config());
	finishes_in_tc("port1", frame, {Verdict::Redirect, {}, counts});
}

/* A frame is dropped if its FDB entry still names a port or peer that is being removed. */
TEST_P(Deliver, TargetIsGone)
{
	const Bytes frame = udp_frame(mac::kTenant2, mac::kTenant1);
	for (const auto &[target, index] : {std::pair(XOVL_TARGET_PORT, 15u), std::pair(XOVL_TARGET_PORT, 1000u),
					    std::pair(XOVL_TARGET_PEER, 31u), std::pair(XOVL_TARGET_PEER, 1000u)}) {
		bench_->misdirect(mac::kTenant2, target, index);
		finishes("port1", frame, {Verdict::Drop, {}, dropped_from_port("port1", "stale_target", frame.size())});
	}
	bench_->misdirect(mac::kTenant2, XOVL_TARGET_PORT, 15);
	finishes("uplink", arriving(kBlueVni, udp_frame(mac::kTenant2, mac::kRemoteA)),
		 {Verdict::Drop, {}, dropped_from_peer(ip().peer_a, "blue", "stale_target", frame.size())});
}

/* As in a bridge, the limit is the MTU of the port's interface plus one tag. Super-frames are segmented after it. */
TEST_P(Deliver, FrameLargerThanTheMtuOfThePort)
{
	const Bytes fits = frame_of(mac::kTenant2, mac::kTenant1, 1018),
		    too_big = frame_of(mac::kTenant2, mac::kTenant1, 1019);
	bench_->ip("link set port2 mtu 1000");
	bench_->forget_port_states();
	finishes("port1", fits, {Verdict::Redirect, {}, switched("port1", "port2", "blue", fits.size())});
	finishes("port1", too_big, {Verdict::Drop, {}, dropped_from_port("port1", "mtu_port", too_big.size())});
	finishes("uplink", arriving(kBlueVni, Payload{fits}),
		 {Verdict::Redirect, fits, delivered(ip().peer_a, "blue", "port2", fits.size())});
	finishes("uplink", arriving(kBlueVni, Payload{too_big}),
		 {Verdict::Drop, {}, dropped_from_peer(ip().peer_a, "blue", "mtu_port", too_big.size())});
}

/* Frames to a port without carrier are flooded: the station may be behind another port by now. */
TEST_P(Deliver, PortWithoutCarrierIsNoTarget)
{
	const Bytes frame = udp_frame(mac::kTenant2, mac::kTenant1);
	const Counts flooded = {{"net blue flooded", 1},
				{"net blue copies", 1},
				{"port trunk.10 tx_packets", 1},
				{"port trunk.10 tx_bytes", frame.size()},
				{"net blue rx_packets", 1},
				{"net blue rx_bytes", frame.size()},
				{"peer " + ip().peer_a + " rx_packets", 1},
				{"peer " + ip().peer_a + " rx_bytes", frame.size()}};
	const Bytes packet = arriving(kBlueVni, Payload{frame});
	Config config = bench_->config();
	std::erase_if(config.find_network("blue")->ports, [](const PortConfig &port) { return port.dev == "port1"; });
	bench_->apply(config);
	for (const char *down : {"link set port2 down", "link set port2 up"}) {
		SCOPED_TRACE(down);
		bench_->far_ip("link set tenant2 down"); // the port loses carrier; then it is down, too
		bench_->ip(down);
		bench_->forget_port_states();
		if (hook() == Hook::Xdp)
			finishes("uplink", packet, {});
		const Counts before = bench_->counts();
		bench_->run(Hook::Tc, "uplink", packet);
		EXPECT_EQ(moved(before, bench_->counts()), flooded);
	}
	bench_->far_ip("link set tenant2 up");
	bench_->forget_port_states();
	finishes("uplink", packet, {Verdict::Redirect, frame, delivered(ip().peer_a, "blue", "port2", frame.size())});
}

} // namespace xovl::test
