// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The uplink accepts well-formed tunnel packets from peers to a local vtep. It drops other tunnel packets with a
// reason, passes foreign traffic to the kernel, and counts every frame once. Switched underlay (see traffic_test.cpp);
// packets are injected from mid, at its end of h1's link.
#include <string>

#include "overlay/counters.hpp"
#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

const std::string kStranger = "192.0.2.77";

class Guard : public OverlayTest, public testing::WithParamInterface<std::string> {
protected:
	void mesh(unsigned hosts = 2)
	{
		build({.port_mode = GetParam(),
		       .uplink_mode = GetParam(),
		       .underlay = Underlay::Switched,
		       .hosts = hosts});
	}

	Packet outer(const std::string &src, uint16_t dport = 4789, const std::string &dst = "192.0.2.1") const
	{
		return Ethernet{.dst = h(1).mac("up0"), .src = "02:00:00:00:0c:01"} / IPv4{.src = src, .dst = dst} /
		       UDP{.sport = 50000, .dport = dport};
	}

	static Packet inner()
	{
		return Ethernet{.dst = Topology::tenant_mac(1), .src = "02:00:00:00:0c:99"} /
		       IPv4{.src = "10.1.0.9", .dst = "10.1.0.1"} / UDP{.sport = 5, .dport = 9000} / Payload::of(50);
	}

	void inject(const Packet &packet) const { PacketSocket(net_->middle(), "h1up0").send(packet); }

	/// True if c1 receives the packet.
	bool arrives(const Packet &packet) const
	{
		const UdpSocket to(c(1), "0.0.0.0", 9000);
		inject(packet);
		return to.receive(100ms).has_value();
	}

	void expect_dropped(const Packet &packet, const std::string &reason) const
	{
		const uint64_t before = h(1).drops(reason);
		EXPECT_FALSE(arrives(packet)) << reason;
		EXPECT_EQ(h(1).drops(reason), before + 1) << reason << "\n" << h(1).xovl_show("stats").dump(1);
	}
};

uint64_t sum(const nlohmann::json &rows, const std::string &key)
{
	uint64_t total = 0;
	for (const auto &row : rows)
		total += row.at(key).get<uint64_t>();
	return total;
}

uint64_t network_drops(const nlohmann::json &drops)
{
	uint64_t total = 0;
	for (const auto &drop : drops)
		for (int reason = 1; reason < XOVL_REASON_MAX; reason++)
			if (reason_name(static_cast<xovl_reason>(reason)) == drop.at("reason") &&
			    reason_in_network(static_cast<xovl_reason>(reason)))
				total += drop.at("packets").get<uint64_t>();
	return total;
}

} // namespace

TEST_P(Guard, TunnelPacketsThatMustNotComeInAreDroppedWithTheirReason)
{
	mesh();
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_TRUE(arrives(outer(net().vtep(2)) / Vxlan{.vni = 100} / inner())) << "the control";
	expect_dropped(outer(net().vtep(2)) / Vxlan{.vni = 999} / inner(), "vni_unknown");
	expect_dropped(outer(kStranger) / Vxlan{.vni = 100} / inner(), "peer_unknown");
	expect_dropped(outer(net().vtep(2)) / Vxlan{.vni = 100, .flags = 0} / inner(), "vxlan_flags");
	const Packet reserved = outer(net().vtep(2)) / Vxlan{.vni = 100, .reserved2 = 1} / inner();
	EXPECT_TRUE(arrives(reserved)) << "ignored on receipt (RFC 7348, section 5)";
	h(1).xovl_must("net set blue reserved strict");
	expect_dropped(reserved, "vxlan_reserved");
	expect_dropped(outer(net().vtep(2)) / Vxlan{.vni = 100}, "vxlan_short");
	// c2 is behind a peer, and frames are not forwarded from tunnel to tunnel
	const Packet to_c2 = Ethernet{.dst = net().tenant_mac(2), .src = "02:00:00:00:0c:99"} / Payload::of(60);
	expect_dropped(outer(net().vtep(2)) / Vxlan{.vni = 100} / to_c2, "split_horizon");
}

TEST_P(Guard, WhatIsNotOursPassesToTheKernel)
{
	mesh();
	h(1).xovl_must("uplink set up0 gro off"); // the tunnel device takes the port at all addresses
	h(1).ip("addr add 192.0.2.201/32 dev up0");
	const UdpSocket other_port(h(1), "0.0.0.0", 4790);
	const UdpSocket other_address(h(1), "192.0.2.201", 4789);
	inject(outer(kStranger, 4790) / Vxlan{.vni = 100} / inner());
	EXPECT_TRUE(other_port.receive()) << "another UDP port";
	inject(outer(kStranger, 4789, "192.0.2.201") / Vxlan{.vni = 100} / inner());
	EXPECT_TRUE(other_address.receive()) << "an address that is no VTEP";
	EXPECT_TRUE(h(1).drops().empty()) << h(1).drops().dump(1);
	net().middle().ip("addr add 192.0.2.200/24 dev br0");
	EXPECT_TRUE(pings(net().middle(), net().vtep(1)));
	EXPECT_TRUE(iperf(net().middle(), h(1), net().vtep(1), 5));
}

