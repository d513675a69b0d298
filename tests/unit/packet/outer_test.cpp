// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/packet/outer.h, on the host: the quick and the full parser agree, and neither reads behind the packet's end.
#include <arpa/inet.h>

#include <cstring>
#include <random>

#include <gtest/gtest.h>

#include "host/functions.h"
#include "host/guarded.hpp"
#include "packet.hpp"
#include "xovl/reasons.h"
#include "xovl/wire.h"

namespace xovl::test {

class OuterOnHost : public testing::Test {
protected:
	static void SetUpTestSuite() { host_set_geneve_port(6081); }

	bool plain(const Bytes &packet, host_outer &outer)
	{
		outer = {};
		return host_outer_is_plain(memory_.put(packet), packet.size(), &outer);
	}

	bool parse(const Bytes &packet, host_outer &outer)
	{
		outer = {};
		return host_outer_parse(memory_.put(packet), packet.size(), &outer);
	}

	static std::string hex_of(const xovl_addr &addr)
	{
		char text[INET6_ADDRSTRLEN];
		return inet_ntop(AF_INET6, &addr, text, sizeof(text));
	}

	/// If the quick parser accepts a packet, the full parser finds it well-formed and gives the same result.
	void agree(const Bytes &packet)
	{
		host_outer quick, close;
		if (!plain(packet, quick))
			return;
		usual_++;
		ASSERT_TRUE(parse(packet, close)) << hex_dump(packet);
		ASSERT_EQ(close.malformed, XOVL_REASON_NONE) << hex_dump(packet);
		ASSERT_EQ(hex_of(close.remote), hex_of(quick.remote)) << hex_dump(packet);
		ASSERT_EQ(hex_of(close.local), hex_of(quick.local)) << hex_dump(packet);
		ASSERT_EQ(close.header, quick.header) << hex_dump(packet);
		ASSERT_EQ(close.dport, quick.dport) << hex_dump(packet);
		ASSERT_EQ(close.kind, quick.kind) << hex_dump(packet);
		ASSERT_EQ(close.outer_len, quick.outer_len) << hex_dump(packet);
		ASSERT_EQ(close.frame_len, quick.frame_len) << hex_dump(packet);
		ASSERT_EQ(close.needs_verify, quick.needs_verify) << hex_dump(packet);
		ASSERT_FALSE(close.trailer) << hex_dump(packet);
	}

	Packet tunnel(bool ipv6, const Packet &header) const
	{
		const Packet ip = ipv6 ? Packet(IPv6{.src = "2001:db8::2", .dst = "2001:db8::1"})
				       : Packet(IPv4{.src = "192.0.2.2", .dst = "192.0.2.1"});
		return Ethernet{"02:00:00:00:aa:01", "02:00:00:00:bb:02"} / ip / header / inner_;
	}

	std::vector<Bytes> tunnels() const
	{
		const UDP vxlan = {.sport = 50000, .dport = 4789, .checksum = 0};
		const UDP geneve = {.sport = 50000, .dport = 6081};
		std::vector<Bytes> packets;
		for (bool ipv6 : {false, true}) {
			packets.push_back(tunnel(ipv6, vxlan / Vxlan{0x123456}));
			packets.push_back(tunnel(ipv6, geneve / Geneve{0x123456}));
			packets.push_back(tunnel(ipv6, geneve / Geneve{.vni = 7,
								       .options = {{.option_class = 0x102,
										    .type = 0x80,
										    .data = {1, 2, 3, 4}}}}));
			packets.push_back(tunnel(ipv6, Gre{.key = 7}));
			packets.push_back(tunnel(ipv6, Gre{}));
			packets.push_back(tunnel(ipv6, Gre{.key = 7, .seq = 1, .csum = true}));
			packets.push_back(tunnel(ipv6, Gre::nvgre(0x5000, 9)));
		}
		return packets;
	}

