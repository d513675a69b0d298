// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What joins port0 and up0 of a host, but for XDP programs.
#pragma once

#include <string>
#include <vector>

#include "topology.hpp"

namespace xovl::bench {

/// `apply` of a file by the xovl command of some build. Throws std::runtime_error with what that says.
void apply(const test::Host &host, const std::string &command, const std::string &yaml);

/// A bridge, nothing else.
void join_bridge(const test::Host &host);

/// The kernel's vxlan device and a bridge, learning on; local and the peers are of one family, the peers get BUM frames.
void join_vxlan(const test::Host &host, uint32_t vni, const std::string &local, const std::vector<std::string> &peers);

} // namespace xovl::bench
