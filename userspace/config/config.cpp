// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Look-ups in a configuration, and the errors for them.
#include "config/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace xovl {

NetworkConfig *Config::find_network(const std::string &name)
{
	return const_cast<NetworkConfig *>(std::as_const(*this).find_network(name));
}

const NetworkConfig *Config::find_network(const std::string &name) const
{
	auto found = std::find_if(networks.begin(), networks.end(),
				  [&](const NetworkConfig &net) { return net.name == name; });
	return found == networks.end() ? nullptr : &*found;
}

Address local_for(const NetworkConfig &net, const std::vector<VtepConfig> &vteps, const Address &peer)
{
	if (net.local && net.local->family() != peer.family())
		throw request_error(fmt::format("peer {} is {}, but network \"{}\" has local {} (an {} peer)",
						peer.str(), peer.family_name(), net.name, net.local->str(),
						net.local->family_name()));
	if (net.local)
		return *net.local;
	auto vtep = std::ranges::find(vteps, peer.family(), [](const VtepConfig &v) { return v.local.family(); });
	if (vtep == vteps.end())
		throw request_error(fmt::format("peer {} of network \"{}\" needs an {} vtep (xovl vtep add ADDRESS)",
						peer.str(), net.name, peer.family_name()));
	return vtep->local;
}

Error too_many(size_t most, const char *what)
{
	return request_error(fmt::format("too many {} (at most {})", what, most));
}

void check_count(size_t count, size_t most, const char *what)
{
	if (count > most)
		throw too_many(most, what);
}

std::string port_name(std::string_view dev, uint16_t vid)
{
	return vid ? fmt::format("{} vid {}", dev, vid) : std::string(dev);
}

FdbConfig to_entry(const FdbWords &words)
{
	if (words.dst.has_value() == !words.dev.empty())
		throw request_error(fmt::format("MAC {} has {} (either one)", words.mac.str(),
						words.dst ? "both dst and dev" : "neither dst nor dev"));
	if (words.dst && words.vid)
		throw request_error("a VLAN goes with dev, not with dst (dev and vid, or dst alone)");
	if (!words.dst && !words.peer.empty())
		throw request_error(
			"encap, dstport, via and require go with dst, not with dev (dst with them, or dev alone)");
	if (words.dst)
		return {words.mac, *words.dst};
	return {words.mac, FdbPort(words.dev, words.vid)};
}

Error no_network(const std::string &name)
{
	return request_error(fmt::format("there is no network \"{}\" (xovl net show)", name));
}

MoveLimit MoveLimit::parse(std::string_view text)
{
	const size_t slash = text.find('/');
	if (slash == text.npos)
		throw request_error(
			fmt::format("{} is not a value of move-limit (MOVES/SECONDS, or none)", in_quotes(text)));
	return {.moves = static_cast<uint16_t>(parse_number(kMovesRange, text.substr(0, slash))),
		.seconds = static_cast<uint16_t>(parse_number(kMoveSecondsRange, text.substr(slash + 1)))};
}

std::string MoveLimit::str() const
{
	return fmt::format("{}/{}", moves, seconds);
}

} // namespace xovl
