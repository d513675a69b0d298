// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bpf/pin_names.hpp"

#include <bpf/bpf.h>

#include <string_view>

#include "bpf/attach.hpp"
#include "bpf/datapath.hpp"
#include "bpf/pins.hpp"

namespace xovl {

namespace {

constexpr std::string_view kTcLinkPrefix = "tc_";
constexpr std::string_view kXdpPrefix = "xdp_";
constexpr std::string_view kGuardPrefix = "guard_";

/// Maps that only userspace uses, and maps of older versions.
constexpr const char *kFurtherNames[] = {kSettingsPin,  kVtepsPin,    "path_of_one", "generation",
					 "uplinks_now", "paths_once", "arrivals",    "floods_now"};

/// Returns the IDs of the programs that the pinned TC programs jump to.
std::set<uint32_t> jump_targets(const PinDir &dir)
{
	std::set<uint32_t> ids;
	const Fd jumps = dir.open_map("jumps");
	uint32_t index = 0, id = 0;
	if (!jumps)
		return ids;
	for (uint32_t *last = nullptr; bpf_map_get_next_key(jumps.get(), last, &index) == 0; last = &index)
		if (bpf_map_lookup_elem(jumps.get(), &index, &id) == 0)
			ids.insert(id);
	return ids;
}

/// True if the name is a pin of one interface: a prefix and its number.
bool is_of_interface(const std::string &name)
{
	for (const std::string_view prefix : {kTcLinkPrefix, kXdpPrefix, kGuardPrefix})
		if (name.starts_with(prefix) && name.size() > prefix.size() &&
		    name.find_first_not_of("0123456789", prefix.size()) == name.npos)
			return true;
	return false;
}

} // namespace

std::string tc_link_pin(uint32_t ifindex)
{
	return std::string(kTcLinkPrefix) + std::to_string(ifindex);
}

std::string xdp_pin(uint32_t ifindex)
{
	return std::string(kXdpPrefix) + std::to_string(ifindex);
}

std::string guard_pin(uint32_t ifindex)
{
	return std::string(kGuardPrefix) + std::to_string(ifindex);
}

OwnPins::OwnPins(const PinDir &dir) : dir_(dir), names_(std::begin(kFurtherNames), std::end(kFurtherNames))
{
	for (std::string &name : shared_map_names())
		names_.insert(std::move(name));
	for (const char *name : kTcNames) {
		names_.insert(name);
		if (const Fd program = dir.open(name))
			map_ids_.merge(program_maps(program));
	}
	for (const uint32_t id : jump_targets(dir))
		if (const Fd program(bpf_prog_get_fd_by_id(id)); program)
			map_ids_.merge(program_maps(program));
}

bool OwnPins::has(const std::string &name) const
{
	if (names_.contains(name) || is_of_interface(name))
		return true;
	const Fd object = dir_.open(name);
	return object && map_ids_.contains(map_id(object.get()));
}

} // namespace xovl
