// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "overlays.hpp"

#include <stdexcept>

#include <fmt/format.h>

#include "ovs.hpp"

namespace xovl::bench {

using namespace test;

namespace {

/// Joins port0 and another interface.
void join_bridge(const Host &host, const std::string &dev)
{
	host.ip(fmt::format("link add name br0 type bridge\nlink set {} up master br0\nlink set port0 master br0\n"
			    "link set br0 up",
			    dev));
}

/// Returns words for `ip link add`, see ip-link(8).
std::string device_words(const Tunnel &tunnel, const std::string &local, const std::string &remote)
{
	const bool v6 = local.find(':') != std::string::npos;
	const char *udp_csum =
		tunnel.csum ? "udpcsum noudp6zerocsumtx udp6zerocsumrx" : "noudpcsum udp6zerocsumtx udp6zerocsumrx";
	if (tunnel.encap == "vxlan")
		return fmt::format("vxlan id {} local {} remote {} dstport 4789 {}", kVni, local, remote, udp_csum);
	if (tunnel.encap == "geneve")
		return fmt::format("geneve id {} remote {} dstport 6081 {}", kVni, remote, udp_csum);
	if (tunnel.encap == "gre")
		return fmt::format("{} local {} remote {} key {} {}", v6 ? "ip6gretap encaplimit none" : "gretap",
				   local, remote, kVni, tunnel.csum ? "csum" : "");
	throw std::runtime_error("the kernel has no device for " + tunnel.encap);
}

void add_device(const Netns &host, const Tunnel &tunnel, const std::string &local, const std::string &remote)
{
	const Result result = host.run("ip link add tun0 type " + device_words(tunnel, local, remote));
	if (!result.ok())
		throw std::runtime_error(fmt::format("the kernel's {} device: {}", tunnel.encap, result.err));
}

} // namespace

void apply(const Host &host, const std::string &command, const std::string &yaml)
{
	const TempFile file(yaml);
	const Result result = run({command, "-n", host.name(), "apply", file.path()}, {.timeout = 120s});
	if (!result.ok())
		throw std::runtime_error(result.timed_out ? "apply takes too long" : result.err);
}

void join_vxlan(const Host &host, uint32_t vni, const std::string &local, const std::vector<std::string> &peers)
{
	host.ip(fmt::format("link add vx0 type vxlan id {} dstport 4789 local {} udp6zerocsumrx", vni, local));
	join_bridge(host, "vx0");
	std::string lines;
	for (const std::string &peer : peers)
		lines += fmt::format("fdb append 00:00:00:00:00:00 dev vx0 dst {}\n", peer);
	const TempFile file(lines);
	host.must("bridge -batch " + file.path());
}

Overlay by_bridge()
{
	return [](const Site &site) {
		join_bridge(site.host, "up0");
		return nullptr;
	};
}

Overlay by_kernel(const Tunnel &tunnel)
{
	return [tunnel](const Site &site) {
		add_device(site.host, tunnel, site.local, site.remote);
		join_bridge(site.host, "tun0");
		return nullptr;
	};
}

Overlay by_ovs(const Tunnel &tunnel)
{
	return [tunnel](const Site &site) {
		if (!Ovs::installed())
			throw std::runtime_error("Open vSwitch is not installed");
		if (tunnel.encap == "nvgre")
			throw std::runtime_error("Open vSwitch has no NVGRE");
		auto ovs = std::make_shared<Ovs>(OvsSite{.host = site.host,
							 .tenant = site.tenant,
							 .facing = site.facing,
							 .local = site.local,
							 .remote = site.remote});
		ovs->tunnel(tunnel.encap, fmt::format("key={} csum={}", kVni, tunnel.csum));
		return ovs;
	};
}

Overlay by_xovl(const std::string &command, const Modes &modes, const Tunnel &tunnel)
{
	return [=](const Site &site) {
		apply(site.host, command,
		      fmt::format("vtep: {{local: [\"{}\"]}}\n"
				  "uplinks: [{{dev: up0, mode: {}}}]\n"
				  "networks:\n"
				  "  - {{name: blue, {}{}, ports: [{{dev: port0, mode: {}{}}}], flood: [\"{}\"]}}\n",
				  site.local, modes.uplink, tunnel.keys(), modes.net_words, modes.port,
				  modes.port_words, site.remote));
		return nullptr;
	};
}

bool kernel_has(const Tunnel &tunnel, bool v6)
{
	const Netns probe("probe");
	const std::string local = v6 ? "2001:db8::1" : "192.0.2.1", remote = v6 ? "2001:db8::2" : "192.0.2.2";
	try {
		add_device(probe, tunnel, local, remote);
		return true;
	} catch (const std::runtime_error &) {
		return false;
	}
}

} // namespace xovl::bench
