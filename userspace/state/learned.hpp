// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Access to the maps that count learned FDB entries (xovl/learned.h), in memory shared with the datapath.
#pragma once

#include <cstddef>
#include <span>

#include "bpf/datapath.hpp"

namespace xovl {

/// Userspace's side of the count of learned entries. The datapath works on the same memory, so all updates are atomic.
class Learned {
public:
	/// Throws Error(System) if the maps cannot be mapped into memory.
	explicit Learned(const Maps &maps);
	Learned(const Learned &) = delete;
	Learned &operator=(const Learned &) = delete;
	~Learned();

	/// Deletes a learned entry, unless the datapath has just deleted it.
	void del(const xovl_fdb_key &key);
	/// To be called after a static entry has been written: if the key was a learned entry before, it is no longer
	/// counted as one. Returns false if the datapath was deleting the learned entry at the same time; then the
	/// static entry must be written again.
	bool release(const xovl_fdb_key &key);

	/// Sets how many entries of the table are not learned.
	void set_others(size_t entries);
	/// Changes the number of entries that are not learned.
	void add_others(int entries);

	/// Replaces a learned entry by one with another destination, unless it has been deleted meanwhile.
	void move(const xovl_fdb_key &key, const xovl_fdb &entry);

	/// Corrects counts and busy marks that a killed command left wrong. Counts are not corrected while the datapath
	/// learns; a later call does it.
	void repair();

private:
	template <typename Visit> void for_each_place(const xovl_fdb_key &key, Visit visit);
	void count(uint32_t net_index, uint32_t more);
	void recount();
	/// owner: of learned_owners.
	void count_at(uint32_t owner, int64_t more);

	const Maps &maps_;
	std::span<xovl_learned_set> sets_;
	std::span<xovl_learned_use> uses_;
	std::span<xovl_learned_all> all_;
	std::span<xovl_learned_owners> owners_;
	std::span<uint64_t> ports_;
	std::span<uint64_t> peers_;
};

} // namespace xovl
