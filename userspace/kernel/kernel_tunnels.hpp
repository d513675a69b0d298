// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The kernel's own tunnels that receive where a network would: packets for them are dropped as unknown unless the vtep says
// "foreign pass".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/types.hpp"

namespace xovl {

struct KernelTunnel {
	uint32_t ifindex = 0;
	std::string name;  ///< of the device
	std::string alias; ///< IFLA_IFALIAS
	std::array<uint8_t, 6> mac{};
	bool up = false;               ///< one that is down has no socket, and no packet finds it
	std::string kind;              ///< IFLA_INFO_KIND: "vxlan", "geneve", "gretap" …
	bool v4 = false, v6 = false;   ///< the families in which it receives
	std::optional<Address> local;  ///< nullopt: any
	uint32_t endpoint_service = 0; ///< as of xovl_endpoint_key
	uint32_t tunnel_service = 0;   ///< as of xovl_tunnel_key
	/// As of xovl_tunnel_key; nullopt: all that nobody else has (external).
	std::optional<uint32_t> id;

	/// "vx7 (vxlan, VNI 7)"
	std::string str() const;
};

/// Those of the current network namespace, up or down. Error(System).
std::vector<KernelTunnel> kernel_tunnels();

/// Whether packets for the tunnel arrive at the endpoint.
bool receives_at(const KernelTunnel &tunnel, const xovl_endpoint_key &endpoint);

/// The key by which a network would get its packets at a local address; nullopt: it has no identifier of its own.
std::optional<xovl_tunnel_key> key_of(const KernelTunnel &tunnel, const xovl_addr &local);

} // namespace xovl
