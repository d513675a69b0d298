// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/firewall.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netinet/in.h>
#include <nftables/libnftables.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <tuple>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace xovl {

namespace {

using Json = nlohmann::json;

/// The properties by which a rule can name our tunnel packets.
struct Marks {
	std::set<uint16_t> ports;
	std::set<Address> addresses;
	bool gre = false;
};

Marks marks_of(const TunnelFlows &flows)
{
	Marks marks;
	for (const TunnelFlow &flow : flows) {
		if (flow.dstport)
			marks.ports.insert(flow.dstport);
		marks.gre |= flow.protocol == IPPROTO_GRE;
		marks.addresses.insert(flow.local);
		if (flow.remote)
			marks.addresses.insert(*flow.remote);
	}
	return marks;
}

/// The packet fields that a rule reads, and the values in it, anywhere in its expressions.
struct Words {
	std::set<std::string> fields; ///< "dport", "saddr", "l4proto", "xt"
	std::vector<Json> values;
};

bool is_range(const Json &value)
{
	return value.is_object() && value.contains("range") && value["range"].size() == 2;
}

bool is_prefix(const Json &value)
{
	return value.is_object() && value.contains("prefix");
}

/// Elements of named sets and maps, by family, table and name.
using Sets = std::map<std::tuple<std::string, std::string, std::string>, Json>;

void collect(const Json &node, const std::string &family, const std::string &table, const Sets &sets, Words &into)
{
	if (is_range(node) || is_prefix(node) || node.is_number()) {
		into.values.push_back(node);
	} else if (node.is_string()) {
		const std::string text = node;
		into.values.push_back(node);
		if (auto set = sets.find({family, table, text.empty() ? text : text.substr(1)});
		    text.starts_with('@') && set != sets.end())
			collect(set->second, family, table, {}, into);
	} else if (node.is_array()) {
		for (const Json &each : node)
			collect(each, family, table, sets, into);
	} else if (node.is_object()) {
		for (const auto &[key, value] : node.items()) {
			if (key == "xt")
				into.fields.insert(key);
			if ((key == "field" || key == "key") && value.is_string())
				into.fields.insert(value.get<std::string>());
			if (key != "counter" && key != "comment")
				collect(value, family, table, sets, into);
		}
	}
}

std::optional<Address> address_of(const Json &value)
{
	if (!value.is_string())
		return std::nullopt;
	try {
		return Address::parse(value.get<std::string>());
	} catch (const Error &) {
		return std::nullopt;
	}
}

bool covers_port(const Json &value, uint16_t port)
{
	if (is_range(value) && value["range"][0].is_number() && value["range"][1].is_number())
		return value["range"][0] <= port && value["range"][1] >= port;
	return value.is_number() && value == port;
}

/// Returns the first of the addresses that is equal to the value or lies in its range or prefix.
std::optional<Address> covered(const Json &value, const std::set<Address> &addresses)
{
	std::function<bool(const Address &)> lies_in;
	if (is_range(value)) {
		const auto first = address_of(value["range"][0]), last = address_of(value["range"][1]);
		lies_in = [=](const Address &address) {
			return first && last && *first <= address && address <= *last;
		};
	} else if (is_prefix(value)) {
		const auto prefix = address_of(value["prefix"].value("addr", Json()));
		const unsigned bits = value["prefix"].value("len", 0u);
		lies_in = [=](const Address &address) { return prefix && in_prefix(address, *prefix, bits); };
	} else {
		const auto address = address_of(value);
		return address && addresses.contains(*address) ? address : std::nullopt;
	}
	auto found = std::ranges::find_if(addresses, lies_in);
	return found == addresses.end() ? std::nullopt : std::optional(*found);
}

/// True if the value, or a value inside it, is the protocol, by name or number.
bool has_protocol(const Json &value, const char *name, int number)
{
	if (value.is_structured())
		return std::ranges::any_of(value, [&](const Json &each) { return has_protocol(each, name, number); });
	return value == name || value == number;
}

/// True if a statement reads the header of a transport protocol other than UDP and GRE. Such a rule cannot match tunnel
/// packets.
bool looks_at_another(const Json &statement)
{
	static const std::set<std::string> others = {"tcp",  "udplite", "sctp", "dccp", "icmp",
						     "igmp", "icmpv6",  "esp",  "ah",   "comp"};
	if (!statement.is_structured())
		return false;
	if (statement.is_object() && statement.contains("field") && statement.contains("protocol") &&
	    statement["protocol"].is_string() && others.contains(statement["protocol"].get<std::string>()))
		return true;
	return std::ranges::any_of(statement, looks_at_another);
}

/// True if a statement compares "meta l4proto", "ip protocol" or "ip6 nexthdr" with literal values that include neither
/// UDP nor GRE.
bool demands_another(const Json &statement)
{
	if (!statement.is_object() || !statement.contains("match"))
		return false;
	const Json &match = statement["match"];
	const Json left = match.value("left", Json()), right = match.value("right", Json());
	const bool is_field = left == Json{{"meta", {{"key", "l4proto"}}}} ||
			      left == Json{{"payload", {{"protocol", "ip"}, {"field", "protocol"}}}} ||
			      left == Json{{"payload", {{"protocol", "ip6"}, {"field", "nexthdr"}}}};
	if (!is_field || match.value("op", "") != "==")
		return false;
	const bool is_named_set = right.is_string() && right.get<std::string>().starts_with('@');
	return !is_named_set && !is_range(right) && !has_protocol(right, "udp", IPPROTO_UDP) &&
	       !has_protocol(right, "gre", IPPROTO_GRE);
}

/// True if a rule cannot match tunnel packets.
bool is_for_others(const Json &statements)
{
	return std::ranges::any_of(statements, [](const Json &statement) {
		return looks_at_another(statement) || demands_another(statement);
	});
}

/// Returns, as text for messages, the ports, addresses and protocols of our flows that a rule names.
std::set<std::string> named(const Words &words, const Marks &marks)
{
	std::set<std::string> found;
	auto looks_at = [&](const char *field) { return words.fields.contains(field); };
	for (const Json &value : words.values) {
		for (uint16_t port : marks.ports)
			if ((looks_at("dport") || looks_at("sport")) && covers_port(value, port))
				found.insert(fmt::format("UDP port {}", port));
		if (looks_at("saddr") || looks_at("daddr"))
			if (auto address = covered(value, marks.addresses))
				found.insert(address->str());
		const bool is_gre = value == "gre" || value == IPPROTO_GRE;
		if (marks.gre && is_gre && (looks_at("l4proto") || looks_at("protocol") || looks_at("nexthdr")))
			found.insert("GRE");
		// xt: matches of iptables that nftables cannot show, such as multiport.
		if (!marks.ports.empty() && looks_at("xt") && value == "udp")
			found.insert("perhaps a UDP port");
	}
	return found;
}

/// Joins up to three words: "a, b, c and 7 more".
std::string a_few(const std::set<std::string> &words)
{
	constexpr size_t most = 3;
	std::vector<std::string> first(words.begin(), std::next(words.begin(), std::min(most, words.size())));
	const std::string text = fmt::format("{}", fmt::join(first, ", "));
	return words.size() > most ? fmt::format("{} and {} more", text, words.size() - most) : text;
}

/// Returns the ruleset as JSON from libnftables; empty if it fails.
std::string list_rules()
{
	std::unique_ptr<nft_ctx, decltype(&nft_ctx_free)> nft(nft_ctx_new(NFT_CTX_DEFAULT), nft_ctx_free);
	if (!nft)
		return "";
	nft_ctx_buffer_output(nft.get());
	nft_ctx_buffer_error(nft.get());
	nft_ctx_output_set_flags(nft.get(), NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_STATELESS);
	if (nft_run_cmd_from_buffer(nft.get(), "list ruleset"))
		return "";
	return nft_ctx_get_output_buffer(nft.get());
}

void write_all(int fd, std::string_view text)
{
	ssize_t written = 0;
	while (!text.empty() && (written = write(fd, text.data(), text.size())) > 0)
		text.remove_prefix(written);
}

std::string read_all(int fd)
{
	std::string text;
	std::array<char, 16384> buffer;
	ssize_t got = 0;
	while ((got = read(fd, buffer.data(), buffer.size())) > 0)
		text.append(buffer.data(), got);
	return text;
}

} // namespace

