// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/overhead.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <set>

namespace xovl {

namespace {

uint16_t gre_flags(const NetworkConfig &net)
{
	return (net.csum ? XOVL_GRE_C : 0) | (net.vni ? XOVL_GRE_K : 0) | (net.seq != GreSeq::Off ? XOVL_GRE_S : 0);
}

const char *header_name(uint8_t encap)
{
	switch (encap) {
	case XOVL_ENCAP_GENEVE:
		return "GENEVE";
	case XOVL_ENCAP_GRE:
		return "GRE";
	case XOVL_ENCAP_NVGRE:
		return "NVGRE";
	default:
		return "VXLAN";
	}
}

struct Part {
	const char *name;
	uint32_t octets; ///< 0: absent
};

/// Returns the parts of the tunnel header after its fixed part.
std::vector<Part> extra_parts(const xovl_outer_kind &kind)
{
	auto word = [&](uint16_t flag) { return kind.gre_flags & flag ? XOVL_GRE_WORD : 0; };
	return {{"options", kind.options_len},
		{"checksum", word(XOVL_GRE_C)},
		{"key", word(XOVL_GRE_K)},
		{"sequence", word(XOVL_GRE_S)}};
}

std::vector<Part> all_parts(const xovl_outer_kind &kind)
{
	const std::vector<Part> extra = extra_parts(kind);
	uint32_t header = xovl_tunnel_len(&kind);
	for (const Part &part : extra)
		header -= part.octets;
	std::vector<Part> parts = {{kind.ipv6 ? "IPv6" : "IPv4", xovl_ip_len(&kind)},
				   {"UDP", xovl_udp_len(&kind)},
				   {header_name(kind.encap), header}};
	parts.insert(parts.end(), extra.begin(), extra.end());
	parts.push_back({"Ethernet", XOVL_ETH_LEN});
	return parts;
}

} // namespace

xovl_outer_kind outer_kind(const NetworkConfig &net, xovl_encap encap, int family, size_t port_options)
{
	xovl_outer_kind kind{};
	kind.encap = encap;
	kind.ipv6 = family == AF_INET6;
	if (encap == XOVL_ENCAP_GRE)
		kind.gre_flags = gre_flags(net);
	if (encap == XOVL_ENCAP_GENEVE)
		kind.options_len = static_cast<uint16_t>(octets_of(net.options) + port_options);
	return kind;
}

size_t port_options_max(const NetworkConfig &net)
{
	size_t most = 0;
	for (const auto &port : net.ports)
		most = std::max(most, octets_of(port.options));
	return most;
}

xovl_outer_kind largest_kind(const NetworkConfig &net, const std::vector<VtepConfig> &vteps,
			     const std::set<Address> &peers)
{
	std::set<std::pair<xovl_encap, int>> kinds;
	for (const auto &dst : peers)
		kinds.emplace(peer_of(net, dst).encap, dst.family());
	if (kinds.empty()) {
		const int usual = vteps.empty() ? AF_INET : vteps.front().local.family();
		kinds.emplace(net.encap, net.local ? net.local->family() : usual);
	}
	xovl_outer_kind largest{};
	for (const auto &[encap, family] : kinds) {
		const xovl_outer_kind kind = outer_kind(net, encap, family, port_options_max(net));
		if (!largest.encap || xovl_outer_len(&kind) > xovl_outer_len(&largest))
			largest = kind;
	}
	return largest;
}

std::string overhead_text(const xovl_outer_kind &kind)
{
	std::string text = fmt::format("{}:", xovl_outer_len(&kind));
	const char *separator = " ";
	for (const auto &[name, octets] : all_parts(kind)) {
		if (!octets)
			continue;
		text += fmt::format("{}{} {}", separator, name, octets);
		separator = ", ";
	}
	return text;
}

NetworkMtu mtu_in_force(uint16_t set, const std::optional<Underlay> &underlay, const xovl_outer_kind &kind)
{
	const uint32_t overhead = xovl_outer_len(&kind);
	const uint32_t carried = underlay && underlay->mtu > overhead ? underlay->mtu - overhead : 0;
	if (set && (!underlay || set <= carried))
		return {set, "set"};
	if (!underlay)
		return {};
	return {carried, fmt::format("{} ({}) - {}{}", underlay->mtu, underlay->dev, overhead_text(kind),
				     set ? fmt::format(" (set {})", set) : "")};
}

} // namespace xovl
