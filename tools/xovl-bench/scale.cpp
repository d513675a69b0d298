// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The cost of many FDB entries, networks and peers for a frame in native XDP. All of them are used, in random order.
#include <algorithm>
#include <numeric>
#include <random>

#include <fmt/format.h>

#include "forwarder.hpp"
#include "large.hpp"
#include "plans.hpp"

namespace xovl::bench {

namespace {

constexpr uint32_t kVlanAt = 12;           // octets; the 802.1Q tag in a tenant's frame
constexpr uint32_t kVxlanAt = 14 + 20 + 8; // the VXLAN header behind IPv4 and UDP
constexpr uint32_t kVniAt = kVxlanAt + 4;

/// A large configuration, and the name of its size.
struct Size {
	std::string name;
	Large large;
};

std::vector<uint32_t> shuffled(uint32_t count)
{
	std::vector<uint32_t> numbers(count);
	std::iota(numbers.begin(), numbers.end(), 0);
	std::shuffle(numbers.begin(), numbers.end(), std::mt19937(1)); // fixed seed: the same order each time
	return numbers;
}

/// Frames from the tenant to every entry of network 0.
Traffic to_every_entry(const Large &large)
{
	Traffic traffic = Load{}.traffic(Way::Encap);
	const auto order = shuffled(large.entries);
	Bytes frame = traffic.frame;
	traffic.variation = variation_of(0, order.size(), [&](size_t i) {
		const Bytes mac = entry_mac(order[i]);
		std::copy(mac.begin(), mac.end(), frame.begin());
		return frame;
	});
	traffic.frame = frame;
	return traffic;
}

/// Frames between the two tenants in every network: tagged at the port, selected by VNI at the underlay.
Traffic in_every_network(const Large &large, Way way)
{
	Traffic traffic = Load{}.traffic(way);
	traffic.restore_head = true;
	const auto order = shuffled(large.networks);
	Bytes &frame = traffic.frame;
	if (way == Way::Decap) {
		traffic.variation = variation_of(kVxlanAt, order.size(), [&](size_t i) {
			const uint32_t vni = network_vni(order[i]);
			frame[kVniAt] = static_cast<uint8_t>(vni >> 16);
			frame[kVniAt + 1] = static_cast<uint8_t>(vni >> 8);
			frame[kVniAt + 2] = static_cast<uint8_t>(vni);
			return frame;
		});
		return traffic;
	}
	const Bytes tag = {0x81, 0, 0, 0};
	frame.insert(frame.begin() + kVlanAt, tag.begin(), tag.end());
	traffic.variation = variation_of(kVlanAt, order.size(), [&](size_t i) {
		const uint16_t vid = network_vid(order[i]);
		frame[kVlanAt + 2] = static_cast<uint8_t>(vid >> 8);
		frame[kVlanAt + 3] = static_cast<uint8_t>(vid);
		return frame;
	});
	return traffic;
}

using TrafficOf = std::function<Traffic(const Large &, Way)>;

/// Returns "bare" with the traffic of the largest size, then every build with every size.
std::vector<Candidate<Forwarder>> candidates(const Settings &settings, const std::vector<Size> &sizes,
					     const TrafficOf &traffic)
{
	const auto candidate = [&](const std::string &name, const Large &large,
				   const std::function<void(Forwarder &)> &join) {
		return joined<Forwarder>(name, join, traffic(large, Way::Encap), traffic(large, Way::Decap));
	};
	std::vector<Candidate<Forwarder>> all = {
		candidate("bare", sizes.back().large, [](Forwarder &path) { path.join_by_redirect(); })};
	for (const Size &size : sizes)
		for (const Build &build : builds(settings))
			all.push_back(candidate(build.name + "-" + size.name, size.large, [&](Forwarder &path) {
				if (size.large.vlans) // otherwise xovl does not use XDP on it
					path.host().offload("port0", "rxvlan off");
				path.join_by_xovl(Layer::Xdp, build.command, LargeFile(size.large, "native").yaml());
			}));
	return all;
}

Plan plan(const Settings &settings, const std::string &id, const std::string &title, const std::vector<Way> &ways,
	  const std::vector<Size> &sizes, const TrafficOf &traffic)
{
	const Burst burst = {.count = settings.quick ? 300'000u : 1'000'000u}; // enough for each entry to be used
	return {id, true, [=] {
			const auto paths = candidates(settings, sizes, traffic);
			std::vector<Group> groups;
			for (const Way way : ways) {
				const std::string word = way == Way::Encap ? "encap" : "decap";
				groups.push_back(
					{.id = fmt::format("{}-{}", id, word),
					 .title = fmt::format("XDP {} and {}, inner frames of 60 octets, one CPU", word,
							      title),
					 .unit = "million frames/s",
					 .subjects = subjects_of<Forwarder>(
						 paths,
						 [way, burst](Forwarder &path) { return path.sample(way, burst); }),
					 .references = {{"of bare", "bare"},
							{"of the smallest", "xovl-" + sizes.front().name}},
					 .floor = "bare"});
			}
			return groups;
		}};
}

} // namespace

std::vector<Plan> scale_plans(const Settings &settings)
{
	std::vector<Size> entries = {{"1k", {.entries = 1000}}, {"64k", {.entries = 65536}}};
	if (!settings.quick)
		entries.push_back({"1M", {.entries = 1'000'000}});
	const TrafficOf one_network = [](const Large &large, Way way) {
		return way == Way::Encap ? to_every_entry(large) : Load{}.traffic(way);
	};
	std::vector<Plan> plans = {
		plan(settings, "scale-fdb", "the number of FDB entries", {Way::Encap}, entries, one_network),
		plan(settings, "scale-networks", "the number of networks, each a VLAN of the port",
		     {Way::Encap, Way::Decap}, {{"1", {.vlans = true}}, {"4k", {.networks = 4000, .vlans = true}}},
		     in_every_network)};
	if (!settings.quick)
		plans.push_back(plan(settings, "scale-peers", "the number of peers, 1000 FDB entries", {Way::Encap},
				     {{"1", {.entries = 1000}}, {"1k", {.entries = 1000, .peers = 1000}}},
				     one_network));
	return plans;
}

} // namespace xovl::bench
