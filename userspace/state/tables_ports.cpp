// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Converts the settings of ports to flags and map elements, and back.
#include <algorithm>

#include "state/tables_impl.hpp"

namespace xovl {

namespace {

constexpr unsigned kMappedBits = 96; ///< bits before an IPv4 address in struct xovl_addr

bool is_on(xovl_guard guard, const PortConfig &port)
{
	return guard == XOVL_GUARD_ON || (guard == XOVL_GUARD_AUTO && !(port.macs.empty() && port.prefixes.empty()));
}

uint16_t flag_if(bool on, uint16_t flag)
{
	return on ? flag : 0;
}

/// True if a port carries tagged frames whole. of_device: number of ports of its interface.
bool takes_tagged(const PortConfig &port, int of_device)
{
	return !port.vid && port.tagged != XOVL_TAGGED_NONE && of_device == 1;
}

uint16_t security_flags(const PortConfig &port)
{
	const bool has_ipv6 =
		std::ranges::any_of(port.prefixes, [](const Prefix &prefix) { return !prefix.address.is_v4(); });
	return flag_if(port.isolated, XOVL_PORT_ISOLATED) | flag_if(port.locked, XOVL_PORT_LOCKED) |
	       flag_if(port.sticky, XOVL_PORT_STICKY) | flag_if(!port.macs.empty(), XOVL_PORT_GUARD_MAC) |
	       flag_if(!port.prefixes.empty(), XOVL_PORT_GUARD_IP) |
	       flag_if(has_ipv6 && !port.macs.empty(), XOVL_PORT_GUARD_LINK_LOCAL) |
	       flag_if(is_on(port.dhcp_guard, port), XOVL_PORT_GUARD_DHCP) |
	       flag_if(is_on(port.ra_guard, port), XOVL_PORT_GUARD_RA);
}

} // namespace

uint16_t port_flags(const PortConfig &port, int of_device)
{
	return XOVL_PORT_USED | security_flags(port) | flag_if(takes_tagged(port, of_device), XOVL_PORT_TAGGED) |
	       flag_if(port.group.has_value(), XOVL_PORT_GROUP) | flag_if(port.optional, XOVL_PORT_OPTIONAL) |
	       flag_if(port.to_peer, XOVL_PORT_WANTS_PEER) | flag_if(!port.options.empty(), XOVL_PORT_OPTIONS);
}

void add_guards(Tables &tables, const PortConfig &port, uint32_t port_index)
{
	uint32_t order = 0;
	for (const Mac &mac : port.macs) {
		uint64_t number = 0;
		for (size_t i = 0; i < mac.bytes().size(); i++)
			number |= uint64_t{mac.bytes()[i]} << 8 * i;
		tables.port_macs[{.mac = number, .port = port_index, .pad = 0}] = order++;
	}
	order = 0;
	for (const Prefix &prefix : port.prefixes) {
		const uint32_t bits = prefix.bits + (prefix.address.is_v4() ? kMappedBits : 0);
		const uint32_t family = prefix.address.is_v4() ? 0 : XOVL_PORT_PREFIX_IPV6;
		tables.port_prefixes[{.bits = XOVL_PORT_PREFIX_BITS(bits),
				      .port = port_index | family,
				      .address = prefix.address.raw()}] = order++;
	}
}

Mac guard_mac(const xovl_port_mac &key)
{
	std::array<uint8_t, 6> bytes;
	for (size_t i = 0; i < bytes.size(); i++)
		bytes[i] = static_cast<uint8_t>(key.mac >> 8 * i);
	return Mac(bytes);
}

Prefix guard_prefix(const xovl_port_prefix &key)
{
	const Address address(key.address);
	const uint32_t bits = key.bits - XOVL_PORT_PREFIX_BITS(0);
	return {.address = address, .bits = static_cast<uint8_t>(bits - (address.is_v4() ? kMappedBits : 0))};
}

void revoke_guards(const Maps &maps, const Tables &current, const Tables &desired)
{
	auto stays_guarded = [&](uint32_t port, uint16_t guard) {
		return port < desired.port_table.size() && (desired.port_table[port].flags & guard);
	};
	for (const auto &[key, order] : current.port_macs)
		if (desired.port_macs.find(key) == desired.port_macs.end() &&
		    stays_guarded(key.port, XOVL_PORT_GUARD_MAC))
			maps.port_macs.del(key);
	for (const auto &[key, order] : current.port_prefixes)
		if (desired.port_prefixes.find(key) == desired.port_prefixes.end() &&
		    stays_guarded(key.port & ~XOVL_PORT_PREFIX_IPV6, XOVL_PORT_GUARD_IP))
			maps.port_prefixes.del(key);
}

} // namespace xovl
