// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plans.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace xovl::bench {

namespace {

constexpr auto kSubjects = {nic_plans,         xdp_plans,   kind_plans,  security_plans, tc_plans,
			    super_frame_plans, scale_plans, flood_plans, control_plans};

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

std::vector<Plan> all_plans(const Settings &settings)
{
	std::vector<Plan> all;
	for (const auto &of_subject : kSubjects)
		for (const Plan &plan : of_subject(settings))
			all.push_back(plan);
	return all;
}

std::vector<Plan> plans(const Settings &settings, const std::vector<std::string> &only)
{
	const std::vector<Plan> all = all_plans(settings);
	std::vector<bool> chosen(all.size());
	const auto choose = [&](const std::string &prefix, bool by_request) {
		bool any = false;
		for (size_t i = 0; i < all.size(); i++)
			if (overlap(all[i].id, prefix) && (by_request || all[i].by_default))
				any = chosen[i] = true;
		return any;
	};
	for (const std::string &prefix : only.empty() ? std::vector<std::string>{""} : only)
		if (!choose(prefix, settings.all) && !choose(prefix, true))
			throw std::invalid_argument(fmt::format("--only: nothing begins with {} (see --list)", prefix));
	std::vector<Plan> some;
	for (size_t i = 0; i < all.size(); i++)
		if (chosen[i])
			some.push_back(all[i]);
	return some;
}

} // namespace xovl::bench
