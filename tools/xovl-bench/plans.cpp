// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plans.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace xovl::bench {

namespace {

constexpr auto kSubjects = {xdp_plans, kind_plans, tc_plans, nic_plans, scale_plans, flood_plans, control_plans};

bool overlap(const std::string &a, const std::string &b)
{
	return a.starts_with(b) || b.starts_with(a);
}

} // namespace

std::vector<Build> builds(const Settings &settings)
{
	std::vector<Build> list = {{"xovl", XOVL_COMMAND}};
	if (!settings.against.empty())
		list.push_back({"against", settings.against});
	return list;
}

std::vector<Reference> references(const Settings &settings, std::vector<Reference> list)
{
	if (!settings.against.empty())
		list.push_back({"of against", "against"});
	return list;
}

bool selected(const std::vector<std::string> &only, const std::string &id)
{
	return only.empty() ||
	       std::any_of(only.begin(), only.end(), [&](const std::string &prefix) { return id.starts_with(prefix); });
}

std::vector<Plan> plans(const Settings &settings, const std::vector<std::string> &only)
{
	std::vector<Plan> all;
	for (const auto &of_subject : kSubjects)
		for (const Plan &plan : of_subject(settings))
			all.push_back(plan);
	if (only.empty())
		return all;
	std::vector<std::string> ids;
	for (const Plan &plan : all)
		ids.push_back(plan.id);
	for (const std::string &prefix : only)
		if (std::none_of(ids.begin(), ids.end(), [&](const std::string &id) { return overlap(id, prefix); }))
			throw std::invalid_argument(
				fmt::format("--only: nothing begins with {} ({})", prefix, fmt::join(ids, ", ")));
	std::erase_if(all, [&](const Plan &plan) {
		return std::none_of(only.begin(), only.end(),
				    [&](const std::string &prefix) { return overlap(plan.id, prefix); });
	});
	return all;
}

} // namespace xovl::bench
