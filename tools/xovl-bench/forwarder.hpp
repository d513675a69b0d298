// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One host that forwards between a tenant and the underlay, its frames made and counted on the same CPU:
//
//   far                      host                      far
//   tenant0 ──────────── port0  up0 ──────────── underlay0
//   02:00:00:00:01:01         192.0.2.1          192.0.2.2      the remote VTEP; behind it 02:00:00:00:01:02
//   10.1.0.1                  2001:db8::1        2001:db8::2    and 10.1.0.2
#pragma once

#include <memory>
#include <string>

#include "topology.hpp"
#include "wire.hpp"

namespace xovl::bench {

enum class Way {
	Encap, ///< from the tenant to the underlay
	Decap, ///< the other way
};

/// Frames between the two tenants: UDP over IPv4 in Ethernet, from VNI 100 where they come in by the underlay.
struct Load {
	bool v6 = false;	 ///< the underlay
	unsigned inner_len = 60; ///< octets of the tenant's frame, Ethernet header included
	unsigned flows = 1;	 ///< UDP source ports: of the inner header from the tenant, of the outer one from the underlay

	Traffic traffic(Way way) const;
};

class Forwarder {
public:
	Forwarder(const std::string &role, const Traffic &from_tenant, const Traffic &from_underlay);
	~Forwarder();

	const test::Host &host() const { return host_; }

	/// The floor: both interfaces joined by a bare XDP_REDIRECT.
	void join_by_redirect();
	/// By xovl: the command of one build, and a file.
	void join_by_xovl(const std::string &command, const std::string &yaml);
	/// By the kernel's vxlan device and a bridge, learning on, GRO on.
	void join_by_kernel(bool v6);

	/// Frames forwarded a second, in millions; so many are sent.
	double sample(Way way, uint32_t count) const;

private:
	/// The programs that are given what comes from the tenant, and what comes from the underlay.
	void start(int from_tenant, int from_underlay, SinkKind sinks);

	test::Host host_;
	Netns far_;
	Traffic from_tenant_, from_underlay_;
	std::vector<Programs> programs_; ///< that join, unless it is xovl
	Fd tenant_prog_, underlay_prog_; ///< xovl's
	struct Ends;
	std::unique_ptr<Ends> ends_;
};

} // namespace xovl::bench
