// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Beginnings of files, for tests that add what they are about.
#pragma once

#include <string>

namespace xovl::test {

/// A network that is complete; what is added begins in line 5.
inline const std::string kBlue = R"(networks:
  - name: blue
    encap: vxlan
    vni: 100
)";

/// The same with vteps and ports; what is added begins in line 8.
inline const std::string kFull = R"(vtep: {local: [10.0.0.1, "fd00::1"]}
uplinks: [{dev: eth0}]
networks:
  - name: blue
    encap: vxlan
    vni: 100
    ports: [{dev: veth0}, {dev: eth1, vid: 100}]
)";

} // namespace xovl::test
