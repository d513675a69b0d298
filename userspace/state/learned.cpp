// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "state/learned.hpp"

#include <sched.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <numeric>

namespace xovl {

namespace {

static_assert(std::atomic_ref<__u64>::is_always_lock_free);

/// Rounds up to whole pages, as mmap() requires.
size_t length_of(size_t octets)
{
	const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
	return (octets + page - 1) / page * page;
}

/// Maps the elements of an array map (BPF_F_MMAPABLE) into memory.
template <typename Value> std::span<Value> share(const Map<uint32_t, Value> &map)
{
	const size_t octets = map.max_entries() * sizeof(Value);
	void *at = mmap(nullptr, length_of(octets), PROT_READ | PROT_WRITE, MAP_SHARED, map.fd(), 0);
	if (at == MAP_FAILED)
		throw system_error("share", "the account of learned FDB entries", errno);
	return {static_cast<Value *>(at), map.max_entries()};
}

template <typename Value> void unshare(std::span<Value> values)
{
	munmap(values.data(), length_of(values.size_bytes()));
}

/// Returns the key as one number, in the datapath's format.
uint64_t as_word(const xovl_fdb_key &key)
{
	uint64_t word = 0;
	static_assert(sizeof(word) == sizeof(key));
	std::memcpy(&word, &key, sizeof(word));
	return word;
}

using Place = std::atomic_ref<__u64>;

/// Waits while another party has marked the key as busy, and returns the content of the place. The datapath is busy for
/// no longer than a few system calls take. waited: set to true if it had to wait.
uint64_t settled(Place place, uint64_t word, bool &waited)
{
	constexpr int kPatience = 100000;
	__u64 found = place.load();
	for (int i = 0; i < kPatience && found == (word | XOVL_LEARNED_BUSY); i++) {
		waited = true;
		sched_yield();
		found = place.load();
	}
	return found;
}

/// Replaces the key in its place by `after`. Returns false if the place does not hold the key. waited: as for
/// settled().
bool exchange(Place place, uint64_t word, uint64_t after, bool &waited)
{
	__u64 found = settled(place, word, waited);
	while (found == word && !place.compare_exchange_strong(found, after))
		found = settled(place, word, waited);
	return found == word;
}

} // namespace

Learned::Learned(const Maps &maps)
	: maps_(maps), sets_(share(maps.learned)), uses_(share(maps.learned_uses)), all_(share(maps.learned_all))
{
}

Learned::~Learned()
{
	unshare(sets_);
	unshare(uses_);
	unshare(all_);
}

/// Calls visit(place, word) for all places that may hold the key.
template <typename Visit> void Learned::for_each_place(const xovl_fdb_key &key, Visit visit)
{
	const uint64_t word = as_word(key);
	if ((word & XOVL_LEARNED_BUSY) || !std::atomic_ref(all_[0].entries)) // a group address is never learned
		return;
	for (uint64_t seed : all_[0].seeds)
		for (__u64 &place : sets_[xovl_learned_index(word, seed, sets_.size())].keys)
			visit(Place(place), word);
}

/* The datapath does not touch a busy key. If the MAC is learned again meanwhile, its key gets another place. */
void Learned::del(const xovl_fdb_key &key)
{
	for_each_place(key, [&](Place place, uint64_t word) {
		bool waited = false;
		if (!exchange(place, word, word | XOVL_LEARNED_BUSY, waited))
			return;
		maps_.fdb.del(key);
		place.store(0);
		count(key.net, -1);
	});
}

/* A MAC with a static entry is not learned, so the key does not come back to its places meanwhile. */
bool Learned::release(const xovl_fdb_key &key)
{
	bool waited = false;
	for_each_place(key, [&](Place place, uint64_t word) {
		if (exchange(place, word, 0, waited))
			count(key.net, -1);
	});
	return !waited;
}

void Learned::count(uint32_t net_index, uint32_t more)
{
	std::atomic_ref(uses_[net_index].entries) += more;
	std::atomic_ref(all_[0].entries) += more;
}

void Learned::set_others(size_t entries)
{
	const uint32_t limit = maps_.fdb.max_entries();
	std::atomic_ref(all_[0].room) = limit - static_cast<uint32_t>(std::min<size_t>(entries, limit));
}

void Learned::add_others(int entries)
{
	std::atomic_ref(all_[0].room) -= static_cast<uint32_t>(entries);
}

/// Only the datapath can mark keys as busy during this call, because commands take turns.
void Learned::repair()
{
	for (auto &set : sets_)
		for (__u64 &at : set.keys) {
			Place place(at);
			__u64 found = place.load();
			const uint64_t word = found & ~XOVL_LEARNED_BUSY;
			bool waited = false;
			if (found != word && (found = settled(place, word, waited)) == (word | XOVL_LEARNED_BUSY))
				place.compare_exchange_strong(
					found, word); // whether its entry exists is for the datapath to see
		}
	recount();
}

void Learned::recount()
{
	std::atomic_ref all(all_[0].entries);
	const uint32_t all_before = all;
	std::vector<uint32_t> before, counted(uses_.size());
	for (auto &use : uses_)
		before.push_back(std::atomic_ref(use.entries));
	for (auto &set : sets_)
		for (__u64 &at : set.keys)
			if (const uint64_t word = Place(at).load(); word && !(word & XOVL_LEARNED_BUSY))
				counted.at(static_cast<uint16_t>(word))++;
	if (all != all_before) // learning goes on; the counts are corrected another time
		return;
	for (uint32_t net = 0; net < uses_.size(); net++)
		std::atomic_ref(uses_[net].entries) += counted[net] - before[net];
	all += std::accumulate(counted.begin(), counted.end(), 0u) - all_before;
}

} // namespace xovl
