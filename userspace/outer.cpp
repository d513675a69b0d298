// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "outer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <cstdint>
#include <cstring>

namespace xovl {

namespace {

/// Ones' complement sum of 16-bit words, folded, not complemented (RFC 1071).
uint16_t internet_sum(const void *data, size_t octets)
{
	uint32_t sum = 0;
	for (size_t i = 0; i + 1 < octets; i += 2) {
		uint16_t word;
		std::memcpy(&word, static_cast<const uint8_t *>(data) + i, sizeof(word));
		sum += word;
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

size_t prepare_ipv4(xovl_peer &peer)
{
	iphdr ip{};
	ip.version = 4;
	ip.ihl = 5;
	ip.frag_off = htons(0x4000); // DF
	ip.ttl = 64;
	ip.protocol = IPPROTO_UDP;
	ip.saddr = peer.local.be32[3];
	ip.daddr = peer.remote.be32[3];
	ip.check = internet_sum(&ip, sizeof(ip)); // the datapath adds the length and complements
	std::memcpy(peer.outer, &ip, sizeof(ip));
	return sizeof(ip);
}

size_t prepare_ipv6(xovl_peer &peer)
{
	ipv6hdr ip{};
	ip.version = 6;
	ip.nexthdr = IPPROTO_UDP;
	ip.hop_limit = 64;
	std::memcpy(&ip.saddr, &peer.local, sizeof(ip.saddr));
	std::memcpy(&ip.daddr, &peer.remote, sizeof(ip.daddr));
	std::memcpy(peer.outer, &ip, sizeof(ip));
	return sizeof(ip);
}

} // namespace

void prepare_outer(xovl_peer &peer)
{
	size_t at = peer.family == AF_INET ? prepare_ipv4(peer) : prepare_ipv6(peer);
	udphdr udp{};
	udp.dest = peer.dstport;
	std::memcpy(peer.outer + at, &udp, sizeof(udp));
	at += sizeof(udp);
	xovl_vxlan vxlan{};
	vxlan.flags = htonl(XOVL_VXLAN_I);
	std::memcpy(peer.outer + at, &vxlan, sizeof(vxlan));
	peer.outer_len = at + sizeof(vxlan);
}

} // namespace xovl
