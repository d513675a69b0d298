// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Operations on the whole FDB: adapt entries when the tables change, and replace the static entries by those of a
// configuration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "state/learned.hpp"
#include "state/tables.hpp"

namespace xovl {

/// Numbers of static entries that changed.
struct FdbChanges {
	size_t added = 0;
	size_t changed = 0;
	size_t deleted = 0;
};

/// Returns the key of an entry.
xovl_fdb_key fdb_key(uint32_t net_index, const Mac &mac);

/// Returns the dst of a static entry of network net_index. Its peer or port must exist in tables.
uint64_t fdb_dst(const Tables &tables, uint32_t net_index, const FdbTarget &target);

/// Returns the peer or port that an entry leads to; nullopt if it is gone.
std::optional<FdbTarget> fdb_target(const Tables &tables, uint64_t dst);

/// A static entry in the form of the map.
struct FdbItem {
	uint64_t key; ///< network index and MAC as one number
	uint64_t dst;
};
using FdbItems = std::vector<FdbItem>; ///< sorted by key

/// Returns the running static entries.
FdbItems fdb_read(const Maps &maps);

/// Adds entries to the networks of config. tables must be those that config was made from.
void fdb_to_config(const FdbItems &items, const Tables &tables, Config &config);

/// Adapts all entries to new tables: deletes entries whose network, port or peer goes, and updates the index of peers
/// that moved. Returns false if no entry was concerned.
bool fdb_follow(const Maps &maps, Learned &learned, const Tables &current, const Tables &desired);

/// Makes the static entries equal to those of wanted, whose tables are in force. running: the present static entries.
/// Learned entries are deleted if the table is full. Throws Error(Request) if it is full of static ones.
FdbChanges fdb_replace(const Maps &maps, Learned &learned, const FdbItems &running, const Tables &tables,
		       const Config &wanted);

/// Returns what fdb_follow() and fdb_replace() would change together.
FdbChanges fdb_compare(const FdbItems &running, const Tables &current, const Tables &desired, const Config &wanted);

/// Writes one static entry. If the table is full, learned entries are deleted to make room. Throws Error(Request) if it
/// is full of static ones.
void fdb_write(const Maps &maps, Learned &learned, const xovl_fdb_key &key, const xovl_fdb &entry);

} // namespace xovl
