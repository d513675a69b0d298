// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The datapath's counters with names, per CPU. Bytes are those of inner frames. A super-frame counts as one packet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/types.hpp"
#include "xovl/counters.h"
#include "xovl/reasons.h"

namespace xovl {

/// One value for each possible CPU.
template <typename Value> struct PerCpu {
	std::vector<Value> cpu;
};

struct NetCounters {
	std::string name;
	PerCpu<xovl_net_stats> stats;
};

struct PortCounters {
	std::string dev;
	uint16_t vid = 0;
	PerCpu<xovl_traffic> stats;
};

struct PeerCounters {
	Address dst;
	PerCpu<xovl_traffic> stats;
};

/// An interface that has VLAN ports.
struct InterfaceCounters {
	std::string dev;
	PerCpu<xovl_device_stats> stats;
};

/// Where a dropped frame came from, or where a dropped copy was to go: a port, a peer, or an uplink if the sender is
/// unknown.
struct DropPlace {
	std::string net; ///< empty: unknown
	xovl_place_kind kind = XOVL_PLACE_DEVICE;
	std::string dev;  ///< interface of a port or uplink
	uint16_t vid = 0; ///< for a port
	std::optional<Address> peer;

	auto operator<=>(const DropPlace &) const = default;
};

struct DropCounters {
	xovl_reason reason = XOVL_REASON_NONE;
	PerCpu<xovl_drop_stats> stats;
	/// The same by place, sorted. Drops at objects that are gone, and drops when the map was full, are missing.
	std::vector<std::pair<DropPlace, PerCpu<xovl_drop_stats>>> places;
};

struct Counters {
	std::vector<NetCounters> networks;
	std::vector<PortCounters> ports;
	std::vector<InterfaceCounters> interfaces;
	std::vector<PeerCounters> peers; ///< one element for each remote address
	std::vector<DropCounters> drops; ///< all reasons, also those that did not occur
};

/// Returns the reason in lower case: "split_horizon".
std::string reason_name(xovl_reason reason);
/// Returns the text from XOVL_REASONS.
const char *reason_text(xovl_reason reason);
/// True if the frame belonged to a known network when it was dropped (stage NETWORK).
bool reason_in_network(xovl_reason reason);

} // namespace xovl
