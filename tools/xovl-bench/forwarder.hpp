// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One host that forwards between a tenant and the underlay, its frames made and counted on the same CPU:
//
//   far                      host                      far
//   tenant0 ──────────── port0  up0 ──────────── underlay0
//   02:00:00:00:01:01         192.0.2.1          192.0.2.2      the remote VTEP; behind it 02:00:00:00:01:02
//   10.1.0.1                  2001:db8::1        2001:db8::2    and 10.1.0.2
//                                               198.18.0.0/15  further VTEPs behind it
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "generator.hpp"
#include "measure.hpp"
#include "topology.hpp"
#include "tunnel.hpp"

namespace xovl::bench {

enum class Way {
	Encap, ///< from the tenant to the underlay
	Decap, ///< the other way
};

inline constexpr const char *kTenantMac = "02:00:00:00:01:01";
inline constexpr const char *kRemoteMac = "02:00:00:00:01:02";

/// Frames between the two tenants: UDP over IPv4 in Ethernet; where they come in by the underlay, in that tunnel.
struct Load {
	bool v6 = false;         ///< the underlay
	unsigned inner_len = 60; ///< octets of the tenant's frame, Ethernet header included
	unsigned flows =
		1; ///< UDP source ports: of the inner header from the tenant, of the outer one from the underlay
	Tunnel tunnel = {};

	Traffic traffic(Way way) const;
	/// The remote VTEP.
	std::string peer() const;
};

/// Where the forwarding happens.
enum class Layer { Xdp, Tc };

/// An IPv4 address of peer i, of which there can be 50000; that of the remote VTEP is number 0.
std::string peer_address(size_t i);

/// A file for it: both interfaces in this mode, network blue of that tunnel, and these peers on the flood list.
std::string blue_yaml(const std::string &mode, const std::vector<std::string> &peers, const Tunnel &tunnel = {});

class Forwarder {
public:
	Forwarder(const std::string &role, const Traffic &from_tenant, const Traffic &from_underlay);
	~Forwarder();

	const test::Host &host() const { return host_; }

	/// The floor: both interfaces joined by a bare XDP_REDIRECT.
	void join_by_redirect();
	/// By xovl: the command of one build, and a file that has both interfaces in mode native (Xdp) or tc.
	void join_by_xovl(Layer layer, const std::string &command, const std::string &yaml);
	/// By the kernel's vxlan device and a bridge, learning on, GRO on.
	void join_by_kernel(const std::vector<std::string> &peers);

	/// Frames forwarded a second, in millions.
	double sample(Way way) const;
	double sample(Way way, const Burst &burst) const;

private:
	/// The programs that are given what comes from the tenant, and what comes from the underlay.
	void start(int from_tenant, int from_underlay, SinkKind sinks);
	/// They reach the stack, and TC.
	void start_through_stack();

	test::Host host_;
	Netns far_;
	Traffic from_tenant_, from_underlay_;
	uint32_t burst_ = 0;             ///< frames of one sample
	std::vector<Programs> programs_; ///< that join, or lead into the stack
	Fd tenant_prog_, underlay_prog_; ///< xovl's
	struct Ends;
	std::unique_ptr<Ends> ends_;
};

} // namespace xovl::bench
