// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/types.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/error.hpp"

namespace xovl {

namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Writes six octets in hex. group: number of digits between separators; 0 means no separators.
std::optional<Mac> mac_from_hex(std::string_view text, char separator, size_t group)
{
	constexpr size_t digits = 12;
	std::array<uint8_t, 6> bytes{};
	size_t pos = 0;

	for (size_t digit = 0; digit < digits; digit++) {
		if (separator && digit && digit % group == 0 && (pos >= text.size() || text[pos++] != separator))
			return std::nullopt;
		auto value = pos < text.size() ? hex_digit(text[pos++]) : std::nullopt;
		if (!value)
			return std::nullopt;
		bytes[digit / 2] = static_cast<uint8_t>(bytes[digit / 2] << 4 | *value);
	}
	return pos == text.size() ? std::optional(Mac(bytes)) : std::nullopt;
}

struct Named {
	const char *name;
	int value;
};

constexpr Named kModes[] = {
	{"auto", XOVL_MODE_AUTO},
	{"native", XOVL_MODE_NATIVE},
	{"generic", XOVL_MODE_GENERIC},
	{"tc", XOVL_MODE_TC},
};
constexpr Named kRpFilters[] = {
	{"auto", XOVL_RP_FILTER_AUTO},
	{"strict", XOVL_RP_FILTER_STRICT},
	{"loose", XOVL_RP_FILTER_LOOSE},
	{"off", XOVL_RP_FILTER_OFF},
};
constexpr Named kVias[] = {
	{"direct", XOVL_VIA_DIRECT},
	{"kernel", XOVL_VIA_KERNEL},
	{"auto", XOVL_VIA_AUTO},
};
constexpr Named kEncaps[] = {
	{"vxlan", XOVL_ENCAP_VXLAN},
	{"geneve", XOVL_ENCAP_GENEVE},
	{"gre", XOVL_ENCAP_GRE},
	{"nvgre", XOVL_ENCAP_NVGRE},
};

template <size_t N> const Named *find_named(const Named (&table)[N], std::string_view name)
{
	auto found = std::find_if(std::begin(table), std::end(table), [&](const Named &n) { return n.name == name; });
	return found == std::end(table) ? nullptr : found;
}

template <size_t N> const char *find_name(const Named (&table)[N], int value)
{
	auto found = std::find_if(std::begin(table), std::end(table), [&](const Named &n) { return n.value == value; });
	return found == std::end(table) ? "?" : found->name;
}

std::string range_text(const NumberRange &range)
{
	return fmt::format("{}-{}{}", range.min, range.max, range.or_zero ? ", or 0" : "");
}

bool in_range(const NumberRange &range, uint64_t value)
{
	return (value >= range.min && value <= range.max) || (range.or_zero && value == 0);
}

Error out_of_range(const NumberRange &range, std::string_view value)
{
	return request_error(fmt::format("{} {} is out of range ({})", range.what, value, range_text(range)));
}

} // namespace

std::optional<uint8_t> hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return std::nullopt;
}

Address::Address(const xovl_addr &raw)
{
	std::copy(std::begin(raw.bytes), std::end(raw.bytes), bytes_.begin());
}

Address Address::parse(std::string_view text)
{
	char terminated[INET6_ADDRSTRLEN] = {};
	Address address;

	if (text.size() < sizeof(terminated) && text.find('\0') == text.npos) {
		text.copy(terminated, text.size());
		std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes_.begin());
		if (inet_pton(AF_INET, terminated, address.bytes_.data() + kMappedPrefix.size()) == 1 ||
		    inet_pton(AF_INET6, terminated, address.bytes_.data()) == 1)
			return address;
	}
	throw request_error(fmt::format("{} is not an IP address (as 10.0.0.1 or fd00::1)", in_quotes(text)));
}

bool Address::is_v4() const
{
	return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes_.begin());
}

bool Address::is_multicast() const
{
	return is_v4() ? (bytes_[12] & 0xf0) == 0xe0 : bytes_[0] == 0xff;
}

bool Address::is_unspecified() const
{
	auto first = bytes_.begin() + (is_v4() ? kMappedPrefix.size() : 0);
	return std::all_of(first, bytes_.end(), [](uint8_t octet) { return octet == 0; });
}

int Address::family() const
{
	return is_v4() ? AF_INET : AF_INET6;
}

const char *Address::family_name() const
{
	return is_v4() ? "IPv4" : "IPv6";
}

xovl_addr Address::raw() const
{
	xovl_addr raw;
	std::copy(bytes_.begin(), bytes_.end(), raw.bytes);
	return raw;
}

std::string Address::str() const
{
	char text[INET6_ADDRSTRLEN];
	inet_ntop(family(), bytes_.data() + (is_v4() ? kMappedPrefix.size() : 0), text, sizeof(text));
	return text;
}

bool in_prefix(const Address &address, const Address &prefix, unsigned bits)
{
	const xovl_addr a = address.raw(), b = prefix.raw();
	const size_t first = address.is_v4() ? 12 : 0;
	if (bits && address.family() != prefix.family())
		return false;
	for (size_t i = first; i < sizeof(a.bytes) && bits; i++) {
		const unsigned here = std::min(bits, 8u);
		if ((a.bytes[i] ^ b.bytes[i]) >> (8 - here))
			return false;
		bits -= here;
	}
	return true;
}

Mac Mac::parse(std::string_view text)
{
	struct Form {
		char separator;
		size_t group;
	};
	for (auto [separator, group] : {Form{':', 2}, Form{'-', 2}, Form{'.', 4}, Form{'\0', 0}}) {
		if (auto mac = mac_from_hex(text, separator, group))
			return *mac;
	}
	throw request_error(fmt::format("{} is not a MAC address (as 02:00:00:00:00:99)", in_quotes(text)));
}

