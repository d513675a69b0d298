// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The kernel's tunnel devices that xovl makes, in collect-metadata mode ("external"): one for each UDP port at which networks receive, and one
// for GRE of each address family. While one is there, the kernel merges tunnel packets of that port, and unpacks what TC cannot.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernel/kernel_tunnels.hpp"
#include "state/tables.hpp"

namespace xovl {

/// Make those that desired needs and that are missing, and put all of them into its devices and endpoints. They are down until they
/// have their program: without it the host's IP stack would get what they unpack. owner: who makes them, the folder of the state.
/// Returns a note for each port that gets none.
std::vector<std::string> make_tunnel_devices(const std::string &owner, const Tables &current, Tables &desired);

/// Set those of the tables up that are not. failed(ifindex) is called for each that cannot be, as where its port is in use, and which is
/// removed then. Returns a note for each of these.
std::vector<std::string> start_tunnel_devices(const std::string &owner, const Tables &tables,
					      const std::function<void(uint32_t ifindex)> &failed);

/// Remove those of owner that the tables do not have. Error(System).
void remove_tunnel_devices(const std::string &owner, const Tables &tables);

/// The service (xovl_service() of an endpoint) that packets to a peer are for.
uint32_t service_of(const xovl_peer &peer);

/// The one that can carry what is sent to a peer; 0: there is none.
uint32_t tunnel_device_to(const Tables &tables, const xovl_peer &peer);

/// The one for a service (xovl_service() of an endpoint) at addresses of that one's family; 0: there is none.
uint32_t tunnel_device_for(const Tables &tables, uint32_t service, const Address &address);

/// Whether xovl has made it.
bool is_tunnel_device(const KernelTunnel &tunnel);

/// The UDP ports whose packets the kernel does not merge though the uplink of that number asks for it; empty: it merges all.
std::string unmerged_note(const Tables &tables, uint32_t uplink, const std::vector<KernelTunnel> &tunnels);

} // namespace xovl
