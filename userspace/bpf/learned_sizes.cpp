// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bpf/learned_sizes.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>

#include "base/error.hpp"

namespace xovl {

xovl_learned_all learned_nothing(uint32_t fdb_limit)
{
	xovl_learned_all all{.seeds = {}, .room = fdb_limit, .entries = 0, .hand = 0, .pad = 0};
	if (getrandom(all.seeds, sizeof(all.seeds), 0) != sizeof(all.seeds))
		throw system_error("read", "random numbers", errno);
	for (auto &seed : all.seeds)
		seed |= 1;
	return all;
}

uint32_t learned_sets(uint32_t fdb_limit)
{
	constexpr uint32_t kAtLeast = 16; // with fewer sets, both sets of a key would often be the same
	return std::max<uint32_t>(kAtLeast, 2 * uint64_t{fdb_limit} / XOVL_LEARNED_SET_KEYS);
}

} // namespace xovl
