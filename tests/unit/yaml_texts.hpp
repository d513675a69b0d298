// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Beginnings of YAML files, to which tests add their own lines.
#pragma once

#include <string>

namespace xovl::test {

/// A complete network. Added lines begin at line 5.
inline const std::string kBlue = R"(networks:
  - name: blue
    encap: vxlan
    vni: 100
)";

/// The same with vteps and ports. Added lines begin at line 8.
inline const std::string kFull = R"(vtep: {local: [10.0.0.1, "fd00::1"]}
uplinks: [{dev: eth0}]
networks:
  - name: blue
    encap: vxlan
    vni: 100
    ports: [{dev: veth0}, {dev: eth1, vid: 100}]
)";

} // namespace xovl::test
