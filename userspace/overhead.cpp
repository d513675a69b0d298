// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "overhead.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <algorithm>
#include <set>

namespace xovl {

namespace {

constexpr uint32_t kGreWord = 4; ///< of each of checksum, key and sequence number

void add_udp(std::vector<OverheadPart> &parts, const char *name, uint32_t header)
{
	parts.push_back({"UDP", sizeof(udphdr)});
	parts.push_back({name, header});
}

void add_gre(std::vector<OverheadPart> &parts, const NetworkConfig &net)
{
	parts.push_back({"GRE", sizeof(xovl_gre)});
	if (net.csum)
		parts.push_back({"checksum", kGreWord});
	if (net.vni)
		parts.push_back({"key", kGreWord});
	if (net.seq != GreSeq::Off)
		parts.push_back({"sequence", kGreWord});
}

} // namespace

std::vector<OverheadPart> overhead_parts(const NetworkConfig &net, xovl_encap encap, int family, size_t port_options)
{
	std::vector<OverheadPart> parts;
	if (family == AF_INET)
		parts.push_back({"IPv4", sizeof(iphdr)});
	else
		parts.push_back({"IPv6", sizeof(ipv6hdr)});
	const auto options = static_cast<uint32_t>(octets_of(net.options) + port_options);
	switch (encap) {
	case XOVL_ENCAP_GENEVE:
		add_udp(parts, "GENEVE", sizeof(xovl_geneve));
		if (options)
			parts.push_back({"options", options});
		break;
	case XOVL_ENCAP_GRE:
		add_gre(parts, net);
		break;
	case XOVL_ENCAP_NVGRE:
		parts.push_back({"NVGRE", sizeof(xovl_gre) + kGreWord});
		break;
	default:
		add_udp(parts, "VXLAN", sizeof(xovl_vxlan));
	}
	parts.push_back({"Ethernet", ETH_HLEN});
	return parts;
}

std::vector<OverheadPart> largest_overhead(const NetworkConfig &net, const std::vector<VtepConfig> &vteps)
{
	std::set<std::pair<xovl_encap, int>> kinds;
	for (const auto &dst : net.flood)
		kinds.emplace(peer_of(net, dst).encap, dst.family());
	if (kinds.empty()) {
		const int usual = vteps.empty() ? AF_INET : vteps.front().local.family();
		kinds.emplace(net.encap, net.local ? net.local->family() : usual);
	}
	size_t port_options = 0;
	for (const auto &port : net.ports)
		port_options = std::max(port_options, octets_of(port.options));
	std::vector<OverheadPart> largest;
	for (const auto &[encap, family] : kinds) {
		auto parts = overhead_parts(net, encap, family, port_options);
		if (octets_of(parts) > octets_of(largest))
			largest = std::move(parts);
	}
	return largest;
}

uint32_t octets_of(const std::vector<OverheadPart> &parts)
{
	uint32_t octets = 0;
	for (const auto &part : parts)
		octets += part.octets;
	return octets;
}

std::string str(const std::vector<OverheadPart> &parts)
{
	std::string text = fmt::format("{}:", octets_of(parts));
	const char *separator = " ";
	for (const auto &part : parts) {
		text += fmt::format("{}{} {}", separator, part.name, part.octets);
		separator = ", ";
	}
	return text;
}

} // namespace xovl
