// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// VLANs of an interface as ports, and tagged frames that an untagged port carries whole. Two hosts (see
// traffic_test.cpp); frames are made by hand, because a tenant's kernel may have no VLAN devices.
#include <algorithm>
#include <string>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

const std::string kMac1 = Topology::tenant_mac(1);
const std::string kMac2 = Topology::tenant_mac(2);

bool is_ours(const Frame &frame)
{
	const auto mac = [&](size_t offset) { return frame.be16(offset + 2) << 16 | frame.be16(offset + 4); };
	return !frame.outgoing && (mac(6) == 0x0101 || mac(6) == 0x0102) && frame.bytes.size() >= 100 &&
	       frame.bytes.size() < 300 && frame.bytes.back() == 0xee;
}

Packet udp()
{
	Bytes payload = Payload::of(100).data;
	payload.back() = 0xee;
	return IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} / (UDP{.sport = 1, .dport = 2} / Payload{payload});
}

Packet experimental()
{
	Bytes payload = Payload::of(100).data;
	payload.back() = 0xee;
	return Payload{payload};
}

class VlanPorts : public OverlayTest, public testing::WithParamInterface<std::string> {
protected:
	/// The port of h1 is VLAN 10 of port0, and that of h2 is the whole port0.
	void tagged_and_untagged()
	{
		prepare({.port_mode = GetParam(), .uplink_mode = GetParam()});
		std::string config = net().config(1);
		const std::string port = "{dev: port0, ";
		config.replace(config.find(port), port.size(), port + "vid: 10, ");
		const Result result = h(1).apply(config);
		ASSERT_TRUE(result.ok()) << result.text();
		ASSERT_TRUE(h(2).apply(net().config(2)).ok());
	}

	/// Sends a frame from one tenant. Returns the frame that the other receives, or nothing.
	Bytes carried(const Netns &from, const Netns &to, const Bytes &frame) const
	{
		PacketSocket tap(to, "eth0");
		PacketSocket(from, "eth0").send(frame);
		const auto list = tap.collect(1, is_ours, 300ms);
		return list.empty() ? Bytes() : list.front().bytes;
	}
};

} // namespace

TEST_P(VlanPorts, PortOfOneVlanMeetsAnUntaggedPort)
{
	tagged_and_untagged();
	const Packet there = Ethernet{.dst = kMac2, .src = kMac1} / Vlan{.vid = 10} / udp();
	const Packet back = Ethernet{.dst = kMac1, .src = kMac2} / udp();
	for (int round = 0; round < 3; round++) {
		EXPECT_EQ(hex_dump(carried(c(1), c(2), there)), hex_dump(Ethernet{.dst = kMac2, .src = kMac1} / udp()));
		EXPECT_EQ(hex_dump(carried(c(2), c(1), back)),
			  hex_dump(Ethernet{.dst = kMac1, .src = kMac2} / Vlan{.vid = 10} / udp()));
	}
	const auto entry = h(1).fdb(kMac1);
	ASSERT_TRUE(entry);
	EXPECT_EQ(entry->at("dev"), "port0");
	EXPECT_EQ(entry->at("vid"), 10);
}

TEST_P(VlanPorts, TagsBehindThatOfThePortAreCarriedWhole)
{
	tagged_and_untagged();
	const Packet tags = Vlan{.vid = 5, .tpid = 0x88a8} / Vlan{.vid = 6, .pcp = 3};
	for (int round = 0; round < 2; round++) {
		EXPECT_EQ(hex_dump(carried(c(1), c(2),
					   Ethernet{.dst = kMac2, .src = kMac1} / Vlan{.vid = 10} / tags / udp())),
			  hex_dump(Ethernet{.dst = kMac2, .src = kMac1} / tags / udp()));
		EXPECT_EQ(hex_dump(carried(c(2), c(1), Ethernet{.dst = kMac1, .src = kMac2} / tags / udp())),
			  hex_dump(Ethernet{.dst = kMac1, .src = kMac2} / Vlan{.vid = 10} / tags / udp()));
	}
}

TEST_P(VlanPorts, NonIpFramesOfAVlanAreCarriedToo)
{
	tagged_and_untagged();
	const Packet there = Ethernet{.dst = kMac2, .src = kMac1} / Vlan{.vid = 10, .type = 0x88b5} / experimental();
	for (int round = 0; round < 3; round++)
		EXPECT_EQ(hex_dump(carried(c(1), c(2), there)),
			  hex_dump(Ethernet{.dst = kMac2, .src = kMac1, .type = 0x88b5} / experimental()));
	const Packet back = Ethernet{.dst = kMac1, .src = kMac2, .type = 0x88b5} / experimental();
	EXPECT_EQ(hex_dump(carried(c(2), c(1), back)),
		  hex_dump(Ethernet{.dst = kMac1, .src = kMac2} / Vlan{.vid = 10, .type = 0x88b5} / experimental()));
}

