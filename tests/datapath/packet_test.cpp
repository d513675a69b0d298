// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The packet builder, compared with literal frames. tshark dissected each of them once and found every checksum good.
#include "packet.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace xovl::test {

namespace {

const Ethernet kEthernet = {"02:00:00:00:00:02", "02:00:00:00:00:01"};
const IPv4 kOuter4 = {.src = "192.0.2.1", .dst = "192.0.2.2", .df = true};
const IPv6 kOuter6 = {.src = "2001:db8::1", .dst = "2001:db8::2", .flow_label = 7};

Packet inner()
{
	return Ethernet{"02:00:00:00:00:04", "02:00:00:00:00:03"} / IPv4{"10.0.0.3", "10.0.0.4"} / UDP{1000, 2000} /
	       Payload::of(5);
}

void expect_hex(const Packet &packet, std::string_view hex)
{
	EXPECT_EQ(hex_dump(packet.bytes()), hex_dump(from_hex(hex)));
}

} // namespace

TEST(Packet, UdpOverIPv4)
{
	expect_hex(kEthernet / IPv4{.src = "10.0.0.1", .dst = "10.0.0.2", .id = 7, .df = true} / UDP{1000, 2000} /
			   Payload{{'h', 'e', 'l', 'l', 'o'}},
		   "02 00 00 00 00 02 02 00 00 00 00 01 08 00 45 00 00 21 00 07 40 00 40 11 26 c3 0a 00 00 01 0a 00"
		   "00 02 03 e8 07 d0 00 0d 9c 47 68 65 6c 6c 6f");
}

TEST(Packet, TcpOverTaggedIPv6)
{
	expect_hex(
		kEthernet / Vlan{.vid = 100, .pcp = 3} /
			IPv6{.src = "2001:db8::1", .dst = "2001:db8::2", .traffic_class = 0x2a, .flow_label = 0x12345} /
			TCP{.sport = 80, .dport = 1234, .seq = 0x01020304} / Payload::of(7),
		"02 00 00 00 00 02 02 00 00 00 00 01 81 00 60 64 86 dd 62 a1 23 45 00 1b 06 40 20 01 0d b8 00 00"
		"00 00 00 00 00 00 00 00 00 01 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 02 00 50 04 d2 01 02"
		"03 04 00 00 00 00 50 10 20 00 d2 ee 00 00 01 08 0f 16 1d 24 2b");
}

TEST(Packet, Arp)
{
	expect_hex(Ethernet{"ff:ff:ff:ff:ff:ff", "02:00:00:00:00:01"} /
			   ARP{.sha = "02:00:00:00:00:01", .spa = "10.0.0.1", .tpa = "10.0.0.2"},
		   "ff ff ff ff ff ff 02 00 00 00 00 01 08 06 00 01 08 00 06 04 00 01 02 00 00 00 00 01 0a 00 00 01"
		   "00 00 00 00 00 00 0a 00 00 02");
}

TEST(Packet, VxlanWithIPv4Options)
{
	expect_hex(kEthernet / IPv4{.src = "192.0.2.1", .dst = "192.0.2.2", .df = true, .options = {1, 1, 1, 1}} /
			   UDP{.sport = 50000, .dport = 4789, .checksum = 0} / Vxlan{0x123456} /
			   Ethernet{"02:00:00:00:00:04", "02:00:00:00:00:03"} / IPv6{"2001:db8::1", "2001:db8::2"} /
			   ICMP{.type = 128, .rest = 0x00010002} / Payload::of(9),
		   "02 00 00 00 00 02 02 00 00 00 00 01 08 00 46 00 00 6f 00 00 40 00 40 11 b3 78 c0 00 02 01 c0 00"
		   "02 02 01 01 01 01 c3 50 12 b5 00 57 00 00 08 00 00 00 12 34 56 00 02 00 00 00 00 04 02 00 00 00"
		   "00 03 86 dd 60 00 00 00 00 11 3a 40 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 20 01 0d b8"
		   "00 00 00 00 00 00 00 00 00 00 00 02 80 00 92 c7 00 01 00 02 01 08 0f 16 1d 24 2b 32 39");
}

