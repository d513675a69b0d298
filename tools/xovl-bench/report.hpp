// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Reports the results as text and as JSON.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "plans.hpp"

namespace xovl::bench {

/// The machine and the settings of the measurement.
struct Circumstances {
	std::string cpu; ///< model name
	long cpus = 0;
	std::string kernel;
	std::string version; ///< version of xovl
	std::string against; ///< command and version of the other build; empty: none
	bool quick = false;
	unsigned rounds = 0;
};

Circumstances circumstances(const Settings &settings);

/// Return text that ends with a line feed.
std::string header_text(const Circumstances &circumstances);
std::string group_text(const Group &group);

nlohmann::ordered_json to_json(const Circumstances &circumstances, const std::vector<Group> &groups);

/// Replaces line breaks.
std::string one_line(std::string text);

} // namespace xovl::bench
