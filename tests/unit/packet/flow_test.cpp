// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/packet/flow.h, on the host: the fields read from a tenant's frame, and no read behind its end.
#include <sys/socket.h>

#include <random>

#include <gtest/gtest.h>

#include "host/functions.h"
#include "host/guarded.hpp"
#include "packet.hpp"

namespace xovl::test {

class FlowOnHost : public testing::Test {
protected:
	host_flow parse(const Bytes &packet, uint32_t at = 0)
	{
		host_flow flow{};
		host_flow_parse(memory_.put(packet), packet.size(), at, true, &flow);
		return flow;
	}

	Guarded memory_;
	const Ethernet eth_ = {"02:00:00:00:00:02", "02:00:00:00:00:01"};
	const IPv4 ip4_ = {.src = "10.0.0.1", .dst = "10.0.0.2", .tos = 0xb9};
	const IPv6 ip6_ = {.src = "2001:db8::1", .dst = "2001:db8::2", .traffic_class = 0xb9};
	const Payload data_ = Payload::of(20);
};

TEST_F(FlowOnHost, Offsets)
{
	struct Case {
		const char *name;
		Packet packet;
		uint8_t family;
		size_t l2_len, transport, headers;
	};
	const Case cases[] = {
		{"UDP over IPv4", eth_ / ip4_ / UDP{1, 2} / data_, AF_INET, 14, 34, 42},
		{"UDP over IPv6", eth_ / ip6_ / UDP{1, 2} / data_, AF_INET6, 14, 54, 62},
		{"TCP over IPv4", eth_ / ip4_ / TCP{.sport = 1, .dport = 2} / data_, AF_INET, 14, 34, 54},
		{"TCP with options", eth_ / ip6_ / TCP{.sport = 1, .dport = 2, .options = TCP::mss(1400)}, AF_INET6, 14,
		 54, 78},
		{"behind a tag", eth_ / Vlan{5} / ip4_ / UDP{1, 2}, AF_INET, 18, 38, 46},
		{"behind two", eth_ / Vlan{.vid = 5, .tpid = 0x88a8} / Vlan{6} / ip6_ / UDP{1, 2}, AF_INET6, 22, 62,
		 70},
		{"behind four", eth_ / Vlan{1} / Vlan{2} / Vlan{3} / Vlan{4} / ip4_ / UDP{1, 2}, AF_INET, 30, 50, 58},
		{"IPv4 options",
		 eth_ / IPv4{.src = "10.0.0.1", .dst = "10.0.0.2", .tos = 0xb9, .options = {1, 1, 1, 0}} / UDP{1, 2},
		 AF_INET, 14, 38, 46},
		{"ICMP", eth_ / ip4_ / ICMP{} / data_, AF_INET, 14, 0, 0},
		{"a fragment", eth_ / IPv4{.src = "10.0.0.1", .dst = "10.0.0.2", .tos = 0xb9, .mf = true} / UDP{1, 2},
		 AF_INET, 14, 0, 0},
	};
	for (const Case &one : cases) {
		SCOPED_TRACE(one.name);
		const host_flow flow = parse(one.packet);
		EXPECT_EQ(flow.family, one.family);
		EXPECT_EQ(flow.l2_len, one.l2_len);
		EXPECT_EQ(flow.transport, one.transport);
		EXPECT_EQ(flow.headers, one.headers);
		EXPECT_EQ(flow.tos, 0xb9);
		EXPECT_EQ(flow.marks, 0);
	}
}

TEST_F(FlowOnHost, NoIp)
{
	const host_flow arp = parse(eth_ / ARP{.sha = eth_.src, .spa = "10.0.0.1", .tpa = "10.0.0.2"});
	EXPECT_EQ(arp.family, 0);
	EXPECT_EQ(arp.transport, 0);
	EXPECT_EQ(arp.l2_len, 14);
}

TEST_F(FlowOnHost, Marks)
{
	const auto marks = [&](const Packet &packet) { return parse(packet).marks; };
	EXPECT_EQ(marks(eth_ / ip4_ / TCP{.sport = 1, .dport = 2, .flags = 0x02}), host_flow_syn);
	EXPECT_EQ(marks(eth_ / ip6_ / TCP{.sport = 1, .dport = 2, .flags = 0x12}), host_flow_syn);
	EXPECT_EQ(marks(eth_ / ip4_ / TCP{.sport = 1, .dport = 2, .partial = true}), host_flow_partial);
	EXPECT_EQ(marks(eth_ / ip6_ / UDP{.sport = 1, .dport = 2, .partial = true} / data_), host_flow_partial);
	EXPECT_EQ(marks(eth_ / ip6_ / UDP{.sport = 1, .dport = 2, .checksum = 0} / data_), 0);
	EXPECT_EQ(marks(eth_ / Vlan{1} / Vlan{2} / Vlan{3} / Vlan{4} / Vlan{5} / ip4_ / UDP{1, 2}), host_flow_deep);
	/* an unknown transport counts as partial, because its checksum cannot be judged */
	EXPECT_EQ(marks(eth_ / IPv4{.src = "10.0.0.1", .dst = "10.0.0.2", .protocol = 132} / data_), host_flow_partial);
}

TEST_F(FlowOnHost, SameAtAnyOffset)
{
	const Bytes frame = eth_ / Vlan{7} / ip4_ / UDP{1111, 2222} / data_;
	const host_flow alone = parse(frame);
	for (size_t before : {2, 50, 70, 346}) {
		Bytes packet(before, 0xa5);
		packet.insert(packet.end(), frame.begin(), frame.end());
		const host_flow flow = parse(packet, before);
		EXPECT_EQ(flow.hash, alone.hash) << before;
		EXPECT_EQ(flow.l2_len, alone.l2_len) << before;
		EXPECT_EQ(flow.transport, alone.transport) << before;
		EXPECT_EQ(flow.headers, alone.headers) << before;
	}
}

/* In a truncated frame the transport header lies within the frame. A read behind its end would fault. */
TEST_F(FlowOnHost, TruncatedAnywhere)
{
	const Packet packets[] = {eth_ / Vlan{1} / Vlan{2} / ip4_ / TCP{.sport = 1, .dport = 2} / data_,
				  eth_ / ip6_ / UDP{1, 2} / data_,
				  eth_ / Vlan{1} / Vlan{2} / Vlan{3} / Vlan{4} / Vlan{5} / ip6_};
	for (const Packet &packet : packets)
		for (size_t len = 14; len < packet.bytes().size(); len++) {
			const host_flow flow = parse(truncated(packet, len));
			ASSERT_TRUE(!flow.transport || flow.transport + 8u <= len) << flow.transport << ' ' << len;
		}
}

TEST_F(FlowOnHost, RandomOctets)
{
	std::mt19937 random(7);
	for (int i = 0; i < 200000; i++) {
		Bytes packet(14 + random() % 120);
		for (uint8_t &octet : packet)
			octet = static_cast<uint8_t>(random());
		/* types whose headers are parsed */
		const uint16_t types[] = {0x0800, 0x86dd, 0x8100, 0x88a8};
		const uint16_t type = types[random() % 4];
		packet[12] = type >> 8;
		packet[13] = type & 0xff;
		const host_flow flow = parse(packet);
		ASSERT_LE(flow.transport, packet.size());
		ASSERT_LE(flow.l2_len, 14u + 4 * 4);
	}
}

} // namespace xovl::test