TEST(Packet, IPv6ExtensionHeader)
{
	expect_hex(kEthernet / IPv6{"2001:db8::1", "2001:db8::2"} / IPv6Ext{60, {0, 1, 4, 0, 0, 0, 0}} /
			   UDP{1000, 2000} / Payload::of(4),
		   "02 00 00 00 00 02 02 00 00 00 00 01 86 dd 60 00 00 00 00 14 3c 40 20 01 0d b8 00 00 00 00 00 00"
		   "00 00 00 00 00 01 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 02 11 00 01 04 00 00 00 00 03 e8"
		   "07 d0 00 0c 88 8b 01 08 0f 16");
}

TEST(Packet, IcmpOverIPv4)
{
	expect_hex(kEthernet / IPv4{"10.0.0.1", "10.0.0.2"} / ICMP{.rest = 0x00070001} / Payload::of(8),
		   "02 00 00 00 00 02 02 00 00 00 00 01 08 00 45 00 00 24 00 00 00 00 40 01 66 d7 0a 00 00 01 0a 00"
		   "00 02 08 00 9f 83 00 07 00 01 01 08 0f 16 1d 24 2b 32");
}

TEST(Packet, Geneve)
{
	expect_hex(kEthernet / kOuter4 / UDP{.sport = 50000, .dport = 6081, .checksum = 0} / Geneve{0x123456} / inner(),
		   "02 00 00 00 00 02 02 00 00 00 00 01 08 00 45 00 00 53 00 00 40 00 40 11 b6 96 c0 00 02 01 c0 00"
		   "02 02 c3 50 17 c1 00 3f 00 00 00 00 65 58 12 34 56 00 02 00 00 00 00 04 02 00 00 00 00 03 08 00"
		   "45 00 00 21 00 00 00 00 40 11 66 c6 0a 00 00 03 0a 00 00 04 03 e8 07 d0 00 0d b2 f7 01 08 0f 16"
		   "1d");
}

TEST(Packet, GeneveWithOptions)
{
	expect_hex(kEthernet / kOuter6 / UDP{50000, 6081} /
			   Geneve{.vni = 100,
				  .options = {{0x0102, 0x80, {0, 1, 0, 2}},
					      {0x0103, 0x01},
					      {0x0104, 0x02, {1, 2, 3, 4, 5, 6, 7, 8}}}} /
			   inner(),
		   "02 00 00 00 00 02 02 00 00 00 00 01 86 dd 60 00 00 07 00 57 11 40 20 01 0d b8 00 00 00 00 00 00"
		   "00 00 00 00 00 01 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 02 c3 50 17 c1 00 57 6b 1b 06 40"
		   "65 58 00 00 64 00 01 02 80 01 00 01 00 02 01 03 01 00 01 04 02 02 01 02 03 04 05 06 07 08 02 00"
		   "00 00 00 04 02 00 00 00 00 03 08 00 45 00 00 21 00 00 00 00 40 11 66 c6 0a 00 00 03 0a 00 00 04"
		   "03 e8 07 d0 00 0d b2 f7 01 08 0f 16 1d");
}

TEST(Packet, GreWithoutKey)
{
	expect_hex(kEthernet / kOuter4 / Gre{} / inner(),
		   "02 00 00 00 00 02 02 00 00 00 00 01 08 00 45 00 00 47 00 00 40 00 40 2f b6 84 c0 00 02 01 c0 00"
		   "02 02 00 00 65 58 02 00 00 00 00 04 02 00 00 00 00 03 08 00 45 00 00 21 00 00 00 00 40 11 66 c6"
		   "0a 00 00 03 0a 00 00 04 03 e8 07 d0 00 0d b2 f7 01 08 0f 16 1d");
}

TEST(Packet, GreWithEveryField)
{
	expect_hex(kEthernet / kOuter6 / Gre{.key = 0xdeadbeef, .seq = 7, .csum = true} / inner(),
		   "02 00 00 00 00 02 02 00 00 00 00 01 86 dd 60 00 00 07 00 3f 2f 40 20 01 0d b8 00 00 00 00 00 00"
		   "00 00 00 00 00 01 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 02 b0 00 65 58 55 20 00 00 de ad"
		   "be ef 00 00 00 07 02 00 00 00 00 04 02 00 00 00 00 03 08 00 45 00 00 21 00 00 00 00 40 11 66 c6"
		   "0a 00 00 03 0a 00 00 04 03 e8 07 d0 00 0d b2 f7 01 08 0f 16 1d");
}

