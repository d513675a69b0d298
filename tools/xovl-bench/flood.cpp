// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The cost of a copy when a frame goes to every peer (head-end replication), in mode tc, compared with the kernel's
// vxlan.
#include <algorithm>

#include <fmt/format.h>

#include "forwarder.hpp"
#include "plans.hpp"

namespace xovl::bench {

namespace {

constexpr uint32_t kCopies = 100'000;  // copies of one sample
constexpr uint32_t kLargestBatch = 64; // frames made at once
constexpr uint32_t kBacklog = 900;     // copies of one batch; net.core.netdev_max_backlog is 1000 by default

std::vector<std::string> peer_list(uint32_t count)
{
	std::vector<std::string> list;
	for (uint32_t i = 0; i < count; i++)
		list.push_back(peer_address(i));
	return list;
}

Traffic broadcast()
{
	Traffic traffic = Load{}.traffic(Way::Encap);
	std::fill_n(traffic.frame.begin(), 6, 0xff);
	return traffic;
}

std::vector<Candidate<Forwarder>> candidates(const Settings &settings, uint32_t peers)
{
	const auto candidate = [](const std::string &name, const std::function<void(Forwarder &)> &join) {
		return joined<Forwarder>(name, join, broadcast(), Load{}.traffic(Way::Decap));
	};
	std::vector<Candidate<Forwarder>> all;
	for (const Build &build : builds(settings))
		all.push_back(candidate(build.name, [&](Forwarder &path) {
			path.join_by_xovl(Layer::Tc, build.command, blue_yaml("tc", peer_list(peers)));
		}));
	all.push_back(candidate("kernel", [&](Forwarder &path) { path.join_by_kernel(peer_list(peers)); }));
	return all;
}

Group group(const Settings &settings, uint32_t peers)
{
	const Burst burst = {.count = kCopies / peers,
			     .batch = std::clamp(kBacklog / peers, uint32_t{1}, kLargestBatch),
			     .copies = peers};
	return {.id = fmt::format("flood-{}", peers),
		.title = fmt::format("Flooding to {} peer{}: copies of broadcast frames of 60 octets, mode tc, one CPU",
				     peers, peers == 1 ? "" : "s"),
		.unit = "million copies/s",
		.subjects = subjects_of<Forwarder>(candidates(settings, peers),
						   [burst](Forwarder &path) { return path.sample(Way::Encap, burst); }),
		.references = {{"of kernel", "kernel"}, {"cost of a copy", "kernel", true}}};
}

} // namespace

std::vector<Plan> flood_plans(const Settings &settings)
{
	std::vector<Plan> plans;
	const std::vector<uint32_t> lists =
		settings.quick ? std::vector<uint32_t>{1, 512} : std::vector<uint32_t>{1, 8, 64, 512};
	for (const uint32_t peers : lists)
		plans.push_back({fmt::format("flood-{}", peers), true,
				 [settings, peers] { return std::vector<Group>{group(settings, peers)}; }});
	return plans;
}

} // namespace xovl::bench
