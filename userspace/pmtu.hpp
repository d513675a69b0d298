// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The path MTU of the underlay: what the kernel's routes say, and what the datapath was told by routers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "datapath.hpp"
#include "types.hpp"

struct nl_sock;

namespace xovl {

/// The key of a peer's entry.
xovl_pmtu_key pmtu_key(const xovl_peer &peer);

/// How many more seconds what it says is in force; 0: it is not.
uint32_t seconds_left(const xovl_pmtu &pmtu);

/// Forget what routers said of these paths; returns of how many.
size_t forget_pmtus(const Maps &maps, const std::function<bool(const xovl_pmtu_key &)> &which);

/// The kernel's routes.
class Routes {
public:
	/// Error(System) when netlink refuses.
	Routes();

	/// The MTU of the route between two addresses, as the datapath takes it: one that is locked or that the kernel has learned, else
	/// that of the interface. nullopt: there is no route.
	std::optional<uint32_t> mtu(const Address &from, const Address &to);

private:
	uint32_t link_mtu(uint32_t ifindex);

	std::unique_ptr<nl_sock, void (*)(nl_sock *)> socket_;
	std::map<uint32_t, uint32_t> link_mtus_; ///< of what has been asked for
};

} // namespace xovl
