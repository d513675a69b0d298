// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/packet/gre.h, GRE: key, checksum and sequence number, both ways (RFC 2784, 2890).
#include "pinned_map.hpp"
#include "tunnel_fixture.hpp"

namespace xovl::test {

class GreHeader : public TunnelTest {
protected:
	void SetUp() override
	{
		TunnelTest::SetUp();
		set_gre([](NetworkConfig &) {});
	}
	void set_gre(const Edit &edit)
	{
		set_blue([&](NetworkConfig &net) {
			net.encap = XOVL_ENCAP_GRE;
			net.dstport = 0;
			net.vni = kKey;
			edit(net);
		});
	}

	Bytes arriving(const Gre &gre, const Packet &inner) const { return from_a(gre / inner); }
	Bytes arriving(const Gre &gre) const { return arriving(gre, inner_); }
	Bytes numbered(uint32_t number) const { return arriving({.key = kKey, .seq = number}); }
	void set_strict()
	{
		set_gre([](NetworkConfig &net) { net.seq = GreSeq::Strict; });
	}
	/// A number is looked at once only, and TC may have to finish the packet.
	void in_time(const Bytes &packet)
	{
		finishes_in_tc(
			"uplink", packet,
			{Verdict::Redirect, inner_, delivered(ip().peer_a, "blue", "port2", inner_.bytes().size())});
	}
	/// When a packet of any peer was last not late, jiffies.
	void set_heard(uint64_t heard)
	{
		const PinnedMap<xovl_sequence_key, xovl_sequence> sequences(bench_->pin("sequences"));
		sequences.for_each([&](const xovl_sequence_key &key, xovl_sequence sequence) {
			sequence.heard = heard;
			sequences.set(key, sequence);
		});
	}
	/// Not after a silence, however slow the machine is.
	void late(const Bytes &packet)
	{
		set_heard(kJustNow);
		finishes_in_tc("uplink", packet,
			       {Verdict::Drop,
				{},
				dropped_from_peer(ip().peer_a, "blue", "gre_sequence", inner_.bytes().size())});
	}

	/// Octets that are said to be GRE.
	Bytes from_a_raw(const Bytes &octets) const
	{
		const Ethernet eth = {mac::kUplink, mac::kPeerA};
		if (is_v4())
			return eth / IPv4{.src = ip().peer_a, .dst = ip().local, .protocol = uint8_t(47)} /
			       Payload{octets};
		return eth / IPv6{.src = ip().peer_a, .dst = ip().local, .next_header = uint8_t(47)} / Payload{octets};
	}

	/// The 32 bits of a sent GRE packet at that offset in its GRE header.
	uint32_t word_at(const Bytes &made, size_t at) const
	{
		uint32_t word = 0;
		for (size_t i = 0; i < 4; i++)
			word = word << 8 | made.at(ip_end() + at + i);
		return word;
	}
	static uint16_t sum_of(const Bytes &made, size_t from)
	{
		return internet_checksum(Bytes(made.begin() + static_cast<ptrdiff_t>(from), made.end()));
	}

