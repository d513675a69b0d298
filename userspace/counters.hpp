// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Counters as the datapath keeps them, per CPU, with their names. Bytes are those of inner frames; a super-frame counts once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "types.hpp"
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

struct DropCounters {
	xovl_reason reason = XOVL_REASON_NONE;
	PerCpu<xovl_drop_stats> stats;
};

struct Counters {
	std::vector<NetCounters> networks;
	std::vector<PortCounters> ports;
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
