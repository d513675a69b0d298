// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Base of the life-cycle tests: both hosts in one mode, and a long configuration.
#pragma once

#include <string>

#include <fmt/format.h>

#include "topology.hpp"

namespace xovl::test {

class Lifecycle : public OverlayTest, public testing::WithParamInterface<std::string> {
protected:
	Plan plan() const { return {.port_mode = GetParam(), .uplink_mode = GetParam()}; }
};

/// The configuration of host i with `count` further networks, each with a flood list and FDB entries.
inline std::string big_config(const Topology &net, unsigned i, unsigned count)
{
	std::string text = net.config(i);
	for (unsigned n = 0; n < count; n++) {
		text += fmt::format(
			"  - name: net{}\n    encap: vxlan\n    vni: {}\n    flood: [{}, 192.0.2.{}]\n    fdb:\n", n,
			1000 + n, net.vtep(3 - i), 10 + n % 200);
		for (unsigned mac = 0; mac < 20; mac++)
			text += fmt::format("      - {{mac: \"02:00:00:01:{:02x}:{:02x}\", dst: {}}}\n", n & 0xff, mac,
					    net.vtep(3 - i));
	}
	return text;
}

} // namespace xovl::test
