// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "state/device_mode.hpp"

#include <fmt/format.h>

namespace xovl {

namespace {

/// Returns the text of a note. The text of xovl_device::refusal follows it.
const char *note_text(uint8_t note)
{
	switch (note) {
	case kVirtual:
		return "virtual interface: XDP would switch off the other end's segmentation offload";
	case kNoDriver:
		return "the driver has no native XDP";
	case kVlanStripped:
		return "the interface strips VLAN tags before XDP (ethtool -K DEV rxvlan off)";
	case kReceiveOffload:
		return "LRO or hardware GRO is on (ethtool -K DEV lro off rx-gro-hw off)";
	case kRefused:
		return "XDP was refused: ";
	case kTagsHidden:
		return "virtual interface: VLAN tags can stand beside the frame, where XDP does not see them";
	case kMerged:
		return "tenants are on virtual interfaces: TC gets their packets merged, XDP would not";
	case kNoEthernet:
		return "no Ethernet: the kernel's tunnel devices carry what goes by it";
	default:
		return "";
	}
}

} // namespace

Note xdp_obstacle(const LinkInfo &link, const xovl_device &device, const DeviceUse &use)
{
	if (!link.ethernet)
		return kNoEthernet;
	if (device.mode_asked != XOVL_MODE_AUTO) {
		// The other end of a veth can leave tags beside the frame whatever rxvlan says here, so XDP on a veth
		// is the user's responsibility (docs/limits.md). Without VLANs only a tag can be lost. With VLANs,
		// rxvlan off is required as a sign that the user knows.
		if (link.is_virtual_pair())
			return use.trunk && link.rx_vlan_stripped ? kTagsHidden : kNoNote;
		return (device.role == XOVL_ROLE_PORT || use.trunk) && link.rx_vlan_stripped ? kVlanStripped : kNoNote;
	}
	if (!link.kind.empty())
		return kVirtual;
	if (!link.can_native())
		return kNoDriver;
	if (link.rx_vlan_stripped)
		return kVlanStripped;
	if (link.lro)
		return kReceiveOffload;
	const bool merges = device.role == XOVL_ROLE_UPLINK && !(device.choices & XOVL_UPLINK_GRO_OFF);
	return merges && use.virtual_tenants ? kMerged : kNoNote;
}

std::string why_no_xdp(const LinkInfo &link, const xovl_device &device, const DeviceUse &use)
{
	return note_text(xdp_obstacle(link, device, use));
}

void keep_refusal(xovl_device &device, Note note, const std::string &text)
{
	device.note = note;
	text.copy(device.refusal, sizeof(device.refusal) - 1);
}

std::string device_refusal(const xovl_device &device)
{
	return device.note == kBusy ? fmt::format("XDP: {}; TC works beside it", device.refusal) : "";
}

std::string device_note(const xovl_device &device)
{
	return note_text(device.note) + std::string(device.refusal);
}

} // namespace xovl
