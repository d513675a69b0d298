// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// GENEVE options (RFC 8926, section 3.5) in text form, CLASS:TYPE:HEXDATA, and in wire format.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "xovl/maps.h"

namespace xovl {

/// Limit for all options of one packet together with their headers, octets.
inline constexpr size_t kOptionsMax = XOVL_OPTIONS_MAX;
/// Limit for the different kinds of options that one network knows.
inline constexpr size_t kKnownOptionsMax = kOptionsMax / sizeof(xovl_geneve_option);

/// An option's class and type, in host byte order.
using OptionKind = std::pair<uint16_t, uint8_t>;

struct GeneveOption {
	uint16_t option_class = 0;
	uint8_t type = 0;          ///< includes the critical bit, 0x80
	std::vector<uint8_t> data; ///< a multiple of four octets; may be empty

	/// Parses "0x0102:0x80:00010002": class and type in decimal or 0x…, data in pairs of hex digits. The data must
	/// be a multiple of four octets and fit into a packet. Throws Error(Request) for anything else.
	static GeneveOption parse(std::string_view text);
	/// Returns the length on the wire in octets, header included.
	size_t size() const { return sizeof(xovl_geneve_option) + data.size(); }
	OptionKind kind() const { return {option_class, type}; }
	/// Returns the text form that parse() accepts: "0x0102:0x80:00010002".
	std::string str() const;

	auto operator<=>(const GeneveOption &) const = default;
};

/// A condition for received packets: they must have an option of this class and type whose data equals option.data in
/// all bits that are set in mask. A longer option matches by its prefix.
struct GeneveMatch {
	GeneveOption option;
	std::vector<uint8_t> mask; ///< the same length as option.data

	/// Parses "CLASS:TYPE:HEXDATA" (all bits must match) or "CLASS:TYPE:HEXDATA/HEXMASK". Throws Error(Request) for
	/// anything else.
	static GeneveMatch parse(std::string_view text);
	std::string str() const;

	auto operator<=>(const GeneveMatch &) const = default;
};

/// Returns the length of all options on the wire in octets.
size_t octets_of(const std::vector<GeneveOption> &options);

/// Parses "OPTION[,OPTION …]" or "none". Throws Error(Request) if an option is wrong or there are more than kOptionsMax
/// octets.
std::vector<GeneveOption> parse_options(std::string_view text);
/// Returns the text form of each option.
std::vector<std::string> words_of(const std::vector<GeneveOption> &options);

/// Returns the options in wire format, one after the other. Reserved bits are 0.
std::vector<uint8_t> wire_octets(const std::vector<GeneveOption> &options);

} // namespace xovl
