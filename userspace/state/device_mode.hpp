// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Whether an interface can have XDP, and why it has another mode than the one asked for.
#pragma once

#include <cstdint>
#include <string>

#include "kernel/link.hpp"
#include "xovl/maps.h"

namespace xovl {

/// Stored in xovl_device::note.
enum Note : uint8_t {
	kNoNote,
	kVirtual,
	kNoDriver,
	kVlanStripped,
	kReceiveOffload,
	kBusy,
	kRefused,
	kTagsHidden,
	kNoEthernet,
	kMerged,
};

/// How an interface is used.
struct DeviceUse {
	bool trunk = false;           ///< VLAN tags matter on this interface
	bool virtual_tenants = false; ///< for an uplink: there are ports on veth, tap or other virtual interfaces
};

/// Returns why XDP is not tried in the mode asked for (device.mode_asked); kNoNote if it is. See docs/modes.md.
Note xdp_obstacle(const LinkInfo &link, const xovl_device &device, const DeviceUse &use);
/// The same as text; empty if XDP is tried.
std::string why_no_xdp(const LinkInfo &link, const xovl_device &device, const DeviceUse &use);

/// Stores in the record why XDP was refused. The text is cut to XOVL_REFUSAL_LEN.
void keep_refusal(xovl_device &device, Note note, const std::string &text);

/// Returns which XDP program prevented ours at the last attempt; empty if none did.
std::string device_refusal(const xovl_device &device);

/// Returns why the mode in force is not the mode asked for; empty if it is.
std::string device_note(const xovl_device &device);

} // namespace xovl
