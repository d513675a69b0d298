// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The base of the tests of path MTUs: tenants whose MTU is larger than what the overlay carries, and what they are told.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <tuple>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

inline constexpr unsigned kTenantMtu = 1500;
inline constexpr size_t kEthernet = 14;

/// What ping was told: "fragmentation needed" or "packet too big".
struct TooBig {
	std::string from;
	unsigned mtu = 0;

	bool operator==(const TooBig &) const = default;
};

std::ostream &operator<<(std::ostream &out, const TooBig &error);

/// One ping with DF, IP packet of `length` octets; what came back, if it was an error.
std::optional<TooBig> too_big(const Netns &from, const std::string &address, unsigned length);

/// Forgets what the tenant knows of path MTUs.
void forget_pmtu(const Netns &tenant);

bool is_ipv4(const Frame &frame);

class PmtuBase : public OverlayTest {
protected:
	void wide_tenants() const;

	/// Both tenants are told of this MTU for either family, by the address they sent to; what fits passes.
	void expect_told(unsigned mtu, unsigned from) const;

	/// c1 is, after a while.
	void expect_told_soon(unsigned mtu) const;

	/// The router's link to h2 is smaller than that to h1, and h1 cannot know.
	void narrow_far_link(unsigned mtu) const;

	/// A frame from c1 that does not fit underlays of less than 1500 octets.
	void send_large() const;
	/// What h1 says of its only peer.
	nlohmann::json peer() const { return h(1).xovl_show("peer show").at(0); }
	/// After a message of a router, which told about a packet that it could not send on.
	void expect_reported(unsigned mtu, unsigned said) const;

	void expect_tcp_completes() const;
};

class Pmtu : public PmtuBase, public testing::WithParamInterface<std::tuple<std::string, bool>> {
protected:
	Plan plan(Underlay underlay = Underlay::Direct) const
	{
		const auto &[mode, v6] = GetParam();
		return {.port_mode = mode, .uplink_mode = mode, .v6 = v6, .underlay = underlay};
	}

	void build_wide(Underlay underlay = Underlay::Direct)
	{
		build(plan(underlay));
		wide_tenants();
	}
};

std::string mode_name(const testing::TestParamInfo<Pmtu::ParamType> &info);

} // namespace xovl::test
