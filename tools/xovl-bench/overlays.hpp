// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What joins port0 and up0 of a host, but for XDP programs.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "topology.hpp"
#include "tunnel.hpp"

namespace xovl::bench {

/// `apply` of a file by the xovl command of some build. Throws std::runtime_error with what that says.
void apply(const test::Host &host, const std::string &command, const std::string &yaml);

/// The kernel's vxlan device and a bridge, learning on; local and the peers are of one family, the peers get BUM frames.
void join_vxlan(const test::Host &host, uint32_t vni, const std::string &local, const std::vector<std::string> &peers);

/// One of two hosts that face each other by their interfaces up0.
struct Site {
	const test::Host &host;
	const test::Netns &tenant; ///< its eth0 is the other end of port0
	const test::Netns &facing; ///< the other host
	std::string local, remote; ///< VTEP addresses, of one family
};

/// Joins port0 and up0 of a site. Returns what must live as long as the host; nullptr where the kernel does it all. Throws
/// std::runtime_error where this machine cannot.
using Overlay = std::function<std::shared_ptr<void>(const Site &)>;

/// The modes of xovl's interfaces.
struct Modes {
	std::string uplink = "tc";
	std::string port = "tc";
	std::string net_words = {};  ///< ", via: kernel"
	std::string port_words = {}; ///< ", deliver: peer"
};

/// A bridge, no tunnel.
Overlay by_bridge();
/// The kernel's device of that kind and a bridge, learning on.
Overlay by_kernel(const Tunnel &tunnel = {});
/// Open vSwitch in userspace (datapath_type=netdev).
Overlay by_ovs(const Tunnel &tunnel = {});
Overlay by_xovl(const std::string &command, const Modes &modes, const Tunnel &tunnel = {});

/// True if this kernel has a device of that kind. v6: over IPv6
bool kernel_has(const Tunnel &tunnel, bool v6);

} // namespace xovl::bench
