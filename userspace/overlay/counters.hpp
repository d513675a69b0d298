// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Counters as the datapath keeps them, per CPU, with their names. Bytes are those of inner frames; a super-frame counts once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/types.hpp"
#include "xovl/reasons.h"

namespace xovl {

/// T holds one element per possible CPU.
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

/// An interface of which a VLAN is a port.
struct InterfaceCounters {
	std::string dev;
	PerCpu<xovl_device_stats> stats;
};

/// Where frames came from that were dropped, or where copies were to go: a port, a peer, or an uplink (the sender is not known).
struct DropPlace {
	std::string net; ///< empty: not known
	xovl_place_kind kind = XOVL_PLACE_DEVICE;
	std::string dev;  ///< of a port, or the uplink
	uint16_t vid = 0; ///< of a port
	std::optional<Address> peer;

	auto operator<=>(const DropPlace &) const = default;
};

struct DropCounters {
	xovl_reason reason = XOVL_REASON_NONE;
	PerCpu<xovl_drop_stats> stats;
	/// The same by places, sorted. What happened at objects that are gone, or when there was no room for more, is not in it.
	std::vector<std::pair<DropPlace, PerCpu<xovl_drop_stats>>> places;
};

struct Counters {
	std::vector<NetCounters> networks;
	std::vector<PortCounters> ports;
	std::vector<InterfaceCounters> interfaces;
	std::vector<PeerCounters> peers; ///< one for each remote address
	std::vector<DropCounters> drops; ///< every reason, also those that did not occur
};

/// "split_horizon"
std::string reason_name(xovl_reason reason);
/// The sentence of the X-macro.
const char *reason_text(xovl_reason reason);
/// Whether the frame was of a known network when it was dropped (stage NETWORK).
bool reason_in_network(xovl_reason reason);

} // namespace xovl
