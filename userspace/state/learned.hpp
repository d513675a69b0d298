// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The account of learned FDB entries (xovl/learned.h), in memory that the datapath shares.
#pragma once

#include <cstddef>
#include <span>

#include "bpf/datapath.hpp"

namespace xovl {

class Learned {
public:
	/// Error(System).
	explicit Learned(const Maps &maps);
	Learned(const Learned &) = delete;
	Learned &operator=(const Learned &) = delete;
	~Learned();

	/// Delete a learned entry, unless the datapath has just done so.
	void del(const xovl_fdb_key &key);
	/// A static entry has been written: if it was a learned one before, that does not count any more. False: the datapath was
	/// deleting that one meanwhile, and the entry has to be written again.
	bool release(const xovl_fdb_key &key);

	/// So many of the table's entries are not learned.
	void set_others(size_t entries);
	/// So many more.
	void add_others(int entries);

	/// Puts right what a command that was killed may have left wrong. (Not while something is being learned: another time.)
	void repair();

private:
	template <typename Visit> void for_each_place(const xovl_fdb_key &key, Visit visit);
	void count(uint32_t net_index, uint32_t more);
	void recount();

	const Maps &maps_;
	std::span<xovl_learned_set> sets_;
	std::span<xovl_learned_use> uses_;
	std::span<xovl_learned_all> all_;
};

} // namespace xovl
