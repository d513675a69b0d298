// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The interfaces of the current network namespace, read by netlink and ethtool.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace xovl {

/// Numbers from here on are never an ifindex. The records of missing devices have such numbers.
inline constexpr uint32_t kNoInterface = 0x80000000;

/// True if an interface of this kind (IFLA_INFO_KIND) sends packets only encrypted, or not at all.
inline bool kind_encrypts(const std::string &kind)
{
	return kind == "wireguard" || kind == "xfrm" || kind == "vti" || kind == "vti6";
}

struct LinkInfo {
	uint32_t ifindex = 0;
	std::string name;
	std::string kind;   ///< IFLA_INFO_KIND: "veth", "bridge", "tun", "vlan" …; empty for hardware
	std::string driver; ///< ethtool driver name; empty if there is none
	std::array<uint8_t, 6> mac{};
	uint32_t mtu = 0;
	bool ethernet = false; ///< ARPHRD_ETHER
	bool loopback = false;
	bool up = false;               ///< IFF_UP and carrier
	bool promisc = false;          ///< IFF_PROMISC set by an administrator (ifi_flags)
	bool rx_vlan_stripped = false; ///< ethtool rx-vlan-hw-parse is on: XDP does not see VLAN tags
	/// A veth whose transmit offloads are all on. Super-frames, also those in UDP and GRE tunnels, leave it
	/// unsegmented.
	bool gso_whole = false;
	bool peer_away = false; ///< a veth whose other end is in another network namespace
	bool lro = false;       ///< rx-lro or rx-gro-hw is on
	/// NETDEV_XDP_ACT_* from the generic netlink family netdev; nullopt if the kernel does not have it (before
	/// 6.3).
	std::optional<uint64_t> xdp_features;

	/// True if the interface sends packets only encrypted, or not at all.
	bool encrypts() const { return kind_encrypts(kind); }
	bool is_virtual_pair() const { return kind == "veth"; }
	/// True if frames may arrive with a partial checksum, which an xdp_frame cannot carry (see
	/// docs/architecture.md).
	bool has_partial_checksums() const { return kind == "veth" || kind == "tun"; }
	/// True if the driver has native XDP.
	bool can_native() const;
	/// True if XDP_REDIRECT into the interface works (NDO_XMIT). Without the netdev family this depends on the
	/// driver's name, and is false for a veth. Drivers have XDP transmit rings only while native XDP is attached,
	/// so ask after attaching.
	bool can_xdp_xmit() const;
};

/// Returns the interface, or nullopt if there is none. Throws Error(System) if netlink fails.
std::optional<LinkInfo> find_link(const std::string &name);
std::optional<LinkInfo> find_link(uint32_t ifindex);
/// True if an interface has this number or name. Cheaper than find_link(). Throws Error(System) if netlink fails.
bool link_exists(uint32_t ifindex);
bool link_exists(const std::string &name);

/// A cache for find_link(). Each interface is read once until forget(). Missing interfaces are not cached.
class Links {
public:
	std::optional<LinkInfo> find(const std::string &name);
	std::optional<LinkInfo> find(uint32_t ifindex);
	void forget() { known_.clear(); }

private:
	std::optional<LinkInfo> keep(std::optional<LinkInfo> &&link);

	std::map<uint32_t, LinkInfo> known_;
	/// By name. May have elements that are not in known_.
	std::map<std::string, uint32_t> numbers_;
};

/// Numbers of the XDP programs, or of the dispatcher programs, of an interface; 0 means none.
struct LinkXdp {
	uint32_t native = 0;
	uint32_t generic = 0;
};

/// Reads the XDP programs of one interface with one request. (bpf_xdp_query() of libbpf before 1.3 reads all interfaces
/// of the namespace.) Both numbers are 0 if the interface is gone. Throws Error(System) if netlink fails.
LinkXdp link_xdp(uint32_t ifindex);

/// Returns the name of an interface; empty if it is gone. Cheaper than find_link(). Throws Error(System) if the kernel
/// refuses.
std::string link_name(uint32_t ifindex);

/// A VLAN interface (802.1Q) whose lower interface is in the same network namespace.
struct VlanLink {
	uint32_t ifindex = 0;
	std::string name;
	uint32_t lower = 0; ///< ifindex of the lower interface
	uint16_t vid = 0;
};

std::vector<VlanLink> vlan_links();

/// Returns the ifindex of every interface.
std::vector<uint32_t> link_indexes();

/// Sets or clears IFF_PROMISC. Throws Error(System) if the kernel refuses.
void set_promisc(uint32_t ifindex, bool on);

bool has_clsact(uint32_t ifindex);

/// True if the clsact qdisc of the interface has a filter of any kind, at ingress or egress.
bool has_tc_filters(uint32_t ifindex);

} // namespace xovl
