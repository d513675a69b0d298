// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The interfaces, addresses and routes of this host around ports, uplinks and vteps, and notes about those that
// conflict with them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "state/tables.hpp"

namespace xovl {

/// A snapshot of the interfaces of the current network namespace and their addresses.
class Surroundings {
public:
	/// Throws Error(System) if netlink fails.
	static Surroundings read();

	// Each returns a note for the user; empty if there is nothing to say. ifindex: the interface of a port or
	// uplink.
	std::string port_note(uint32_t ifindex) const;
	std::string uplink_note(const Tables &tables, uint32_t ifindex) const;
	std::string vtep_note(const Tables &tables, const Address &vtep) const;
	/// Looks up the route to the peer. Throws Error(System) if netlink fails.
	std::string peer_note(const Tables &tables, const xovl_peer &peer) const;
	/// True if the route to the peer leads to an interface that encrypts.
	bool encrypts_to(const xovl_peer &peer) const;

	struct Interface {
		std::string name;
		std::string kind;    ///< IFLA_INFO_KIND
		uint32_t master = 0; ///< 0: none
		uint32_t lower = 0;  ///< of a VLAN, macvlan or similar; 0: none in this network namespace
		bool running = false;
		bool loopback = false;
		std::vector<Address> addresses; ///< without link-local addresses
	};

	std::map<uint32_t, Interface> interfaces; ///< by ifindex
};

} // namespace xovl
