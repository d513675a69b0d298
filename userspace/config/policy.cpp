// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/policy.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace xovl {

std::set<OptionKind> known_options(const NetworkConfig &net)
{
	std::set<OptionKind> kinds;
	auto add = [&](const GeneveOption &option) { kinds.insert(option.kind()); };
	std::ranges::for_each(net.options, add);
	for (const auto &port : net.ports)
		std::ranges::for_each(port.options, add);
	if (net.match)
		add(net.match->option);
	return kinds;
}

const char *numbering_policy(const NetworkConfig &net)
{
	if (net.csum)
		return "csum";
	return net.seq != GreSeq::Off ? "seq" : nullptr;
}

Encaps encaps_in_use(const NetworkConfig &net)
{
	Encaps encaps = 1u << net.encap;
	for (const auto &peer : net.peers)
		encaps |= 1u << peer.encap;
	return encaps;
}

std::string names_of(Encaps encaps)
{
	std::string names;
	for (auto encap : kEncaps)
		if (encaps & 1u << encap)
			names += (names.empty() ? "" : " or ") + std::string(name_of(encap));
	return names;
}

} // namespace xovl
