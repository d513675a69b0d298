// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/packet/gre.h: sequence numbers of GRE, both ways (RFC 2890).
#include "gre_bench.hpp"
#include "pinned_map.hpp"

namespace xovl::test {

class GreNumbers : public GreHeader {
protected:
	void set_strict()
	{
		set_gre([](NetworkConfig &net) { net.seq = GreSeq::Strict; });
	}
	/// The packet is accepted. XDP leaves it to TC, as a number can be checked only once.
	void in_time(const Bytes &packet)
	{
		finishes_in_tc(
			"uplink", packet,
			{Verdict::Redirect, inner_, delivered(ip().peer_a, "blue", "port2", inner_.bytes().size())});
	}
	/// Sets the time, in jiffies, of the last packet of every peer that was not late.
	void set_heard(uint64_t heard)
	{
		const PinnedMap<xovl_sequence_key, xovl_sequence> sequences(bench_->pin("sequences"));
		sequences.for_each([&](const xovl_sequence_key &key, xovl_sequence sequence) {
			sequence.heard = heard;
			sequences.set(key, sequence);
		});
	}
	/// The packet is late. set_heard() rules out a silence on slow machines.
	void late(const Bytes &packet)
	{
		set_heard(kJustNow);
		finishes_in_tc("uplink", packet,
			       {Verdict::Drop,
				{},
				dropped_from_peer(ip().peer_a, "blue", "gre_sequence", inner_.bytes().size())});
	}

	static constexpr uint64_t kJustNow = 1ull << 62; ///< not followed by a silence
};

INSTANTIATE_TEST_SUITE_P(, GreNumbers, every_setup(), setup_name);

TEST_P(GreNumbers, SendsNumbers)
{
	set_gre([](NetworkConfig &net) { net.seq = GreSeq::On; });
	/* number 0 was used when the next hop was resolved */
	for (uint32_t number = 1; number < 4; number++) {
		const Bytes made = made_of(out_);
		EXPECT_EQ(hex_dump(made), hex_dump(gre_sent({.key = kKey, .seq = number}, out_, made)));
	}
	/* each peer has its own send counter */
	EXPECT_EQ(word_at(made_of(udp_frame(mac::kRemoteB, mac::kTenant1)), 8), 1u);
	EXPECT_EQ(word_at(made_of(out_), 8), 4u);
	EXPECT_EQ(word_at(made_of(udp_frame(mac::kRemoteB, mac::kTenant1)), 8), 2u);
}

TEST_P(GreNumbers, NumbersMayBeLate)
{
	for (const GreSeq seq : {GreSeq::Off, GreSeq::On}) {
		set_gre([&](NetworkConfig &net) { net.seq = seq; });
		for (uint32_t number : {5, 6, 6, 4, 0})
			delivers(numbered(number), inner_);
	}
}

TEST_P(GreNumbers, LateNumbersAreDropped)
{
	set_strict();
	for (uint32_t number : {5u, 6u, 100u, 1124u, 1125u}) {
		SCOPED_TRACE(number);
		in_time(numbered(number));
		late(numbered(number));
		late(numbered(number - 1));
		late(numbered(number - 1000));
	}
	/* a packet dropped for another reason does not use up its number */
	const Gre wrong = {.key = kKey, .seq = 1500, .csum = true, .checksum = 1};
	refuses_in_tc(arriving(wrong), "gre_checksum");
	late(arriving({.key = kKey, .seq = 1125, .csum = true}));
	in_time(arriving({.key = kKey, .seq = 1126, .csum = true}));
	late(numbered(1126));
	/* a packet without a number is never late */
	in_time(arriving({.key = kKey}));
	in_time(numbered(1127));
	/* each peer has its own receive window */
	finishes_in_tc("uplink", from(ip().peer_b, Gre{.key = kKey, .seq = 3} / inner_),
		       {Verdict::Redirect, inner_, delivered(ip().peer_b, "blue", "port2", inner_.bytes().size())});
}

TEST_P(GreNumbers, NumbersWrap)
{
	set_strict();
	for (uint32_t number : {0xfffffffdu, 0xfffffffeu, 0xffffffffu, 0u, 1u, 7u}) {
		SCOPED_TRACE(number);
		in_time(numbered(number));
		late(numbered(number));
		late(numbered(number - 1024));
	}
}

/* A peer can start with any number. */
TEST_P(GreNumbers, NumbersBeginAnywhere)
{
	for (uint32_t first : {0u, 1u, 1024u, 1025u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
		SCOPED_TRACE(first);
		set_gre([](NetworkConfig &net) { net.seq = GreSeq::Off; }); /* forgets its numbers */
		set_strict();
		in_time(numbered(first));
		late(numbered(first));
		in_time(numbered(first + 1));
		late(numbered(first));
		in_time(numbered(first + 2));
	}
}

/* One forged packet costs no packet of the peer. */
TEST_P(GreNumbers, AForgedNumberIsNotBelieved)
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
	/* one packet of the peer between two forged ones is enough */
	for (int i = 0; i < 3; i++) {
		in_time(numbered(0x10000000u + static_cast<uint32_t>(i)));
		in_time(numbered(next++));
	}
}

/* After two forged packets in a row, one packet of the peer is lost. */
TEST_P(GreNumbers, TwoForgedNumbersCostOnePacket)
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

/* When a peer jumps ahead after a long loss, no further packets are lost. */
TEST_P(GreNumbers, APeerJumpsAhead)
{
	set_strict();
	in_time(numbered(9));
	for (uint32_t number : {50000u, 50001u, 50003u})
		in_time(numbered(number));
	late(numbered(50002));
	/* out of order */
	in_time(numbered(90001));
	in_time(numbered(90000));
	in_time(numbered(90003));
	late(numbered(90002));
}

TEST_P(GreNumbers, APeerStartsAgain)
{
	set_strict();
	in_time(numbered(5000));
	late(numbered(0));
	for (uint32_t number = 1; number < 5; number++)
		in_time(numbered(number));
	late(numbered(4));
	/* a peer that has sent few numbers starts again after a second of silence */
	late(numbered(0));
	set_heard(1);
	for (uint32_t number = 0; number < 5; number++)
		in_time(numbered(number));
	late(numbered(4));
}

} // namespace xovl::test
