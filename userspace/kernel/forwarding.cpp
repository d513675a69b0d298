// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/forwarding.hpp"

#include <fmt/format.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <fstream>

#include "kernel/netlink.hpp"

namespace xovl {

namespace {

constexpr int kLoopback = 1; ///< ifindex of lo in every network namespace

std::string sysctl_path(bool ipv6, const std::string &dev, const char *key)
{
	return fmt::format("/proc/sys/net/{}/conf/{}/{}", ipv6 ? "ipv6" : "ipv4", dev, key);
}

/// Returns 0 if the file is missing.
int read_sysctl(const std::string &path)
{
	std::ifstream file(path);
	int value = 0;
	file >> value;
	return value;
}

bool read_forwarding(bool ipv6, const char *dev)
{
	return read_sysctl(sysctl_path(ipv6, dev, "forwarding")) != 0;
}

/// Sets the forwarding of lo by netlink, which works even if /proc/sys is read-only. The kernel supports this for IPv4
/// only.
void send_lo_forwarding4(bool on)
{
	NetlinkSocket socket = connect_netlink(NETLINK_ROUTE);
	NetlinkMessage message(nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK), nlmsg_free);
	ifinfomsg link{};
	link.ifi_family = AF_UNSPEC;
	link.ifi_index = kLoopback;
	if (!message || nlmsg_append(message.get(), &link, sizeof(link), NLMSG_ALIGNTO) < 0)
		return;
	nlattr *families = nla_nest_start(message.get(), IFLA_AF_SPEC);
	nlattr *inet = nla_nest_start(message.get(), AF_INET);
	nlattr *conf = nla_nest_start(message.get(), IFLA_INET_CONF);
	nla_put_u32(message.get(), IPV4_DEVCONF_FORWARDING, on);
	nla_nest_end(message.get(), conf);
	nla_nest_end(message.get(), inet);
	nla_nest_end(message.get(), families);
	if (nl_send_auto(socket.get(), message.get()) >= 0)
		nl_wait_for_ack(socket.get());
}

} // namespace

bool lo_forwarding(bool ipv6)
{
	return read_forwarding(ipv6, "lo");
}

bool all_forwarding(bool ipv6)
{
	return read_forwarding(ipv6, "all");
}

bool set_lo_forwarding(bool ipv6, bool on)
{
	if (lo_forwarding(ipv6) == on) // no change needed; also true if the sysctl cannot be written
		return true;
	std::ofstream(sysctl_path(ipv6, "lo", "forwarding")) << (on ? "1\n" : "0\n") << std::flush;
	if (!ipv6 && lo_forwarding(false) != on)
		send_lo_forwarding4(on);
	return lo_forwarding(ipv6) == on;
}

xovl_rp_filter rp_filter_sysctl(const std::string &dev)
{
	return static_cast<xovl_rp_filter>(std::max(read_sysctl(sysctl_path(false, "all", "rp_filter")),
						    read_sysctl(sysctl_path(false, dev, "rp_filter"))));
}

void keep_lo_forwarding()
{
	for (bool ipv6 : {false, true})
		set_lo_forwarding(ipv6, true);
}

} // namespace xovl