TEST(Packet, Nvgre)
{
	expect_hex(kEthernet / kOuter4 / Gre::nvgre(0x654321, 0x42) / inner(),
		   "02 00 00 00 00 02 02 00 00 00 00 01 08 00 45 00 00 4b 00 00 40 00 40 2f b6 80 c0 00 02 01 c0 00"
		   "02 02 20 00 65 58 65 43 21 42 02 00 00 00 00 04 02 00 00 00 00 03 08 00 45 00 00 21 00 00 00 00"
		   "40 11 66 c6 0a 00 00 03 0a 00 00 04 03 e8 07 d0 00 0d b2 f7 01 08 0f 16 1d");
}

TEST(Packet, VxlanGroupPolicy)
{
	expect_hex(kEthernet / kOuter4 / UDP{.sport = 50000, .dport = 4789, .checksum = 0} /
			   Vxlan::gbp(100, 0x1234, false, true) / inner(),
		   "02 00 00 00 00 02 02 00 00 00 00 01 08 00 45 00 00 53 00 00 40 00 40 11 b6 96 c0 00 02 01 c0 00"
		   "02 02 c3 50 12 b5 00 3f 00 00 88 08 12 34 00 00 64 00 02 00 00 00 00 04 02 00 00 00 00 03 08 00"
		   "45 00 00 21 00 00 00 00 40 11 66 c6 0a 00 00 03 0a 00 00 04 03 e8 07 d0 00 0d b2 f7 01 08 0f 16"
		   "1d");
}

TEST(Packet, IcmpErrorQuotesTheBeginningOfAPacket)
{
	expect_hex(kEthernet / IPv4{"10.0.0.2", "10.0.0.1"} / ICMP{.type = 3, .code = 4, .rest = 1450} /
			   Payload{truncated(IPv4{.src = "10.0.0.1", .dst = "10.0.0.2", .df = true} / UDP{1, 2} /
						     Payload::of(600),
					     28)},
		   "02 00 00 00 00 02 02 00 00 00 00 01 08 00 45 00 00 38 00 00 00 00 40 01 66 c3 0a 00 00 02 0a 00"
		   "00 01 03 04 61 4e 00 00 05 aa 45 00 02 74 00 00 40 00 40 11 24 77 0a 00 00 01 0a 00 00 02 00 01"
		   "00 02 02 60 93 a0");
}

TEST(Packet, Icmpv6ErrorQuotesAPacket)
{
	expect_hex(kEthernet / IPv6{"2001:db8::2", "2001:db8::1"} / ICMP{.type = 2, .rest = 1430} /
			   IPv6{"2001:db8::1", "2001:db8::2"} / UDP{1, 2} / Payload::of(9),
		   "02 00 00 00 00 02 02 00 00 00 00 01 86 dd 60 00 00 00 00 41 3a 40 20 01 0d b8 00 00 00 00 00 00"
		   "00 00 00 00 00 02 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 02 00 2b 4a 00 00 05 96 60 00"
		   "00 00 00 11 11 40 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 20 01 0d b8 00 00 00 00 00 00"
		   "00 00 00 00 00 02 00 01 00 02 00 11 12 e0 01 08 0f 16 1d 24 2b 32 39");
}

TEST(Packet, TcpOptions)
{
	expect_hex(kEthernet / IPv4{"10.0.0.1", "10.0.0.2"} /
			   TCP{.sport = 80, .dport = 1234, .flags = 2, .options = TCP::mss(1460)},
		   "02 00 00 00 00 02 02 00 00 00 00 01 08 00 45 00 00 2c 00 00 00 00 40 06 66 ca 0a 00 00 01 0a 00"
		   "00 02 00 50 04 d2 00 00 00 01 00 00 00 00 60 02 20 00 5f 01 00 00 02 04 05 b4");
}