TEST_P(VlanPorts, OtherVlansAreNotOurs)
{
	tagged_and_untagged();
	EXPECT_TRUE(carried(c(1), c(2), Ethernet{.dst = kMac2, .src = kMac1} / Vlan{.vid = 11} / udp()).empty());
	EXPECT_TRUE(carried(c(1), c(2), Ethernet{.dst = kMac2, .src = kMac1} / udp()).empty());
	EXPECT_EQ(h(1).port_counter("port0", "rx_packets"), 0u);
	const auto interfaces = h(1).xovl_show("stats port").at("interfaces");
	ASSERT_EQ(interfaces.size(), 1u);
	EXPECT_EQ(interfaces[0].at("dev"), "port0");
	EXPECT_GE(interfaces[0].at("vlan_unknown"), 2);
	EXPECT_TRUE(h(2).xovl_show("stats port").at("interfaces").empty()) << "it has no port with a VLAN";
}

TEST_P(VlanPorts, TwoVlansOfOneInterfaceSwitchWithTheirTagsRewritten)
{
	tagged_and_untagged();
	const auto local = net().add_tenant("c4", 1, "port1", 4);
	if (GetParam() == "native")
		local->offload("eth0", "gro on");
	h(1).xovl_must("port add port1 net blue vid 20 mode " + GetParam());
	h(1).xovl_must("net add red encap vxlan vni 101");
	h(1).xovl_must("port add port0 net red vid 11 mode " + GetParam());
	const Packet frame = Ethernet{.dst = net().tenant_mac(4), .src = kMac1} / Vlan{.vid = 10} / udp();
	EXPECT_EQ(hex_dump(carried(c(1), *local, frame)),
		  hex_dump(Ethernet{.dst = net().tenant_mac(4), .src = kMac1} / Vlan{.vid = 20} / udp()));
	const Packet red = Ethernet{.dst = net().tenant_mac(4), .src = kMac1} / Vlan{.vid = 11} / udp();
	EXPECT_TRUE(carried(c(1), *local, red).empty()) << "another network";
}

TEST_P(VlanPorts, UntaggedPortCarriesTaggedFramesWhole)
{
	build({.port_mode = GetParam(), .uplink_mode = GetParam()});
	const Packet one = Ethernet{.dst = kMac2, .src = kMac1} / Vlan{.vid = 7, .pcp = 5} / udp();
	const Packet two =
		Ethernet{.dst = kMac2, .src = kMac1} / Vlan{.vid = 7, .tpid = 0x88a8} / (Vlan{.vid = 8} / udp());
	const Packet other = Ethernet{.dst = kMac2, .src = kMac1} / Vlan{.vid = 7, .type = 0x88b5} / experimental();
	const Packet four = Ethernet{.dst = kMac2, .src = kMac1} / Vlan{.vid = 5, .tpid = 0x88a8} / Vlan{6} /
			    (Vlan{7} / (Vlan{8} / udp()));
	// first flooded, then, with c2's MAC learned, as known unicast
	for (int round = 0; round < 2; round++) {
		EXPECT_EQ(hex_dump(carried(c(1), c(2), one)), hex_dump(one));
		EXPECT_EQ(hex_dump(carried(c(1), c(2), two)), hex_dump(two));
		EXPECT_EQ(hex_dump(carried(c(1), c(2), four)), hex_dump(four));
		EXPECT_EQ(hex_dump(carried(c(1), c(2), other)), hex_dump(other));
		const Packet back = Ethernet{.dst = kMac1, .src = kMac2} / Vlan{.vid = 7} / udp();
		EXPECT_EQ(hex_dump(carried(c(2), c(1), back)), hex_dump(back));
	}
}

/// Who takes tagged frames is said by a key, or told when it changes.
TEST_P(VlanPorts, WhoTakesTaggedFrames)
{
	build({.port_mode = GetParam(), .uplink_mode = GetParam()});
	const Bytes tagged = Ethernet{.dst = kMac2, .src = kMac1} / Vlan{.vid = 10} / udp();
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_EQ(hex_dump(carried(c(1), c(2), tagged)), hex_dump(tagged)) << "alone on its interface";
	h(1).xovl_must("port set port0 tagged none");
	EXPECT_EQ(carried(c(1), c(2), tagged), Bytes());
	EXPECT_EQ(h(1).xovl_show("stats").at("interfaces").at(0).at("vlan_unknown"), 1);
	h(1).xovl_must("port set port0 tagged whole");
	EXPECT_EQ(hex_dump(carried(c(1), c(2), tagged)), hex_dump(tagged));

	h(1).xovl_must("net add red encap vxlan vni 4000");
	const std::string add = "port add port0 net red vid 20 mode " + GetParam();
	const Result refused = h(1).xovl(add);
	EXPECT_EQ(refused.status, 1);
	EXPECT_NE(refused.err.find("port0 has VLANs as ports, and its untagged port takes tagged frames whole"),
		  std::string::npos)
		<< refused.err;
	h(1).xovl_must("port set port0 tagged auto");
	const Result added = h(1).xovl(add);
	EXPECT_EQ(added.status, 0);
	EXPECT_NE(added.err.find("note: port0 no longer takes tagged frames whole"), std::string::npos) << added.err;
	EXPECT_EQ(carried(c(1), c(2), tagged), Bytes());
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
}

INSTANTIATE_TEST_SUITE_P(Modes, VlanPorts, testing::Values("native", "generic", "tc"),
			 [](const auto &info) { return info.param; });

} // namespace xovl::test