bool Mac::is_group() const
{
	return bytes_[0] & 1;
}

bool Mac::is_zero() const
{
	return *this == Mac();
}

std::string Mac::str() const
{
	return fmt::format("{:02x}", fmt::join(bytes_, ":"));
}

xovl_encap parse_encap(std::string_view text)
{
	if (auto found = find_named(kEncaps, text))
		return static_cast<xovl_encap>(found->value);
	throw request_error(fmt::format("{} is not an encap (vxlan|geneve|gre|nvgre)", in_quotes(text)));
}

const char *name_of(xovl_encap encap)
{
	return find_name(kEncaps, encap);
}

xovl_mode parse_mode(std::string_view text)
{
	if (auto found = find_named(kModes, text))
		return static_cast<xovl_mode>(found->value);
	throw request_error(fmt::format("{} is not a mode (auto|native|generic|tc)", in_quotes(text)));
}

const char *name_of(xovl_mode mode)
{
	return find_name(kModes, mode);
}

xovl_via parse_via(std::string_view text)
{
	if (auto found = find_named(kVias, text))
		return static_cast<xovl_via>(found->value);
	throw request_error(fmt::format("{} is not a value of via (direct|kernel|auto)", in_quotes(text)));
}

const char *name_of(xovl_via via)
{
	return find_name(kVias, via);
}

bool parse_require(std::string_view text)
{
	for (bool encrypted : {true, false})
		if (text == require_word(encrypted))
			return encrypted;
	throw request_error(fmt::format("{} is not a value of require (encrypted|none)", in_quotes(text)));
}

const char *require_word(bool encrypted)
{
	return encrypted ? "encrypted" : "none";
}

xovl_rp_filter parse_rp_filter(std::string_view text)
{
	if (auto found = find_named(kRpFilters, text))
		return static_cast<xovl_rp_filter>(found->value);
	throw request_error(fmt::format("{} is not a value of rp-filter (auto|strict|loose|off)", in_quotes(text)));
}

const char *name_of(xovl_rp_filter filter)
{
	return find_name(kRpFilters, filter);
}

uint64_t parse_number(const NumberRange &range, std::string_view text)
{
	const bool negative = text.starts_with('-');
	std::string_view digits = text.substr(negative ? 1 : 0);
	const bool hex = digits.starts_with("0x") || digits.starts_with("0X");
	uint64_t value = 0;

	if (hex)
		digits.remove_prefix(2);
	auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
	if (error == std::errc::invalid_argument || end != digits.data() + digits.size())
		throw request_error(
			fmt::format("{} {} is not a number ({})", range.what, in_quotes(text), range_text(range)));
	if (error == std::errc::result_out_of_range || negative || !in_range(range, value))
		throw out_of_range(range, text);
	return value;
}

uint64_t parse_number(std::string_view what, std::string_view text, uint64_t min, uint64_t max)
{
	return parse_number(NumberRange{std::string(what).c_str(), min, max}, text);
}

void check_number(const NumberRange &range, uint64_t value)
{
	if (!in_range(range, value))
		throw out_of_range(range, fmt::to_string(value));
}

bool parse_on_off(std::string_view what, std::string_view text)
{
	if (text != "on" && text != "off")
		throw request_error(fmt::format("{} is not a value of {} (on|off)", in_quotes(text), what));
	return text == "on";
}

const NumberRange &id_range(xovl_encap encap)
{
	switch (encap) {
	case XOVL_ENCAP_GRE:
		return kKeyRange;
	case XOVL_ENCAP_NVGRE:
		return kVsidRange;
	default:
		return kVniRange;
	}
}

std::optional<uint32_t> parse_id(xovl_encap encap, std::string_view text)
{
	if (text == "none" && encap == XOVL_ENCAP_GRE)
		return std::nullopt;
	return static_cast<uint32_t>(parse_number(id_range(encap), text));
}

uint16_t default_dstport(xovl_encap encap)
{
	switch (encap) {
	case XOVL_ENCAP_VXLAN:
		return XOVL_VXLAN_PORT;
	case XOVL_ENCAP_GENEVE:
		return XOVL_GENEVE_PORT;
	default:
		return 0;
	}
}

xovl_foreign parse_foreign(std::string_view text)
{
	for (auto foreign : {XOVL_FOREIGN_REFUSE, XOVL_FOREIGN_PASS, XOVL_FOREIGN_DROP})
		if (text == name_of(foreign))
			return foreign;
	throw request_error(fmt::format("{} is not a value of foreign (pass|drop|refuse)", in_quotes(text)));
}

const char *name_of(xovl_foreign foreign)
{
	constexpr const char *names[] = {"refuse", "pass", "drop"};
	return names[foreign];
}

std::string parse_net_name(std::string_view text)
{
	auto allowed = [](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-'; };

	if (text.empty() || text.size() >= XOVL_NAME_LEN || text[0] == '-' ||
	    !std::all_of(text.begin(), text.end(), allowed))
		throw request_error(fmt::format("{} is not a network name (1-31 letters, digits, '.', '_' or '-', "
						"and no '-' first)",
						in_quotes(text)));
	return std::string(text);
}

std::string parse_dev_name(std::string_view text)
{
	return std::string(check_dev_name(text));
}

std::string_view check_dev_name(std::string_view text)
{
	auto allowed = [](char c) { return c > ' ' && c <= '~' && c != '/' && c != ':'; };

	if (text.empty() || text.size() >= XOVL_DEV_LEN || text == "." || text == ".." ||
	    !std::all_of(text.begin(), text.end(), allowed))
		throw request_error(
			fmt::format("{} is not an interface name (1-15 printable characters, no space, '/' or ':')",
				    in_quotes(text)));
	return text;
}

} // namespace xovl
