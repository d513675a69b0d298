// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The rules for the ports of a network.
#include <fmt/format.h>

#include "config/config_check.hpp"
#include "config/policy.hpp"

namespace xovl {

void Checker::check_ports(size_t n)
{
	const NetworkConfig &net = config_.networks[n];

	for (size_t i = 0; i < net.ports.size(); i++) {
		const PortConfig &port = net.ports[i];

		hold({"networks", n, "ports", i, "dev"}, [&] { parse_dev_name(port.dev); });
		if (port.vid)
			hold({"networks", n, "ports", i, "vid"}, [&] { check_number(kVlanRange, port.vid); });
		check_device(n, i);
		check_port_policy(n, i);
		check_guards(n, i);
		ports_.insert({port.dev, port.vid});
		check_count(i + 1, kFloodMax, "ports in a network", {"networks", n, "ports", i});
		check_count(++nr_ports_, limits_.ports, kPortsText, {"networks", n, "ports", i});
	}
}

void Checker::check_device(size_t n, size_t i)
{
	const NetworkConfig &net = config_.networks[n];
	const PortConfig &port = net.ports[i];
	Device &device = devices_.insert({port.dev, {port.mode, false, {}, false}}).first->second;
	const auto [user, is_new] = device.networks.insert({port.vid, net.name});

	if (device.uplink)
		fail({"networks", n, "ports", i, "dev"},
		     fmt::format("{} cannot be an uplink and a port (one of them is another interface)", port.dev));
	if (!is_new)
		fail({"networks", n, "ports", i, "dev"},
		     fmt::format("port {} exists already in network \"{}\" (another interface or VLAN)",
				 port_name(port.dev, port.vid), user->second));
	if (device.mode != port.mode)
		fail({"networks", n, "ports", i, "mode"},
		     fmt::format("another port of {} asks for mode {} and this one for {} (one mode for an interface)",
				 port.dev, name_of(device.mode), name_of(port.mode)));
	check_tagged(n, i, device);
}

void Checker::check_tagged(size_t n, size_t i, Device &device) const
{
	const PortConfig &port = config_.networks[n].ports[i];

	if (port.vid && port.tagged != XOVL_TAGGED_AUTO)
		fail({"networks", n, "ports", i, "tagged"},
		     fmt::format("tagged is for untagged ports, not {} (a port without vid)",
				 port_name(port.dev, port.vid)));
	device.whole |= port.tagged == XOVL_TAGGED_WHOLE;
	if (device.whole && device.networks.size() > 1)
		fail({"networks", n, "ports", i, port.vid ? "vid" : "tagged"},
		     fmt::format("{0} has VLANs as ports, and its untagged port takes tagged frames whole (xovl port "
				 "set {0} "
				 "tagged none, or no port of {0} with a vid)",
				 port.dev));
}

void Checker::check_port_policy(size_t n, size_t i) const
{
	const NetworkConfig &net = config_.networks[n];
	const PortConfig &port = net.ports[i];
	const size_t octets = octets_of(net.options) + octets_of(port.options);
	const Encaps used = encaps_in_use(net);

	for (const auto &setting : settings_of<PortConfig>())
		if (!(setting.encaps & used) && !is_default(setting, port))
			fail({"networks", n, "ports", i, setting.name},
			     fmt::format("{} is for {}, not {} (a port without it)", setting.name,
					 names_of(setting.encaps), names_of(used)));
	if (octets > kOptionsMax)
		fail({"networks", n, "ports", i, "geneve-opt"},
		     fmt::format(
			     "options of {} octets, those of network \"{}\" and their headers included (at most {})",
			     octets, net.name, kOptionsMax));
	const char *numbering = net.gso ? numbering_policy(net) : nullptr;
	if (numbering && port.mode != XOVL_MODE_NATIVE)
		fail({"networks", n, "ports", i, "mode"},
		     fmt::format("mode {} of port {} cannot do {} of network \"{}\": it keeps super-frames whole "
				 "(mode native; or gso off, if the tenants' interfaces send none)",
				 name_of(port.mode), port_name(port.dev, port.vid), numbering, net.name));
	if (port.group && !net.gbp)
		fail({"networks", n, "ports", i, "group"},
		     fmt::format("group is for networks with gbp on, not \"{0}\" (xovl net set {0} gbp on)", net.name));
}

void Checker::check_guards(size_t n, size_t i)
{
	const PortConfig &port = config_.networks[n].ports[i];

	nr_guard_macs_ += port.macs.size();
	check_count(nr_guard_macs_, limits_.guards, kGuardMacsText, {"networks", n, "ports", i, "mac-guard"});
	nr_guard_prefixes_ += port.prefixes.size();
	check_count(nr_guard_prefixes_, limits_.guards, kGuardPrefixesText, {"networks", n, "ports", i, "ip-guard"});
}

} // namespace xovl
