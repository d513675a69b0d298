// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/underlay/neighbour.h: packets that go through the kernel's neighbour code, some by a detour.
#include <thread>

#include <fmt/format.h>

#include "tunnel_fixture.hpp"

namespace xovl::test {

class Neighbour : public TunnelTest {
protected:
	static constexpr uint32_t kMark = 0x786f7660; ///< mark of the detour; the bucket of the flow is added
	static constexpr uint32_t kBuckets = 16;

	bool is_tunnel(const Frame &frame) const
	{
		return frame.ethertype() == (is_v4() ? 0x0800 : 0x86dd) && frame.be16(outer_len() - 14) == 4789;
	}

	/// Returns the number of xovl's own packets captured as incoming on the uplink since the last call.
	size_t detours()
	{
		return bench_->near("uplink")
			.frames([&](const Frame &frame) { return !frame.outgoing && is_tunnel(frame); })
			.size();
	}

	size_t arrive(size_t count)
	{
		const auto ours = [&](const Frame &frame) { return !frame.outgoing && is_tunnel(frame); };
		return bench_->far("under").collect(count, ours, 1s).size();
	}

	/// Makes blue flood to this many peers, all behind the gateway.
	void flood_to(size_t peers, const std::string &gateway)
	{
		const std::string prefix = is_v4() ? "203.0." : "2001:db8:dead::";
		bench_->ip(
			fmt::format("route add {} via {}", is_v4() ? "203.0.0.0/16" : "2001:db8:dead::/64", gateway));
		Config config = bench_->config();
		auto &flood = config.find_network("blue")->flood;
		flood.clear();
		for (size_t peer = 0; peer < peers; peer++)
			flood.push_back(
				Address::parse(is_v4() ? fmt::format("{}{}.{}", prefix, peer / 200, 1 + peer % 200)
						       : fmt::format("{}{:x}", prefix, 1 + peer)));
		bench_->apply(config);
	}
};

INSTANTIATE_TEST_SUITE_P(, Neighbour, every_setup(), setup_name);

TEST_P(Neighbour, UnresolvedNeighbourIsAskedFor)
{
	bench_->ip(fmt::format("neigh del {} dev uplink", ip().peer_a));
	std::this_thread::sleep_for(600ms);
	bench_->far("under").frames();
	bench_->far("tenant1").send(out_);
	const auto asks = [&](const Frame &frame) {
		if (frame.outgoing)
			return false;
		return is_v4() ? frame.ethertype() == 0x0806
			       : frame.ethertype() == 0x86dd && frame.bytes.size() > 54 && frame.bytes[54] == 135;
	};
	EXPECT_GE(bench_->far("under").collect(1, asks, 1s).size(), 1u);

	/* the neighbour answers, and the waiting packet leaves */
	bench_->ip(fmt::format("neigh replace {} lladdr {} dev uplink nud reachable", ip().peer_a, mac::kPeerA));
	const auto came = bench_->far("under").collect(
		1, [&](const Frame &frame) { return !frame.outgoing && is_tunnel(frame); }, 1s);
	ASSERT_EQ(came.size(), 1u);
	EXPECT_EQ(hex_dump(came[0].bytes),
		  hex_dump(encapsulated(kBlueVni, out_, mac::kPeerA, ip().peer_a, came[0].bytes)));
}

TEST_P(Neighbour, KnownUnicastGoesStraightOut)
{
	detours();
	bench_->unconfirm();
	bench_->forget_paths();
	wire("tenant1", out_,
	     {{"under", encapsulated(kBlueVni, out_, mac::kPeerA, ip().peer_a, made_of(out_, Hook::Tc))}},
	     sent("port1", "blue", ip().peer_a, out_.bytes().size()));
	bench_->unconfirm();
	bench_->forget_paths();
	bench_->far("tenant1").send(out_);
	EXPECT_EQ(arrive(1), 1u);
	EXPECT_EQ(detours(), 0u);
}

/* In a flood to many peers, few copies take the detour to confirm neighbours. All peers get their copy. */
TEST_P(Neighbour, FewCopiesOfAFlood)
{
	constexpr size_t kPeers = 20, kDetours = 8;
	flood_to(kPeers, ip().peer_b);
	const Packet frame = udp_frame(mac::kBroadcast, mac::kTenant1);
	for (int round = 0; round < 2; round++) {
		bench_->unconfirm();
		bench_->forget_paths();
		bench_->far("under").frames();
		detours();
		bench_->far("tenant1").send(frame);
		EXPECT_EQ(arrive(kPeers), kPeers);
		EXPECT_EQ(detours(), kDetours);
	}
}

/*
 * A CPU's backlog holds a thousand packets. Some copies to an unresolved neighbour take the detour, the others are
 * dropped and counted.
 */
TEST_P(Neighbour, ManyCopiesToOneThatIsNotThere)
{
	constexpr uint64_t kPeers = 300, kDetours = 256;
	flood_to(kPeers, ip().stranger);
	const Bytes frame = udp_frame(mac::kBroadcast, mac::kTenant1);
	const RunResult result = bench_->run(Hook::Tc, "port1", frame);
	EXPECT_EQ(result.verdict, Verdict::Drop) << "flooded";
	Counts counts = bench_->counts();
	EXPECT_EQ(counts["drop neighbour copies"], kPeers - kDetours);
	EXPECT_EQ(counts["net blue flooded"], 1u);
}

/* A packet with a mark outside the detour's range is an ordinary packet of a peer. */
TEST_P(Neighbour, OtherMarks)
{
	for (uint32_t mark : {0u, 1u, kMark - 1, kMark + kBuckets, 0xffffffffu}) {
		const RunResult result = run_marked("uplink", arriving(kBlueVni, inner_), mark);
		EXPECT_EQ(result.verdict, Verdict::Redirect) << std::hex << mark;
		EXPECT_EQ(hex_dump(result.packet), hex_dump(inner_)) << std::hex << mark;
	}
}

/* A packet on the detour is dropped if its peer has been removed. */
TEST_P(Neighbour, OfAPeerThatHasGone)
{
	Bytes packet = arriving(kBlueVni, inner_);
	for (uint32_t peer : {9999u, 0xffffffffu}) {
		for (int i = 0; i < 4; i++)
			packet[6 + i] = static_cast<uint8_t>(peer >> 8 * i);
		for (uint32_t bucket : {0u, kBuckets - 1})
			EXPECT_EQ(run_marked("uplink", packet, kMark + bucket).verdict, Verdict::Drop);
	}
	EXPECT_EQ(bench_->counts()["peer " + ip().peer_a + " rx_packets"], 0u);
}

} // namespace xovl::test
