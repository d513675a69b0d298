// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Converts the settings of a network to its record and GENEVE options, and back.
#include <arpa/inet.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <span>
#include <utility>

#include "config/policy.hpp"
#include "state/tables_impl.hpp"

namespace xovl {

namespace {

struct FlagOf {
	uint32_t flag;
	bool NetworkConfig::*member;
};

constexpr FlagOf kFlags[] = {
	{XOVL_NET_LEARNING, &NetworkConfig::learning},
	{XOVL_NET_MSS_CLAMP, &NetworkConfig::mss_clamp},
	{XOVL_NET_CSUM, &NetworkConfig::csum},
	{XOVL_NET_GBP, &NetworkConfig::gbp},
	{XOVL_NET_STRICT, &NetworkConfig::reserved_strict},
	{XOVL_NET_LIMIT_DROPS, &NetworkConfig::limit_drops},
};

uint32_t flag_if(bool on, uint32_t flag)
{
	return on ? flag : 0;
}

uint32_t outer_flags(const OuterPolicy &outer)
{
	return flag_if(!outer.ttl, XOVL_NET_TTL_INHERIT) | flag_if(!outer.dscp, XOVL_NET_DSCP_INHERIT) |
	       flag_if(!outer.df, XOVL_NET_DF_INHERIT) | flag_if(outer.df == false, XOVL_NET_DF_UNSET) |
	       flag_if(outer.udpcsum, XOVL_NET_UDPCSUM) | flag_if(!outer.udp6zerocsumrx, XOVL_NET_NO_ZEROCSUM6) |
	       flag_if(!outer.flowlabel, XOVL_NET_FLOWLABEL_HASH);
}

uint32_t network_flags(const NetworkConfig &net)
{
	uint32_t flags = XOVL_NET_USED | outer_flags(net.outer);
	for (const auto &[flag, member] : kFlags)
		flags |= flag_if(net.*member, flag);
	return flags | flag_if(net.bpdu == Bpdu::Drop, XOVL_NET_BPDU_DROP) |
	       flag_if(net.bpdu == Bpdu::Punt, XOVL_NET_BPDU_PUNT) | flag_if(!net.gso, XOVL_NET_GSO_OFF) |
	       flag_if(!net.vni, XOVL_NET_KEYLESS) | flag_if(net.seq != GreSeq::Off, XOVL_NET_SEQ) |
	       flag_if(net.seq == GreSeq::Strict, XOVL_NET_SEQ_STRICT) |
	       flag_if(!net.options.empty(), XOVL_NET_OPTIONS) | flag_if(net.match.has_value(), XOVL_NET_MATCH) |
	       flag_if(!known_options(net).empty(), XOVL_NET_KNOWN) |
	       flag_if(net.via == XOVL_VIA_DIRECT, XOVL_NET_VIA_DIRECT) |
	       flag_if(net.via == XOVL_VIA_KERNEL, XOVL_NET_VIA_KERNEL) | flag_if(net.encrypted, XOVL_NET_ENCRYPTED);
}

OuterPolicy outer_policy(const xovl_network &net)
{
	OuterPolicy outer;
	outer.ttl = net.ttl;
	outer.dscp = net.tos >> 2;
	outer.df = !(net.flags & XOVL_NET_DF_UNSET);
	outer.flowlabel = net.flowlabel;
	if (net.flags & XOVL_NET_TTL_INHERIT)
		outer.ttl.reset();
	if (net.flags & XOVL_NET_DSCP_INHERIT)
		outer.dscp.reset();
	if (net.flags & XOVL_NET_DF_INHERIT)
		outer.df.reset();
	if (net.flags & XOVL_NET_FLOWLABEL_HASH)
		outer.flowlabel.reset();
	outer.udpcsum = net.flags & XOVL_NET_UDPCSUM;
	outer.udp6zerocsumrx = !(net.flags & XOVL_NET_NO_ZEROCSUM6);
	outer.sport_min = net.sport_min;
	outer.sport_max = net.sport_max;
	return outer;
}

/// Adds an element unless options is empty. They fit, because validate() has checked their length.
void put_options(Tables &tables, xovl_options_use use, uint32_t index, const std::vector<GeneveOption> &options)
{
	const std::vector<uint8_t> octets = wire_octets(options);
	if (octets.empty())
		return;
	xovl_options value{};
	assert(octets.size() <= sizeof(value.octets));
	value.len = octets.size();
	std::ranges::copy(octets, value.octets);
	value.critical = std::ranges::any_of(
		options, [](const GeneveOption &option) { return option.type & XOVL_GENEVE_CRITICAL; });
	tables.options[{.index = index, .use = static_cast<uint32_t>(use)}] = value;
}

/// Requires class and type, and those bits of the data that the mask has set.
void put_match(Tables &tables, uint32_t net_index, const GeneveMatch &match)
{
	put_options(tables, XOVL_OPTIONS_MATCH, net_index, {match.option});
	xovl_options &value = tables.options[{.index = net_index, .use = XOVL_OPTIONS_MATCH}];
	const xovl_geneve_option header{.option_class = 0xffff, .type = 0xff, .len = 0};
	std::memcpy(value.mask, &header, sizeof(header));
	std::copy_n(match.mask.begin(), std::min(match.mask.size(), match.option.data.size()),
		    value.mask + sizeof(header));
}

std::span<const uint8_t> octets_of(const xovl_options &options)
{
	return {options.octets, std::min<size_t>(options.len, sizeof(options.octets))};
}

std::vector<GeneveOption> parse_octets(std::span<const uint8_t> octets)
{
	std::vector<GeneveOption> options;
	xovl_geneve_option header;
	while (octets.size() >= sizeof(header)) {
		std::memcpy(&header, octets.data(), sizeof(header));
		octets = octets.subspan(sizeof(header));
		auto data = octets.first(std::min<size_t>(octets.size(), 4 * (header.len & XOVL_GENEVE_DATA_LEN)));
		octets = octets.subspan(data.size());
		options.push_back({.option_class = ntohs(header.option_class),
				   .type = header.type,
				   .data = {data.begin(), data.end()}});
	}
	return options;
}

} // namespace

xovl_network make_network(const NetworkConfig &net, uint32_t order)
{
	xovl_network value{};
	value.ageing_ns = uint64_t{net.ageing} * 1'000'000'000;
	value.mac_limit = net.mac_limit;
	value.peer_mac_limit = net.peer_mac_limit;
	value.move_limit = net.move_limit.value_or(MoveLimit{}).moves;
	value.move_seconds = net.move_limit.value_or(MoveLimit{}).seconds;
	value.flags = network_flags(net);
	value.id = net.vni.value_or(0);
	value.mtu = net.mtu;
	value.dstport = TunnelKind(net.encap, net.dstport).dstport;
	value.encap = net.encap;
	value.has_local = net.local.has_value();
	value.ttl = net.outer.ttl.value_or(*OuterPolicy().ttl); // used for inner packets without TTL
	value.tos = net.outer.dscp.value_or(*OuterPolicy().dscp) << 2;
	if (net.local)
		value.local = net.local->raw();
	net.name.copy(value.name, sizeof(value.name) - 1);
	value.order = order;
	value.sport_min = net.outer.sport_min;
	value.sport_max = net.outer.sport_max;
	value.flowlabel = net.outer.flowlabel.value_or(0);
	for (const PortConfig &port : net.ports)
		value.port_options = std::max<uint32_t>(value.port_options, octets_of(port.options));
	return value;
}

NetworkConfig network_identity(const xovl_network &net)
{
	NetworkConfig config;
	config.name = net.name;
	config.encap = static_cast<xovl_encap>(net.encap);
	config.vni = net.id;
	if (net.flags & XOVL_NET_KEYLESS)
		config.vni.reset();
	if (net.has_local)
		config.local = Address(net.local);
	config.dstport = ntohs(net.dstport);
	if (net.flags & (XOVL_NET_VIA_DIRECT | XOVL_NET_VIA_KERNEL))
		config.via = net.flags & XOVL_NET_VIA_DIRECT ? XOVL_VIA_DIRECT : XOVL_VIA_KERNEL;
	config.encrypted = net.flags & XOVL_NET_ENCRYPTED;
	return config;
}

NetworkConfig network_config(const Tables &tables, uint32_t index)
{
	const xovl_network &net = tables.networks[index];
	NetworkConfig config = network_identity(net);
	config.gso = !(net.flags & XOVL_NET_GSO_OFF);
	if (net.flags & (XOVL_NET_BPDU_DROP | XOVL_NET_BPDU_PUNT))
		config.bpdu = net.flags & XOVL_NET_BPDU_DROP ? Bpdu::Drop : Bpdu::Punt;
	config.mtu = net.mtu;
	config.ageing = net.ageing_ns / 1'000'000'000;
	config.mac_limit = net.mac_limit;
	config.peer_mac_limit = net.peer_mac_limit;
	if (net.move_limit)
		config.move_limit = MoveLimit{.moves = net.move_limit, .seconds = net.move_seconds};
	config.outer = outer_policy(net);
	for (const auto &[flag, member] : kFlags)
		config.*member = net.flags & flag;
	if (net.flags & XOVL_NET_SEQ)
		config.seq = net.flags & XOVL_NET_SEQ_STRICT ? GreSeq::Strict : GreSeq::On;
	config.options = sent_options(tables, XOVL_OPTIONS_NET, index);
	auto match = tables.options.find({.index = index, .use = XOVL_OPTIONS_MATCH});
	if (match == tables.options.end())
		return config;
	if (auto required = parse_octets(octets_of(match->second)); !required.empty()) {
		const uint8_t *mask = match->second.mask + sizeof(xovl_geneve_option);
		const size_t length = required[0].data.size();
		config.match = GeneveMatch{.option = std::move(required[0]), .mask = {mask, mask + length}};
	}
	return config;
}

void add_options(Tables &tables, const NetworkConfig &net, uint32_t net_index)
{
	put_options(tables, XOVL_OPTIONS_NET, net_index, net.options);
	if (net.match)
		put_match(tables, net_index, *net.match);
	std::vector<GeneveOption> known;
	for (const auto &[option_class, type] : known_options(net))
		known.push_back({.option_class = option_class, .type = type, .data = {}});
	put_options(tables, XOVL_OPTIONS_KNOWN, net_index, known);
}

void add_options(Tables &tables, const PortConfig &port, uint32_t port_index)
{
	put_options(tables, XOVL_OPTIONS_PORT, port_index, port.options);
}

std::vector<GeneveOption> sent_options(const Tables &tables, xovl_options_use use, uint32_t index)
{
	auto options = tables.options.find({.index = index, .use = static_cast<uint32_t>(use)});
	return options == tables.options.end() ? std::vector<GeneveOption>{} : parse_octets(octets_of(options->second));
}

} // namespace xovl