TEST(Packet, WhatIsGivenStands)
{
	expect_hex(IPv4{.src = "10.0.0.1",
			.dst = "10.0.0.2",
			.mf = true,
			.offset = 3,
			.protocol = 1,
			.version = 5,
			.ihl = 4,
			.total_length = 0xffff,
			.checksum = 0xbeef},
		   "54 00 ff ff 00 00 20 03 40 01 be ef 0a 00 00 01 0a 00 00 02");
	expect_hex(IPv6{.src = "::1", .dst = "::2", .version = 4, .next_header = 59, .payload_length = 9},
		   "40 00 00 00 00 09 3b 40 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01"
		   "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 02");
	expect_hex(UDP{.sport = 1, .dport = 2, .length = 7, .checksum = 0x1234}, "00 01 00 02 00 07 12 34");
	expect_hex(TCP{.sport = 1, .dport = 2, .checksum = 0x1234, .options = {1, 1, 1, 0}, .data_offset = 4},
		   "00 01 00 02 00 00 00 01 00 00 00 00 40 10 20 00 12 34 00 00 01 01 01 00");
	expect_hex(Geneve{.vni = 0xffffff,
			  .options = {{.option_class = 0xffff,
				       .type = 0x81,
				       .data = {1, 2, 3, 4},
				       .reserved = 7,
				       .length = 31}},
			  .flags = 0xbf,
			  .version = 3,
			  .opt_len = 63,
			  .protocol = 0x1234,
			  .reserved = 0x5a},
		   "ff bf 12 34 ff ff ff 5a ff ff 81 ff 01 02 03 04");
	expect_hex(Gre{.key = 1,
		       .csum = true,
		       .checksum = 0x1234,
		       .reserved1 = 0x5678,
		       .flags = 0x4ff8,
		       .version = 7,
		       .protocol = 0x880b},
		   "4f ff 88 0b 12 34 56 78 00 00 00 01");
	expect_hex(Vxlan{.vni = 0xffffff, .flags = 0xf7, .reserved1 = 0xabcdef, .reserved2 = 0x5a},
		   "f7 ab cd ef ff ff ff 5a");
}

TEST(Packet, TunnelHeadersSayWhatTheyCarry)
{
	expect_hex(Geneve{} / Payload{}, "00 00 65 58 00 00 00 00");
	expect_hex(Gre{} / Payload{}, "00 00 65 58");
	EXPECT_EQ(truncated(Gre{} / IPv4{"10.0.0.1", "10.0.0.2"}, 4), from_hex("00 00 08 00"));
	EXPECT_EQ(truncated(Geneve{} / IPv6{"::1", "::2"}, 4), from_hex("00 00 86 dd"));
}

/* 0a000001 + 0a000002 + 0011 (UDP) + 0009 = 1 + 2 + 1400 + 11 + 9, folded 141d */
TEST(Packet, PartialChecksumIsThePseudoHeaderSum)
{
	expect_hex(IPv4{"10.0.0.1", "10.0.0.2"} / UDP{.sport = 1, .dport = 2, .partial = true} / Payload{{0xff}},
		   "45 00 00 1d 00 00 00 00 40 11 66 ce 0a 00 00 01 0a 00 00 02 00 01 00 02 00 09 14 1d ff");
}

TEST(Packet, TruncatedAndPadded)
{
	EXPECT_EQ(truncated({1, 2, 3}, 2), (Bytes{1, 2}));
	EXPECT_EQ(truncated({1, 2, 3}, 9), (Bytes{1, 2, 3}));
	EXPECT_EQ(padded({1, 2}, 2), (Bytes{1, 2, 0, 0}));
}

TEST(Packet, WrongAddressesThrow)
{
	EXPECT_THROW((Ethernet{"02:00:00:00:00", "02:00:00:00:00:01"} / Payload{}).bytes(), std::invalid_argument);
	EXPECT_THROW(Packet(IPv4{"10.0.0.1", "fd00::1"}).bytes(), std::invalid_argument);
	EXPECT_THROW(from_hex("0x1"), std::invalid_argument);
}

} // namespace xovl::test
