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

	/// learning: the device learns where MACs are; else it is told.
	void kernel_side(bool learning)
	{
		h(2).ip(fmt::format("link add vx100 type vxlan id 100 dstport 4789 local {} dev up0 {}{}\n"
				    "link add br0 type bridge forward_delay 0 mcast_snooping 0\n"
				    "link set vx100 master br0 up\nlink set port0 master br0\nlink set br0 up",
				    net().vtep(2), learning ? "learning" : "nolearning",
				    v6() ? " udp6zerocsumrx" : ""));
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
	EXPECT_TRUE(h(1).xovl_show("stats drop").at("drops").empty()) << h(1).xovl_show("stats drop").dump(1);
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

// What the stack of h1 sees on its uplink is what XDP left to it.
TEST_P(KernelVxlanXdp, XdpTakesKnownUnicast)
{
	kernel_side(false);
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

INSTANTIATE_TEST_SUITE_P(Modes, KernelVxlan,
			 testing::Combine(testing::Values("native", "generic", "tc"), testing::Bool()), mode_name);
INSTANTIATE_TEST_SUITE_P(Modes, KernelVxlanXdp, testing::Combine(testing::Values("native", "generic"), testing::Bool()),
			 mode_name);

} // namespace xovl::test
