// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Types with a text form: addresses, MACs, encapsulations, modes, number ranges. Each has a parser and a printer.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "xovl/maps.h"

namespace xovl {

/// An IPv4 or IPv6 address. IPv4 is stored as ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2).
class Address {
public:
	Address() = default;
	explicit Address(const xovl_addr &raw);
	/// Parses "10.0.0.1" or "fd00::1". Text with an IPv4-mapped address gives IPv4. Throws Error(Request) for
	/// anything else.
	static Address parse(std::string_view text);

	bool is_v4() const;
	bool is_multicast() const;
	bool is_unspecified() const;
	/// Returns AF_INET or AF_INET6.
	int family() const;
	/// Returns "IPv4" or "IPv6".
	const char *family_name() const;
	xovl_addr raw() const;
	std::string str() const;

	auto operator<=>(const Address &) const = default;

private:
	std::array<uint8_t, 16> bytes_{};
};

/// True if the address and the prefix have the same family and agree in the first bits. 0 bits match any address.
bool in_prefix(const Address &address, const Address &prefix, unsigned bits);

/// An Ethernet address.
class Mac {
public:
	Mac() = default;
	explicit Mac(const std::array<uint8_t, 6> &bytes) : bytes_(bytes) {}
	/// Parses "02:00:00:00:00:99", "02-00-…", "0200.0000.0099" or "020000000099", in any case. Throws
	/// Error(Request) for anything else.
	static Mac parse(std::string_view text);

	/// True if the group bit is set (IEEE 802), so also for broadcast.
	bool is_group() const;
	bool is_zero() const;
	const std::array<uint8_t, 6> &bytes() const { return bytes_; }
	std::string str() const;

	auto operator<=>(const Mac &) const = default;

private:
	std::array<uint8_t, 6> bytes_{};
};

/// vxlan | geneve | gre | nvgre. Throws Error(Request) for anything else, as all parsers below do.
xovl_encap parse_encap(std::string_view text);
const char *name_of(xovl_encap encap);

/// True if the packets are UDP and have ports. GRE and NVGRE are not.
constexpr bool has_udp(xovl_encap encap)
{
	return encap == XOVL_ENCAP_VXLAN || encap == XOVL_ENCAP_GENEVE;
}

/// auto | native | generic | tc
xovl_mode parse_mode(std::string_view text);
const char *name_of(xovl_mode mode);

/// direct | kernel | auto
xovl_via parse_via(std::string_view text);
const char *name_of(xovl_via via);

/// encrypted | none. True if cleartext packets are neither sent nor accepted.
bool parse_require(std::string_view text);
const char *require_word(bool encrypted);

xovl_rp_filter parse_rp_filter(std::string_view text);
const char *name_of(xovl_rp_filter filter);

/// Parses a whole number, decimal or 0x…. what: the name in the message "VNI 16777216 is out of range (0-16777215)".
uint64_t parse_number(std::string_view what, std::string_view text, uint64_t min, uint64_t max);

/// A number that users give: its name in messages and its range. or_zero: 0 is allowed in addition.
struct NumberRange {
	const char *what;
	uint64_t min;
	uint64_t max;
	bool or_zero = false;
};

inline constexpr NumberRange kVniRange{"VNI", 0, XOVL_VNI_MAX};
inline constexpr NumberRange kVsidRange{"VSID", 0, XOVL_VNI_MAX}; ///< NVGRE
inline constexpr NumberRange kKeyRange{"GRE key", 0, UINT32_MAX};
inline constexpr NumberRange kVlanRange{"VLAN", 1, 4094};
inline constexpr NumberRange kVniBaseRange{"vni-base", 0, UINT32_MAX};
inline constexpr NumberRange kDstportRange{"dstport", 1, 65535};
/// Octets. 68 is the minimum of IPv4 (RFC 791); 0: what the underlay can carry.
inline constexpr NumberRange kMtuRange{"MTU", 68, 65535, true};
inline constexpr uint16_t kIpv6Mtu = 1280; ///< minimum link MTU of IPv6 (RFC 8200, section 5)
/// Octets. Every IPv4 host accepts 576 (RFC 791).
inline constexpr NumberRange kPmtuFloorRange{"pmtu-floor", 576, 9000};
inline constexpr NumberRange kAgeingRange{"ageing", 0, 1000000}; ///< seconds
inline constexpr NumberRange kMacLimitRange{"mac-limit", 1, UINT32_MAX};
inline constexpr NumberRange kMovesRange{"move-limit", 1, 65535};
inline constexpr NumberRange kMoveSecondsRange{"seconds of move-limit", 1, 65535};
inline constexpr NumberRange kTtlRange{"ttl", 1, 255};
inline constexpr NumberRange kDscpRange{"dscp", 0, 63};
inline constexpr NumberRange kSrcportRange{"srcport", 1, 65535};
inline constexpr NumberRange kFlowlabelRange{"flowlabel", 0, 0xfffff};
inline constexpr NumberRange kGroupRange{"group", 0, 65535};

uint64_t parse_number(const NumberRange &range, std::string_view text);
/// Throws Error(Request) if value is out of range.
void check_number(const NumberRange &range, uint64_t value);

/// on | off
bool parse_on_off(std::string_view what, std::string_view text);

/// Returns the name and range of an encapsulation's identifier: kVniRange, kKeyRange or kVsidRange.
const NumberRange &id_range(xovl_encap encap);

/// Parses the identifier of a network: a number in id_range(encap), or "none" (nullopt) for GRE only.
std::optional<uint32_t> parse_id(xovl_encap encap, std::string_view text);

/// Returns 4789 for VXLAN, 6081 for GENEVE, and 0 for encapsulations without UDP.
uint16_t default_dstport(xovl_encap encap);

/// Returns the value of a hex digit (0-9, a-f, A-F), or nullopt.
std::optional<uint8_t> hex_digit(char c);

/// refuse | pass | drop
xovl_foreign parse_foreign(std::string_view text);
const char *name_of(xovl_foreign foreign);

/// Checks and returns the name of a network: 1 to 31 letters, digits, '.', '_' or '-', not starting with '-'.
std::string parse_net_name(std::string_view text);

/// Checks and returns an interface name: as the kernel accepts it, but only printable ASCII. 1 to 15 octets, no '/',
/// ':' or white space, not "." or "..".
std::string parse_dev_name(std::string_view text);
/// The same without a copy.
std::string_view check_dev_name(std::string_view text);

} // namespace xovl
