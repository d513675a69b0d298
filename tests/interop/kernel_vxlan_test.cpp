// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * xovl on h1 against the kernel's own vxlan device and bridge on h2.
 *
 *   c1 eth0 --- port0 h1 up0 ------- up0 h2 [vx100 -- br0 -- port0] --- eth0 c2
 *               xovl                        kernel
 *
 * Addresses as in tests/e2e/traffic_test.cpp. The kernel's vxlan sends without TC redirect, so generic XDP on h1's
 * uplink sees its packets.
 */
#include <bpf/bpf.h>
#include <net/if.h>

#include <cstddef>
#include <iterator>
#include <string>
#include <tuple>

#include <fmt/format.h>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

class KernelVxlan : public OverlayTest, public testing::WithParamInterface<std::tuple<std::string, bool>> {
protected:
	std::string mode() const { return std::get<0>(GetParam()); }
	bool v6() const { return std::get<1>(GetParam()); }

	void SetUp() override
	{
		prepare({.port_mode = mode(), .uplink_mode = mode(), .v6 = v6()});
		ASSERT_TRUE(h(1).apply(net().config(1)).ok());
	}

	// h2 has no xovl to take down
	void TearDown() override
	{
		EXPECT_EQ(h(1).down_and_check(), "");
		net_.reset();
	}

	/// learning: the device learns MACs; otherwise c1's MAC is set. keys: further options of the device.
	void kernel_side(bool learning, const std::string &keys = {})
	{
		h(2).ip(fmt::format("link add vx100 type vxlan id 100 dstport 4789 local {} dev up0 {}{} {}\n"
				    "link add br0 type bridge forward_delay 0 mcast_snooping 0\n"
				    "link set vx100 master br0 up\nlink set port0 master br0\nlink set br0 up",
				    net().vtep(2), learning ? "learning" : "nolearning", v6() ? " udp6zerocsumrx" : "",
				    keys));
		h(2).ip(fmt::format("link set br0 mtu {0}\nlink set vx100 mtu {0}", net().tenant_mtu()));
		fdb("append", "00:00:00:00:00:00");
		if (!learning)
			fdb("add", net().tenant_mac(1));
	}

	void fdb(const std::string &verb, const std::string &mac) const
	{
		must({"bridge", "-n", h(2).name(), "fdb", verb, mac, "dev", "vx100", "dst", net_->vtep(1), "self"});
	}
};

using KernelVxlanXdp = KernelVxlan;
using KernelVxlanTc = KernelVxlan;

/// Sets a mark on frames that arrive at an interface, as a firewall would, for as long as it lives.
class Marker {
public:
	Marker(const Netns &netns, const std::string &dev, int32_t mark)
	{
		constexpr int tcx_ingress = 46; // BPF_TCX_INGRESS, which the UAPI headers of Debian 12 lack
		constexpr int tcx_next = -1;
		const bpf_insn program[] = {
			{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = mark},
			{.code = BPF_STX | BPF_MEM | BPF_W,
			 .dst_reg = BPF_REG_1,
			 .src_reg = BPF_REG_2,
			 .off = offsetof(__sk_buff, mark)},
			{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = tcx_next},
			{.code = BPF_JMP | BPF_EXIT},
		};
		const Fd fd(
			bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "marker", "GPL", program, std::size(program), nullptr));
		in_netns(netns.name(), [&] {
			link_ = Fd(bpf_link_create(fd.get(), static_cast<int>(if_nametoindex(dev.c_str())),
						   static_cast<bpf_attach_type>(tcx_ingress), nullptr));
		});
	}

	explicit operator bool() const { return bool(link_); }

private:
	Fd link_;
};

std::string mode_name(const testing::TestParamInfo<KernelVxlan::ParamType> &info)
{
	return std::get<0>(info.param) + (std::get<1>(info.param) ? "_v6" : "_v4");
}

} // namespace

