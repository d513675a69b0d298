// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "topology.hpp"

#include <fmt/format.h>

namespace xovl::test {

namespace {

// With Direct and Switched the VTEP address is on the underlay link, otherwise on lo, behind the router.
std::string vtep_address(bool v6, unsigned i)
{
	return fmt::format(fmt::runtime(v6 ? "2001:db8::{}" : "192.0.2.{}"), i);
}

struct RoutedLink {
	std::string host4, router4, host6, router6, host_dev, router_dev;
};

RoutedLink routed_link(unsigned i, unsigned link)
{
	const unsigned base = link * 128 + i * 4;
	const std::string net6 = fmt::format("2001:db8:1:{}", i * 2 + link);
	return {fmt::format("198.51.100.{}", base + 1),
		fmt::format("198.51.100.{}", base + 2),
		net6 + "::1",
		net6 + "::2",
		fmt::format("up{}", link),
		fmt::format("h{}up{}", i, link)};
}

std::string next_hops(const std::vector<std::string> &list)
{
	std::string text;
	for (const std::string &via : list)
		text += list.size() > 1 ? " nexthop via " + via : " via " + via;
	return text;
}

} // namespace

Topology::Topology(const Plan &plan) : plan_(plan)
{
	for (unsigned i = 1; i <= plan_.hosts; i++) {
		hosts_.push_back(std::make_unique<Host>(fmt::format("h{}", i)));
		tenants_.push_back(add_tenant(fmt::format("c{}", i), i, "port0", i));
	}
	switch (plan_.underlay) {
	case Underlay::Direct:
		connect_direct();
		break;
	case Underlay::Switched:
		connect_switched();
		break;
	case Underlay::Routed:
		connect_routed(1);
		break;
	case Underlay::Multipath:
		connect_routed(2);
		break;
	}
	if (plan_.napi && (plan_.port_mode == "native" || plan_.uplink_mode == "native"))
		all_gro_on();
}

std::string Topology::vtep(unsigned i) const
{
	return vtep_address(plan_.v6, i);
}

unsigned Topology::overhead() const
{
	const bool gre = plan_.encap == "gre" || plan_.encap == "nvgre";
	const unsigned tunnel = gre ? 4 + (plan_.vni ? 4 : 0) : 8 + 8;
	return (plan_.v6 ? 40 : 20) + tunnel + plan_.options + 14;
}

std::string Topology::tenant4(unsigned i)
{
	return fmt::format("10.1.0.{}", i);
}

std::string Topology::tenant6(unsigned i)
{
	return fmt::format("fd01::{}", i);
}

std::string Topology::tenant_mac(unsigned i)
{
	return fmt::format("02:00:00:00:01:{:02x}", i);
}

void Topology::connect_direct()
{
	veth(host(1), "up0", host(2), "up0");
	for (unsigned i = 1; i <= 2; i++)
		host(i).ip(fmt::format("addr add {}/24 dev up0\naddr add {}/64 dev up0", vtep_address(false, i),
				       vtep_address(true, i)));
}

void Topology::connect_switched()
{
	middle_ = std::make_unique<Netns>("mid");
	middle_->ip("link add br0 type bridge forward_delay 0\nlink set br0 up");
	for (unsigned i = 1; i <= plan_.hosts; i++) {
		veth(host(i), "up0", *middle_, fmt::format("h{}up0", i));
		middle_->ip(fmt::format("link set h{}up0 master br0", i));
		host(i).ip(fmt::format("addr add {}/24 dev up0\naddr add {}/64 dev up0", vtep_address(false, i),
				       vtep_address(true, i)));
	}
}

void Topology::connect_routed(unsigned links)
{
	middle_ = std::make_unique<Netns>("mid");
	middle_->sysctl("net/ipv4/ip_forward", "1");
	middle_->sysctl("net/ipv6/conf/all/forwarding", "1");
	middle_->sysctl("net/ipv4/fib_multipath_hash_policy", "1");
	middle_->sysctl("net/ipv6/fib_multipath_hash_policy", "1");
	for (unsigned i = 1; i <= plan_.hosts; i++)
		routed_host(i, links);
}

void Topology::routed_host(unsigned i, unsigned links)
{
	const Host &h = host(i);
	std::vector<std::string> host4, host6, router4, router6;
	h.sysctl("net/ipv4/fib_multipath_hash_policy", "1");
	h.sysctl("net/ipv6/fib_multipath_hash_policy", "1");
	h.ip(fmt::format("addr add {}/32 dev lo\naddr add {}/128 dev lo", vtep_address(false, i),
			 vtep_address(true, i)));
	for (unsigned link = 0; link < links; link++) {
		const RoutedLink l = routed_link(i, link);
		veth(h, l.host_dev, *middle_, l.router_dev);
		h.ip(fmt::format("addr add {}/30 dev {}\naddr add {}/64 dev {}", l.host4, l.host_dev, l.host6,
				 l.host_dev));
		middle_->ip(fmt::format("addr add {}/30 dev {}\naddr add {}/64 dev {}", l.router4, l.router_dev,
					l.router6, l.router_dev));
		host4.push_back(l.router4);
		host6.push_back(l.router6);
		router4.push_back(l.host4);
		router6.push_back(l.host6);
	}
	h.ip(fmt::format("route add 192.0.2.0/24{}\nroute add 2001:db8::/64{}", next_hops(host4), next_hops(host6)));
	middle_->ip(fmt::format("route add {}/32{}\nroute add {}/128{}", vtep_address(false, i), next_hops(router4),
				vtep_address(true, i), next_hops(router6)));
}

void Topology::all_gro_on() const
{
	for (unsigned i = 1; i <= plan_.hosts; i++) {
		tenant(i).offload("eth0", "gro on");
		host(i).offload("up0", "gro on");
		if (plan_.underlay == Underlay::Multipath)
			host(i).offload("up1", "gro on");
	}
	if (!middle_)
		return;
	for (const auto &link : middle_->ip_show("link show type veth"))
		middle_->offload(link.at("ifname"), "gro on");
}

std::unique_ptr<Netns> Topology::add_tenant(const std::string &role, unsigned i, const std::string &dev,
					    unsigned n) const
{
	auto netns = std::make_unique<Netns>(role);
	veth(host(i), dev, *netns, "eth0");
	host(i).sysctl(fmt::format("net/ipv6/conf/{}/disable_ipv6", dev), "1");
	netns->ip(fmt::format("link set eth0 mtu {} address {}\naddr add {}/24 dev eth0\naddr add {}/64 dev eth0",
			      tenant_mtu(), tenant_mac(n), tenant4(n), tenant6(n)));
	return netns;
}

std::string Topology::config(unsigned i) const
{
	std::string flood;
	for (unsigned peer = 1; peer <= plan_.hosts; peer++)
		if (peer != i)
			flood += fmt::format("{}\"{}\"", flood.empty() ? "" : ", ", vtep(peer));
	const std::string keys =
		(plan_.underlay_vid ? fmt::format("vid: {}, ", plan_.underlay_vid) : "") + "mode: " + plan_.uplink_mode;
	std::string uplinks = fmt::format("  - {{dev: up0, {}}}\n", keys);
	if (plan_.underlay == Underlay::Multipath)
		uplinks += fmt::format("  - {{dev: up1, {}}}\n", keys);
	return fmt::format("vtep: {{local: [\"{}\"]}}\n"
			   "uplinks:\n{}"
			   "networks:\n"
			   "  - name: blue\n"
			   "    encap: {}\n"
			   "{}{}"
			   "    ports:\n"
			   "      - {{dev: port0, mode: {}}}\n"
			   "    flood: [{}]\n",
			   vtep(i), uplinks, plan_.encap, plan_.vni ? fmt::format("    vni: {}\n", *plan_.vni) : "",
			   plan_.network, plan_.port_mode, flood);
}

void Topology::start() const
{
	for (unsigned i = 1; i <= plan_.hosts; i++) {
		const Result result = host(i).apply(config(i));
		if (!result.ok())
			throw std::runtime_error(fmt::format("apply on h{}: {}", i, result.text()));
	}
}

void Topology::check_clean() const
{
	for (unsigned i = 1; i <= plan_.hosts; i++)
		EXPECT_EQ(host(i).down_and_check(), "") << "h" << i;
}

void OverlayTest::prepare(const Plan &plan)
{
	net_ = std::make_unique<Topology>(plan);
}

void OverlayTest::build(const Plan &plan)
{
	prepare(plan);
	net_->start();
}

void OverlayTest::TearDown()
{
	if (net_)
		net_->check_clean();
	net_.reset();
}

} // namespace xovl::test
