// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What was measured, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "plans.hpp"

namespace xovl::bench {

/// Where and how it was measured.
struct Circumstances {
	std::string cpu; ///< the model
	long cpus = 0;
	std::string kernel;
	std::string version; ///< of xovl
	std::string against; ///< the command that it is compared with, and its version; empty: none
	bool quick = false;
	unsigned rounds = 0;
};

Circumstances circumstances(const Settings &settings);

/// Ends with a line feed, as does the other.
std::string header_text(const Circumstances &circumstances);
std::string group_text(const Group &group);

nlohmann::ordered_json to_json(const Circumstances &circumstances, const std::vector<Group> &groups);

/// Without line breaks.
std::string one_line(std::string text);

} // namespace xovl::bench
