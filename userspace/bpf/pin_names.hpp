// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Names of the pins in a folder, and which pins belong to xovl.
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace xovl {

class PinDir;

/// Pinned last, so it marks a complete load.
inline constexpr const char *kSettingsPin = "settings";
inline constexpr const char *kVtepsPin = "vteps";
inline constexpr const char *kDevicesPin = "devices";
inline constexpr const char *kLiveDevicesPin = "live_devices";

/// Returns the pin name of the tcx link at ingress of an interface.
std::string tc_link_pin(uint32_t ifindex);
/// Returns the pin name of the tcx link at egress of an uplink (the guard).
std::string guard_pin(uint32_t ifindex);
/// Returns the pin name of the XDP program of an interface, if it runs without dispatcher.
std::string xdp_pin(uint32_t ifindex);

/// Recognises the pins that any version of xovl made in a folder: by names that this or an older version uses, and as
/// maps that our programs there use.
class OwnPins {
public:
	explicit OwnPins(const PinDir &dir);

	bool has(const std::string &name) const;

private:
	const PinDir &dir_;
	std::set<std::string> names_;
	std::set<uint32_t> map_ids_; ///< IDs of the maps that our programs use
};

} // namespace xovl
