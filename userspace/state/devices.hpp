// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Which mode an interface gets, and attaching it: native or generic XDP where asked for and possible, TC always.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/image.hpp"
#include "bpf/datapath.hpp"
#include "bpf/hooks.hpp"
#include "kernel/link.hpp"

namespace xovl {

/// The link of a name that a person gave, as it was found. Error(Request): there is none, or it is the loopback interface.
LinkInfo require_link(const std::string &dev, const std::optional<LinkInfo> &link);
/// An interface that is no Ethernet, and what it is to be; nullptr: a port. Error(Request): it cannot be.
void check_ip_link(const std::string &dev, const UplinkConfig *uplink);

/// Those flags of a record that say what the interface is like, which a VLAN interface over it is, too.
inline constexpr uint32_t kLinkFlags =
	XOVL_DEV_XDP_XMIT | XOVL_DEV_GSO_WHOLE | XOVL_DEV_IP | XOVL_DEV_ENCRYPTS | XOVL_DEV_PEER_AWAY;

/// What an interface is used for.
struct DeviceUse {
	bool trunk = false;           ///< VLAN tags matter there
	bool virtual_tenants = false; ///< of an uplink: there are ports on veth, tap and the like
};

/// Why XDP is not even tried at an interface in the mode that is asked for (device.mode_asked); empty: it is. See docs/modes.md.
std::string why_no_xdp(const LinkInfo &link, const xovl_device &device, const DeviceUse &use);

/// Keeps a record that device_attach() has brought up to date.
using DeviceRecord = std::function<void(const xovl_device &)>;

/// Frames may be sent to the interface from now on; to be said before tables lead there. device_attach() says so, too.
void device_open(const WritablePinDir &dir, uint32_t ifindex);

/// Whether an interface was to have this role and mode already. Then TC alone is better than a command that fails.
enum class Asked { Newly, Before };

/// Attach the programs of device.role in the mode asked for, or in the best one there is; what is attached already and
/// right stays untouched. Returns the record with mode, note and flags filled in.
/// record() is called with what is to be changed back one day, before anything else can fail.
/// Error(System): the mode is newly asked for by name and another XDP program is in the way, or TC refuses.
xovl_device device_attach(const WritablePinDir &dir, const LinkInfo &link, xovl_device device, const DeviceUse &use,
			  Asked asked, const DeviceRecord &record);

/// Look at what leaves by the interface, or no longer, as device.flags says (XOVL_DEV_GUARDED). record() as above. Error(System).
void device_guard(const WritablePinDir &dir, const LinkInfo &link, xovl_device &device, const DeviceRecord &record);

/// Detach all of ours; what device.flags says was changed at the interface is changed back. An interface that is
/// gone leaves only its pins to remove, also where a new one has its index.
void device_detach(const WritablePinDir &dir, uint32_t ifindex, const xovl_device &device);

/// Whether the interface that was attached under this number is still there: neither deleted nor moved to another network
/// namespace. A new one may have the number then.
bool device_is_live(const PinDir &dir, uint32_t ifindex);

/// Whether an interface that is not live is in another network namespace, as far as the kernel tells (tcx, Linux 6.6).
bool device_has_moved(const PinDir &dir, uint32_t ifindex);

/// Detach what is still attached to an interface that is not live, in whatever network namespace it is. One that cannot be reached
/// keeps its programs, which pass all frames there.
void device_detach_moved(const WritablePinDir &dir, uint32_t ifindex, const xovl_device &device);

/// XOVL_MODE_NATIVE or XOVL_MODE_GENERIC when our XDP program is attached, else XOVL_MODE_TC.
xovl_mode device_xdp_mode(const PinDir &dir, uint32_t ifindex);

/// Records get the names that their interfaces have now. A record whose interface is gone is called by its number, "if7", where
/// another interface of ours has its name. Returns the numbers of those that changed.
std::vector<uint32_t> follow_names(const PinDir &dir, Image<uint32_t, xovl_device> &devices);

/// What is at the hooks of an interface.
Hooks device_hooks(const PinDir &dir, uint32_t ifindex);

/// What somebody took away of what is attached; empty: nothing.
std::string device_loss(const PinDir &dir, uint32_t ifindex, const xovl_device &device);

/// Whether device.mode is still what is attached.
bool device_is_attached(const PinDir &dir, uint32_t ifindex, const xovl_device &device);

/// Whether device_attach() would change nothing.
bool device_is_settled(const PinDir &dir, const LinkInfo &link, const xovl_device &device, const DeviceUse &use);

/// kLinkFlags as the interface is now, beside the other flags of device.
uint32_t device_flags(const xovl_device &device, const LinkInfo &link);

/// Which XDP program is in the way of ours; empty: none was when it was tried last.
std::string device_refusal(const xovl_device &device);

/// Why the mode in force is not the one asked for; empty when it is.
std::string device_note(const xovl_device &device);

} // namespace xovl