// Runs in a child process, because libnftables exits the process with a message if it cannot open its socket.
std::string read_nft_rules()
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC))
		return "";
	const Fd from(ends[0]);
	Fd to(ends[1]);
	const pid_t child = fork();
	if (child == 0) {
		const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
		if (nowhere >= 0)
			dup2(nowhere, STDERR_FILENO);
		write_all(to.get(), list_rules());
		_exit(0);
	}
	to = Fd();
	if (child < 0)
		return "";
	const std::string rules = read_all(from.get());
	int status = 0;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0 ? rules : "";
}

std::string legacy_tables()
{
	std::set<std::string> tables;
	for (const char *path : {"/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"}) {
		std::ifstream file(path);
		tables.insert(std::istream_iterator<std::string>(file), {});
	}
	return fmt::format("{}", fmt::join(tables, ", "));
}

std::string named_by_rules(const std::string &rules, const TunnelFlows &flows)
{
	const Json document = Json::parse(rules, nullptr, false);
	if (!document.is_object() || !document.contains("nftables"))
		return "";
	const Marks marks = marks_of(flows);
	std::set<std::string> what, chains;
	Sets sets;
	for (const Json &item : document["nftables"])
		for (const char *kind : {"set", "map"})
			if (item.contains(kind))
				sets[{item[kind]["family"], item[kind]["table"], item[kind]["name"]}] =
					item[kind].value("elem", Json::array());
	for (const Json &item : document["nftables"]) {
		if (!item.contains("rule"))
			continue;
		const Json &rule = item["rule"];
		const std::string family = rule["family"], table = rule["table"];
		const Json statements = rule.value("expr", Json::array());
		if (is_for_others(statements))
			continue;
		Words words;
		collect(statements, family, table, sets, words);
		const std::set<std::string> found = named(words, marks);
		what.insert(found.begin(), found.end());
		if (!found.empty())
			chains.insert(fmt::format("{} {} {}", family, table, rule["chain"].get<std::string>()));
	}
	return what.empty() ? "" : fmt::format("{} ({})", a_few(what), a_few(chains));
}

} // namespace xovl
