// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What there is to measure, one file for each subject.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "measure.hpp"

namespace xovl::bench {

struct Settings {
	bool quick = false;
	bool all = false; ///< what is not measured by default, too
	unsigned rounds = 0;
	std::string against; ///< the xovl command of another build; empty: none
};

/// Groups that share what they run on: set up, measured and gone before the next.
struct Plan {
	std::string id; ///< what the ids of its groups begin with
	bool one_cpu;   ///< everything runs on one CPU
	std::function<std::vector<Group>()> set_up;
	bool by_default = true; ///< false: only on request
};

std::vector<Plan> xdp_plans(const Settings &settings);
std::vector<Plan> kind_plans(const Settings &settings);
std::vector<Plan> tc_plans(const Settings &settings);
std::vector<Plan> super_frame_plans(const Settings &settings);
std::vector<Plan> nic_plans(const Settings &settings);
std::vector<Plan> scale_plans(const Settings &settings);
std::vector<Plan> flood_plans(const Settings &settings);
std::vector<Plan> control_plans(const Settings &settings);

/// An xovl command, by the name under which it is measured.
struct Build {
	std::string name;
	std::string command;
};

/// This build, and the other one if there is one.
std::vector<Build> builds(const Settings &settings);

/// With the other build, if there is one, as a further reference.
std::vector<Reference> references(const Settings &settings, std::vector<Reference> list);

/// Whether one of `only` is the beginning of an id; true when it is empty.
bool selected(const std::vector<std::string> &only, const std::string &id);

/// All plans, those on request included.
std::vector<Plan> all_plans(const Settings &settings);

/// Those that have groups that `only` selects. An id of `only` selects among the default ones; where none of these begins so, or with
/// settings.all, among all. Throws std::invalid_argument where an id selects nothing.
std::vector<Plan> plans(const Settings &settings, const std::vector<std::string> &only);

} // namespace xovl::bench
