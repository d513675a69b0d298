// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "policy.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace xovl {

namespace {

constexpr xovl_encap kEncaps[] = {XOVL_ENCAP_VXLAN, XOVL_ENCAP_GENEVE, XOVL_ENCAP_GRE, XOVL_ENCAP_NVGRE};

/// Those for which condition holds.
template <typename Condition> constexpr Encaps encaps_that(Condition condition)
{
	Encaps encaps = 0;
	for (auto encap : kEncaps)
		encaps |= condition(encap) ? 1u << encap : 0;
	return encaps;
}

constexpr Encaps kVxlan = 1u << XOVL_ENCAP_VXLAN;
constexpr Encaps kGeneve = 1u << XOVL_ENCAP_GENEVE;
constexpr Encaps kGre = 1u << XOVL_ENCAP_GRE;
constexpr Encaps kUdp = encaps_that(has_udp);
constexpr Encaps kAll = encaps_that([](xovl_encap) { return true; });

Error not_a_value(const char *key, std::string_view text, const char *values)
{
	return request_error(fmt::format("{} is not a value of {} ({})", in_quotes(text), key, values));
}

/// A number, or the word that stands for none.
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

template <typename Number> PolicyValue number_or(const std::optional<Number> &number, const char *word)
{
	return number ? PolicyValue(uint32_t{*number}) : PolicyValue(std::string(word));
}

/// One of two words.
bool parse_word(const char *key, std::string_view text, std::string_view yes, std::string_view no)
{
	if (text != yes && text != no)
		throw not_a_value(key, text, fmt::format("{}|{}", yes, no).c_str());
	return text == yes;
}

void parse_df(NetworkConfig &net, std::string_view text)
{
	if (text == "inherit")
		net.outer.df.reset();
	else if (text == "set" || text == "unset")
		net.outer.df = text == "set";
	else
		throw not_a_value("df", text, "set|unset|inherit");
}

PolicyValue df_value(const NetworkConfig &net)
{
	if (!net.outer.df)
		return "inherit";
	return *net.outer.df ? "set" : "unset";
}

void parse_srcport(NetworkConfig &net, std::string_view text)
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

PolicyValue srcport_value(const NetworkConfig &net)
{
	return fmt::format("{}-{}", net.outer.sport_min, net.outer.sport_max);
}

void parse_match(NetworkConfig &net, std::string_view text)
{
	net.match.reset();
	if (text != "none")
		net.match = GeneveMatch::parse(text);
}

void parse_seq(NetworkConfig &net, std::string_view text)
{
	if (text == "strict")
		net.seq = GreSeq::Strict;
	else if (text == "on" || text == "off")
		net.seq = text == "on" ? GreSeq::On : GreSeq::Off;
	else
		throw not_a_value("seq", text, "on|off|strict");
}

PolicyValue seq_value(const NetworkConfig &net)
{
	if (net.seq == GreSeq::Strict)
		return "strict";
	return net.seq == GreSeq::On;
}

using Net = NetworkConfig;
using Text = std::string_view;

} // namespace

constinit const PolicyKey kPolicyKeys[] = {
	{"ttl", "N|inherit", kAll, false, false,
	 [](Net &net, Text text) { net.outer.ttl = parse_or<uint8_t>(kTtlRange, "inherit", text); },
	 [](const Net &net) { return number_or(net.outer.ttl, "inherit"); }},
	{"dscp", "N|inherit", kAll, false, false,
	 [](Net &net, Text text) { net.outer.dscp = parse_or<uint8_t>(kDscpRange, "inherit", text); },
	 [](const Net &net) { return number_or(net.outer.dscp, "inherit"); }},
	{"df", "set|unset|inherit", kAll, false, false, parse_df, df_value},
	{"udpcsum", "on|off", kUdp, true, false,
	 [](Net &net, Text text) { net.outer.udpcsum = parse_on_off("udpcsum", text); },
	 [](const Net &net) { return PolicyValue(net.outer.udpcsum); }},
	{"udp6zerocsumrx", "on|off", kUdp, true, false,
	 [](Net &net, Text text) { net.outer.udp6zerocsumrx = parse_on_off("udp6zerocsumrx", text); },
	 [](const Net &net) { return PolicyValue(net.outer.udp6zerocsumrx); }},
	{"srcport", "MIN-MAX", kUdp, false, false, parse_srcport, srcport_value},
	{"flowlabel", "hash|N", kAll, false, false,
	 [](Net &net, Text text) { net.outer.flowlabel = parse_or<uint32_t>(kFlowlabelRange, "hash", text); },
	 [](const Net &net) { return number_or(net.outer.flowlabel, "hash"); }},
	{"gso", "on|off", kAll, true, false, [](Net &net, Text text) { net.gso = parse_on_off("gso", text); },
	 [](const Net &net) { return PolicyValue(net.gso); }},
	{"mss", "clamp|off", kAll, false, false,
	 [](Net &net, Text text) { net.mss_clamp = parse_word("mss", text, "clamp", "off"); },
	 [](const Net &net) { return PolicyValue(net.mss_clamp ? "clamp" : "off"); }},
	{"geneve-opt", "LIST|none", kGeneve, false, true,
	 [](Net &net, Text text) { net.options = parse_options(text); },
	 [](const Net &net) { return PolicyValue(words_of(net.options)); }},
	{"geneve-match", "OPTION|none", kGeneve, false, false, parse_match,
	 [](const Net &net) { return PolicyValue(net.match ? net.match->str() : "none"); }},
	{"csum", "on|off", kGre, true, false, [](Net &net, Text text) { net.csum = parse_on_off("csum", text); },
	 [](const Net &net) { return PolicyValue(net.csum); }},
	{"seq", "on|off|strict", kGre, true, false, parse_seq, seq_value},
	{"gbp", "on|off", kVxlan, true, false, [](Net &net, Text text) { net.gbp = parse_on_off("gbp", text); },
	 [](const Net &net) { return PolicyValue(net.gbp); }},
	{"reserved", "lenient|strict", kVxlan, false, false,
	 [](Net &net, Text text) { net.reserved_strict = !parse_word("reserved", text, "lenient", "strict"); },
	 [](const Net &net) { return PolicyValue(net.reserved_strict ? "strict" : "lenient"); }},
};

std::string word_of(const PolicyValue &value)
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

bool is_default(const PolicyKey &key, const NetworkConfig &net)
{
	return key.value(net) == key.value(NetworkConfig());
}

std::set<OptionKind> known_options(const NetworkConfig &net)
{
	std::set<OptionKind> kinds;
	auto add = [&](const GeneveOption &option) { kinds.insert(option.kind()); };
	std::ranges::for_each(net.options, add);
	for (const auto &port : net.ports)
		std::ranges::for_each(port.options, add);
	if (net.match)
		add(net.match->option);
	return kinds;
}

std::string_view switch_word(std::string_view text)
{
	if (text == "true")
		return "on";
	return text == "false" ? "off" : text;
}

const char *numbering_policy(const NetworkConfig &net)
{
	if (net.outer.udpcsum)
		return "udpcsum";
	if (net.csum)
		return "csum";
	return net.seq != GreSeq::Off ? "seq" : nullptr;
}

Encaps encaps_in_use(const NetworkConfig &net)
{
	Encaps encaps = 1u << net.encap;
	for (const auto &peer : net.peers)
		encaps |= 1u << peer.encap;
	return encaps;
}

std::string names_of(Encaps encaps)
{
	std::string names;
	for (auto encap : kEncaps)
		if (encaps & 1u << encap)
			names += (names.empty() ? "" : " or ") + std::string(name_of(encap));
	return names;
}

} // namespace xovl