	static constexpr uint64_t kJustNow = 1ull << 62; ///< no silence since
	static constexpr uint32_t kKey = 0xfedcba98;     ///< all of 32 bits
	static constexpr uint16_t kKeyed = 0x2000;
};

class GreIPv6 : public GreHeader {};

INSTANTIATE_TEST_SUITE_P(, GreHeader, every_setup(), setup_name);
INSTANTIATE_TEST_SUITE_P(, GreIPv6, testing::Values(Setup{XOVL_MODE_NATIVE, AF_INET6}, Setup{XOVL_MODE_TC, AF_INET6}),
			 setup_name);

TEST_P(GreHeader, SendsEveryKindOfFrame)
{
	sends_every_kind([&](const Packet &inner, const Bytes &made) { return gre_sent({.key = kKey}, inner, made); });
}

TEST_P(GreHeader, SendsWithoutKey)
{
	set_gre([](NetworkConfig &net) { net.vni = std::nullopt; });
	sends([&](const Bytes &made) { return gre_sent({}, out_, made); });
	set_gre([](NetworkConfig &net) { net.vni = 0; });
	sends([&](const Bytes &made) { return gre_sent({.key = 0}, out_, made); });
}

TEST_P(GreHeader, SendsChecksum)
{
	for (const bool keyed : {true, false}) {
		set_gre([&](NetworkConfig &net) {
			net.csum = true;
			if (!keyed)
				net.vni = std::nullopt;
		});
		const Gre gre = {.key = keyed ? std::optional(kKey) : std::nullopt, .csum = true};
		sends_every_kind([&](const Packet &inner, const Bytes &made) {
			EXPECT_EQ(sum_of(made, ip_end()), 0);
			return gre_sent(gre, inner, made);
		});
		for (size_t len : {60, 61, 255, 256, 257, 513, 1023, 1400}) {
			const Packet inner = frame_of(mac::kRemoteA, mac::kTenant1, len);
			const Bytes made = made_of(inner);
			EXPECT_EQ(hex_dump(made), hex_dump(gre_sent(gre, inner, made)));
		}
	}
}

/* A checksum that the stack left open: the packet's is that of the frame as it will be. */
TEST_P(GreHeader, SendsChecksumOverAnOpenOne)
{
	set_gre([](NetworkConfig &net) { net.csum = true; });
	const auto frame = [](bool partial) {
		return Ethernet{mac::kRemoteA, mac::kTenant1} / IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} /
		       TCP{.sport = 40000, .dport = 80, .partial = partial} / Payload::of(33);
	};
	const RunResult result = bench_->run(Hook::Tc, "port1", frame(true));
	EXPECT_EQ(result.verdict, Verdict::Redirect);
	Bytes want = gre_sent({.key = kKey, .csum = true}, frame(false), result.packet);
	const Bytes open = frame(true);
	const size_t at = 14 + 20 + 16, inner = ip_end() + 12;
	std::copy_n(open.begin() + at, 2, want.begin() + static_cast<ptrdiff_t>(inner + at));
	EXPECT_EQ(hex_dump(result.packet), hex_dump(want));
}

TEST_P(GreHeader, SendsNumbers)
{
	set_gre([](NetworkConfig &net) { net.seq = GreSeq::On; });
	/* 0 was the first, when the next hop was looked for */
	for (uint32_t number = 1; number < 4; number++) {
		const Bytes made = made_of(out_);
		EXPECT_EQ(hex_dump(made), hex_dump(gre_sent({.key = kKey, .seq = number}, out_, made)));
	}
	/* each peer has a count of its own */
	EXPECT_EQ(word_at(made_of(udp_frame(mac::kRemoteB, mac::kTenant1)), 8), 1u);
	EXPECT_EQ(word_at(made_of(out_), 8), 4u);
	EXPECT_EQ(word_at(made_of(udp_frame(mac::kRemoteB, mac::kTenant1)), 8), 2u);
}

TEST_P(GreHeader, SendsEverything)
{
	set_gre([](NetworkConfig &net) {
		net.seq = GreSeq::Strict;
		net.csum = true;
	});
	uint32_t number = 0;
	sends_every_kind([&](const Packet &inner, const Bytes &made) {
		/* made is one of two that each frame is sent as */
		const uint32_t mine = word_at(made, 12) + 1;
		EXPECT_GT(mine, number);
		number = mine;
		return gre_sent({.key = kKey, .seq = mine, .csum = true}, inner, made);
	});
}

TEST_P(GreHeader, SuperFrames)
{
	keeps_super_frames(ip_end() - 14 + 8, [&](const Packet &inner, const Bytes &made) {
		return gre_sent({.key = kKey}, inner, made);
	});
	set_gre([](NetworkConfig &net) { net.csum = true; });
	refuses_super_frames();
	set_gre([](NetworkConfig &net) { net.seq = GreSeq::On; });
	refuses_super_frames();
}

