// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "packet.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace xovl::test {

namespace {

constexpr uint16_t kEtherTypeExperimental = 0x88b5;
constexpr uint16_t kEtherTypeEthernet = 0x6558; // transparent Ethernet bridging
constexpr uint8_t kProtocolExperimental = 253;
constexpr uint8_t kOptionCritical = 0x80;
constexpr uint8_t kGeneveCritical = 0x40;
constexpr uint16_t kGreChecksum = 0x8000, kGreKey = 0x2000, kGreSequence = 0x1000;

/// Octets in network byte order.
class Writer {
public:
	Writer &u8(uint8_t value)
	{
		out_.push_back(value);
		return *this;
	}
	Writer &u16(uint16_t value) { return u8(value >> 8).u8(value & 0xff); }
	Writer &u32(uint32_t value) { return u16(value >> 16).u16(value & 0xffff); }
	Writer &raw(const Bytes &bytes)
	{
		out_.insert(out_.end(), bytes.begin(), bytes.end());
		return *this;
	}
	Bytes take() { return std::move(out_); }

private:
	Bytes out_;
};

/// What a layer needs to know about its neighbours.
struct Around {
	const Layer *ip;      ///< the IPv4 or IPv6 layer above, or nullptr
	const Layer *next;    ///< the layer below, or nullptr
	const Bytes &payload; ///< the layers below, already built
};

struct EtherTypeOf {
	uint16_t operator()(const Vlan &vlan) const { return vlan.tpid; }
	uint16_t operator()(const IPv4 &) const { return 0x0800; }
	uint16_t operator()(const IPv6 &) const { return 0x86dd; }
	uint16_t operator()(const ARP &) const { return 0x0806; }
	uint16_t operator()(const auto &) const { return kEtherTypeExperimental; }
};

/// Returns the EtherType of the layer that a tunnel header carries.
struct TunnelTypeOf {
	uint16_t operator()(const IPv4 &) const { return 0x0800; }
	uint16_t operator()(const IPv6 &) const { return 0x86dd; }
	uint16_t operator()(const auto &) const { return kEtherTypeEthernet; }
};

struct ProtocolOf {
	bool ipv6;

	uint8_t operator()(const UDP &) const { return 17; }
	uint8_t operator()(const TCP &) const { return 6; }
	uint8_t operator()(const ICMP &) const { return ipv6 ? 58 : 1; }
	uint8_t operator()(const IPv4 &) const { return 4; }
	uint8_t operator()(const IPv6 &) const { return 41; }
	uint8_t operator()(const IPv6Ext &ext) const { return ext.protocol; }
	uint8_t operator()(const Gre &) const { return 47; }
	uint8_t operator()(const auto &) const { return kProtocolExperimental; }
};

uint16_t ether_type(const std::optional<uint16_t> &given, const Layer *next)
{
	if (given)
		return *given;
	return next ? std::visit(EtherTypeOf{}, *next) : kEtherTypeExperimental;
}

uint16_t tunnel_type(const std::optional<uint16_t> &given, const Layer *next)
{
	if (given)
		return *given;
	return next ? std::visit(TunnelTypeOf{}, *next) : kEtherTypeEthernet;
}

uint8_t protocol(const std::optional<uint8_t> &given, const Layer *next, bool ipv6)
{
	if (given)
		return *given;
	return next ? std::visit(ProtocolOf{ipv6}, *next) : kProtocolExperimental;
}

Bytes pseudo_header(const Layer *ip, uint8_t proto, size_t length)
{
	if (!ip)
		return {};
	if (const auto *v4 = std::get_if<IPv4>(ip))
		return Writer()
			.raw(ip_bytes(AF_INET, v4->src))
			.raw(ip_bytes(AF_INET, v4->dst))
			.u8(0)
			.u8(proto)
			.u16(static_cast<uint16_t>(length))
			.take();
	const auto &v6 = std::get<IPv6>(*ip);
	return Writer()
		.raw(ip_bytes(AF_INET6, v6.src))
		.raw(ip_bytes(AF_INET6, v6.dst))
		.u32(static_cast<uint32_t>(length))
		.u32(proto)
		.take();
}

/// Fills in the checksum field at offset `at` of a built transport segment.
void fill_checksum(Bytes &segment, size_t at, const Layer *ip, uint8_t proto, bool partial)
{
	Bytes sum = pseudo_header(ip, proto, segment.size());
	if (partial) {
		put_u16(segment, at, folded_sum(sum));
		return;
	}
	sum.insert(sum.end(), segment.begin(), segment.end());
	put_u16(segment, at, internet_checksum(sum));
}

Bytes geneve_options(const std::vector<GeneveTlv> &list)
{
	Writer out;
	for (const GeneveTlv &tlv : list)
		out.u16(tlv.option_class)
			.u8(tlv.type)
			.u8(static_cast<uint8_t>(tlv.reserved << 5 | tlv.length.value_or(tlv.data.size() / 4)))
			.raw(tlv.data);
	return out.take();
}

uint8_t geneve_flags(const Geneve &geneve)
{
	const bool critical =
		std::ranges::any_of(geneve.options, [](const GeneveTlv &tlv) { return tlv.type & kOptionCritical; });
	return geneve.flags.value_or(critical ? kGeneveCritical : 0);
}

uint16_t gre_flags(const Gre &gre)
{
	const uint16_t flags = (gre.csum ? kGreChecksum : 0) | (gre.key ? kGreKey : 0) | (gre.seq ? kGreSequence : 0);
	return gre.flags.value_or(flags) | gre.version;
}

struct Build {
	Around around;

