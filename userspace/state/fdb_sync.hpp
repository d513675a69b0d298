// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The FDB as a whole: brought in line with the tables that its entries refer to, and with the static entries of a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "state/learned.hpp"
#include "state/tables.hpp"

namespace xovl {

/// How many static entries changed.
struct FdbChanges {
	size_t added = 0;
	size_t changed = 0;
	size_t deleted = 0;
};

/// The key of an entry.
xovl_fdb_key fdb_key(uint32_t net_index, const Mac &mac);

/// Where a static entry of network net_index points to in tables, where its peer or port exists.
uint64_t fdb_dst(const Tables &tables, uint32_t net_index, const FdbTarget &target);

/// The peer or port that an entry points to; nullopt: it is gone.
std::optional<FdbTarget> fdb_target(const Tables &tables, uint64_t dst);

/// A static entry as the map has it.
struct FdbItem {
	uint64_t key; ///< network index and MAC as one number
	uint64_t dst;
};
using FdbItems = std::vector<FdbItem>; ///< by key

/// The static entries that run.
FdbItems fdb_read(const Maps &maps);

/// Put entries that run into the networks of config, which tables were made from.
void fdb_to_config(const FdbItems &items, const Tables &tables, Config &config);

/// Entries whose network, port or peer goes are deleted; where a peer got another index they follow.
/// False: no entry can have been concerned.
bool fdb_follow(const Maps &maps, Learned &learned, const Tables &current, const Tables &desired);

/// The static entries, now running, become exactly those of wanted, whose tables are in force. Learned entries make room
/// where it lacks.
FdbChanges fdb_replace(const Maps &maps, Learned &learned, const FdbItems &running, const Tables &tables,
		       const Config &wanted);

/// What fdb_follow() and fdb_replace() would change together.
FdbChanges fdb_compare(const FdbItems &running, const Tables &current, const Tables &desired, const Config &wanted);

/// Write one static entry; where the table is full learned ones make room. Error(Request): full of static ones.
void fdb_write(const Maps &maps, Learned &learned, const xovl_fdb_key &key, const xovl_fdb &entry);

} // namespace xovl
