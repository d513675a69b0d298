// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "large.hpp"

#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "forwarder.hpp"

namespace xovl::bench {

namespace {

constexpr uint32_t kInterfaces = 2; // the limit of ports also limits interfaces
constexpr uint32_t kSpare = 8192;   // FDB entries beyond the static ones, for learned entries

std::string entry_lines(const Large &large)
{
	std::string text;
	const auto out = std::back_inserter(text);
	for (uint32_t i = 0; i < large.entries; i++)
		fmt::format_to(out, "{:02x} net n{} dst {}\n", fmt::join(entry_mac(i), ":"), i % large.networks,
			       peer_address(i % large.peers));
	for (uint32_t i = 0; large.vlans && i < large.networks; i++)
		fmt::format_to(out, "{} net n{} dst {}\n{} net n{} dev port0 vid {}\n", kRemoteMac, i, peer_address(0),
			       kTenantMac, i, network_vid(i));
	return text;
}

std::string network_line(const Large &large, uint32_t i, const std::string &mode)
{
	std::string ports;
	if (large.vlans)
		ports = fmt::format("{{dev: port0, vid: {}, mode: {}}}", network_vid(i), mode);
	else if (i == 0)
		ports = fmt::format("{{dev: port0, mode: {}}}", mode);
	return fmt::format("  - {{name: n{}, encap: vxlan, vni: {}, ports: [{}]}}\n", i, network_vni(i), ports);
}

} // namespace

test::Bytes entry_mac(uint32_t i)
{
	return {0x06,
		0,
		static_cast<uint8_t>(i >> 24),
		static_cast<uint8_t>(i >> 16),
		static_cast<uint8_t>(i >> 8),
		static_cast<uint8_t>(i)};
}

uint32_t network_vni(uint32_t network)
{
	return kVni + network;
}

uint16_t network_vid(uint32_t network)
{
	return static_cast<uint16_t>(1 + network);
}

LargeFile::LargeFile(const Large &large, const std::string &mode) : entries_(entry_lines(large))
{
	yaml_ = fmt::format("vtep: {{local: [192.0.2.1]}}\n"
			    "limits: {{fdb: {}, networks: {}, peers: {}, ports: {}}}\n"
			    "uplinks: [{{dev: up0, mode: {}}}]\n"
			    "fdb_files: [{}]\n"
			    "networks:\n",
			    large.entries + 2 * large.networks + kSpare, large.networks, large.peers,
			    large.networks + kInterfaces, mode, entries_.path());
	for (uint32_t i = 0; i < large.networks; i++)
		yaml_ += network_line(large, i, mode);
}

} // namespace xovl::bench
