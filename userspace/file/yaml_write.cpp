// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Writes a Config as YAML in the form that a person would choose: without defaults, one line for each object.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "config/config.hpp"
#include "config/settings.hpp"

namespace xovl {

namespace {

using Out = fmt::memory_buffer;

template <typename... Args> void put(Out &out, fmt::format_string<Args...> format, Args &&...args)
{
	fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

/// True if every YAML parser reads the unquoted word as text, and not as a number, a boolean or null.
bool is_plain(std::string_view name)
{
	constexpr std::string_view words[] = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"};
	auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
	auto is_letter = [&](char c) { return c == '_' || (lower(c) >= 'a' && lower(c) <= 'z'); };
	auto is_inner = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-'; };
	auto is_word = [&](std::string_view word) {
		return std::equal(name.begin(), name.end(), word.begin(), word.end(),
				  [&](char a, char b) { return lower(a) == b; });
	};

	return !name.empty() && is_letter(name[0]) && std::all_of(name.begin(), name.end(), is_inner) &&
	       std::none_of(std::begin(words), std::end(words), is_word);
}

/// Quotes text. Control characters are written as \xNN (YAML 1.2, section 5.7).
std::string in_double_quotes(std::string_view text)
{
	std::string out = "\"";
	for (char c : text) {
		if (c == '"' || c == '\\')
			out += '\\';
		if (static_cast<unsigned char>(c) < ' ' || c == 0x7f)
			out += fmt::format("\\x{:02x}", c);
		else
			out += c;
	}
	return out + '"';
}

std::string yaml(std::string_view name)
{
	return is_plain(name) ? std::string(name) : in_double_quotes(name);
}

std::string yaml(const Address &address)
{
	return address.is_v4() ? address.str() : '"' + address.str() + '"';
}

std::string yaml(const std::vector<std::string> &words)
{
	std::string list;
	for (const auto &word : words)
		list += (list.empty() ? "" : ", ") + in_double_quotes(word);
	return '[' + list + ']';
}

/// Words with a colon, such as GENEVE options, need quotes. The others, such as the range of srcport, do not.
std::string yaml_value(const SettingValue &value)
{
	if (const auto *is_on = std::get_if<bool>(&value))
		return *is_on ? "true" : "false";
	if (const auto *words = std::get_if<std::vector<std::string>>(&value))
		return yaml(*words);
	const std::string word = word_of(value);
	return word.find(':') == word.npos ? word : in_double_quotes(word);
}

/// Writes the settings of an object that are not at their defaults. form: the format for one key and value.
template <typename Object>
void put_settings(Out &out, const Object &object, fmt::format_string<const char *const &, std::string> form)
{
	for (const auto &setting : settings_of<Object>())
		if (!is_default(setting, object))
			put(out, form, setting.name, yaml_value(setting.value(object)));
}

void put_limits(Out &out, const Limits &limits)
{
	const char *separator = "limits: {";

	for (const LimitKey &key : kLimitKeys) {
		put(out, "{}{}: {}", separator, key.range.what, limits.*key.member);
		separator = ", ";
	}
	put(out, "}}\n");
}

void put_vteps(Out &out, const std::vector<VtepConfig> &vteps)
{
	const char *separator = "vtep: {local: [";

	for (const auto &vtep : vteps) {
		Out settings;
		put_settings(settings, vtep, ", {}: {}");
		if (settings.size())
			put(out, "{}{{ip: {}{}}}", separator, yaml(vtep.local), fmt::to_string(settings));
		else
			put(out, "{}{}", separator, yaml(vtep.local));
		separator = ", ";
	}
	put(out, "]}}\n");
}

void put_vid(Out &out, uint16_t vid)
{
	if (vid)
		put(out, ", vid: {}", vid);
}

void put_peer(Out &out, const PeerWords &words)
{
	if (words.encap)
		put(out, ", encap: {}", name_of(*words.encap));
	if (words.dstport)
		put(out, ", dstport: {}", *words.dstport);
	if (words.via)
		put(out, ", via: {}", name_of(*words.via));
	if (words.encrypted)
		put(out, ", require: {}", require_word(*words.encrypted));
}

void put_uplinks(Out &out, const std::vector<UplinkConfig> &uplinks)
{
	put(out, "uplinks:\n");
	for (const auto &uplink : uplinks) {
		put(out, "  - {{dev: {}", yaml(uplink.dev));
		put_settings(out, uplink, ", {}: {}");
		put(out, "}}\n");
	}
}

void put_ports(Out &out, const std::vector<PortConfig> &ports)
{
	put(out, "    ports:\n");
	for (const auto &port : ports) {
		put(out, "      - {{dev: {}", yaml(port.dev));
		put_vid(out, port.vid);
		put_settings(out, port, ", {}: {}");
		put(out, "}}\n");
	}
}

/// Up to six peers are written on one line, more as one peer on each line.
void put_flood(Out &out, const NetworkConfig &net)
{
	constexpr size_t on_one_line = 6;
	const bool column = net.flood.size() > on_one_line;
	const char *separator = "";

	put(out, "    flood:{}", column ? "\n" : " [");
	for (const auto &dst : net.flood) {
		const PeerWords words = words_for(net, net.peers, dst);
		put(out, "{}{}{}", column ? "      - " : separator, words.empty() ? "" : "{dst: ", yaml(dst));
		put_peer(out, words);
		put(out, "{}{}", words.empty() ? "" : "}", column ? "\n" : "");
		separator = ", ";
	}
	if (!column)
		put(out, "]\n");
}

void put_fdb(Out &out, const NetworkConfig &net)
{
	const std::vector<PeerConfig> peers = peers_off_flood(net);

	put(out, "    fdb:\n");
	for (const auto &entry : net.fdb) {
		put(out, "      - {{mac: \"{}\", ", entry.mac.str());
		if (const FdbPort *port = entry.port()) {
			put(out, "dev: {}", yaml(port->dev()));
			put_vid(out, port->vid());
		} else {
			put(out, "dst: {}", yaml(*entry.dst()));
			put_peer(out, words_for(net, peers, *entry.dst()));
		}
		put(out, "}}\n");
	}
}

void put_network(Out &out, const NetworkConfig &net, bool with_fdb)
{
	put(out, "  - name: {}\n", yaml(net.name));
	put_settings<NetworkSettings>(out, net, "    {}: {}\n");
	if (!net.ports.empty())
		put_ports(out, net.ports);
	if (!net.flood.empty())
		put_flood(out, net);
	if (with_fdb && !net.fdb.empty())
		put_fdb(out, net);
}

} // namespace

std::string to_yaml(const Config &config, std::string_view fdb_file)
{
	Out out;

	if (config.limits)
		put_limits(out, *config.limits);
	if (!config.vteps.empty())
		put_vteps(out, config.vteps);
	if (!config.uplinks.empty())
		put_uplinks(out, config.uplinks);
	if (!fdb_file.empty())
		put(out, "fdb_files: [{}]\n", in_double_quotes(fdb_file));
	if (!config.networks.empty())
		put(out, "networks:\n");
	for (const auto &net : config.networks)
		put_network(out, net, fdb_file.empty());
	return out.size() ? fmt::to_string(out) : "{}\n";
}

} // namespace xovl
