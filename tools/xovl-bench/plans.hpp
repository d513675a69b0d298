// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// All measurements. Each subject has a file.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "measure.hpp"

namespace xovl::bench {

struct Settings {
	bool quick = false;
	bool all = false; ///< also measure what is left out by default
	unsigned rounds = 0;
	std::string against; ///< the xovl command of another build; empty: none
};

/// Groups that share a set-up. It is set up, measured and removed before the next plan starts.
struct Plan {
	std::string id; ///< common prefix of the ids of its groups
	bool one_cpu;   ///< everything runs on one CPU
	std::function<std::vector<Group>()> set_up;
	bool by_default = true; ///< false: only on request
};

std::vector<Plan> xdp_plans(const Settings &settings);
std::vector<Plan> kind_plans(const Settings &settings);
std::vector<Plan> security_plans(const Settings &settings);
std::vector<Plan> tc_plans(const Settings &settings);
std::vector<Plan> super_frame_plans(const Settings &settings);
std::vector<Plan> nic_plans(const Settings &settings);
std::vector<Plan> scale_plans(const Settings &settings);
std::vector<Plan> flood_plans(const Settings &settings);
std::vector<Plan> control_plans(const Settings &settings);

/// An xovl command, with the name that reports use for it.
struct Build {
	std::string name;
	std::string command;
};

/// Returns this build, and the other build if there is one.
std::vector<Build> builds(const Settings &settings);

/// Returns list, with the other build as a further reference if there is one.
std::vector<Reference> references(const Settings &settings, std::vector<Reference> list);

/// True if the id starts with an element of `only`, or if `only` is empty.
bool selected(const std::vector<std::string> &only, const std::string &id);

/// Returns all plans, including those on request.
std::vector<Plan> all_plans(const Settings &settings);

/// Returns the plans with groups that `only` selects. Each element selects among the default plans; if none matches, or
/// with settings.all, among all plans. Throws std::invalid_argument if an element selects nothing.
std::vector<Plan> plans(const Settings &settings, const std::vector<std::string> &only);

} // namespace xovl::bench
