// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Which build of the datapath this is, and which one runs.
#pragma once

#include <cstdint>
#include <string>

#include "xovl/maps.h"

namespace xovl {

struct Build {
	std::string version; ///< "0.1.0"
	uint64_t id = 0;     ///< of the code of all programs; 0: not known

	/// "0.1.0 build 00c0ffee00c0ffee"
	std::string str() const;
	std::string id_str() const;
	bool same_programs(const Build &other) const { return id == other.id; }
};

/// Of this process.
const Build &own_build();

/// Of a load, as it is kept in settings.
Build build_of(const xovl_settings &settings);
void put_build(const Build &build, xovl_settings &settings);

} // namespace xovl
