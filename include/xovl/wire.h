/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Wire formats that the UAPI headers lack. All fields in network byte order. */
#ifndef XOVL_WIRE_H
#define XOVL_WIRE_H

#include <linux/types.h>

#include "xovl/assert.h"

enum xovl_encap { XOVL_ENCAP_NONE, XOVL_ENCAP_VXLAN, XOVL_ENCAP_GENEVE, XOVL_ENCAP_GRE, XOVL_ENCAP_NVGRE };

/* VXLAN header, RFC 7348 section 5; with the Group Policy extension, draft-smith-vxlan-group-policy-05. */
struct xovl_vxlan {
	__be32 flags; /* XOVL_VXLAN_…, every other bit reserved */
	__be32 vni;   /* VNI in the upper 24 bits, the lower 8 reserved */
};
XOVL_ASSERT_SIZE(struct xovl_vxlan, 8);

/* host byte order */
#define XOVL_VXLAN_I 0x08000000u     /* the VNI is valid */
#define XOVL_VXLAN_G 0x80000000u     /* the extension is in use */
#define XOVL_VXLAN_D 0x00400000u     /* of the extension: do not learn from the frame */
#define XOVL_VXLAN_GROUP 0x0048ffffu /* its fields, as skb->mark has them: don't learn, policy applied, group */

#define XOVL_VXLAN_PORT 4789u
#define XOVL_VNI_MAX 0xffffffu

/* GENEVE header, RFC 8926 section 3.4. */
struct xovl_geneve {
	__u8 ver_opt_len; /* version (0) in the upper 2 bits; words of options in the lower 6 */
	__u8 flags;
	__be16 protocol;
	__be32 vni; /* VNI in the upper 24 bits, the lower 8 reserved */
};
XOVL_ASSERT_SIZE(struct xovl_geneve, 8);

#define XOVL_GENEVE_OPT_LEN 0x3f
#define XOVL_GENEVE_O 0x80 /* control packet */
#define XOVL_GENEVE_C 0x40 /* there are critical options */
#define XOVL_GENEVE_PORT 6081u

/* GENEVE option, RFC 8926 section 3.5; its data follows. */
struct xovl_geneve_option {
	__be16 option_class;
	__u8 type; /* with XOVL_GENEVE_CRITICAL */
	__u8 len;  /* words of data in the lower 5 bits, the upper 3 reserved */
};
XOVL_ASSERT_SIZE(struct xovl_geneve_option, 4);

#define XOVL_GENEVE_CRITICAL 0x80
#define XOVL_GENEVE_DATA_LEN 0x1f

/* GRE header, RFC 2784 and RFC 2890: checksum, key and sequence number follow, a word each, if the flags say so. */
struct xovl_gre {
	__be16 flags; /* XOVL_GRE_…; in the lower 3 bits the version (0) */
	__be16 protocol;
};
XOVL_ASSERT_SIZE(struct xovl_gre, 4);

/* host byte order */
#define XOVL_GRE_C 0x8000 /* checksum */
#define XOVL_GRE_K 0x2000 /* key; of NVGRE (RFC 7637): VSID in the upper 24 bits, FlowID in the lower 8 */
#define XOVL_GRE_S 0x1000 /* sequence number */

/* Transparent Ethernet bridging: what GENEVE and GRE say of a frame. ETH_P_TEB */
#define XOVL_PROTOCOL_ETHERNET 0x6558

/*
 * ICMP or ICMPv6 message that a packet does not fit, RFC 1191 section 4 and RFC 4443 section 3.2. (linux/icmp.h cannot be
 * included for BPF.)
 */
struct xovl_icmp {
	__u8 type;
	__u8 code;
	__sum16 check;
	__be32 mtu; /* of ICMP the upper 16 bits are unused, and 0 */
};
XOVL_ASSERT_SIZE(struct xovl_icmp, 8);

#define XOVL_ICMP_ECHO_REPLY 0
#define XOVL_ICMP_UNREACHABLE 3
#define XOVL_ICMP_FRAG_NEEDED 4 /* code of unreachable */
#define XOVL_ICMP_ECHO 8
#define XOVL_ICMPV6_TOO_BIG 2
#define XOVL_ICMPV6_INFO 128 /* types from here on are no errors */
#define XOVL_ICMPV6_REDIRECT 137

/* 802.1Q tag as it stands between the source MAC and the EtherType. */
struct xovl_vlan_tag {
	__be16 tpid;
	__be16 tci;
};
XOVL_ASSERT_SIZE(struct xovl_vlan_tag, 4);

/* What the outer headers of a packet are: all that their length depends on. */
struct xovl_outer_kind {
	__u8 encap;	   /* enum xovl_encap */
	__u8 ipv6;	   /* 1: the underlay is IPv6 */
	__u8 tagged;	   /* 1: with an 802.1Q tag */
	__u8 pad;	   /* 0 */
	__u16 gre_flags;   /* GRE: XOVL_GRE_…, host byte order; NVGRE: none, as it has the one word always */
	__u16 options_len; /* GENEVE: octets */
};
XOVL_ASSERT_SIZE(struct xovl_outer_kind, 8);

#define XOVL_ETH_LEN 14u
#define XOVL_IPV4_LEN 20u
#define XOVL_IPV6_LEN 40u
#define XOVL_UDP_LEN 8u
#define XOVL_GRE_WORD 4u /* each of checksum, key and sequence number */

/* Octets of a GRE header with those flags, host byte order. */
static inline __u32 xovl_gre_len(__u16 flags)
{
	return sizeof(struct xovl_gre) + (flags & XOVL_GRE_C ? XOVL_GRE_WORD : 0) +
	       (flags & XOVL_GRE_K ? XOVL_GRE_WORD : 0) + (flags & XOVL_GRE_S ? XOVL_GRE_WORD : 0);
}

/* Octets of the outer IP header. */
static inline __u32 xovl_ip_len(const struct xovl_outer_kind *kind)
{
	return kind->ipv6 ? XOVL_IPV6_LEN : XOVL_IPV4_LEN;
}

/* Octets between the outer IP header and that of the tunnel. */
static inline __u32 xovl_udp_len(const struct xovl_outer_kind *kind)
{
	return kind->encap == XOVL_ENCAP_VXLAN || kind->encap == XOVL_ENCAP_GENEVE ? XOVL_UDP_LEN : 0;
}

/* Octets of the tunnel header, between UDP or IP and the tenant's frame. */
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
 * Octets in front of the tenant's frame, the outer Ethernet header included: the one place that adds them up. So many has a packet
 * more than the frame in it. An IP MTU counts no outer Ethernet header and no tag, but the one in the tunnel: what the tenant's
 * IP packets have less is the length of an untagged kind.
 */
static inline __u32 xovl_outer_len(const struct xovl_outer_kind *kind)
{
	return XOVL_ETH_LEN + (kind->tagged ? sizeof(struct xovl_vlan_tag) : 0) + xovl_ip_len(kind) +
	       xovl_udp_len(kind) + xovl_tunnel_len(kind);
}

/* Flow entropy: the outer UDP source port lies in the dynamic range, RFC 7348 section 5 and RFC 6335. */
#define XOVL_SPORT_MIN 49152u
#define XOVL_SPORT_MAX 65535u

#endif