	Guarded memory_;
	const Packet inner_ = Ethernet{"02:00:00:00:00:02", "02:00:00:00:00:01"} /
			      IPv4{.src = "10.0.0.1", .dst = "10.0.0.2"} / UDP{1111, 2222} / Payload::of(30);
	size_t usual_ = 0; ///< packets that the quick parser accepted
};

TEST_F(OuterOnHost, EveryKindIsRead)
{
	const size_t lens[] = {50, 50, 58, 42, 38, 50, 42};
	const uint8_t kinds[] = {XOVL_ENCAP_VXLAN, XOVL_ENCAP_GENEVE, XOVL_ENCAP_GENEVE, XOVL_ENCAP_GRE,
				 XOVL_ENCAP_GRE,   XOVL_ENCAP_GRE,    XOVL_ENCAP_GRE};
	const std::vector<Bytes> packets = tunnels();
	for (size_t i = 0; i < packets.size(); i++) {
		SCOPED_TRACE(hex_dump(packets[i]));
		const bool ipv6 = i >= packets.size() / 2;
		const size_t nth = i % std::size(lens);
		host_outer outer;
		ASSERT_TRUE(parse(packets[i], outer));
		EXPECT_EQ(outer.malformed, XOVL_REASON_NONE);
		EXPECT_EQ(outer.outer_len, lens[nth] + (ipv6 ? 20 : 0));
		EXPECT_EQ(outer.frame_len, inner_.bytes().size());
		EXPECT_EQ(outer.kind, kinds[nth]);
		EXPECT_EQ(hex_of(outer.remote), ipv6 ? "2001:db8::2" : "::ffff:192.0.2.2");
		EXPECT_EQ(hex_of(outer.local), ipv6 ? "2001:db8::1" : "::ffff:192.0.2.1");
		EXPECT_EQ(ntohs(outer.dport), kinds[nth] == XOVL_ENCAP_VXLAN    ? 4789
					      : kinds[nth] == XOVL_ENCAP_GENEVE ? 6081
										: 0);
		EXPECT_EQ(plain(packets[i], outer), nth != 5) << "sequence number and checksum take the closer look";
		agree(packets[i]);
	}
	EXPECT_EQ(usual_, 12u);
}

TEST_F(OuterOnHost, OctetsBehindThePacket)
{
	for (const Bytes &packet : tunnels()) {
		host_outer outer;
		EXPECT_FALSE(plain(padded(packet, 3), outer));
		ASSERT_TRUE(parse(padded(packet, 3), outer));
		EXPECT_TRUE(outer.trailer);
		EXPECT_EQ(outer.frame_len, inner_.bytes().size());
	}
}

TEST_F(OuterOnHost, TruncatedAnywhere)
{
	for (const Bytes &packet : tunnels())
		for (size_t len = 14; len < packet.size(); len++) {
			host_outer outer;
			ASSERT_FALSE(plain(truncated(packet, len), outer)) << len;
			ASSERT_FALSE(parse(truncated(packet, len), outer) && !outer.malformed) << len;
		}
}

TEST_F(OuterOnHost, EveryBitOfTheHeaders)
{
	for (const Bytes &packet : tunnels())
		for (size_t bit = 12 * 8; bit < 90 * 8; bit++) {
			Bytes changed = packet;
			changed[bit / 8] ^= 1 << bit % 8;
			agree(changed);
		}
	EXPECT_GT(usual_, 1000u);
}

TEST_F(OuterOnHost, RandomChanges)
{
	std::mt19937 random(11);
	const std::vector<Bytes> packets = tunnels();
	for (int i = 0; i < 300000; i++) {
		Bytes packet = packets[random() % packets.size()];
		for (uint32_t changes = random() % 4; changes; changes--)
			packet[12 + random() % (packet.size() - 12)] = static_cast<uint8_t>(random());
		if (random() % 4 == 0)
			packet.resize(14 + random() % (packet.size() + 20));
		agree(packet);
	}
	EXPECT_GT(usual_, 50000u);
}

} // namespace xovl::test
