// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Composes packets layer by layer, `Ethernet{…} / IPv4{…} / UDP{…} / Payload{…}`, to exact bytes. Types, lengths and
// checksums are filled in from the neighbouring layers unless they are given; given values stand, so tests can make
// invalid packets. Every byte is written here by hand, without the product's or the kernel's structs.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "octets.hpp"

namespace xovl::test {

struct Ethernet {
	std::string dst;
	std::string src;
	/// default: from the next layer; 0x88b5 (local experimental) before a payload
	std::optional<uint16_t> type = {};
};

struct Vlan {
	uint16_t vid = 0;
	uint8_t pcp = 0;
	bool dei = false;
	uint16_t tpid = 0x8100;
	std::optional<uint16_t> type = {};
};

struct IPv4 {
	std::string src;
	std::string dst;
	uint8_t tos = 0;
	uint16_t id = 0;
	bool df = false;
	bool mf = false;
	uint16_t offset = 0; ///< fragment offset, in units of 8 octets
	uint8_t ttl = 64;
	std::optional<uint8_t> protocol = {}; ///< default: from the next layer; 253 (experimental) before a payload
	std::optional<uint8_t> version = {};
	std::optional<uint8_t> ihl = {};
	std::optional<uint16_t> total_length = {};
	std::optional<uint16_t> checksum = {};
	Bytes options = {}; ///< a multiple of 4 octets
};

struct IPv6 {
	std::string src;
	std::string dst;
	uint8_t traffic_class = 0;
	uint32_t flow_label = 0;
	uint8_t hop_limit = 64;
	std::optional<uint8_t> version = {};
	std::optional<uint8_t> next_header = {}; ///< default: from the next layer; 253 before a payload
	std::optional<uint16_t> payload_length = {};
};

/// An IPv6 extension header: the next header octet, then body, which starts with the length octet.
struct IPv6Ext {
	uint8_t protocol = 0; ///< number of this header: 0 hop-by-hop, 44 fragment, 60 destination options
	Bytes body;
	std::optional<uint8_t> next_header = {};
};

struct UDP {
	uint16_t sport = 0;
	uint16_t dport = 0;
	std::optional<uint16_t> length = {};
	std::optional<uint16_t> checksum = {};
	/// put only the folded sum of the pseudo-header into the checksum, as a stack leaves it to the NIC
	bool partial = false;
};

struct TCP {
	uint16_t sport = 0;
	uint16_t dport = 0;
	uint32_t seq = 1;
	uint32_t ack = 0;
	uint8_t flags = 0x10; ///< ACK
	uint16_t window = 8192;
	std::optional<uint16_t> checksum = {};
	bool partial = false; ///< see UDP
	Bytes options = {};   ///< a multiple of 4 octets
	std::optional<uint8_t> data_offset = {};

	/// Returns the MSS option of a SYN.
	static Bytes mss(uint16_t value);
};

/// ICMP, or ICMPv6 after an IPv6 layer. The packet quoted by an error follows as layers or as a Payload.
struct ICMP {
	uint8_t type = 8;
	uint8_t code = 0;
	uint32_t rest = 0;
	std::optional<uint16_t> checksum = {};
};

/// ARP for Ethernet and IPv4 (RFC 826).
struct ARP {
	uint16_t op = 1;
	std::string sha;
	std::string spa;
	std::string tha = "00:00:00:00:00:00";
	std::string tpa;
};

struct Vxlan {
	uint32_t vni = 0;
	uint8_t flags = 0x08;
	uint32_t reserved1 = 0; ///< the 24 bits after the flags
	uint8_t reserved2 = 0;  ///< the 8 bits after the VNI

	/// Returns a header with the Group Policy extension (draft-smith-vxlan-group-policy-05).
	static Vxlan gbp(uint32_t vni, uint16_t group, bool dont_learn = false, bool applied = false);
};

/// A GENEVE option (RFC 8926, section 3.5).
struct GeneveTlv {
	uint16_t option_class = 0;
	uint8_t type = 0;                   ///< includes the critical bit, 0x80
	Bytes data = {};                    ///< a multiple of 4 octets
	uint8_t reserved = 0;               ///< 3 bits
	std::optional<uint8_t> length = {}; ///< length of data in words, 5 bits
};

/// A GENEVE header (RFC 8926, section 3.4).
struct Geneve {
	uint32_t vni = 0;
	std::vector<GeneveTlv> options = {};
	std::optional<uint8_t> flags = {}; ///< O 0x80, C 0x40, reserved; default: C if an option is critical
	uint8_t version = 0;
	std::optional<uint8_t> opt_len = {};   ///< length of options in words, 6 bits
	std::optional<uint16_t> protocol = {}; ///< default: from the next layer; Ethernet (0x6558) unless that is IP
	uint8_t reserved = 0;                  ///< the 8 bits after the VNI
};

/// A GRE header (RFC 2784, RFC 2890).
struct Gre {
	std::optional<uint32_t> key = {};
	std::optional<uint32_t> seq = {};
	bool csum = false;
	std::optional<uint16_t> checksum = {}; ///< used if csum is set
	uint16_t reserved1 = 0;                ///< the 16 bits after the checksum
	std::optional<uint16_t> flags = {}; ///< the first 16 bits; default: C 0x8000, K 0x2000, S 0x1000 as set above
	uint8_t version = 0;
	std::optional<uint16_t> protocol = {}; ///< see Geneve

	/// Returns an NVGRE header (RFC 7637).
	static Gre nvgre(uint32_t vsid, uint8_t flow_id = 0);
};

struct Payload {
	Bytes data;

	/// Returns n octets, each different from its neighbours.
	static Payload of(size_t n);
};

using Layer = std::variant<Ethernet, Vlan, IPv4, IPv6, IPv6Ext, UDP, TCP, ICMP, ARP, Vxlan, Geneve, Gre, Payload>;

class Packet {
public:
	template <typename Kind>
	requires(!std::same_as<Kind, Packet> && std::constructible_from<Layer, const Kind &>) Packet(const Kind &layer)
		: layers_{Layer(layer)} // implicit, so that layers compose
	{
	}

	friend Packet operator/(Packet above, const Packet &below);

	/// Returns the packet. Throws std::invalid_argument if an address cannot be parsed.
	Bytes bytes() const;
	operator Bytes() const { return bytes(); }

private:
	std::vector<Layer> layers_;
};

/// Returns the layers of above, followed by those of below.
Packet operator/(Packet above, const Packet &below);

} // namespace xovl::test
