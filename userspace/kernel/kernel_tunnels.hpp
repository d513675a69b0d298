// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Tunnel devices of the kernel that receive at the same address and port as a network. The datapath drops their packets
// as unknown unless the vtep has "foreign pass".
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
	std::string name;  ///< name of the device
	std::string alias; ///< IFLA_IFALIAS
	std::array<uint8_t, 6> mac{};
	/// A tunnel that is down has no socket, so it receives nothing.
	bool up = false;
	std::string kind;              ///< IFLA_INFO_KIND: "vxlan", "geneve", "gretap" …
	bool v4 = false, v6 = false;   ///< address families in which it receives
	std::optional<Address> local;  ///< nullopt: any local address
	uint32_t endpoint_service = 0; ///< as in xovl_endpoint_key
	uint32_t tunnel_service = 0;   ///< as in xovl_tunnel_key
	/// As in xovl_tunnel_key. nullopt (external): it receives all identifiers that no other device has.
	std::optional<uint32_t> id;

	/// Returns the text for messages: "vx7 (vxlan, VNI 7)".
	std::string str() const;
};

/// Returns the tunnels of the current network namespace, up or down. Throws Error(System) if netlink fails.
std::vector<KernelTunnel> kernel_tunnels();

/// True if packets for the tunnel arrive at the endpoint.
bool receives_at(const KernelTunnel &tunnel, const xovl_endpoint_key &endpoint);

/// Returns the key under which a network would receive the tunnel's packets at a local address; nullopt if the tunnel
/// has no identifier of its own.
std::optional<xovl_tunnel_key> key_of(const KernelTunnel &tunnel, const xovl_addr &local);

} // namespace xovl