	Bytes operator()(const Ethernet &eth) const
	{
		return Writer()
			.raw(mac_bytes(eth.dst))
			.raw(mac_bytes(eth.src))
			.u16(ether_type(eth.type, around.next))
			.raw(around.payload)
			.take();
	}

	/// The TPID is the EtherType of the layer above.
	Bytes operator()(const Vlan &vlan) const
	{
		return Writer()
			.u16(static_cast<uint16_t>(vlan.pcp << 13 | vlan.dei << 12 | vlan.vid))
			.u16(ether_type(vlan.type, around.next))
			.raw(around.payload)
			.take();
	}

	Bytes operator()(const IPv4 &ip) const
	{
		size_t length = 20 + ip.options.size();
		Bytes header = Writer().u8(ip.version.value_or(4) << 4 | ip.ihl.value_or(length / 4))
				       .u8(ip.tos)
				       .u16(ip.total_length.value_or(length + around.payload.size()))
				       .u16(ip.id)
				       .u16(ip.df << 14 | ip.mf << 13 | ip.offset)
				       .u8(ip.ttl)
				       .u8(protocol(ip.protocol, around.next, false))
				       .u16(0)
				       .raw(ip_bytes(AF_INET, ip.src))
				       .raw(ip_bytes(AF_INET, ip.dst))
				       .raw(ip.options)
				       .take();
		put_u16(header, 10, ip.checksum.value_or(internet_checksum(header)));
		return Writer().raw(header).raw(around.payload).take();
	}

	Bytes operator()(const IPv6 &ip) const
	{
		return Writer()
			.u32(static_cast<uint32_t>(ip.version.value_or(6)) << 28 |
			     static_cast<uint32_t>(ip.traffic_class) << 20 | ip.flow_label)
			.u16(ip.payload_length.value_or(around.payload.size()))
			.u8(protocol(ip.next_header, around.next, true))
			.u8(ip.hop_limit)
			.raw(ip_bytes(AF_INET6, ip.src))
			.raw(ip_bytes(AF_INET6, ip.dst))
			.raw(around.payload)
			.take();
	}

	Bytes operator()(const IPv6Ext &ext) const
	{
		return Writer()
			.u8(protocol(ext.next_header, around.next, true))
			.raw(ext.body)
			.raw(around.payload)
			.take();
	}

	Bytes operator()(const UDP &udp) const
	{
		Bytes segment = Writer().u16(udp.sport)
					.u16(udp.dport)
					.u16(udp.length.value_or(8 + around.payload.size()))
					.u16(udp.checksum.value_or(0))
					.raw(around.payload)
					.take();
		if (udp.checksum)
			return segment;
		fill_checksum(segment, 6, around.ip, 17, udp.partial);
		if (!udp.partial && segment[6] == 0 && segment[7] == 0)
			put_u16(segment, 6, 0xffff);
		return segment;
	}

