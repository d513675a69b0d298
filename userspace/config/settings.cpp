// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/settings.hpp"

#include <fmt/format.h>

namespace xovl {

namespace {

constexpr Encaps kVxlan = 1u << XOVL_ENCAP_VXLAN;
constexpr Encaps kGeneve = 1u << XOVL_ENCAP_GENEVE;
constexpr Encaps kGre = 1u << XOVL_ENCAP_GRE;
constexpr Encaps kUdp = encaps_that(has_udp);

Error not_a_value(const char *key, std::string_view text, const char *values)
{
	return request_error(fmt::format("{} is not a value of {} ({})", in_quotes(text), key, values));
}

/// Parses a number, or the word that means nullopt.
template <typename Number>
std::optional<Number> parse_or(const NumberRange &range, const char *word, std::string_view text)
{
	if (text == word)
		return std::nullopt;
	const bool is_number = !text.empty() && ((text[0] >= '0' && text[0] <= '9') || text[0] == '-');
	if (!is_number)
		throw not_a_value(range.what, text, fmt::format("{}-{}|{}", range.min, range.max, word).c_str());
	return static_cast<Number>(parse_number(range, text));
}

template <typename Number> SettingValue number_or(const std::optional<Number> &number, const char *word)
{
	return number ? SettingValue(uint32_t{*number}) : SettingValue(std::string(word));
}

/// Parses one of two words. Returns true for yes.
bool parse_word(const char *key, std::string_view text, std::string_view yes, std::string_view no)
{
	if (text != yes && text != no)
		throw not_a_value(key, text, fmt::format("{}|{}", yes, no).c_str());
	return text == yes;
}

void parse_df(NetworkSettings &net, std::string_view text)
{
	if (text == "inherit")
		net.outer.df.reset();
	else if (text == "set" || text == "unset")
		net.outer.df = text == "set";
	else
		throw not_a_value("df", text, "set|unset|inherit");
}

SettingValue df_value(const NetworkSettings &net)
{
	if (!net.outer.df)
		return "inherit";
	return *net.outer.df ? "set" : "unset";
}

void parse_srcport(NetworkSettings &net, std::string_view text)
{
	const size_t dash = text.find('-', 1);
	if (dash == text.npos)
		throw not_a_value("srcport", text,
				  fmt::format("MIN-MAX of {}-{}", kSrcportRange.min, kSrcportRange.max).c_str());
	const auto min = static_cast<uint16_t>(parse_number(kSrcportRange, text.substr(0, dash)));
	const auto max = static_cast<uint16_t>(parse_number(kSrcportRange, text.substr(dash + 1)));
	if (min > max)
		throw request_error(fmt::format("srcport {} ends before it begins ({}-{})", text, max, min));
	net.outer.sport_min = min;
	net.outer.sport_max = max;
}

SettingValue srcport_value(const NetworkSettings &net)
{
	return fmt::format("{}-{}", net.outer.sport_min, net.outer.sport_max);
}

void parse_match(NetworkSettings &net, std::string_view text)
{
	net.match.reset();
	if (text != "none")
		net.match = GeneveMatch::parse(text);
}

void parse_seq(NetworkSettings &net, std::string_view text)
{
	if (text == "strict")
		net.seq = GreSeq::Strict;
	else if (text == "on" || text == "off")
		net.seq = text == "on" ? GreSeq::On : GreSeq::Off;
	else
		throw not_a_value("seq", text, "on|off|strict");
}

SettingValue seq_value(const NetworkSettings &net)
{
	if (net.seq == GreSeq::Strict)
		return "strict";
	return net.seq == GreSeq::On;
}

void parse_bpdu(NetworkSettings &net, std::string_view text)
{
	if (text == "pass")
		net.bpdu = Bpdu::Pass;
	else if (text == "drop" || text == "punt")
		net.bpdu = text == "drop" ? Bpdu::Drop : Bpdu::Punt;
	else
		throw not_a_value("bpdu", text, "pass|drop|punt");
}

SettingValue bpdu_value(const NetworkSettings &net)
{
	if (net.bpdu == Bpdu::Pass)
		return "pass";
	return net.bpdu == Bpdu::Drop ? "drop" : "punt";
}

template <typename Number> Number parse_as(const NumberRange &range, std::string_view text)
{
	return static_cast<Number>(parse_number(range, text));
}

/// Parses a number, or "none".
template <typename Number> std::optional<Number> parse_or_none(const NumberRange &range, std::string_view text)
{
	if (text == "none")
		return std::nullopt;
	return parse_as<Number>(range, text);
}

void parse_tagged(PortConfig &port, std::string_view text)
{
	if (text == "auto")
		port.tagged = XOVL_TAGGED_AUTO;
	else if (text == "whole" || text == "none")
		port.tagged = text == "whole" ? XOVL_TAGGED_WHOLE : XOVL_TAGGED_NONE;
	else
		throw not_a_value("tagged", text, "whole|none|auto");
}

SettingValue tagged_value(const PortConfig &port)
{
	if (port.tagged == XOVL_TAGGED_AUTO)
		return "auto";
	return port.tagged == XOVL_TAGGED_WHOLE ? "whole" : "none";
}

xovl_guard parse_guard(const char *key, std::string_view text)
{
	if (text == "auto")
		return XOVL_GUARD_AUTO;
	if (text != "on" && text != "off")
		throw not_a_value(key, text, "on|off|auto");
	return text == "on" ? XOVL_GUARD_ON : XOVL_GUARD_OFF;
}

SettingValue guard_value(xovl_guard guard)
{
	if (guard == XOVL_GUARD_AUTO)
		return "auto";
	return guard == XOVL_GUARD_ON;
}

/// 0 means no limit.
template <typename Object> void parse_mac_limit_of(Object &object, std::string_view text)
{
	object.mac_limit = parse_or_none<uint32_t>(kMacLimitRange, text).value_or(0);
}

template <typename Object> SettingValue mac_limit_of(const Object &object)
{
	return object.mac_limit ? SettingValue(object.mac_limit) : SettingValue("none");
}

void parse_move_limit(NetworkSettings &net, std::string_view text)
{
	net.move_limit.reset();
	if (text != "none")
		net.move_limit = MoveLimit::parse(text);
}

/// Sets the encapsulation, and its default dstport.
void parse_encap_of(NetworkSettings &net, std::string_view text)
{
	net.encap = parse_encap(text);
	net.dstport = default_dstport(net.encap);
}

/// "local any" means no local address, as in ip-link(8).
void parse_local(NetworkSettings &net, std::string_view text)
{
	net.local.reset();
	if (text != "any")
		net.local = Address::parse(text);
}

using Net = NetworkSettings;
using Port = PortConfig;
using Uplink = UplinkConfig;
using Vtep = VtepConfig;
using Text = std::string_view;

constexpr const char *kModes = "auto|native|generic|tc";

constinit const Setting<Net> kNetworkSettings[] = {
	{"encap", "vxlan|geneve|gre|nvgre", parse_encap_of,
	 [](const Net &net) { return SettingValue(name_of(net.encap)); }, kEveryEncap, kColumn | kFixed},
	{"vni", "N|none", [](Net &net, Text text) { net.vni = parse_id(net.encap, text); },
	 [](const Net &net) { return number_or(net.vni, "none"); }, kEveryEncap, kColumn},
	{"local", "IP|any", parse_local,
	 [](const Net &net) { return SettingValue(net.local ? net.local->str() : "any"); }, kEveryEncap, kColumn},
	{"dstport", "P", [](Net &net, Text text) { net.dstport = parse_as<uint16_t>(kDstportRange, text); },
	 [](const Net &net) { return SettingValue(uint32_t{net.dstport}); }, kEveryEncap, kColumn},
	{"mtu", "N", [](Net &net, Text text) { net.mtu = parse_as<uint16_t>(kMtuRange, text); },
	 [](const Net &net) { return SettingValue(uint32_t{net.mtu}); }, kEveryEncap, kColumn},
	{"learning", "on|off", [](Net &net, Text text) { net.learning = parse_on_off("learning", text); },
	 [](const Net &net) { return SettingValue(net.learning); }, kEveryEncap, kColumn},
	{"ageing", "SECONDS", [](Net &net, Text text) { net.ageing = parse_as<uint32_t>(kAgeingRange, text); },
	 [](const Net &net) { return SettingValue(net.ageing); }, kEveryEncap, kColumn},
	{"mac-limit", "N|none", parse_mac_limit_of<Net>, mac_limit_of<Net>},
	{"peer-mac-limit", "N|none",
	 [](Net &net, Text text) { net.peer_mac_limit = parse_or_none<uint32_t>(kMacLimitRange, text).value_or(0); },
	 [](const Net &net) { return net.peer_mac_limit ? SettingValue(net.peer_mac_limit) : SettingValue("none"); }},
	{"on-limit", "flood|drop",
	 [](Net &net, Text text) { net.limit_drops = parse_word("on-limit", text, "drop", "flood"); },
	 [](const Net &net) { return SettingValue(net.limit_drops ? "drop" : "flood"); }},
	{"move-limit", "MOVES/SECONDS|none", parse_move_limit,
	 [](const Net &net) { return SettingValue(net.move_limit ? net.move_limit->str() : "none"); }},
	{"via", "direct|kernel|auto", [](Net &net, Text text) { net.via = parse_via(text); },
	 [](const Net &net) { return SettingValue(name_of(net.via)); }, kUdp},
	{"require", "encrypted|none", [](Net &net, Text text) { net.encrypted = parse_require(text); },
	 [](const Net &net) { return SettingValue(require_word(net.encrypted)); }, kUdp},
	{"ttl", "N|inherit", [](Net &net, Text text) { net.outer.ttl = parse_or<uint8_t>(kTtlRange, "inherit", text); },
	 [](const Net &net) { return number_or(net.outer.ttl, "inherit"); }},
	{"dscp", "N|inherit",
	 [](Net &net, Text text) { net.outer.dscp = parse_or<uint8_t>(kDscpRange, "inherit", text); },
	 [](const Net &net) { return number_or(net.outer.dscp, "inherit"); }},
	{"df", "set|unset|inherit", parse_df, df_value},
	{"udpcsum", "on|off", [](Net &net, Text text) { net.outer.udpcsum = parse_on_off("udpcsum", text); },
	 [](const Net &net) { return SettingValue(net.outer.udpcsum); }, kUdp},
	{"udp6zerocsumrx", "on|off",
	 [](Net &net, Text text) { net.outer.udp6zerocsumrx = parse_on_off("udp6zerocsumrx", text); },
	 [](const Net &net) { return SettingValue(net.outer.udp6zerocsumrx); }, kUdp},
	{"srcport", "MIN-MAX", parse_srcport, srcport_value, kUdp},
	{"flowlabel", "hash|N",
	 [](Net &net, Text text) { net.outer.flowlabel = parse_or<uint32_t>(kFlowlabelRange, "hash", text); },
	 [](const Net &net) { return number_or(net.outer.flowlabel, "hash"); }},
	{"gso", "on|off", [](Net &net, Text text) { net.gso = parse_on_off("gso", text); },
	 [](const Net &net) { return SettingValue(net.gso); }},
	{"mss", "clamp|off", [](Net &net, Text text) { net.mss_clamp = parse_word("mss", text, "clamp", "off"); },
	 [](const Net &net) { return SettingValue(net.mss_clamp ? "clamp" : "off"); }},
	{"bpdu", "pass|drop|punt", parse_bpdu, bpdu_value},
	{"geneve-opt", "LIST|none", [](Net &net, Text text) { net.options = parse_options(text); },
	 [](const Net &net) { return SettingValue(words_of(net.options)); }, kGeneve},
	{"geneve-match", "OPTION|none", parse_match,
	 [](const Net &net) { return SettingValue(net.match ? net.match->str() : "none"); }, kGeneve},
	{"csum", "on|off", [](Net &net, Text text) { net.csum = parse_on_off("csum", text); },
	 [](const Net &net) { return SettingValue(net.csum); }, kGre},
	{"seq", "on|off|strict", parse_seq, seq_value, kGre},
	{"gbp", "on|off", [](Net &net, Text text) { net.gbp = parse_on_off("gbp", text); },
	 [](const Net &net) { return SettingValue(net.gbp); }, kVxlan},
	{"reserved", "lenient|strict",
	 [](Net &net, Text text) { net.reserved_strict = !parse_word("reserved", text, "lenient", "strict"); },
	 [](const Net &net) { return SettingValue(net.reserved_strict ? "strict" : "lenient"); }, kVxlan},
};

template <typename Object> void parse_mode_of(Object &object, Text text)
{
	object.mode = parse_mode(text);
}

template <typename Object> SettingValue mode_of(const Object &object)
{
	return name_of(object.mode);
}

template <typename Object> void parse_optional_of(Object &object, Text text)
{
	object.optional = parse_on_off("optional", text);
}

template <typename Object> SettingValue optional_of(const Object &object)
{
	return object.optional;
}

constinit const Setting<Port> kPortSettings[] = {
	{"mode", kModes, parse_mode_of<Port>, mode_of<Port>, kEveryEncap, kColumn},
	{"geneve-opt", "LIST|none", [](Port &port, Text text) { port.options = parse_options(text); },
	 [](const Port &port) { return SettingValue(words_of(port.options)); }, kGeneve},
	{"group", "N|none", [](Port &port, Text text) { port.group = parse_or_none<uint16_t>(kGroupRange, text); },
	 [](const Port &port) { return number_or(port.group, "none"); }},
	{"deliver", "device|peer",
	 [](Port &port, Text text) { port.to_peer = parse_word("deliver", text, "peer", "device"); },
	 [](const Port &port) { return SettingValue(port.to_peer ? "peer" : "device"); }},
	{"tagged", "whole|none|auto", parse_tagged, tagged_value},
	{"isolated", "on|off", [](Port &port, Text text) { port.isolated = parse_on_off("isolated", text); },
	 [](const Port &port) { return SettingValue(port.isolated); }, kEveryEncap, kBare},
	{"mac-limit", "N|none", parse_mac_limit_of<Port>, mac_limit_of<Port>},
	{"sticky", "on|off", [](Port &port, Text text) { port.sticky = parse_on_off("sticky", text); },
	 [](const Port &port) { return SettingValue(port.sticky); }, kEveryEncap, kBare},
	{"locked", "on|off", [](Port &port, Text text) { port.locked = parse_on_off("locked", text); },
	 [](const Port &port) { return SettingValue(port.locked); }, kEveryEncap, kBare},
	{"mac-guard", "LIST|none", [](Port &port, Text text) { port.macs = parse_mac_list(text); },
	 [](const Port &port) { return SettingValue(words_of(port.macs)); }},
	{"ip-guard", "LIST|none", [](Port &port, Text text) { port.prefixes = parse_prefix_list(text); },
	 [](const Port &port) { return SettingValue(words_of(port.prefixes)); }},
	{"dhcp-guard", "on|off|auto", [](Port &port, Text text) { port.dhcp_guard = parse_guard("dhcp-guard", text); },
	 [](const Port &port) { return guard_value(port.dhcp_guard); }},
	{"ra-guard", "on|off|auto", [](Port &port, Text text) { port.ra_guard = parse_guard("ra-guard", text); },
	 [](const Port &port) { return guard_value(port.ra_guard); }},
	{"optional", "on|off", parse_optional_of<Port>, optional_of<Port>, kEveryEncap, kBare},
};

constinit const Setting<Uplink> kUplinkSettings[] = {
	{"vid", "V|none",
	 [](Uplink &uplink, Text text) { uplink.vid = parse_or_none<uint16_t>(kVlanRange, text).value_or(0); },
	 [](const Uplink &uplink) { return uplink.vid ? SettingValue(uint32_t{uplink.vid}) : SettingValue("none"); },
	 kEveryEncap, kColumn},
	{"mode", kModes, parse_mode_of<Uplink>, mode_of<Uplink>, kEveryEncap, kColumn},
	{"rp-filter", "auto|strict|loose|off",
	 [](Uplink &uplink, Text text) { uplink.rp_filter = parse_rp_filter(text); },
	 [](const Uplink &uplink) { return SettingValue(name_of(uplink.rp_filter)); }},
	{"gro", "auto|off", [](Uplink &uplink, Text text) { uplink.gro = parse_word("gro", text, "auto", "off"); },
	 [](const Uplink &uplink) { return SettingValue(uplink.gro ? "auto" : "off"); }},
	{"optional", "on|off", parse_optional_of<Uplink>, optional_of<Uplink>, kEveryEncap, kBare},
};

constinit const Setting<Vtep> kVtepSettings[] = {
	{"foreign", "pass|drop|refuse", [](Vtep &vtep, Text text) { vtep.foreign = parse_foreign(text); },
	 [](const Vtep &vtep) { return SettingValue(name_of(vtep.foreign)); }, kEveryEncap, kColumn},
	{"xfrm", "ignore|refuse",
	 [](Vtep &vtep, Text text) { vtep.xfrm_ignore = parse_word("xfrm", text, "ignore", "refuse"); },
	 [](const Vtep &vtep) { return SettingValue(vtep.xfrm_ignore ? "ignore" : "refuse"); }},
	{"pmtu-trust", "on|off", [](Vtep &vtep, Text text) { vtep.pmtu_trust = parse_on_off("pmtu-trust", text); },
	 [](const Vtep &vtep) { return SettingValue(vtep.pmtu_trust); }},
	{"pmtu-floor", "N", [](Vtep &vtep, Text text) { vtep.pmtu_floor = parse_as<uint16_t>(kPmtuFloorRange, text); },
	 [](const Vtep &vtep) { return SettingValue(uint32_t{vtep.pmtu_floor}); }},
};

} // namespace

template <> std::span<const Setting<NetworkSettings>> settings_of()
{
	return kNetworkSettings;
}

template <> std::span<const Setting<PortConfig>> settings_of()
{
	return kPortSettings;
}

template <> std::span<const Setting<UplinkConfig>> settings_of()
{
	return kUplinkSettings;
}

template <> std::span<const Setting<VtepConfig>> settings_of()
{
	return kVtepSettings;
}

template <> NetworkSettings default_of(const NetworkSettings &net)
{
	NetworkSettings usual;
	usual.encap = net.encap;
	usual.dstport = default_dstport(net.encap);
	usual.vni.reset();
	return usual;
}

std::string word_of(const SettingValue &value)
{
	if (const auto *is_on = std::get_if<bool>(&value))
		return *is_on ? "on" : "off";
	if (const auto *number = std::get_if<uint32_t>(&value))
		return fmt::to_string(*number);
	if (const auto *word = std::get_if<std::string>(&value))
		return *word;
	const auto &list = std::get<std::vector<std::string>>(value);
	return list.empty() ? "none" : fmt::format("{}", fmt::join(list, ","));
}

std::string_view switch_word(std::string_view text)
{
	if (text == "true")
		return "on";
	return text == "false" ? "off" : text;
}

} // namespace xovl
