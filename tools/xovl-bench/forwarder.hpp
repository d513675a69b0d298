// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One host that forwards between a tenant and the underlay. Its frames are made and counted on the same CPU:
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

/// Frames between the two tenants: UDP over IPv4 over Ethernet. From the underlay they arrive encapsulated.
struct Load {
	bool v6 = false;         ///< the underlay is IPv6
	unsigned inner_len = 60; ///< octets of the tenant's frame, Ethernet header included
	unsigned flows =
		/// number of UDP source ports: of the inner header from the tenant, of the outer header from the
		/// underlay
		1;
	Tunnel tunnel = {};

	Traffic traffic(Way way) const;
	/// Returns the address of the remote VTEP.
	std::string peer() const;
};

/// The layer at which frames are forwarded.
enum class Layer { Xdp, Tc };

/// Returns the IPv4 address of peer i, up to 50000. Peer 0 is the remote VTEP.
std::string peer_address(size_t i);

/// Returns a configuration file: both interfaces in this mode, network blue with this tunnel, and these peers on its
/// flood list. port_words: further keys of the port, ", isolated: true".
std::string blue_yaml(const std::string &mode, const std::vector<std::string> &peers, const Tunnel &tunnel = {},
		      const std::string &port_words = {});

class Forwarder {
public:
	Forwarder(const std::string &role, const Traffic &from_tenant, const Traffic &from_underlay);
	~Forwarder();

	const test::Host &host() const { return host_; }

	/// Joins both interfaces by a bare XDP_REDIRECT: the minimum cost.
	void join_by_redirect();
	/// Joins by xovl, with the command of one build and a file that has both interfaces in mode native (Xdp) or tc.
	void join_by_xovl(Layer layer, const std::string &command, const std::string &yaml);
	/// Joins by the kernel's vxlan device and a bridge, with learning and GRO on.
	void join_by_kernel(const std::vector<std::string> &peers);

	/// Returns millions of frames forwarded per second.
	double sample(Way way) const;
	double sample(Way way, const Burst &burst) const;

private:
	/// Starts the generators with the programs that get the frames from the tenant and from the underlay.
	void start(int from_tenant, int from_underlay, SinkKind sinks);
	/// Lets the frames pass to the stack, where TC gets them.
	void start_through_stack();

	test::Host host_;
	Netns far_;
	Traffic from_tenant_, from_underlay_;
	uint32_t burst_ = 0;             ///< frames of one sample
	std::vector<Programs> programs_; ///< programs that join the interfaces, or pass frames to the stack
	Fd tenant_prog_, underlay_prog_; ///< xovl's programs
	struct Ends;
	std::unique_ptr<Ends> ends_;
};

} // namespace xovl::bench
