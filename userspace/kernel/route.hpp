// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the kernel's routes say.
#pragma once

#include <linux/rtnetlink.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "config/types.hpp"

struct nl_sock;

namespace xovl {

struct Route {
	uint32_t ifindex = 0; ///< 0: there is none
	uint8_t type = RTN_UNSPEC;
	xovl_addr gateway{}; ///< of IPv6; 0: none
};

/// The route by which the kernel would send. Error(System): it is not to be asked.
Route ask_route(const Address &to, const std::optional<Address> &from);

/// Whether it is an address of this host, by the kernel's tables.
bool address_is_here(const Address &address);

/// Asks for the MTU of the kernel's routes.
class RouteMtus {
public:
	/// Error(System) when netlink refuses.
	RouteMtus();

	/// The MTU of the route between two addresses, as the datapath takes it: one that is locked or that the kernel has learned, else
	/// that of the interface. nullopt: there is no route.
	std::optional<uint32_t> mtu(const Address &from, const Address &to);

private:
	uint32_t link_mtu(uint32_t ifindex);

	std::unique_ptr<nl_sock, void (*)(nl_sock *)> socket_;
	std::map<uint32_t, uint32_t> link_mtus_; ///< of what has been asked for
};

} // namespace xovl