TEST_P(KernelVxlan, CarriesEverythingBothWays)
{
	kernel_side(true);
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_TRUE(pings(c(2), net().tenant6(1)));
	EXPECT_TRUE(pings(c(2), net().tenant4(1), 2, net().tenant_mtu() - 28));
	EXPECT_TRUE(pings(c(1), net().tenant6(2), 2, net().tenant_mtu() - 48));
	for (const size_t size : {1, 100, 1380}) {
		ASSERT_TRUE(udp_both_ways(c(1), net().tenant4(1), c(2), net().tenant4(2), size));
		ASSERT_TRUE(udp_both_ways(c(2), net().tenant6(2), c(1), net().tenant6(1), size));
	}
	EXPECT_EQ(h(1).fdb(net().tenant_mac(2))->at("dst"), net().vtep(2));
	EXPECT_TRUE(h(1).drops().empty()) << h(1).drops().dump(1);
}

TEST_P(KernelVxlan, TcpBothWays)
{
	kernel_side(false);
	EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant4(2), 4 << 20));
	EXPECT_TRUE(tcp_content(c(2), c(1), net().tenant6(1), 4 << 20));
	EXPECT_TRUE(iperf(c(1), c(2), net().tenant6(2)));
	EXPECT_TRUE(iperf(c(1), c(2), net().tenant4(2), 20, true));
}

TEST_P(KernelVxlan, OuterHeadersAreAsThePeerExpects)
{
	kernel_side(true);
	ASSERT_TRUE(pings(c(1), net().tenant4(2), 5));
	PacketSocket wire(h(2), "up0");
	const size_t udp = v6() ? 54 : 34;
	const size_t inner = udp + 16;
	const auto of_ping = [&](const Frame &f) {
		return !f.outgoing && f.ethertype() == (v6() ? 0x86dd : 0x0800) && f.be16(udp + 2) == 4789 &&
		       f.be16(inner + 12) == 0x0800 && f.bytes.at(inner + 14 + 9) == 1;
	};
	ASSERT_TRUE(pings(c(1), net().tenant4(2), 3));
	const auto frames = wire.collect(3, of_ping);
	ASSERT_GE(frames.size(), 3u);
	for (const Frame &frame : frames) {
		EXPECT_GE(frame.be16(udp), 49152u);
		EXPECT_EQ(frame.be16(udp), frames.front().be16(udp)) << "one flow, one source port";
		EXPECT_EQ(frame.be16(udp + 4), frame.bytes.size() - udp);
		EXPECT_EQ(frame.be16(udp + 8), 0x0800);
		EXPECT_EQ(frame.be16(udp + 10), 0);
		EXPECT_EQ(frame.be16(udp + 12) << 16 | frame.be16(udp + 14), 100 << 8);
		if (!v6()) {
			EXPECT_EQ(frame.be16(20) & 0x4000, 0x4000) << "DF";
			EXPECT_EQ(internet_checksum({frame.bytes.begin() + 14, frame.bytes.begin() + 34}), 0);
		}
		EXPECT_EQ(frame.bytes.at(v6() ? 21 : 22), 64) << "TTL";
	}
}

// XDP takes known unicast, so h1's stack hardly sees any on its uplink. Outer checksums are complete, as from a network
// card: XDP cannot tell an unfinished checksum of a veth from a forged one.
TEST_P(KernelVxlanXdp, XdpTakesKnownUnicast)
{
	kernel_side(false);
	h(2).offload("up0", "tx off");
	ASSERT_TRUE(pings(c(2), net().tenant4(1), 20));
	PacketSocket wire(h(1), "up0");
	ASSERT_TRUE(pings(c(2), net().tenant4(1), 50));
	const auto to_us = [](const Frame &frame) { return !frame.outgoing && frame.bytes.size() > 140; };
	EXPECT_LT(wire.frames(to_us).size(), 10u) << "of 50";
}

TEST_P(KernelVxlan, TaggedFramesPass)
{
	kernel_side(true);
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	const auto tagged = [](const Frame &f) {
		return !f.outgoing && f.ethertype() == 0x8100 && f.ethertype(1) == 0x88b5;
	};
	for (unsigned from = 1; from <= 2; from++) {
		const unsigned to = 3 - from;
		PacketSocket tap(c(to), "eth0");
		const Packet frame = Ethernet{.dst = net().tenant_mac(to), .src = net().tenant_mac(from)} /
				     Vlan{.vid = 9, .type = 0x88b5} / Payload::of(80);
		PacketSocket(c(from), "eth0").send(frame);
		const auto got = tap.collect(1, tagged);
		ASSERT_EQ(got.size(), 1u) << "to c" << to;
		EXPECT_EQ(hex_dump(got[0].bytes), hex_dump(frame));
	}
}

