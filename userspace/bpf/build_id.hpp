// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Identifies a build of the datapath: the build of this process, and the build of the loaded programs.
#pragma once

#include <cstdint>
#include <string>

#include "xovl/maps.h"

namespace xovl {

struct Build {
	std::string version; ///< "0.1.0"
	uint64_t id = 0;     ///< hash of the code of all programs; 0: unknown

	/// Returns "0.1.0 build 00c0ffee00c0ffee".
	std::string str() const;
	std::string id_str() const;
	bool same_programs(const Build &other) const { return id == other.id; }
};

/// Returns the build of this process.
const Build &own_build();

/// Read and write the build of a load in its settings record.
Build build_of(const xovl_settings &settings);
void put_build(const Build &build, xovl_settings &settings);

} // namespace xovl
