// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Routes and route MTUs of the kernel, by netlink.
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
	uint32_t ifindex = 0; ///< 0: there is no route
	uint8_t type = RTN_UNSPEC;
	xovl_addr gateway{}; ///< IPv6 gateway; all zero: none
};

/// Returns the route that the kernel would use to send. Throws Error(System) if netlink fails.
Route ask_route(const Address &to, const std::optional<Address> &from);

/// True if the kernel's tables have it as a local address of this host.
bool address_is_here(const Address &address);

/// Reads the MTUs of the kernel's routes.
class RouteMtus {
public:
	/// Throws Error(System) if netlink fails.
	RouteMtus();

	/// Returns the MTU of the route between two addresses, computed as in the datapath: the route's MTU if it is
	/// locked or the kernel has learned it, at most the MTU of the interface. nullopt if there is no route.
	std::optional<uint32_t> mtu(const Address &from, const Address &to);

private:
	uint32_t link_mtu(uint32_t ifindex);

	std::unique_ptr<nl_sock, void (*)(nl_sock *)> socket_;
	std::map<uint32_t, uint32_t> link_mtus_; ///< MTUs already read, by ifindex
};

} // namespace xovl
