// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// More addresses than the caches hold: hints in front of the FDB (bpf/l2/fdb.h), and paths that evict each other
// (bpf/path/path.h).
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <map>
#include <set>

#include "path_fixture.hpp"
#include "prog_run.hpp"
#include "xovl/caches.h"

namespace xovl::test {

namespace {

constexpr unsigned kAddresses = 220; ///< the FDB of the bench has 256 entries

class Many : public Path {
protected:
	static std::string address(unsigned n) { return fmt::format("02:00:00:05:00:{:02x}", n); }
	/// Odd addresses are behind peer B, even ones behind peer A.
	const std::string &peer_of(unsigned n) const { return n % 2 ? ip().peer_b : ip().peer_a; }
	static Packet frame_to(unsigned n) { return udp_frame(address(n), mac::kTenant1); }

	/// Adds static entries for all addresses. ageing: for learned entries, in seconds.
	void add_addresses(unsigned ageing)
	{
		Config config = bench_->config();
		NetworkConfig &blue = network(config, "blue");
		blue.ageing = ageing;
		for (unsigned n = 0; n < kAddresses; n++)
			blue.fdb.push_back({Mac::parse(address(n)), Address::parse(peer_of(n))});
		bench_->apply(config);
	}

	void goes_to_its_peer(unsigned n)
	{
		SCOPED_TRACE(testing::Message() << "address " << n);
		finishes("port1", frame_to(n), to_peer(frame_to(n), peer_of(n)));
	}

	/// Returns the place of each path on this CPU that leads to one of the addresses.
	std::map<uint32_t, unsigned> places() const
	{
		const Fd map = pinned(bench_->pin("paths"));
		const uint32_t first = static_cast<uint32_t>(home_->cpu()) * (XOVL_PATHS / XOVL_BLOCK_PATHS);
		const auto block = std::make_unique<xovl_path_block>();
		std::map<uint32_t, unsigned> found;
		for (uint32_t place = 0; place < XOVL_PATHS; place++) {
			const uint32_t index = first + place / XOVL_BLOCK_PATHS;
			if (place % XOVL_BLOCK_PATHS == 0) {
				EXPECT_EQ(bpf_map_lookup_elem(map.get(), &index, block.get()), 0);
			}
			const uint64_t dst = block->path[place % XOVL_BLOCK_PATHS].key.dst & 0xffffffffffff;
			const auto prefix = dst & 0xffffffffff;
			if (prefix == 0x0005000002) // 02:00:00:05:00, the first octet lowest
				found[place] = static_cast<unsigned>(dst >> 40);
		}
		return found;
	}

	/// Returns two addresses whose paths share a place, or nullopt if there are none.
	std::optional<std::pair<unsigned, unsigned>> pair_of_one_place()
	{
		bench_->forget_paths();
		for (unsigned n = 0; n < kAddresses; n++)
			goes("port1", frame_to(n)); // gets a place, unless another path keeps it
		const auto taken = places();
		std::set<unsigned> second;
		for (unsigned n = 0; n < kAddresses; n++)
			second.insert(n);
		for (const auto &[place, address] : taken)
			second.erase(address);
		if (second.empty())
			return std::nullopt;
		bench_->forget_paths();
		goes("port1", frame_to(*second.begin()));
		for (const auto &[place, address] : places())
			if (address == *second.begin())
				return std::pair{taken.at(place), address};
		return std::nullopt;
	}
};

} // namespace

/* Frames reach their peer by hint, FDB entry or path, even when lines of hints overflow. */
TEST_P(Many, EachGoesToItsPeer)
{
	add_addresses(300);
	for (int round = 0; round < 3; round++)
		for (unsigned n = 0; n < kAddresses; n += round ? 7 : 1)
			goes_to_its_peer(n);
	/* no path, and no hint of this epoch, is left */
	bench_->forget_paths();
	for (unsigned n = 0; n < kAddresses; n += 5)
		goes_to_its_peer(n);
}

/* A torn hint, as two CPUs leave it that write at once, matches no address. */
TEST_P(Many, TornHintsMatchNothing)
{
	add_addresses(300);
	for (unsigned n = 0; n < kAddresses; n++)
		goes("port1", frame_to(n));
	const Fd map = pinned(bench_->pin("fdb_hints"));
	uint32_t line = 0;
	unsigned torn = 0;
	xovl_fdb_hints hints = {};
	while (bpf_map_lookup_elem(map.get(), &line, &hints) == 0) {
		for (xovl_fdb_hint &hint : hints.hint)
			if (hint.dst) {
				hint.dst ^= uint64_t{3} << 32; // another peer
				torn++;
			}
		ASSERT_EQ(bpf_map_update_elem(map.get(), &line, &hints, BPF_EXIST), 0);
		line++;
	}
	EXPECT_GE(torn, kAddresses * 3 / 4) << "hints were in use";
	/* frames that have no path yet */
	for (unsigned n = 0; n < kAddresses; n += 3) {
		const Packet frame = udp_frame(address(n), mac::kTagged);
		EXPECT_TRUE(goes("port2", frame));
		finishes("port2", frame, to_peer(frame, peer_of(n), "port2"));
	}
}

/* Two paths that share a place still renew their common source in the FDB. */
TEST_P(Many, TwoPathsInOnePlace)
{
	add_addresses(1);
	const auto pair = pair_of_one_place();
	ASSERT_TRUE(pair) << "no two of " << kAddresses << " addresses share a place: try others";
	const auto begin = Clock::now();
	unsigned frames = 0;
	for (; Clock::now() - begin < 2s; frames++) {
		EXPECT_TRUE(goes("port1", frame_to(pair->first)));
		EXPECT_TRUE(goes("port1", frame_to(pair->second)));
		std::this_thread::sleep_for(5ms);
	}
	EXPECT_GT(frames, 20u);
	goes_to_its_peer(pair->first);
	goes_to_its_peer(pair->second);
	goes_to_its_peer(pair->first);
	/* tenant1, learned at the start, has not expired */
	EXPECT_TRUE(goes("port2", udp_frame(mac::kTenant1, mac::kTenant2)));
}

INSTANTIATE_TEST_SUITE_P(, Many, each_mode(), setup_name);

} // namespace xovl::test
