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
#include <vector>

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
	static_assert(sizeof(Value) % 8 == 0, "the kernel's elements are a multiple of 8 octets apart");
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
using Owner = std::atomic_ref<uint32_t>;

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
	: maps_(maps), sets_(share(maps.learned)), uses_(share(maps.learned_uses)), all_(share(maps.learned_all)),
	  owners_(share(maps.learned_owners)), ports_(share(maps.learned_ports)), peers_(share(maps.learned_peers))
{
}

Learned::~Learned()
{
	unshare(sets_);
	unshare(uses_);
	unshare(all_);
	unshare(owners_);
	unshare(ports_);
	unshare(peers_);
}

/// Calls visit(place, owner, word) for all places that may hold the key.
template <typename Visit> void Learned::for_each_place(const xovl_fdb_key &key, Visit visit)
{
	const uint64_t word = as_word(key);
	if ((word & XOVL_LEARNED_BUSY) || !std::atomic_ref(all_[0].entries)) // a group address is never learned
		return;
	for (uint64_t seed : all_[0].seeds) {
		const uint32_t set = xovl_learned_index(word, seed, sets_.size());
		for (size_t i = 0; i < XOVL_LEARNED_SET_KEYS; i++)
			visit(Place(sets_[set].keys[i]), std::atomic_ref(owners_[set].owner[i]), word);
	}
}

/* The datapath does not touch a busy key. If the MAC is learned again meanwhile, its key gets another place. */
void Learned::del(const xovl_fdb_key &key)
{
	bool found = false;
	for_each_place(key, [&](Place place, Owner owner, uint64_t word) {
		bool waited = false;
		if (!exchange(place, word, word | XOVL_LEARNED_BUSY, waited))
			return;
		maps_.fdb.del(key);
		count_at(owner, -1);
		place.store(0);
		count(key.net, -1);
		found = true;
	});
	if (!found) // a killed command has left an entry without its key
		maps_.fdb.del(key);
}

/* A MAC with a static entry is not learned, so the key does not come back to its places meanwhile. */
bool Learned::release(const xovl_fdb_key &key)
{
	bool waited = false;
	for_each_place(key, [&](Place place, Owner owner, uint64_t word) {
		if (!exchange(place, word, word | XOVL_LEARNED_BUSY, waited))
			return;
		count_at(owner, -1);
		place.store(0);
		count(key.net, -1);
	});
	return !waited;
}

void Learned::move(const xovl_fdb_key &key, const xovl_fdb &entry)
{
	for_each_place(key, [&](Place place, Owner owner, uint64_t word) {
		bool waited = false;
		if (!exchange(place, word, word | XOVL_LEARNED_BUSY, waited))
			return;
		maps_.fdb.replace(key, entry);
		count_at(owner, -1);
		owner = xovl_learned_owner(entry.dst);
		count_at(owner, 1);
		place.store(word);
	});
}

void Learned::count(uint32_t net_index, uint32_t more)
{
	std::atomic_ref(uses_[net_index].entries) += more;
	std::atomic_ref(all_[0].entries) += more;
}

void Learned::count_at(uint32_t owner, int64_t more)
{
	const std::span<uint64_t> counts = owner & XOVL_LEARNED_PEER ? peers_ : ports_;
	if (const uint32_t index = owner & ~XOVL_LEARNED_PEER; index < counts.size())
		std::atomic_ref(counts[index]) += more;
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
	std::atomic_ref all(all_[0].entries), changes(all_[0].changes);
	const uint32_t all_before = all, changes_before = changes;
	std::vector<uint64_t> nets(uses_.size()), ports(ports_.size()), peers(peers_.size());
	auto add_one = [](std::vector<uint64_t> &counts, size_t index) {
		if (index < counts.size())
			counts[index]++;
	};
	// the difference of each count from what it should be
	for (size_t i = 0; i < uses_.size(); i++)
		nets[i] -= std::atomic_ref(uses_[i].entries);
	for (size_t i = 0; i < ports_.size(); i++)
		ports[i] -= std::atomic_ref(ports_[i]);
	for (size_t i = 0; i < peers_.size(); i++)
		peers[i] -= std::atomic_ref(peers_[i]);
	uint32_t counted = 0;
	for (size_t set = 0; set < sets_.size(); set++)
		for (size_t i = 0; i < XOVL_LEARNED_SET_KEYS; i++) {
			const uint64_t word = Place(sets_[set].keys[i]).load();
			if (word & XOVL_LEARNED_BUSY) // it is being changed: another time
				return;
			if (!word)
				continue;
			const uint32_t owner = std::atomic_ref(owners_[set].owner[i]);
			add_one(nets, static_cast<uint16_t>(word));
			add_one(owner & XOVL_LEARNED_PEER ? peers : ports, owner & ~XOVL_LEARNED_PEER);
			counted++;
		}
	if (changes != changes_before) // learning goes on: another time
		return;
	for (size_t i = 0; i < uses_.size(); i++)
		std::atomic_ref(uses_[i].entries) += static_cast<uint32_t>(nets[i]);
	for (size_t i = 0; i < ports_.size(); i++)
		std::atomic_ref(ports_[i]) += ports[i];
	for (size_t i = 0; i < peers_.size(); i++)
		std::atomic_ref(peers_[i]) += peers[i];
	all += counted - all_before;
}

} // namespace xovl
