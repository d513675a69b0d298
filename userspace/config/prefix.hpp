// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Address prefixes, and the lists of MACs and prefixes that port security takes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/types.hpp"

namespace xovl {

/// An address prefix (CIDR, RFC 4632, section 3.1): 10.0.0.0/24, fd00::/64, or one address.
struct Prefix {
	Address address;
	uint8_t bits = 0; ///< in the family's own length: at most 32 or 128

	/// Throws Error(Request) for anything else, and if bits behind the prefix are set.
	static Prefix parse(std::string_view text);
	/// Returns "10.0.0.0/24"; without length if it is one address.
	std::string str() const;

	auto operator<=>(const Prefix &) const = default;
};

/// Parse a list separated by commas, or "none". Throw Error(Request) for bad elements, for group MACs and zero, and for
/// elements that are given twice.
std::vector<Mac> parse_mac_list(std::string_view text);
std::vector<Prefix> parse_prefix_list(std::string_view text);

/// Returns the elements as text.
std::vector<std::string> words_of(const std::vector<Mac> &macs);
std::vector<std::string> words_of(const std::vector<Prefix> &prefixes);

} // namespace xovl
