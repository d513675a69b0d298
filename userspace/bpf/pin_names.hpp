// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Which pins in a folder are those of xovl.
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace xovl {

class PinDir;

/// Pinned last, so that it marks a complete load.
inline constexpr const char *kSettingsPin = "settings";
inline constexpr const char *kVtepsPin = "vteps";
inline constexpr const char *kDevicesPin = "devices";
inline constexpr const char *kLiveDevicesPin = "live_devices";

/// The TC link of an interface.
std::string tc_link_pin(uint32_t ifindex);
/// The TC link of an uplink's way out.
std::string guard_pin(uint32_t ifindex);
/// The XDP program of an interface, where it runs alone.
std::string xdp_pin(uint32_t ifindex);

/// The pins that xovl made in a folder, whatever version of it: those with names that this one uses or an older one used, and the maps
/// that our programs there use.
class OwnPins {
public:
	explicit OwnPins(const PinDir &dir);

	bool has(const std::string &name) const;

private:
	const PinDir &dir_;
	std::set<std::string> names_;
	std::set<uint32_t> map_ids_; ///< that our programs use
};

} // namespace xovl
