// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/geneve.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <cstring>
#include <optional>

#include "base/error.hpp"
#include "base/split.hpp"
#include "config/types.hpp"

namespace xovl {

namespace {

constexpr size_t kWord = 4;
constexpr size_t kDataMax = kOptionsMax - sizeof(xovl_geneve_option);
static_assert(kDataMax <= XOVL_GENEVE_DATA_LEN * kWord, "the length in the header has five bits");
constexpr NumberRange kClassRange{"option class", 0, UINT16_MAX};
constexpr NumberRange kTypeRange{"option type", 0, UINT8_MAX};

/// Returns nullopt if text is not pairs of hex digits.
std::optional<std::vector<uint8_t>> octets_of_hex(std::string_view text)
{
	std::vector<uint8_t> octets;
	for (size_t i = 0; i < text.size(); i += 2) {
		const auto high = hex_digit(text[i]);
		const auto low = i + 1 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
		if (!high || !low)
			return std::nullopt;
		octets.push_back(static_cast<uint8_t>(*high << 4 | *low));
	}
	return octets;
}

std::vector<uint8_t> parse_hex(const char *what, std::string_view text)
{
	if (auto octets = octets_of_hex(text))
		return *octets;
	throw request_error(fmt::format("{} {} is not hex (pairs of hex digits, as 00010002)", what, in_quotes(text)));
}

} // namespace

GeneveOption GeneveOption::parse(std::string_view text)
{
	const size_t type_at = text.find(':');
	const size_t data_at = type_at == text.npos ? text.npos : text.find(':', type_at + 1);
	if (data_at == text.npos)
		throw request_error(fmt::format(
			"{} is not a GENEVE option (CLASS:TYPE:HEXDATA, as 0x0102:0x80:00010002)", in_quotes(text)));
	GeneveOption option;
	option.option_class = static_cast<uint16_t>(parse_number(kClassRange, text.substr(0, type_at)));
	option.type = static_cast<uint8_t>(parse_number(kTypeRange, text.substr(type_at + 1, data_at - type_at - 1)));
	option.data = parse_hex("option data", text.substr(data_at + 1));
	if (option.data.size() % kWord || option.data.size() > kDataMax)
		throw request_error(fmt::format("option data of {} octets (a multiple of {}, at most {})",
						option.data.size(), kWord, kDataMax));
	return option;
}

std::string GeneveOption::str() const
{
	return fmt::format("0x{:04x}:0x{:02x}:{:02x}", option_class, type, fmt::join(data, ""));
}

GeneveMatch GeneveMatch::parse(std::string_view text)
{
	const size_t slash = text.find('/');
	GeneveMatch match;
	match.option = GeneveOption::parse(text.substr(0, slash));
	match.mask.assign(match.option.data.size(), 0xff);
	if (slash == text.npos)
		return match;
	match.mask = parse_hex("option mask", text.substr(slash + 1));
	if (match.mask.size() != match.option.data.size())
		throw request_error(fmt::format("option mask of {} octets (as many as the data, {})", match.mask.size(),
						match.option.data.size()));
	return match;
}

std::string GeneveMatch::str() const
{
	const bool whole = mask == std::vector<uint8_t>(mask.size(), 0xff);
	return whole ? option.str() : fmt::format("{}/{:02x}", option.str(), fmt::join(mask, ""));
}

size_t octets_of(const std::vector<GeneveOption> &options)
{
	size_t octets = 0;
	for (const auto &option : options)
		octets += option.size();
	return octets;
}

std::vector<GeneveOption> parse_options(std::string_view text)
{
	std::vector<GeneveOption> options;
	if (text == "none")
		return options;
	for (const std::string_view word : split_at_commas(text))
		options.push_back(GeneveOption::parse(word));
	if (octets_of(options) > kOptionsMax)
		throw request_error(fmt::format("options of {} octets, their headers included (at most {})",
						octets_of(options), kOptionsMax));
	return options;
}

std::vector<std::string> words_of(const std::vector<GeneveOption> &options)
{
	std::vector<std::string> words;
	for (const auto &option : options)
		words.push_back(option.str());
	return words;
}

std::vector<uint8_t> wire_octets(const std::vector<GeneveOption> &options)
{
	std::vector<uint8_t> octets;
	for (const auto &option : options) {
		const xovl_geneve_option header{.option_class = htons(option.option_class),
						.type = option.type,
						.len = static_cast<uint8_t>(option.data.size() / kWord)};
		const auto *begin = reinterpret_cast<const uint8_t *>(&header);
		octets.insert(octets.end(), begin, begin + sizeof(header));
		octets.insert(octets.end(), option.data.begin(), option.data.end());
	}
	return octets;
}

} // namespace xovl
