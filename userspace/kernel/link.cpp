// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/link.hpp"

#include <net/if.h> // before headers that include linux/if.h

#include <fmt/format.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/route/classifier.h>
#include <netlink/route/link.h>
#include <netlink/route/link/vlan.h>
#include <netlink/route/qdisc.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "kernel/ethtool.hpp"
#include "kernel/netlink.hpp"

namespace xovl {

namespace {

// From include/uapi/linux/netdev.h (Linux 6.3), missing in older headers.
constexpr uint8_t kNetdevCmdDevGet = 1;
constexpr int kNetdevAttrIfindex = 1;
constexpr int kNetdevAttrXdpFeatures = 3;
constexpr uint64_t kXdpBasic = 1;
constexpr uint64_t kXdpRedirect = 2;
constexpr uint64_t kXdpXmit = 4;

/// Drivers with native XDP, by ethtool name, for kernels that do not report XDP features: Linux 5.15 to 6.2. xmit:
/// XDP_REDIRECT into the interface works whenever native XDP is attached. For a veth it also depends on the other end.
struct XdpDriver {
	const char *name;
	bool xmit;
};
constexpr XdpDriver kXdpDrivers[] = {
	{"atlantic", true},  {"bnxt_en", true},    {"ena", true},         {"fsl_dpa", true},  {"fsl_dpaa2_eth", true},
	{"fsl_enetc", true}, {"funeth", true},     {"hv_netvsc", true},   {"i40e", true},     {"ice", true},
	{"igb", true},       {"igc", true},        {"ixgbe", true},       {"ixgbevf", false}, {"mana", false},
	{"mlx4_en", false},  {"mlx5_core", true},  {"mtk_soc_eth", true}, {"mvneta", true},   {"mvpp2", true},
	{"netsec", true},    {"nfp", false},       {"nicvf", false},      {"qede", true},     {"rvu_nicpf", true},
	{"sfc", true},       {"st_gmac", true},    {"st_xgmac", true},    {"tun", true},      {"veth", false},
	{"vif", true},       {"virtio_net", true},
};

const XdpDriver *find_driver(const std::string &name)
{
	auto found = std::ranges::find_if(kXdpDrivers, [&](const XdpDriver &driver) { return name == driver.name; });
	return found == std::end(kXdpDrivers) ? nullptr : found;
}

int read_xdp_features(nl_msg *message, void *features)
{
	genlmsghdr *header = genlmsg_hdr(nlmsg_hdr(message));
	if (nlattr *attr = nla_find(genlmsg_attrdata(header, 0), genlmsg_attrlen(header, 0), kNetdevAttrXdpFeatures))
		*static_cast<std::optional<uint64_t> *>(features) = nla_get_u64(attr);
	return NL_OK;
}

/// Returns the number of the generic netlink family "netdev"; negative if the kernel has none. Asked only once, because
/// kernels before 6.3 try to load a module for it each time.
int netdev_family(nl_sock *socket)
{
	static const int family = genl_ctrl_resolve(socket, "netdev");
	if (family < 0 && family != -NLE_OBJ_NOTFOUND)
		throw_netlink("netlink family netdev", family);
	return family;
}

std::optional<uint64_t> xdp_features(uint32_t ifindex)
{
	NetlinkSocket socket = connect_netlink(NETLINK_GENERIC);
	int family = netdev_family(socket.get());
	if (family < 0)
		return std::nullopt;

	NetlinkMessage message(nlmsg_alloc(), nlmsg_free);
	std::optional<uint64_t> features;
	if (!message || !genlmsg_put(message.get(), NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, 0, kNetdevCmdDevGet, 1) ||
	    nla_put_u32(message.get(), kNetdevAttrIfindex, ifindex) < 0)
		throw_netlink("netlink", -NLE_NOMEM);
	nl_socket_modify_cb(socket.get(), NL_CB_VALID, NL_CB_CUSTOM, read_xdp_features, &features);
	int err = nl_send_auto(socket.get(), message.get());
	if (err >= 0)
		err = nl_recvmsgs_default(socket.get());
	if (err < 0 && err != -NLE_NODEV && err != -NLE_OBJ_NOTFOUND) // NODEV, NOTFOUND: the interface is gone
		throw_netlink(fmt::format("XDP features of interface {}", ifindex), err);
	return features;
}

/// Segmentation offloads that must be on for super-frames to leave an interface whole. The outer-checksum variants for
/// UDP and GRE tunnels are not needed, because each segment would need its own checksum.
constexpr std::array<std::string_view, 4> kGsoFeatures = {"tx-generic-segmentation", "tx-tcp-segmentation",
							  "tx-udp_tnl-segmentation", "tx-gre-segmentation"};

LinkInfo describe(rtnl_link *link)
{
	LinkInfo info;
	unsigned int flags = rtnl_link_get_flags(link);
	info.ifindex = static_cast<uint32_t>(rtnl_link_get_ifindex(link));
	info.name = rtnl_link_get_name(link);
	if (const char *kind = rtnl_link_get_type(link))
		info.kind = kind;
	info.mtu = rtnl_link_get_mtu(link);
	info.ethernet = rtnl_link_get_arptype(link) == ARPHRD_ETHER;
	info.loopback = flags & IFF_LOOPBACK;
	int32_t elsewhere = 0;
	info.peer_away = info.is_virtual_pair() && rtnl_link_get_link_netnsid(link, &elsewhere) == 0;
	info.up = (flags & IFF_UP) && (flags & IFF_LOWER_UP);
	info.promisc = flags & IFF_PROMISC;
	nl_addr *address = rtnl_link_get_addr(link);
	if (address && nl_addr_get_len(address) == info.mac.size())
		memcpy(info.mac.data(), nl_addr_get_binary_addr(address), info.mac.size());

	Ethtool ethtool(info.name);
	info.driver = ethtool.driver();
	size_t offloads = 0;
	for (const std::string_view feature : ethtool.features()) {
		offloads += std::ranges::count(kGsoFeatures, feature);
		info.rx_vlan_stripped |= feature == "rx-vlan-hw-parse";
		info.lro |= feature == "rx-lro" || feature == "rx-gro-hw";
	}
	info.gso_whole = info.is_virtual_pair() && offloads == kGsoFeatures.size();
	info.xdp_features = xdp_features(info.ifindex);
	return info;
}

using Link = std::unique_ptr<rtnl_link, decltype(&rtnl_link_put)>;

/// Returns nullptr if there is no such interface.
Link read_link(uint32_t ifindex, const char *name)
{
	NetlinkSocket socket = connect_netlink(NETLINK_ROUTE);
	rtnl_link *found = nullptr;
	int err = rtnl_link_get_kernel(socket.get(), static_cast<int>(ifindex), name, &found);
	if (err < 0 && err != -NLE_NODEV && err != -NLE_OBJ_NOTFOUND)
		throw_netlink(fmt::format("interface {}", name ? name : std::to_string(ifindex)), err);
	return {err < 0 ? nullptr : found, rtnl_link_put};
}

std::optional<LinkInfo> find(uint32_t ifindex, const char *name)
{
	const Link link = read_link(ifindex, name);
	return link ? std::optional(describe(link.get())) : std::nullopt;
}

/// Calls visit(link) for every interface.
template <typename Visit> void for_each_link(Visit visit)
{
	NetlinkSocket socket = connect_netlink(NETLINK_ROUTE);
	nl_cache *links = nullptr;
	if (int err = rtnl_link_alloc_cache(socket.get(), AF_UNSPEC, &links); err < 0)
		throw_netlink("list of interfaces", err);
	std::unique_ptr<nl_cache, decltype(&nl_cache_free)> owner(links, nl_cache_free);
	for (nl_object *link = nl_cache_get_first(links); link; link = nl_cache_get_next(link))
		visit(reinterpret_cast<rtnl_link *>(link));
}

} // namespace

bool LinkInfo::can_native() const
{
	if (xdp_features)
		return (*xdp_features & (kXdpBasic | kXdpRedirect)) == (kXdpBasic | kXdpRedirect);
	return find_driver(driver) != nullptr;
}

bool LinkInfo::can_xdp_xmit() const
{
	if (xdp_features)
		return *xdp_features & kXdpXmit;
	const XdpDriver *known = find_driver(driver);
	return known && known->xmit;
}

std::optional<LinkInfo> find_link(const std::string &name)
{
	return find(0, name.c_str());
}

std::optional<LinkInfo> find_link(uint32_t ifindex)
{
	return ifindex < kNoInterface ? find(ifindex, nullptr) : std::nullopt;
}

bool link_exists(uint32_t ifindex)
{
	return read_link(ifindex, nullptr) != nullptr;
}

bool link_exists(const std::string &name)
{
	return read_link(0, name.c_str()) != nullptr;
}

std::optional<LinkInfo> Links::find(const std::string &name)
{
	if (auto number = numbers_.find(name); number != numbers_.end())
		if (auto known = known_.find(number->second); known != known_.end())
			return known->second;
	return keep(find_link(name));
}

std::optional<LinkInfo> Links::find(uint32_t ifindex)
{
	auto known = known_.find(ifindex);
	return known != known_.end() ? known->second : keep(find_link(ifindex));
}

std::optional<LinkInfo> Links::keep(std::optional<LinkInfo> &&link)
{
	if (link) {
		known_[link->ifindex] = *link;
		numbers_[link->name] = link->ifindex;
	}
	return std::move(link);
}

LinkXdp link_xdp(uint32_t ifindex)
{
	LinkXdp found;
	NetlinkSocket socket = connect_netlink(NETLINK_ROUTE);
	const ifinfomsg request = {.ifi_index = static_cast<int>(ifindex)};
	const int err = netlink_request(
		socket.get(), RTM_GETLINK, 0, std::as_bytes(std::span(&request, 1)), [&](nlmsghdr *message) {
			nlattr *nest = nlmsg_find_attr(message, sizeof(ifinfomsg), IFLA_XDP);
			if (!nest)
				return;
			const auto number = [&](int type) {
				nlattr *id = nla_find(static_cast<nlattr *>(nla_data(nest)), nla_len(nest), type);
				return id ? nla_get_u32(id) : 0;
			};
			found = {.native = number(IFLA_XDP_DRV_PROG_ID), .generic = number(IFLA_XDP_SKB_PROG_ID)};
		});
	if (err < 0 && err != -NLE_NODEV && err != -NLE_OBJ_NOTFOUND)
		throw_netlink(fmt::format("XDP programs of interface {}", ifindex), err);
	return found;
}

std::vector<VlanLink> vlan_links()
{
	std::vector<VlanLink> vlans;
	for_each_link([&](rtnl_link *link) {
		int32_t other_netns = 0; // netns ID of the lower interface, if it is in another namespace
		if (!rtnl_link_is_vlan(link) || rtnl_link_get_link_netnsid(link, &other_netns) == 0 ||
		    rtnl_link_vlan_get_protocol(link) != htons(ETH_P_8021Q))
			return;
		vlans.push_back({.ifindex = static_cast<uint32_t>(rtnl_link_get_ifindex(link)),
				 .name = rtnl_link_get_name(link),
				 .lower = static_cast<uint32_t>(rtnl_link_get_link(link)),
				 .vid = static_cast<uint16_t>(rtnl_link_vlan_get_id(link))});
	});
	return vlans;
}

std::vector<uint32_t> link_indexes()
{
	std::vector<uint32_t> indexes;
	for_each_link([&](rtnl_link *link) { indexes.push_back(static_cast<uint32_t>(rtnl_link_get_ifindex(link))); });
	return indexes;
}

void set_promisc(uint32_t ifindex, bool on)
{
	NetlinkSocket socket = connect_netlink(NETLINK_ROUTE);
	ifinfomsg change = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = static_cast<int>(ifindex),
		.ifi_flags = on ? unsigned{IFF_PROMISC} : 0,
		.ifi_change = IFF_PROMISC,
	};
	int err = nl_send_simple(socket.get(), RTM_NEWLINK, 0, &change, sizeof(change));
	if (err >= 0)
		err = nl_wait_for_ack(socket.get());
	if (err < 0)
		throw_netlink(fmt::format("promiscuous mode of interface {}", ifindex), err);
}

