// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tunnel.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace xovl::bench {

using namespace test;

namespace {

constexpr unsigned kOptionHeader = 4; // octets

// class and type that OVN uses
constexpr uint16_t kClass = 0x0102;
constexpr uint8_t kType = 0x80;

/// Returns the data of one option. octets: length with the option's header.
Bytes option_data(unsigned octets)
{
	return Bytes(octets - kOptionHeader, 0x5a);
}

} // namespace

std::string Tunnel::name() const
{
	return options ? fmt::format("{}-opt{}", encap, options) : encap;
}

std::string Tunnel::keys() const
{
	std::string text = fmt::format("encap: {}, vni: {}", encap, kVni);
	if (options)
		text += fmt::format(", geneve-opt: [\"{:#06x}:{:#04x}:{:02x}\"]", kClass, kType,
				    fmt::join(option_data(options), ""));
	if (csum)
		text += encap == "gre" ? ", csum: true" : ", udpcsum: on";
	return text;
}

Packet Tunnel::headers(uint16_t sport) const
{
	if (encap == "gre")
		return Gre{.key = kVni};
	if (encap == "nvgre")
		return Gre::nvgre(kVni);
	if (encap == "vxlan")
		return UDP{sport, 4789, {}, 0} / Vxlan{kVni};
	Geneve geneve{kVni};
	if (options)
		geneve.options.push_back({.option_class = kClass, .type = kType, .data = option_data(options)});
	return UDP{sport, 6081, {}, 0} / geneve;
}

std::vector<Tunnel> tunnels(const std::vector<unsigned> &options)
{
	std::vector<Tunnel> list = {{"vxlan"}, {"geneve"}};
	for (const unsigned octets : options)
		list.push_back({"geneve", octets});
	list.insert(list.end(), {{"gre"}, {"nvgre"}});
	return list;
}

} // namespace xovl::bench
