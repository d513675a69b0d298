// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/decap/verify.h: the order of the checks, the effects of a refused packet, and all changes in one packet.
// checksum_test.cpp, gre_test.cpp, ecn_test.cpp and mss_test.cpp test each check alone.
#include "tunnel_fixture.hpp"

namespace xovl::test {

namespace {

constexpr uint32_t kKey = 77;
enum Codepoint : uint8_t { NotEct, Ect1, Ect0, Ce };

} // namespace

class Verify : public TunnelTest {
protected:
	/// Returns a packet from peer A with this TOS in the outer IP header.
	Packet marked(uint8_t tos, const Packet &below) const
	{
		const Packet outer =
			is_v4() ? Packet(IPv4{.src = ip().peer_a, .dst = ip().local, .tos = tos})
				: Packet(IPv6{.src = ip().peer_a, .dst = ip().local, .traffic_class = tos});
		return Ethernet{mac::kUplink, mac::kPeerA} / outer / below;
	}

	static Packet tcp(uint8_t tos, uint16_t mss)
	{
		return Ethernet{mac::kTenant2, mac::kRemoteA} / IPv4{.src = "10.1.0.1", .dst = "10.1.0.2", .tos = tos} /
		       TCP{.sport = 40000, .dport = 80, .flags = 0x02, .options = TCP::mss(mss)};
	}

	/// The frame is dropped after its network is known: it counts as one of peer A's.
	void refuses_frame(const Bytes &packet, const Packet &inner, const std::string &reason)
	{
		finishes_in_tc(
			"uplink", packet,
			{Verdict::Drop, {}, dropped_from_peer(ip().peer_a, "blue", reason, inner.bytes().size())});
	}
};

class VerifyGre : public Verify {
protected:
	void SetUp() override
	{
		Verify::SetUp();
		set_blue([](NetworkConfig &net) {
			net.encap = XOVL_ENCAP_GRE;
			net.dstport = 0;
			net.vni = kKey;
			net.seq = GreSeq::Strict;
		});
	}

	static Gre numbered(uint32_t number, bool wrong = false)
	{
		Gre gre = {.key = kKey, .seq = number, .csum = true};
		if (wrong)
			gre.checksum = 1;
		return gre;
	}

	void takes(const Bytes &packet)
	{
		finishes_in_tc(
			"uplink", packet,
			{Verdict::Redirect, inner_, delivered(ip().peer_a, "blue", "port2", inner_.bytes().size())});
	}
};

INSTANTIATE_TEST_SUITE_P(, Verify, every_setup(), setup_name);
INSTANTIATE_TEST_SUITE_P(, VerifyGre, every_setup(), setup_name);

/* The checks run in the order checksum, sequence number, congestion mark. inner_ is Not-ECT, so a CE mark drops it. */
TEST_P(VerifyGre, ChecksumThenNumberThenMark)
{
	takes(marked(NotEct, numbered(10) / inner_));
	refuses_in_tc(marked(Ce, numbered(10, true) / inner_), "gre_checksum");
	refuses_frame(marked(Ce, numbered(10) / inner_), inner_, "gre_sequence");
	refuses_frame(marked(Ce, numbered(11) / inner_), inner_, "ecn");
}

TEST_P(VerifyGre, AWrongChecksumUsesNoNumber)
{
	takes(marked(NotEct, numbered(10) / inner_));
	for (uint32_t number : {11u, 500u, 0x80000000u})
		refuses_in_tc(marked(NotEct, numbered(number, true) / inner_), "gre_checksum");
	takes(marked(NotEct, numbered(11) / inner_));
}

/* A packet dropped by ECN uses up its sequence number: a second packet with that number is late. */
TEST_P(VerifyGre, ADroppedMarkUsesTheNumber)
{
	takes(marked(NotEct, numbered(10) / inner_));
	refuses_frame(marked(Ce, numbered(11) / inner_), inner_, "ecn");
	refuses_frame(marked(NotEct, numbered(11) / inner_), inner_, "gre_sequence");
	takes(marked(NotEct, numbered(12) / inner_));
}

TEST_P(Verify, ADroppedFrameTeachesNothing)
{
	const Packet unknown = udp_frame(mac::kTenant2, mac::kUnknown);
	const UDP wrong = {.sport = 50000, .dport = 4789, .checksum = 1};
	refuses_in_tc(marked(NotEct, wrong / Vxlan{kBlueVni} / unknown), "udp_checksum");
	finishes("uplink", marked(Ce, udp(4789, Vxlan{kBlueVni} / unknown)),
		 {Verdict::Drop, {}, dropped_from_peer(ip().peer_a, "blue", "ecn", unknown.bytes().size())});
	EXPECT_FALSE(bench_->fdb("blue", mac::kUnknown));
	delivers(marked(NotEct, udp(4789, Vxlan{kBlueVni} / unknown)), unknown);
	EXPECT_TRUE(bench_->fdb("blue", mac::kUnknown));
}

/* One packet with outer checksum, CE mark, group and SYN gets all changes, and correct inner checksums. */
TEST_P(Verify, AllChangesAtOnce)
{
	set_blue([](NetworkConfig &net) {
		net.gbp = true;
		net.mss_clamp = true;
	});
	const auto fits = static_cast<uint16_t>(kUplinkMtu - (outer_len() - 14) - 14 - 40);
	const Packet inner = tcp(Ect0, 9000), after = tcp(Ce, fits);
	const UDP summed = {.sport = 50000, .dport = 4789};
	const Bytes packet = marked(Ce, summed / Vxlan::gbp(kBlueVni, 0x1234) / inner);
	finishes_in_tc("uplink", packet,
		       {Verdict::Redirect, after, delivered(ip().peer_a, "blue", "port2", inner.bytes().size())});
	const RunResult result = run_marked("uplink", packet, 0);
	EXPECT_EQ(hex_dump(result.packet), hex_dump(after));
	EXPECT_EQ(result.mark, 0x1234u);

	Bytes damaged = packet;
	damaged.back() ^= 1;
	refuses_in_tc(damaged, "udp_checksum");
}

} // namespace xovl::test
