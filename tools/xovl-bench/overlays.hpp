// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Ways to join port0 and up0 of a host, except by XDP programs.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "topology.hpp"
#include "tunnel.hpp"

namespace xovl::bench {

/// Runs `apply` with the xovl command of a build. Throws std::runtime_error with the command's message.
void apply(const test::Host &host, const std::string &command, const std::string &yaml);

/// Joins by the kernel's vxlan device and a bridge, with learning on. local and peers are of one family. All peers get
/// BUM frames.
void join_vxlan(const test::Host &host, uint32_t vni, const std::string &local, const std::vector<std::string> &peers);

/// One of two hosts that are joined by their interfaces up0.
struct Site {
	const test::Host &host;
	const test::Netns &tenant; ///< its eth0 is the other end of port0
	const test::Netns &facing; ///< the other host
	std::string local, remote; ///< VTEP addresses, of the same family
};

/// Joins port0 and up0 of a site. Returns an object that must live as long as the host; nullptr if everything is in the
/// kernel. Throws std::runtime_error if this machine cannot.
using Overlay = std::function<std::shared_ptr<void>(const Site &)>;

/// Modes of xovl's interfaces, and further words of the file.
struct Modes {
	std::string uplink = "tc";
	std::string port = "tc";
	std::string net_words = {};  ///< ", via: kernel"
	std::string port_words = {}; ///< ", deliver: peer"
};

/// A bridge without tunnel.
Overlay by_bridge();
/// The kernel's device for that encapsulation and a bridge, with learning on.
Overlay by_kernel(const Tunnel &tunnel = {});
/// Open vSwitch in userspace (datapath_type=netdev).
Overlay by_ovs(const Tunnel &tunnel = {});
Overlay by_xovl(const std::string &command, const Modes &modes, const Tunnel &tunnel = {});

/// True if this kernel has a device for that encapsulation. v6: over IPv6.
bool kernel_has(const Tunnel &tunnel, bool v6);

} // namespace xovl::bench
