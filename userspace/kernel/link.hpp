// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Interfaces of the current network namespace, by netlink: what attaching has to know about them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace xovl {

/// From here on no number is that of an interface: devices that are missing have them.
inline constexpr uint32_t kNoInterface = 0x80000000;

/// Whether what leaves by an interface of that kind (IFLA_INFO_KIND) is encrypted, or does not leave.
inline bool kind_encrypts(const std::string &kind)
{
	return kind == "wireguard" || kind == "xfrm" || kind == "vti" || kind == "vti6";
}

struct LinkInfo {
	uint32_t ifindex = 0;
	std::string name;
	std::string kind;   ///< IFLA_INFO_KIND: "veth", "bridge", "tun", "vlan" …; empty for hardware
	std::string driver; ///< ethtool driver name; empty where there is none
	std::array<uint8_t, 6> mac{};
	uint32_t mtu = 0;
	bool ethernet = false; ///< ARPHRD_ETHER
	bool loopback = false;
	bool up = false;               ///< set up, and with carrier
	bool promisc = false;          ///< IFF_PROMISC set by a person (ifi_flags)
	bool rx_vlan_stripped = false; ///< ethtool rx-vlan-hw-parse is on: XDP does not see VLAN tags
	/// A veth whose transmit offloads are on: super-frames, those of UDP and GRE tunnels too, leave it unsegmented.
	bool gso_whole = false;
	bool peer_away = false; ///< a veth whose other end is in another network namespace
	bool lro = false;       ///< rx-lro or rx-gro-hw is on
	/// NETDEV_XDP_ACT_* of the netdev generic netlink family; nullopt where the kernel lacks it (before 6.3)
	std::optional<uint64_t> xdp_features;

	/// What leaves by it is encrypted.
	bool encrypts() const { return kind_encrypts(kind); }
	bool is_virtual_pair() const { return kind == "veth"; }
	/// Frames can come with a partial checksum that an xdp_frame cannot carry (see docs/architecture.md).
	bool has_partial_checksums() const { return kind == "veth" || kind == "tun"; }
	/// Native XDP exists in the driver.
	bool can_native() const;
	/// XDP_REDIRECT into the interface works: NDO_XMIT; without the netdev family by driver name, never for a veth.
	/// Drivers have transmit rings for XDP only while native XDP is attached: ask after attaching.
	bool can_xdp_xmit() const;
};

/// nullopt: no such interface. Error(System) when netlink refuses.
std::optional<LinkInfo> find_link(const std::string &name);
std::optional<LinkInfo> find_link(uint32_t ifindex);
/// Whether an interface has the number or name. Costs less than find_link(). Error(System): the kernel refuses to tell.
bool link_exists(uint32_t ifindex);
bool link_exists(const std::string &name);

/// find_link(), which asks for each interface once until forget(). One that is missing is asked for each time.
class Links {
public:
	std::optional<LinkInfo> find(const std::string &name);
	std::optional<LinkInfo> find(uint32_t ifindex);
	void forget() { known_.clear(); }

private:
	std::optional<LinkInfo> keep(std::optional<LinkInfo> &&link);

	std::map<uint32_t, LinkInfo> known_;
	std::map<std::string, uint32_t> numbers_; ///< by name; may have more than known_
};

/// Numbers of the XDP programs, or dispatchers, of an interface; 0: none.
struct LinkXdp {
	uint32_t native = 0;
	uint32_t generic = 0;
};

/// One request for this interface. (bpf_xdp_query() of libbpf before 1.3 reads all interfaces of the namespace.) The interface is gone:
/// none. Error(System): the kernel refuses to tell.
LinkXdp link_xdp(uint32_t ifindex);

/// What an interface is called; empty: it is gone. Costs less than find_link().
std::string link_name(uint32_t ifindex);

/// A VLAN interface (802.1Q) over another one of this network namespace.
struct VlanLink {
	uint32_t ifindex = 0;
	std::string name;
	uint32_t lower = 0; ///< ifindex of the other one
	uint16_t vid = 0;
};

std::vector<VlanLink> vlan_links();

/// The ifindex of every interface.
std::vector<uint32_t> link_indexes();

/// Error(System) when the kernel refuses.
void set_promisc(uint32_t ifindex, bool on);

bool has_clsact(uint32_t ifindex);

/// Whether a filter of any kind is on the clsact qdisc of the interface, ingress or egress.
bool has_tc_filters(uint32_t ifindex);

} // namespace xovl
