// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// GENEVE options (RFC 8926, section 3.5) as a person writes them: CLASS:TYPE:HEXDATA.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "xovl/maps.h"

namespace xovl {

/// Octets of all options of one packet, their headers included.
inline constexpr size_t kOptionsMax = XOVL_OPTIONS_MAX;
/// Kinds of options that a network can know.
inline constexpr size_t kKnownOptionsMax = kOptionsMax / sizeof(xovl_geneve_option);

/// Class and type of an option.
using OptionKind = std::pair<uint16_t, uint8_t>;

struct GeneveOption {
	uint16_t option_class = 0;
	uint8_t type = 0;          ///< with the critical bit, 0x80
	std::vector<uint8_t> data; ///< whole words; may be empty

	/// "0x0102:0x80:00010002": class and type in decimal or 0x…, data in pairs of hex digits, as many octets as whole words have,
	/// and no more than fit into a packet. Error(Request) otherwise.
	static GeneveOption parse(std::string_view text);
	/// Octets on the wire.
	size_t size() const { return sizeof(xovl_geneve_option) + data.size(); }
	OptionKind kind() const { return {option_class, type}; }
	/// As parse() takes it: "0x0102:0x80:00010002".
	std::string str() const;

	auto operator<=>(const GeneveOption &) const = default;
};

/// What a packet must have: an option of that class and type whose data, as long as it is here, is the same where mask has ones.
struct GeneveMatch {
	GeneveOption option;
	std::vector<uint8_t> mask; ///< as long as the data

	/// "CLASS:TYPE:HEXDATA" (all of it) or "CLASS:TYPE:HEXDATA/HEXMASK".
	static GeneveMatch parse(std::string_view text);
	std::string str() const;

	auto operator<=>(const GeneveMatch &) const = default;
};

/// Of all of them on the wire.
size_t octets_of(const std::vector<GeneveOption> &options);

/// "OPTION[,OPTION …]" or "none". Error(Request): more than kOptionsMax octets.
std::vector<GeneveOption> parse_options(std::string_view text);
/// Each as a word.
std::vector<std::string> words_of(const std::vector<GeneveOption> &options);

/// As they stand in the header, one after the other. Reserved bits are 0.
std::vector<uint8_t> wire_octets(const std::vector<GeneveOption> &options);

} // namespace xovl