TEST_P(GreHeader, ReceivesEveryKindOfFrame)
{
	for (const Gre &gre : {Gre{.key = kKey}, Gre{.key = kKey, .csum = true}, Gre{.key = kKey, .seq = 1},
			       Gre{.key = kKey, .seq = 1, .csum = true}}) {
		SCOPED_TRACE(testing::Message() << gre.csum << gre.seq.has_value());
		receives_every_kind([&](const Packet &inner) { return arriving(gre, inner); });
	}
	set_gre([](NetworkConfig &net) { net.vni = std::nullopt; });
	receives_every_kind([&](const Packet &inner) { return arriving({}, inner); });
	receives_every_kind([&](const Packet &inner) { return arriving({.seq = 9, .csum = true}, inner); });
}

TEST_P(GreHeader, Key)
{
	for (int i = 0; i < 2; i++) {
		delivers(numbered(1), inner_);
		for (int bit : {0, 7, 8, 23, 24, 31})
			refuses(arriving({.key = kKey ^ 1u << bit}), "key_unknown");
		refuses(arriving({}), "key_unknown");
		delivers(arriving({.key = kKey}), inner_);
	}
	set_gre([](NetworkConfig &net) { net.vni = 0; });
	delivers(arriving({.key = 0}), inner_);
	refuses(arriving({}), "key_unknown");
	delivers(arriving({.key = 0}), inner_);
	set_gre([](NetworkConfig &net) { net.vni = std::nullopt; });
	refuses(arriving({.key = 0}), "key_unknown");
	delivers(arriving({}), inner_);
	refuses(arriving({.key = 0}), "key_unknown");
}

/* Keys that differ in the octet that would be the FlowID of NVGRE, or in any other. */
TEST_P(GreHeader, NetworksAreToldApart)
{
	const Packet rest = IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} / UDP{1, 2} / Payload::of(20);
	const Packet green = Ethernet{mac::kTenant2, mac::kRemoteA} / rest;
	for (uint32_t bit : {0x01u, 0x80u, 0x100u, 0x80000000u}) {
		SCOPED_TRACE(bit);
		Config config = bench_->config();
		NetworkConfig &net = *config.find_network("green");
		net.encap = XOVL_ENCAP_GRE;
		net.dstport = 0;
		net.vni = kKey ^ bit;
		net.fdb = {{Mac::parse(mac::kTenant2), FdbPort("trunk", 20)},
			   {Mac::parse(mac::kRemoteA), Address::parse(ip().peer_a)}};
		bench_->apply(config);
		for (int i = 0; i < 2; i++) {
			delivers(arriving({.key = kKey}), inner_);
			wire("under", arriving({.key = kKey ^ bit}, green),
			     {{"tenants", Ethernet{mac::kTenant2, mac::kRemoteA} / Vlan{20} / rest}},
			     delivered(ip().peer_a, "green", "trunk.20", green.bytes().size()));
		}
	}
}

/* Whether the network sends checksums or not. */
TEST_P(GreHeader, ChecksumIsVerified)
{
	for (const bool csum : {false, true}) {
		set_gre([&](NetworkConfig &net) { net.csum = csum; });
		for (size_t len : {60, 61, 255, 256, 257, 513, 1023, 1400}) {
			SCOPED_TRACE(len);
			const Packet inner = frame_of(mac::kTenant2, mac::kRemoteA, len);
			const Bytes good = arriving({.key = kKey, .csum = true}, inner);
			delivers(good, inner);
			for (size_t at : {ip_end() + 5, ip_end() + 7, ip_end() + 12 + 30, good.size() - 1}) {
				Bytes bad = good;
				bad[at] ^= 0x10;
				refuses_in_tc(bad, "gre_checksum");
			}
		}
		delivers(arriving({.key = kKey}), inner_);
		delivers(arriving({.key = kKey, .csum = true, .reserved1 = 0xabcd}), inner_);
		refuses_in_tc(arriving({.key = kKey, .csum = true, .checksum = 0}), "gre_checksum");
		refuses_in_tc(arriving({.key = kKey, .csum = true, .checksum = 0xffff}), "gre_checksum");
	}
}

