// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Selects the mode of an interface and attaches its programs: XDP (native or generic) if asked for and possible, and
// always TC.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/image.hpp"
#include "bpf/datapath.hpp"
#include "bpf/hooks.hpp"
#include "kernel/link.hpp"
#include "state/device_mode.hpp"

namespace xovl {

/// Checks a link found by a name that a user gave, and returns it. Throws Error(Request) if there is none, or it is the
/// loopback interface.
LinkInfo require_link(const std::string &dev, const std::optional<LinkInfo> &link);
/// Checks the use of an interface that is not Ethernet. uplink: its configuration; nullptr for a port. Throws
/// Error(Request) if it cannot have this use.
void check_ip_link(const std::string &dev, const UplinkConfig *uplink);

/// The flags of a device record that describe the interface. A VLAN interface over it has the same.
inline constexpr uint32_t kLinkFlags =
	XOVL_DEV_XDP_XMIT | XOVL_DEV_GSO_WHOLE | XOVL_DEV_IP | XOVL_DEV_ENCRYPTS | XOVL_DEV_PEER_AWAY;

/// Stores a record that device_attach() has updated.
using DeviceRecord = std::function<void(const xovl_device &)>;

/// Allows sending frames to the interface. Must be called before tables lead there. device_attach() does so, too.
void device_open(const WritablePinDir &dir, uint32_t ifindex);

/// Whether the interface is new in this role and mode. If it had both before, falling back to TC is better than a
/// failed command.
enum class Asked { Newly, Before };

/// Attaches the programs for device.role in the mode asked for, or in the best possible one. Programs that are attached
/// correctly are not touched. Returns the record with mode, note and flags filled in.
/// record() is called with everything that must be changed back later, before anything else can fail.
/// Throws Error(System) if the mode is newly asked for by name and another XDP program prevents it, or if TC refuses.
xovl_device device_attach(const WritablePinDir &dir, const LinkInfo &link, xovl_device device, const DeviceUse &use,
			  Asked asked, const DeviceRecord &record);

/// Attaches or detaches the program that checks packets leaving an uplink, as device.flags says (XOVL_DEV_GUARDED).
/// record: as above. Throws Error(System) if the kernel refuses.
void device_guard(const WritablePinDir &dir, const LinkInfo &link, xovl_device &device, const DeviceRecord &record);

/// Detaches all our programs, and undoes the changes to the interface that device.flags records. If the interface is
/// gone, only its pins are removed, even if a new interface has its index.
void device_detach(const WritablePinDir &dir, uint32_t ifindex, const xovl_device &device);

/// True if the interface that was attached under this number is still there, neither deleted nor moved to another
/// network namespace. If not, a new interface may have the number.
bool device_is_live(const PinDir &dir, uint32_t ifindex);

/// True if an interface that is not live is in another network namespace, as far as the kernel tells (tcx, Linux 6.6).
bool device_has_moved(const PinDir &dir, uint32_t ifindex);

/// Detaches our programs from an interface that is not live, in whatever network namespace it is. If it cannot be
/// reached, it keeps the programs, which pass all frames there.
void device_detach_moved(const WritablePinDir &dir, uint32_t ifindex, const xovl_device &device);

/// Returns XOVL_MODE_NATIVE or XOVL_MODE_GENERIC if our XDP program is attached, else XOVL_MODE_TC.
xovl_mode device_xdp_mode(const PinDir &dir, uint32_t ifindex);

/// Updates the names in the records from the interfaces. A record whose interface is gone is renamed to its number,
/// "if7", if another interface of ours has its name. Returns the numbers of the changed records.
std::vector<uint32_t> follow_names(const PinDir &dir, Image<uint32_t, xovl_device> &devices);

/// Returns the programs at the hooks of an interface.
Hooks device_hooks(const PinDir &dir, uint32_t ifindex);

/// Returns which of our programs another process has detached; empty if none.
std::string device_loss(const PinDir &dir, uint32_t ifindex, const xovl_device &device);

/// True if the programs are attached as device.mode says.
bool device_is_attached(const PinDir &dir, uint32_t ifindex, const xovl_device &device);

/// True if device_attach() would change nothing.
bool device_is_settled(const PinDir &dir, const LinkInfo &link, const xovl_device &device, const DeviceUse &use);

/// Returns device.flags with kLinkFlags set as the interface is now.
uint32_t device_flags(const xovl_device &device, const LinkInfo &link);

} // namespace xovl
