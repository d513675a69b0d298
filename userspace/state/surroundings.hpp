// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What stands around ports, uplinks and vteps on this host: bridges that have them, interfaces over them, other ways in and out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "state/tables.hpp"

namespace xovl {

/// The interfaces of the current network namespace and their addresses, as they are at one moment.
class Surroundings {
public:
	/// Error(System).
	static Surroundings read();

	// What a person should know; empty: nothing. Each asks for a table's interfaces by their numbers.
	std::string port_note(uint32_t ifindex) const;
	std::string uplink_note(const Tables &tables, uint32_t ifindex) const;
	std::string vtep_note(const Tables &tables, const Address &vtep) const;
	/// Asks the kernel for its route.
	std::string peer_note(const Tables &tables, const xovl_peer &peer) const;
	/// Whether the route to a peer leads to an interface that encrypts.
	bool encrypts_to(const xovl_peer &peer) const;

	struct Interface {
		std::string name;
		std::string kind;    ///< IFLA_INFO_KIND
		uint32_t master = 0; ///< 0: none
		uint32_t lower = 0;  ///< of a VLAN, macvlan and the like; 0: none here
		bool running = false;
		bool loopback = false;
		std::vector<Address> addresses; ///< but link-local ones
	};

	std::map<uint32_t, Interface> interfaces; ///< by number
};

} // namespace xovl
