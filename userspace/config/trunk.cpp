// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/trunk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bitset>
#include <map>
#include <set>

#include "base/error.hpp"
#include "base/split.hpp"

namespace xovl {

namespace {

uint16_t parse_vid(std::string_view text)
{
	return static_cast<uint16_t>(parse_number(kVlanRange, text));
}

/// Finds networks by identifier, and makes those that are missing.
class NetworksByRule {
public:
	NetworksByRule(Config &config, const TrunkConfig &trunk) : config_(config), trunk_(trunk)
	{
		for (size_t n = 0; n < config.networks.size(); n++) {
			const NetworkConfig &net = config.networks[n];
			names_.insert(net.name);
			if (net.encap == trunk.encap && net.vni)
				known_.emplace(*net.vni, n);
		}
	}

	/// Returns the position of the VLAN's network.
	size_t network_of(uint16_t vid)
	{
		const uint64_t id = uint64_t{trunk_.vni_base} + vid;
		check_number(id_range(trunk_.encap), id);
		const auto [found, is_new] = known_.emplace(static_cast<uint32_t>(id), config_.networks.size());
		if (is_new)
			make(static_cast<uint32_t>(id), vid);
		return found->second;
	}

private:
	void make(uint32_t id, uint16_t vid)
	{
		NetworkConfig &net = config_.networks.emplace_back();
		net.name = fmt::format("vni{}", id);
		net.encap = trunk_.encap;
		net.vni = id;
		net.dstport = default_dstport(net.encap);
		net.flood = trunk_.flood;
		if (!names_.insert(net.name).second)
			throw request_error(
				fmt::format("network \"{}\" exists with another identifier than {} {}, and VLAN {} "
					    "needs a network of that name (another name for it)",
					    net.name, name_of(net.encap), id, vid));
	}

	Config &config_;
	const TrunkConfig &trunk_;
	std::map<uint32_t, size_t> known_;
	std::set<std::string> names_;
};

} // namespace

std::vector<uint16_t> parse_vids(std::string_view text)
{
	std::vector<uint16_t> vids;
	std::bitset<4096> seen;
	for (const std::string_view range : split_at_commas(text)) {
		const size_t dash = range.find('-', 1);
		const uint16_t first = parse_vid(range.substr(0, dash));
		const uint16_t last = dash == range.npos ? first : parse_vid(range.substr(dash + 1));
		if (last < first)
			throw request_error(fmt::format("vids {} ends before it begins ({}-{})", range, last, first));
		for (uint16_t vid = first; vid <= last; vid++) {
			if (seen[vid])
				throw request_error(fmt::format("VLAN {} is given twice in vids (once)", vid));
			seen.set(vid);
			vids.push_back(vid);
		}
	}
	return vids;
}

std::vector<MadePort> add_trunk(Config &config, const TrunkConfig &trunk)
{
	NetworksByRule networks(config, trunk);
	std::vector<MadePort> made;
	auto add = [&](uint16_t vlan, uint16_t vid) {
		const size_t n = networks.network_of(vlan);
		std::vector<PortConfig> &ports = config.networks[n].ports;
		ports.push_back(trunk.port);
		ports.back().vid = vid;
		made.emplace_back(n, ports.size() - 1);
	};

	if (std::ranges::find(trunk.vids, trunk.native) != trunk.vids.end())
		throw request_error(fmt::format(
			"native VLAN {0} is in vids, too (vids without {0}: its frames are untagged)", trunk.native));
	for (uint16_t vid : trunk.vids)
		add(vid, vid);
	if (trunk.native)
		add(trunk.native, 0);
	return made;
}

} // namespace xovl
