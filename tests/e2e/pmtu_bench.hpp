// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Base of the path MTU tests: tenants whose MTU is larger than the overlay's, and the ICMP errors they get.
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

/// An ICMP error that ping received: "fragmentation needed" or "packet too big".
struct TooBig {
	std::string from;
	unsigned mtu = 0;

	bool operator==(const TooBig &) const = default;
};

std::ostream &operator<<(std::ostream &out, const TooBig &error);

/// Sends one ping with DF in an IP packet of `length` octets. Returns the ICMP error, if one came back.
std::optional<TooBig> too_big(const Netns &from, const std::string &address, unsigned length);

/// Flushes the path MTUs that the tenant has cached.
void forget_pmtu(const Netns &tenant);

bool is_ipv4(const Frame &frame);

class PmtuBase : public OverlayTest {
protected:
	void wide_tenants() const;

	/// Tenant `from` gets ICMP errors with this MTU in both families. Packets that fit pass.
	void expect_told(unsigned mtu, unsigned from) const;

	/// As expect_told() of c1, after a while.
	void expect_told_soon(unsigned mtu) const;

	/// Lowers the MTU of the router's link to h2. h1 is not told.
	void narrow_far_link(unsigned mtu) const;

	/// Sends a frame from c1 that needs the full 1500 octets of the underlay.
	void send_large() const;
	/// The row of h1's only peer in `peer show`.
	nlohmann::json peer() const { return h(1).xovl_show("peer show").at(0); }
	/// h1 has accepted a router's error: its path MTU is `mtu`, and the router said `said`.
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
