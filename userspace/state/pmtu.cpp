// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "state/pmtu.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <ctime>

namespace xovl {

namespace {

/// Returns the time in seconds on the datapath's clock.
uint32_t seconds_now()
{
	timespec now{};
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

} // namespace

xovl_pmtu_key pmtu_key(const xovl_peer &peer)
{
	const bool udp = has_udp(static_cast<xovl_encap>(peer.encap));
	return {.remote = peer.remote,
		.local = peer.local,
		.service = xovl_service(udp ? IPPROTO_UDP : IPPROTO_GRE, peer.dstport),
		.pad = 0};
}

uint32_t seconds_left(const xovl_pmtu &pmtu)
{
	const uint32_t now = seconds_now();
	return pmtu.mtu && pmtu.expires > now ? pmtu.expires - now : 0;
}

size_t forget_pmtus(const Maps &maps, const std::function<bool(const xovl_pmtu_key &)> &which)
{
	size_t count = 0;
	for (const auto &[key, value] : maps.pmtus.image()) {
		if (!value.mtu || !which(key))
			continue;
		count += seconds_left(value) != 0;
		xovl_pmtu blank = value;
		blank.lowered = 0;
		blank.from = {};
		blank.mtu = blank.expires = blank.reported = 0;
		maps.pmtus.set(key, blank);
	}
	return count;
}

} // namespace xovl