/* With `gro off` at the uplink, the kernel can merge tunnel packets with checksums as plain UDP. They are counted. */
TEST_P(KernelVxlanTc, WhatGroMergesIsCounted)
{
	kernel_side(false, v6() ? "" : "udpcsum");
	c(2).offload("eth0", "tx off");
	h(2).offload("up0", "tso off"); // otherwise a veth bypasses GRO
	must({"ip", "netns", "exec", h(1).name(), "sh", "-c",
	      "cd /sys/class/net/up0 && echo 2000000 > gro_flush_timeout && echo 2 > napi_defer_hard_irqs"});
	const UdpSocket sender(c(2), net().tenant4(2), 5000), receiver(c(1), net().tenant4(1), 5001);
	const auto merged = [&](const std::string &feature) {
		h(1).offload("up0", "gro on " + feature + " on");
		const uint64_t before = h(1).drops("gro_merged");
		EXPECT_TRUE(pings(c(2), net().tenant4(1))) << "what is not merged";
		for (int i = 0; i < 2000; i++)
			sender.send(net().tenant4(1), 5001, Bytes(200));
		h(1).offload("up0", feature + " off");
		return h(1).drops("gro_merged") - before;
	};
	for (const char *feature : {"rx-udp-gro-forwarding", "rx-gro-list"}) {
		SCOPED_TRACE(feature);
		h(1).xovl_must("uplink set up0 gro auto");
		EXPECT_EQ(merged(feature), 0u) << "the kernel knows them for tunnel packets";
		h(1).xovl_must("uplink set up0 gro off");
		EXPECT_GT(merged(feature), 0u);
	}
	EXPECT_TRUE(udp_both_ways(c(1), net().tenant4(1), c(2), net().tenant4(2)));
}

/* The group in a packet equals the mark of the frame at the kernel's device, in both directions. */
TEST_P(KernelVxlan, CarriesTheGroupOfBothSides)
{
	kernel_side(true, "gbp");
	h(1).xovl_must("net set blue gbp on");
	h(1).xovl_must("port del port0");
	h(1).xovl_must("port add port0 net blue group 0x1234 mode " + mode());
	ASSERT_TRUE(pings(c(1), net().tenant4(2))) << "without a group of the kernel's side";
	const auto drops = h(1).xovl_show("stats drop"); // frames that came while the network had no port
	const Marker marker(h(2), "port0", 0x4321);
	if (!marker)
		GTEST_SKIP() << "this kernel has no tcx";

	const size_t vxlan = v6() ? 62 : 42;
	PacketSocket wire(h(2), "up0"), device(h(2), "vx100");
	ASSERT_TRUE(pings(c(1), net().tenant4(2), 5));
	const auto of_ping = [](size_t eth) {
		return [eth](const Frame &f) {
			return f.bytes.size() > eth + 23 && f.be16(eth + 12) == 0x0800 && f.bytes[eth + 23] == 1;
		};
	};
	const auto packets = wire.collect(10, of_ping(vxlan + 8));
	EXPECT_EQ(packets.size(), 10u);
	for (const Frame &packet : packets) {
		EXPECT_EQ(packet.be16(vxlan), 0x8800) << (packet.outgoing ? "the kernel's" : "ours");
		EXPECT_EQ(packet.be16(vxlan + 2), packet.outgoing ? 0x4321 : 0x1234);
	}
	for (const Frame &frame : device.collect(10, of_ping(0)))
		EXPECT_EQ(frame.mark, frame.outgoing ? 0x4321u : 0x1234u);
	EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant4(2)));
	EXPECT_TRUE(tcp_content(c(2), c(1), net().tenant6(1)));
	EXPECT_EQ(h(1).xovl_show("stats drop"), drops);
}

INSTANTIATE_TEST_SUITE_P(Modes, KernelVxlan,
			 testing::Combine(testing::Values("native", "generic", "tc"), testing::Bool()), mode_name);
INSTANTIATE_TEST_SUITE_P(Modes, KernelVxlanTc, testing::Combine(testing::Values("tc"), testing::Bool()), mode_name);
INSTANTIATE_TEST_SUITE_P(Modes, KernelVxlanXdp, testing::Combine(testing::Values("native", "generic"), testing::Bool()),
			 mode_name);

} // namespace xovl::test
