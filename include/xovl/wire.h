/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Wire formats that the UAPI headers lack, and the length of the outer headers. Header fields are in network byte
 * order.
 */
#ifndef XOVL_WIRE_H
#define XOVL_WIRE_H

#include <linux/types.h>

#include "xovl/assert.h"

enum xovl_encap { XOVL_ENCAP_NONE, XOVL_ENCAP_VXLAN, XOVL_ENCAP_GENEVE, XOVL_ENCAP_GRE, XOVL_ENCAP_NVGRE };

/* VXLAN header (RFC 7348, section 5), with the Group Policy extension (draft-smith-vxlan-group-policy-05). */
struct xovl_vxlan {
	__be32 flags; /* XOVL_VXLAN_…, all other bits reserved */
	__be32 vni;   /* VNI in the upper 24 bits, the lower 8 reserved */
};
XOVL_ASSERT_SIZE(struct xovl_vxlan, 8);

/* Bits of xovl_vxlan.flags, host byte order. */
#define XOVL_VXLAN_I 0x08000000u     /* the VNI is valid */
#define XOVL_VXLAN_G 0x80000000u     /* Group Policy: the extension is in use */
#define XOVL_VXLAN_D 0x00400000u     /* Group Policy: do not learn from the frame */
#define XOVL_VXLAN_GROUP 0x0048ffffu /* Group Policy: D bit, policy applied, group; the same bits as in skb->mark */

#define XOVL_VXLAN_PORT 4789u
#define XOVL_VNI_MAX 0xffffffu

/* GENEVE header (RFC 8926, section 3.4). */
struct xovl_geneve {
	__u8 ver_opt_len; /* version (0) in the upper 2 bits; length of the options in 4-byte words in the lower 6 */
	__u8 flags;
	__be16 protocol;
	__be32 vni; /* VNI in the upper 24 bits, the lower 8 reserved */
};
XOVL_ASSERT_SIZE(struct xovl_geneve, 8);

#define XOVL_GENEVE_OPT_LEN 0x3f
#define XOVL_GENEVE_O 0x80 /* control packet */
#define XOVL_GENEVE_C 0x40 /* at least one option is critical */
#define XOVL_GENEVE_PORT 6081u

/* GENEVE option (RFC 8926, section 3.5). Its data follows. */
struct xovl_geneve_option {
	__be16 option_class;
	__u8 type; /* upper bit: XOVL_GENEVE_CRITICAL */
	__u8 len;  /* length of the data in 4-byte words in the lower 5 bits, the upper 3 reserved */
};
XOVL_ASSERT_SIZE(struct xovl_geneve_option, 4);

#define XOVL_GENEVE_CRITICAL 0x80
#define XOVL_GENEVE_DATA_LEN 0x1f

/*
 * GRE header (RFC 2784, RFC 2890). Checksum, key and sequence number follow, a 4-byte word each, if the flags say
 * so.
 */
struct xovl_gre {
	__be16 flags; /* XOVL_GRE_…; version (0) in the lower 3 bits */
	__be16 protocol;
};
XOVL_ASSERT_SIZE(struct xovl_gre, 4);

/* Bits of xovl_gre.flags, host byte order. */
#define XOVL_GRE_C 0x8000 /* checksum */
#define XOVL_GRE_K 0x2000 /* key; NVGRE (RFC 7637): VSID in the upper 24 bits, FlowID in the lower 8 */
#define XOVL_GRE_S 0x1000 /* sequence number */

/* EtherType of Transparent Ethernet Bridging (ETH_P_TEB): the protocol of frames in GENEVE and GRE. */
#define XOVL_PROTOCOL_ETHERNET 0x6558

/*
 * ICMP or ICMPv6 message that a packet is too big (RFC 1191, section 4; RFC 4443, section 3.2). linux/icmp.h cannot
 * be included for BPF.
 */
struct xovl_icmp {
	__u8 type;
	__u8 code;
	__sum16 check;
	__be32 mtu; /* ICMP: the upper 16 bits are unused and 0 */
};
XOVL_ASSERT_SIZE(struct xovl_icmp, 8);

