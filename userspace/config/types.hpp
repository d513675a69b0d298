// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The words of the field as types: addresses, MACs, encapsulations, modes; each parses and prints itself.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "xovl/maps.h"

namespace xovl {

/// An IPv4 or IPv6 address; IPv4 is kept as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2).
class Address {
public:
	Address() = default;
	explicit Address(const xovl_addr &raw);
	/// "10.0.0.1" or "fd00::1". An IPv4-mapped text is taken as IPv4. Error(Request) otherwise.
	static Address parse(std::string_view text);

	bool is_v4() const;
	bool is_multicast() const;
	bool is_unspecified() const;
	/// AF_INET or AF_INET6
	int family() const;
	/// "IPv4" or "IPv6"
	const char *family_name() const;
	xovl_addr raw() const;
	std::string str() const;

	auto operator<=>(const Address &) const = default;

private:
	std::array<uint8_t, 16> bytes_{};
};

/// Whether the first bits of an address are those of a prefix, of the same family; 0 bits: any address.
bool in_prefix(const Address &address, const Address &prefix, unsigned bits);

/// An Ethernet address.
class Mac {
public:
	Mac() = default;
	explicit Mac(const std::array<uint8_t, 6> &bytes) : bytes_(bytes) {}
	/// "02:00:00:00:00:99", "02-00-…", "0200.0000.0099" or "020000000099", any case. Error(Request) otherwise.
	static Mac parse(std::string_view text);

	/// Group bit set (IEEE 802): broadcast included.
	bool is_group() const;
	bool is_zero() const;
	const std::array<uint8_t, 6> &bytes() const { return bytes_; }
	std::string str() const;

	auto operator<=>(const Mac &) const = default;

private:
	std::array<uint8_t, 6> bytes_{};
};

/// vxlan | geneve | gre | nvgre
xovl_encap parse_encap(std::string_view text);
const char *name_of(xovl_encap encap);

/// Whether its packets are UDP, and so have ports; those of GRE and NVGRE are not.
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

/// encrypted | none: whether packets in the clear are neither sent nor taken.
bool parse_require(std::string_view text);
const char *require_word(bool encrypted);

xovl_rp_filter parse_rp_filter(std::string_view text);
const char *name_of(xovl_rp_filter filter);

/// A whole number, decimal or 0x…; what names it in the message: "VNI 16777216 is out of range (0-16777215)".
uint64_t parse_number(std::string_view what, std::string_view text, uint64_t min, uint64_t max);

/// The numbers a user gives: the name and range that messages tell. or_zero: 0 is allowed besides.
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
inline constexpr NumberRange kDstportRange{"dstport", 1, 65535};
inline constexpr NumberRange kMtuRange{"MTU", 68, 65535, true}; ///< octets (68: RFC 791); 0: what the underlay carries
inline constexpr uint16_t kIpv6Mtu = 1280;                      ///< every link of IPv6 carries it (RFC 8200, section 5)
/// Octets (576: RFC 791, every host takes it).
inline constexpr NumberRange kPmtuFloorRange{"pmtu-floor", 576, 9000};
inline constexpr NumberRange kAgeingRange{"ageing", 0, 1000000}; ///< seconds
inline constexpr NumberRange kMacLimitRange{"mac-limit", 0, UINT32_MAX};
inline constexpr NumberRange kTtlRange{"ttl", 1, 255};
inline constexpr NumberRange kDscpRange{"dscp", 0, 63};
inline constexpr NumberRange kSrcportRange{"srcport", 1, 65535};
inline constexpr NumberRange kFlowlabelRange{"flowlabel", 0, 0xfffff};
inline constexpr NumberRange kGroupRange{"group", 0, 65535};

uint64_t parse_number(const NumberRange &range, std::string_view text);
/// Error(Request) when value lies outside.
void check_number(const NumberRange &range, uint64_t value);

/// on | off
bool parse_on_off(std::string_view what, std::string_view text);

/// What an encapsulation calls its identifier, and which ones there are: kVniRange, kKeyRange or kVsidRange.
const NumberRange &id_range(xovl_encap encap);

/// The identifier of a network: id_range(encap), or "none" (nullopt), which is for GRE only.
std::optional<uint32_t> parse_id(xovl_encap encap, std::string_view text);

/// 4789 of VXLAN, 6081 of GENEVE; 0 of those without UDP.
uint16_t default_dstport(xovl_encap encap);

/// Of 0-9, a-f, A-F.
std::optional<uint8_t> hex_digit(char c);

/// refuse | pass | drop
xovl_foreign parse_foreign(std::string_view text);
const char *name_of(xovl_foreign foreign);

/// A name of a network: 1-31 of letters, digits, '.', '_', '-'; not starting with '-'. Returns it.
std::string parse_net_name(std::string_view text);

/// A name of an interface as the kernel takes it, if it is printable ASCII: 1-15 octets, no '/', ':' or white space, not
/// "." or "..". Returns it.
std::string parse_dev_name(std::string_view text);
/// The same without a copy.
std::string_view check_dev_name(std::string_view text);

} // namespace xovl