	Bytes operator()(const TCP &tcp) const
	{
		Bytes segment = Writer().u16(tcp.sport)
					.u16(tcp.dport)
					.u32(tcp.seq)
					.u32(tcp.ack)
					.u8(tcp.data_offset.value_or(5 + tcp.options.size() / 4) << 4)
					.u8(tcp.flags)
					.u16(tcp.window)
					.u16(tcp.checksum.value_or(0))
					.u16(0)
					.raw(tcp.options)
					.raw(around.payload)
					.take();
		if (!tcp.checksum)
			fill_checksum(segment, 16, around.ip, 6, tcp.partial);
		return segment;
	}

	Bytes operator()(const ICMP &icmp) const
	{
		Bytes message = Writer().u8(icmp.type)
					.u8(icmp.code)
					.u16(icmp.checksum.value_or(0))
					.u32(icmp.rest)
					.raw(around.payload)
					.take();
		bool ipv6 = around.ip && std::holds_alternative<IPv6>(*around.ip);
		if (!icmp.checksum)
			fill_checksum(message, 2, ipv6 ? around.ip : nullptr, 58, false);
		return message;
	}

	Bytes operator()(const ARP &arp) const
	{
		return Writer()
			.u16(1)
			.u16(0x0800)
			.u8(6)
			.u8(4)
			.u16(arp.op)
			.raw(mac_bytes(arp.sha))
			.raw(ip_bytes(AF_INET, arp.spa))
			.raw(mac_bytes(arp.tha))
			.raw(ip_bytes(AF_INET, arp.tpa))
			.raw(around.payload)
			.take();
	}

	Bytes operator()(const Vxlan &vxlan) const
	{
		return Writer()
			.u32(static_cast<uint32_t>(vxlan.flags) << 24 | vxlan.reserved1)
			.u32(vxlan.vni << 8 | vxlan.reserved2)
			.raw(around.payload)
			.take();
	}

	Bytes operator()(const Geneve &geneve) const
	{
		const Bytes options = geneve_options(geneve.options);
		return Writer()
			.u8(static_cast<uint8_t>(geneve.version << 6 | geneve.opt_len.value_or(options.size() / 4)))
			.u8(geneve_flags(geneve))
			.u16(tunnel_type(geneve.protocol, around.next))
			.u32(geneve.vni << 8 | geneve.reserved)
			.raw(options)
			.raw(around.payload)
			.take();
	}

	Bytes operator()(const Gre &gre) const
	{
		Writer out;
		out.u16(gre_flags(gre)).u16(tunnel_type(gre.protocol, around.next));
		if (gre.csum)
			out.u16(gre.checksum.value_or(0)).u16(gre.reserved1);
		if (gre.key)
			out.u32(*gre.key);
		if (gre.seq)
			out.u32(*gre.seq);
		Bytes packet = out.raw(around.payload).take();
		if (gre.csum && !gre.checksum)
			put_u16(packet, 4, internet_checksum(packet));
		return packet;
	}

	Bytes operator()(const Payload &payload) const { return Writer().raw(payload.data).raw(around.payload).take(); }
};

} // namespace

Payload Payload::of(size_t n)
{
	Payload payload;
	for (size_t i = 0; i < n; i++)
		payload.data.push_back(static_cast<uint8_t>(i * 7 + i / 256 + 1));
	return payload;
}

Bytes TCP::mss(uint16_t value)
{
	return Writer().u8(2).u8(4).u16(value).take();
}

Vxlan Vxlan::gbp(uint32_t vni, uint16_t group, bool dont_learn, bool applied)
{
	const uint32_t bits = (dont_learn ? 0x400000 : 0) | (applied ? 0x080000 : 0);
	return {.vni = vni, .flags = 0x88, .reserved1 = bits | group};
}

Gre Gre::nvgre(uint32_t vsid, uint8_t flow_id)
{
	return {.key = vsid << 8 | flow_id};
}

Packet operator/(Packet above, const Packet &below)
{
	above.layers_.insert(above.layers_.end(), below.layers_.begin(), below.layers_.end());
	return above;
}

Bytes Packet::bytes() const
{
	Bytes built;
	const Layer *next = nullptr;
	for (size_t i = layers_.size(); i-- > 0; next = &layers_[i]) {
		const Layer *ip = nullptr;
		for (size_t above = i; above-- > 0 && !ip;)
			if (std::holds_alternative<IPv4>(layers_[above]) ||
			    std::holds_alternative<IPv6>(layers_[above]))
				ip = &layers_[above];
		built = std::visit(Build{{ip, next, built}}, layers_[i]);
	}
	return built;
}

} // namespace xovl::test
