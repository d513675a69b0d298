// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/via_check.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "config/policy.hpp"
#include "config/settings.hpp"

namespace xovl {

namespace {

std::string carried()
{
	return names_of(encaps_that(has_udp));
}

void check_both(xovl_via via, bool encrypted, const std::string &whose)
{
	if (encrypted && via == XOVL_VIA_DIRECT)
		throw request_error(
			fmt::format("via direct excludes require encrypted of {} (via kernel or auto)", whose));
}

} // namespace

void check_via(const NetworkConfig &net)
{
	if (!has_udp(net.encap) && net.via != XOVL_VIA_AUTO)
		throw request_error(fmt::format("via is for {}, not {} (via auto)", carried(), name_of(net.encap)));
	check_both(net.via, net.encrypted, fmt::format("network \"{}\"", net.name));
}

void check_require(const NetworkConfig &net)
{
	if (!has_udp(net.encap) && net.encrypted)
		throw request_error(
			fmt::format("require is for {}, not {} (require none)", carried(), name_of(net.encap)));
}

void check_via(const PeerConfig &peer)
{
	if (!has_udp(peer.encap) && peer.via == XOVL_VIA_KERNEL)
		throw request_error(fmt::format("via kernel is for {}, not for {} peer {} (via direct)", carried(),
						name_of(peer.encap), peer.dst.str()));
	check_both(peer.via, peer.encrypted, "peer " + peer.dst.str());
}

void check_require(const PeerConfig &peer)
{
	if (!has_udp(peer.encap) && peer.encrypted)
		throw request_error(fmt::format("require encrypted is for {}, not for {} peer {} (require none)",
						carried(), name_of(peer.encap), peer.dst.str()));
}

} // namespace xovl
