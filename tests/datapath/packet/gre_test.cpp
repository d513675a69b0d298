// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/packet/gre.h, GRE: key and checksum in both directions (RFC 2784, 2890). gre_numbers_test.cpp has sequence
// numbers.
#include "gre_bench.hpp"

namespace xovl::test {

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

/* The GRE checksum covers the frame with its partial checksum completed. */
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

TEST_P(GreHeader, SendsEverything)
{
	set_gre([](NetworkConfig &net) {
		net.seq = GreSeq::Strict;
		net.csum = true;
	});
	uint32_t number = 0;
	sends_every_kind([&](const Packet &inner, const Bytes &made) {
		/* each frame is sent twice; made is the first packet */
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

/* All 32 bits of the key select the network, including the octet that is the FlowID in NVGRE. */
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

/* Checksums are verified even if the network sends none. */
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

/* The partial checksum of a gretap on the same machine is accepted: it is 0 until the device fills it in. */
TEST_P(GreHeader, ChecksumLeftToTheDevice)
{
	const Bytes open = arriving({.key = kKey, .csum = true, .checksum = 0});
	wire([&] { bench_->far("under").send_partial(open, static_cast<uint16_t>(ip_end()), 4); },
	     {{"tenant2", inner_}}, delivered(ip().peer_a, "blue", "port2", inner_.bytes().size()));
	wire("under", open, {}, dropped_outer("gre_checksum"));
}

/* Packets with invalid flags are refused (RFC 2784, 2.1 and 2.2). */
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

/* Packets too short for the headers are refused, even if the outer lengths agree. */
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

/* The encapsulation limit option that Linux sends is skipped (RFC 2473, 4.1.1). */
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