#define XOVL_ICMP_ECHO_REPLY 0
#define XOVL_ICMP_UNREACHABLE 3
#define XOVL_ICMP_FRAG_NEEDED 4 /* code of unreachable */
#define XOVL_ICMP_ECHO 8
#define XOVL_ICMPV6_TOO_BIG 2
#define XOVL_ICMPV6_INFO 128 /* types from here on are not errors */
#define XOVL_ICMPV6_REDIRECT 137

/* 802.1Q tag, between the source MAC and the EtherType. */
struct xovl_vlan_tag {
	__be16 tpid;
	__be16 tci;
};
XOVL_ASSERT_SIZE(struct xovl_vlan_tag, 4);

/* The facts that the length of a packet's outer headers depends on. */
struct xovl_outer_kind {
	__u8 encap;	   /* enum xovl_encap */
	__u8 ipv6;	   /* 1: the underlay is IPv6 */
	__u8 tagged;	   /* 1: the outer Ethernet header has an 802.1Q tag */
	__u8 pad;	   /* 0 */
	__u16 gre_flags;   /* GRE: XOVL_GRE_…, host byte order; not used for NVGRE, which always has just the key */
	__u16 options_len; /* GENEVE: bytes of options */
};
XOVL_ASSERT_SIZE(struct xovl_outer_kind, 8);

#define XOVL_ETH_LEN 14u
#define XOVL_IPV4_LEN 20u
#define XOVL_IPV6_LEN 40u
#define XOVL_UDP_LEN 8u
#define XOVL_GRE_WORD 4u /* checksum, key and sequence number take one each */

/* Returns the length of a GRE header with those flags (host byte order), in bytes. */
static inline __u32 xovl_gre_len(__u16 flags)
{
	return sizeof(struct xovl_gre) + (flags & XOVL_GRE_C ? XOVL_GRE_WORD : 0) +
	       (flags & XOVL_GRE_K ? XOVL_GRE_WORD : 0) + (flags & XOVL_GRE_S ? XOVL_GRE_WORD : 0);
}

/* Returns the length of the outer IP header in bytes. */
static inline __u32 xovl_ip_len(const struct xovl_outer_kind *kind)
{
	return kind->ipv6 ? XOVL_IPV6_LEN : XOVL_IPV4_LEN;
}

/* Returns the number of bytes between the outer IP header and the tunnel header. */
static inline __u32 xovl_udp_len(const struct xovl_outer_kind *kind)
{
	return kind->encap == XOVL_ENCAP_VXLAN || kind->encap == XOVL_ENCAP_GENEVE ? XOVL_UDP_LEN : 0;
}

/* Returns the length of the tunnel header in bytes. */
static inline __u32 xovl_tunnel_len(const struct xovl_outer_kind *kind)
{
	switch (kind->encap) {
	case XOVL_ENCAP_GENEVE:
		return sizeof(struct xovl_geneve) + kind->options_len;
	case XOVL_ENCAP_GRE:
		return xovl_gre_len(kind->gre_flags);
	case XOVL_ENCAP_NVGRE:
		return xovl_gre_len(XOVL_GRE_K);
	default:
		return sizeof(struct xovl_vxlan);
	}
}

/*
 * Returns the number of bytes in front of the tenant's frame, outer Ethernet header included. Only this function
 * adds them up. Without a tag, the tenant's IP MTU is the underlay's less this length: the outer Ethernet header
 * does not count towards an IP MTU, but the tenant's Ethernet header, equally long, does.
 */
static inline __u32 xovl_outer_len(const struct xovl_outer_kind *kind)
{
	return XOVL_ETH_LEN + (kind->tagged ? sizeof(struct xovl_vlan_tag) : 0) + xovl_ip_len(kind) +
	       xovl_udp_len(kind) + xovl_tunnel_len(kind);
}

/* Flow entropy: the outer UDP source port is from the dynamic range (RFC 7348, section 5; RFC 6335). */
#define XOVL_SPORT_MIN 49152u
#define XOVL_SPORT_MAX 65535u

#endif