std::string link_name(uint32_t ifindex)
{
	char name[IF_NAMESIZE] = "";
	if (!if_indextoname(ifindex, name) && errno != ENXIO && errno != ENODEV)
		throw system_error("read the name of interface", std::to_string(ifindex), errno);
	return name;
}

bool has_clsact(uint32_t ifindex)
{
	NetlinkSocket socket = connect_netlink(NETLINK_ROUTE);
	nl_cache *cache = nullptr;
	int err = rtnl_qdisc_alloc_cache(socket.get(), &cache);
	if (err < 0)
		throw_netlink("qdiscs", err);
	rtnl_qdisc *qdisc = rtnl_qdisc_get_by_parent(cache, static_cast<int>(ifindex), TC_H_CLSACT);
	bool found = qdisc != nullptr;
	rtnl_qdisc_put(qdisc);
	nl_cache_free(cache);
	return found;
}

bool has_tc_filters(uint32_t ifindex)
{
	NetlinkSocket socket = connect_netlink(NETLINK_ROUTE);
	for (uint32_t parent : {TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)}) {
		nl_cache *cache = nullptr;
		int err = rtnl_cls_alloc_cache(socket.get(), static_cast<int>(ifindex), parent, &cache);
		if (err < 0)
			throw_netlink(fmt::format("TC filters of interface {}", ifindex), err);
		int count = nl_cache_nitems(cache);
		nl_cache_free(cache);
		if (count > 0)
			return true;
	}
	return false;
}

} // namespace xovl