TEST_P(Guard, ForeignPassLeavesUnknownIdentifiersToTheKernel)
{
	mesh();
	for (unsigned i = 1; i <= 2; i++) {
		std::string config = net().config(i);
		const std::string vtep = "\"" + net().vtep(i) + "\"";
		config.replace(config.find(vtep), vtep.size(), "{ip: " + net().vtep(i) + ", foreign: pass}");
		const Result result = h(i).apply(config);
		ASSERT_TRUE(result.ok()) << result.text();
	}
	h(1).ip("link add vx200 type vxlan id 200 dstport 4789 local 192.0.2.1 dev up0 nolearning\nlink set vx200 up");
	h(2).ip("link add vx200 type vxlan id 200 dstport 4789 local 192.0.2.2 remote 192.0.2.1 dev up0\n"
		"link set vx200 up address 02:00:00:00:0d:02\naddr add 10.9.0.2/24 dev vx200");
	h(1).ip("link set vx200 address 02:00:00:00:0d:01\naddr add 10.9.0.1/24 dev vx200\n"
		"neigh add 10.9.0.2 lladdr 02:00:00:00:0d:02 dev vx200");
	must({"bridge", "-n", h(1).name(), "fdb", "append", "00:00:00:00:00:00", "dev", "vx200", "dst", "192.0.2.2"});
	const uint64_t before = h(1).drops("vni_unknown");
	EXPECT_TRUE(pings(h(2), "10.9.0.1")) << "the kernel's own device, same address and port";
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_EQ(h(1).drops("vni_unknown"), before);
}

TEST_P(Guard, EveryFrameIsCountedOnce)
{
	mesh(3);
	EXPECT_TRUE(pings(c(1), net().tenant4(2), 20));
	EXPECT_TRUE(pings(c(3), net().tenant6(1), 20));
	EXPECT_TRUE(tcp_content(c(1), c(3), net().tenant4(3)));
	EXPECT_TRUE(udp_both_ways(c(2), net().tenant6(2), c(1), net().tenant6(1)));
	const PacketSocket from(c(1), "eth0");
	for (const std::string dst :
	     {"ff:ff:ff:ff:ff:ff", "02:00:00:00:0a:77", "01:80:c2:00:00:00", "33:33:00:00:00:42"})
		from.send(Ethernet{.dst = dst, .src = net().tenant_mac(1)} / Payload::of(60));
	from.send(Ethernet{.dst = net().tenant_mac(1), .src = net().tenant_mac(1)} / Payload::of(60));
	from.send(Ethernet{.dst = net().tenant_mac(2), .src = "01:00:00:00:00:01"} / Payload::of(60));
	inject(outer(kStranger) / Vxlan{.vni = 100} / inner());
	inject(outer(net().vtep(2)) / Vxlan{.vni = 999} / inner());
	inject(outer(net().vtep(2)) / Vxlan{.vni = 100} / inner());
	inject(outer(net().vtep(2)) / Vxlan{.vni = 100} /
	       (Ethernet{.dst = "01:80:c2:00:00:00", .src = net().tenant_mac(2)} / Payload::of(60)));
	EXPECT_TRUE(wait_until([&] { return h(1).drops("vni_unknown") == 1; }));
	std::this_thread::sleep_for(50ms);

	for (unsigned i = 1; i <= 3; i++) {
		const auto stats = h(i).xovl_show("stats");
		const auto &networks = stats.at("networks");
		EXPECT_EQ(sum(stats.at("ports"), "rx_packets") + sum(networks, "rx_packets"),
			  sum(networks, "delivered") + sum(networks, "sent") + sum(networks, "flooded") +
				  network_drops(stats.at("drops")))
			<< "h" << i << " " << stats.dump(1);
		EXPECT_EQ(stats.at("drops").size(), size_t{XOVL_REASON_MAX - 1}) << "those that did not occur, too";
		for (const auto &drop : stats.at("drops")) {
			EXPECT_EQ(sum(drop.at("by"), "packets"), drop.at("packets")) << drop.dump(1);
			EXPECT_EQ(sum(drop.at("by"), "copies"), drop.at("copies")) << drop.dump(1);
		}
		EXPECT_EQ(sum(stats.at("peers"), "rx_packets"), sum(networks, "rx_packets")) << stats.dump(1);
		EXPECT_EQ(sum(stats.at("peers"), "tx_packets"), sum(networks, "tx_packets")) << stats.dump(1);
		EXPECT_EQ(sum(stats.at("peers"), "rx_bytes"), sum(networks, "rx_bytes")) << stats.dump(1);
		EXPECT_EQ(sum(stats.at("peers"), "tx_bytes"), sum(networks, "tx_bytes")) << stats.dump(1);
	}
	EXPECT_EQ(h(1).drops("source_mac"), 1u);
	EXPECT_EQ(h(1).drops("same_port"), 1u);
	EXPECT_EQ(h(1).drops("peer_unknown"), 1u);
	EXPECT_EQ(h(1).drops("reserved_mac"), 2u);
}

INSTANTIATE_TEST_SUITE_P(Modes, Guard, testing::Values("native", "tc"), [](const auto &info) { return info.param; });

} // namespace xovl::test