/* A gretap of the same machine leaves 0 there, and the rest to the device (CHECKSUM_PARTIAL). */
TEST_P(GreHeader, ChecksumLeftToTheDevice)
{
	const Bytes open = arriving({.key = kKey, .csum = true, .checksum = 0});
	wire([&] { bench_->far("under").send_partial(open, static_cast<uint16_t>(ip_end()), 4); },
	     {{"tenant2", inner_}}, delivered(ip().peer_a, "blue", "port2", inner_.bytes().size()));
	wire("under", open, {}, dropped_outer("gre_checksum"));
}

TEST_P(GreHeader, NumbersMayBeLate)
{
	for (const GreSeq seq : {GreSeq::Off, GreSeq::On}) {
		set_gre([&](NetworkConfig &net) { net.seq = seq; });
		for (uint32_t number : {5, 6, 6, 4, 0})
			delivers(numbered(number), inner_);
	}
}

TEST_P(GreHeader, LateNumbersAreDropped)
{
	set_strict();
	for (uint32_t number : {5u, 6u, 100u, 1124u, 1125u}) {
		SCOPED_TRACE(number);
		in_time(numbered(number));
		late(numbered(number));
		late(numbered(number - 1));
		late(numbered(number - 1000));
	}
	/* what is dropped for another reason has no number */
	const Gre wrong = {.key = kKey, .seq = 1500, .csum = true, .checksum = 1};
	refuses_in_tc(arriving(wrong), "gre_checksum");
	late(arriving({.key = kKey, .seq = 1125, .csum = true}));
	in_time(arriving({.key = kKey, .seq = 1126, .csum = true}));
	late(numbered(1126));
	/* without a number nothing is late */
	in_time(arriving({.key = kKey}));
	in_time(numbered(1127));
	/* each peer has numbers of its own */
	finishes_in_tc("uplink", from(ip().peer_b, Gre{.key = kKey, .seq = 3} / inner_),
		       {Verdict::Redirect, inner_, delivered(ip().peer_b, "blue", "port2", inner_.bytes().size())});
}

TEST_P(GreHeader, NumbersWrap)
{
	set_strict();
	for (uint32_t number : {0xfffffffdu, 0xfffffffeu, 0xffffffffu, 0u, 1u, 7u}) {
		SCOPED_TRACE(number);
		in_time(numbered(number));
		late(numbered(number));
		late(numbered(number - 1024));
	}
}

