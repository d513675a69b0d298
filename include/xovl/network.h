/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The record of a network, with its policy and the head of its flood list. See maps.h for the conventions. */
#ifndef XOVL_NETWORK_H
#define XOVL_NETWORK_H

#include <linux/types.h>

#include "xovl/addr.h"
#include "xovl/assert.h"

#define XOVL_NAME_LEN 32
#define XOVL_NET_NONE 0xffff /* an index that no network has */

/* networks: array by network index. Flags 0: free. */
#define XOVL_NET_USED 0x1
#define XOVL_NET_LEARNING 0x2
#define XOVL_NET_KEYLESS 0x4	      /* GRE: no key on the wire */
#define XOVL_NET_TTL_INHERIT 0x8      /* outer TTL or hop limit from the inner packet; else ttl */
#define XOVL_NET_DSCP_INHERIT 0x10    /* outer DSCP from the inner packet; else from tos */
#define XOVL_NET_DF_UNSET 0x20	      /* outer IPv4: DF is not set */
#define XOVL_NET_DF_INHERIT 0x40      /* outer IPv4: DF from the inner packet */
#define XOVL_NET_UDPCSUM 0x80	      /* outer UDP checksum; else zero */
#define XOVL_NET_NO_ZEROCSUM6 0x100   /* a zero UDP checksum over IPv6 is refused */
#define XOVL_NET_FLOWLABEL_HASH 0x200 /* IPv6: flow label from the flow's hash; else flowlabel */
#define XOVL_NET_CSUM 0x400	      /* GRE: checksum */
#define XOVL_NET_SEQ 0x800	      /* GRE: sequence numbers */
#define XOVL_NET_SEQ_STRICT 0x1000    /* GRE: packets with late sequence numbers are dropped */
#define XOVL_NET_GBP 0x2000	      /* VXLAN: Group Policy extension */
#define XOVL_NET_STRICT 0x4000	      /* VXLAN: reserved bits must be zero */
#define XOVL_NET_MSS_CLAMP 0x8000     /* TCP SYNs: the MSS is lowered to fit */
#define XOVL_NET_OPTIONS 0x10000      /* GENEVE: `options` holds the options that it sends */
#define XOVL_NET_MATCH 0x20000	      /* GENEVE: `options` holds the option that it requires */
#define XOVL_NET_KNOWN 0x40000	      /* GENEVE: `options` holds the options that it knows */
#define XOVL_NET_GSO_OFF 0x80000      /* no super-frames are expected from its ports. Userspace only. */
#define XOVL_NET_BPDU_DROP 0x100000   /* BPDUs are dropped. Neither this nor the next: carried */
#define XOVL_NET_BPDU_PUNT 0x200000   /* BPDUs from ports are left to the kernel, BPDUs from peers dropped */
/* Defaults for peers without such a setting of their own. Userspace only. */
#define XOVL_NET_VIA_DIRECT \
	0x400000 /* default of enum xovl_via is XOVL_VIA_DIRECT; neither this flag nor the next: XOVL_VIA_AUTO */
#define XOVL_NET_VIA_KERNEL 0x800000   /* default of enum xovl_via is XOVL_VIA_KERNEL */
#define XOVL_NET_ENCRYPTED 0x1000000   /* default is XOVL_PEER_ENCRYPTED */
#define XOVL_NET_LIMIT_DROPS 0x2000000 /* frames whose source is not learned because of a limit are dropped */

/*
 * The head of a network's flood list. The list is in `floods`, under (network, list_half, position): nr_ports ports,
 * then nr_peers peers. A new list is written under the other half (0 or 1), then the head is replaced as one word.
 */
struct xovl_flood_head {
	__u16 list_half;
	__u16 nr_ports;
	__u16 nr_peers;
	__u16 mixed; /* 1: the peers' outer headers differ in family or encapsulation */
};
XOVL_ASSERT_SIZE(struct xovl_flood_head, 8);

struct xovl_network {
	struct xovl_flood_head flood;
	__u64 ageing_ns; /* 0: learned entries never age */
	__u32 flags;
	__u32 id;	/* VNI, VSID or GRE key */
	__u16 mtu;	/* largest inner IP packet, bytes; 0: as large as the underlay carries */
	__be16 dstport; /* UDP destination port, also of peers without a port of their own */
	__u8 encap;	/* enum xovl_encap; a peer may have another */
	__u8 has_local; /* 1: local is set; else the first vtep of the peer's family is used */
	__u8 ttl;
	__u8 tos; /* DSCP << 2 */
	struct xovl_addr local;
	char name[XOVL_NAME_LEN];
	__u32 order;
	__u16 sport_min; /* outer UDP source ports, host byte order */
	__u16 sport_max;
	__u32 flowlabel;
	__u32 port_options; /* GENEVE: the most bytes of options that one of its ports adds */
	__u32 mac_limit;    /* most learned entries; 0: a share of the free ones (xovl/learned.h) */
	__u16 move_limit;   /* a MAC moves at most so often in move_seconds; 0: no limit */
	__u16 move_seconds;
	__u32 peer_mac_limit; /* most learned entries that lead to one peer, of all networks; 0: no limit */
	__u32 pad;
};
XOVL_ASSERT_SIZE(struct xovl_network, 112);

#endif
