// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Octets of packets: how they are cut, padded, read, printed and summed up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xovl::test {

using Bytes = std::vector<uint8_t>;

/// Returns the first n octets, or all if there are fewer.
Bytes truncated(const Bytes &bytes, size_t n);
/// Returns bytes followed by n zero octets, like Ethernet padding.
Bytes padded(const Bytes &bytes, size_t n);

/// Parses "0a 0b 0c…", with or without blanks and line breaks. Throws std::invalid_argument for anything else.
Bytes from_hex(std::string_view text);
/// Returns 16 octets on each line, with offsets, for messages of failed comparisons.
std::string hex_dump(const Bytes &bytes);

/// Returns the complement of the ones' complement sum of the octets (RFC 1071).
uint16_t internet_checksum(const Bytes &bytes);
/// Returns the ones' complement sum itself. A stack that leaves a checksum to the NIC stores this.
uint16_t folded_sum(const Bytes &bytes);
/// Overwrites two octets, in network byte order.
void put_u16(Bytes &bytes, size_t at, uint16_t value);

/// Parses "02:00:00:00:00:01". Throws std::invalid_argument for anything else.
Bytes mac_bytes(const std::string &text);
/// Parses an IP address of the family. Throws std::invalid_argument for anything else.
Bytes ip_bytes(int family, const std::string &text);

} // namespace xovl::test