/* The first number of a peer can be any. */
TEST_P(GreHeader, NumbersBeginAnywhere)
{
	for (uint32_t first : {0u, 1u, 1024u, 1025u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
		SCOPED_TRACE(first);
		set_gre([](NetworkConfig &net) { net.seq = GreSeq::Off; }); /* its numbers are forgotten */
		set_strict();
		in_time(numbered(first));
		late(numbered(first));
		in_time(numbered(first + 1));
		late(numbered(first));
		in_time(numbered(first + 2));
	}
}

/* One packet that anybody made up costs none of the peer's. */
TEST_P(GreHeader, AForgedNumberIsNotBelieved)
{
	set_strict();
	in_time(numbered(9));
	uint32_t next = 10;
	for (uint32_t ahead : {1025u + 9, 5000u, 0x7fffffffu, 0x7fffffffu + 9}) {
		SCOPED_TRACE(ahead);
		in_time(numbered(ahead));
		late(numbered(ahead)); /* again */
		for (int i = 0; i < 3; i++)
			in_time(numbered(next++));
		late(numbered(next - 1));
	}
	for (uint32_t behind : {1025u, 5000u, 0x7fffffffu}) {
		SCOPED_TRACE(behind);
		late(numbered(next - 1 - behind));
		for (int i = 0; i < 3; i++)
			in_time(numbered(next++));
	}
	/* one packet of the peer between them is enough */
	for (int i = 0; i < 3; i++) {
		in_time(numbered(0x10000000u + static_cast<uint32_t>(i)));
		in_time(numbered(next++));
	}
}

/* Of two that were made up, one after the other, the peer recovers with its second packet. */
TEST_P(GreHeader, TwoForgedNumbersCostOnePacket)
{
	set_strict();
	in_time(numbered(9));
	in_time(numbered(0x10000000u));
	in_time(numbered(0x10000001u));
	late(numbered(10));
	in_time(numbered(11));
	in_time(numbered(12));
	late(numbered(11));
}

/* After a long loss: nothing is lost besides. */
TEST_P(GreHeader, APeerJumpsAhead)
{
	set_strict();
	in_time(numbered(9));
	for (uint32_t number : {50000u, 50001u, 50003u})
		in_time(numbered(number));
	late(numbered(50002));
	/* in another order */
	in_time(numbered(90001));
	in_time(numbered(90000));
	in_time(numbered(90003));
	late(numbered(90002));
}

TEST_P(GreHeader, APeerStartsAgain)
{
	set_strict();
	in_time(numbered(5000));
	late(numbered(0));
	for (uint32_t number = 1; number < 5; number++)
		in_time(numbered(number));
	late(numbered(4));
	/* one that had sent few numbers: after a second of silence */
	late(numbered(0));
	set_heard(1);
	for (uint32_t number = 0; number < 5; number++)
		in_time(numbered(number));
	late(numbered(4));
}

/* RFC 2784, 2.1 and 2.2 */
TEST_P(GreHeader, Flags)
{
	for (int i = 0; i < 2; i++) {
		const auto flagged = [&](uint16_t more) {
			return arriving({.key = kKey, .flags = static_cast<uint16_t>(kKeyed | more)});
		};
		delivers(flagged(0), inner_);
		refuses(flagged(0x4000), "gre_routing");
		for (uint16_t reserved : {0x0800, 0x0400, 0x0c00})
			refuses(flagged(reserved), "gre_flags");
		for (uint16_t ignored : {0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010, 0x0008, 0x03f8})
			delivers(flagged(ignored), inner_);
		for (uint16_t version : {1, 2, 4, 7})
			refuses(flagged(version), "gre_version");
		for (uint16_t protocol : {0x0000, 0x0800, 0x86dd, 0x880b, 0x88be, 0x6559, 0xffff})
			refuses(arriving({.key = kKey, .protocol = protocol}), "gre_protocol");
	}
}

TEST_P(GreHeader, TruncatedAnywhere)
{
	const Bytes whole = arriving({.key = kKey, .seq = 1});
	refuses_prefixes(whole, ip_end() + 4);
	delivers(whole, inner_);
}

/* The same where the outer lengths agree. */
TEST_P(GreHeader, NoRoomForTheInnerHeader)
{
	for (const Gre &gre : {Gre{.key = kKey}, Gre{.key = kKey, .seq = 1, .csum = true}}) {
		const Bytes tunnel = gre / inner_;
		const size_t header = tunnel.size() - inner_.bytes().size();
		for (size_t length = 4; length < header + 14; length++) {
			SCOPED_TRACE(length);
			refuses(from_a_raw(truncated(tunnel, length)), "gre_short");
		}
	}
}

/* The encapsulation limit that Linux sends (RFC 2473, 4.1.1). */
TEST_P(GreIPv6, DestinationOptions)
{
	const IPv6Ext limit = {60, {0, 4, 1, 4, 1, 1, 0}};
	const Packet outer = Ethernet{mac::kUplink, mac::kPeerA} / outer_ip(ip().peer_a, ip().local) / limit;
	for (const Gre &gre : {Gre{.key = kKey}, Gre{.key = kKey, .seq = 7, .csum = true}}) {
		delivers(outer / gre / inner_, inner_);
		delivers(arriving(gre), inner_);
	}
	refuses_in_tc(outer / Gre{.key = kKey, .csum = true, .checksum = 1} / inner_, "gre_checksum");
	refuses(outer / Gre{.key = kKey + 1} / inner_, "key_unknown");
}

} // namespace xovl::test
