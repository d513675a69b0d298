// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The tunnel devices of the kernel that xovl creates, in collect-metadata mode ("external"): one for each UDP port at
// which networks receive, and one for GRE in each address family. While a device exists, the kernel merges the tunnel
// packets of its port, and unpacks what TC cannot.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernel/kernel_tunnels.hpp"
#include "state/tables.hpp"

namespace xovl {

/// Creates the missing devices that desired needs, and enters all of them in its devices, endpoints and peers. The
/// devices are down until they have their program: without it, the host's IP stack would get the unpacked frames.
/// owner: the pin folder of the state, stored as alias. Returns a note for each port that gets no device.
std::vector<std::string> make_tunnel_devices(const std::string &owner, const Tables &current, Tables &desired);

/// Sets up all devices of the tables that are down. If one cannot be set up, for example because its port is in use,
/// calls failed(ifindex) and removes the device. Returns a note for each of these.
std::vector<std::string> start_tunnel_devices(const std::string &owner, const Tables &tables,
					      const std::function<void(uint32_t ifindex)> &failed);

/// Removes the devices of owner that are not in the tables. Throws Error(System) if the kernel refuses.
void remove_tunnel_devices(const std::string &owner, const Tables &tables);

/// Returns the service (xovl_service() of an endpoint) of packets to the peer.
uint32_t service_of(const xovl_peer &peer);

/// Returns the device that can carry packets to the peer; 0 if there is none.
uint32_t tunnel_device_to(const Tables &tables, const xovl_peer &peer);

/// Returns the device for a service (xovl_service() of an endpoint) in the family of the address; 0 if there is none.
uint32_t tunnel_device_for(const Tables &tables, uint32_t service, const Address &address);

/// True if xovl created the tunnel device.
bool is_tunnel_device(const KernelTunnel &tunnel);

/// Returns a note about the UDP ports whose packets the kernel does not merge although the uplink asks for it; empty if
/// it merges all.
std::string unmerged_note(const Tables &tables, uint32_t uplink, const std::vector<KernelTunnel> &tunnels);

} // namespace xovl
