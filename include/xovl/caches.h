/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the datapath remembers for itself, in maps that userspace only makes and empties. See maps.h. */
#ifndef XOVL_CACHES_H
#define XOVL_CACHES_H

#include "xovl/maps.h"

/*
 * fdb_hints: a cache in front of fdb, with room for twice as many entries. It holds what static and control entries say, one
 * cache line away instead of three or four. Writers do not lock: a hint whose words do not belong together matches no key.
 */
struct xovl_fdb_hint {
	__u64 check; /* dst, key and generation, mixed */
	__u64 dst;   /* of the entry */
};
XOVL_ASSERT_SIZE(struct xovl_fdb_hint, 16);

#define XOVL_FDB_HINTS 4

/* A cache line. */
struct xovl_fdb_hints {
	struct xovl_fdb_hint hint[XOVL_FDB_HINTS];
};
XOVL_ASSERT_SIZE(struct xovl_fdb_hints, 64);

/*
 * nexthops: per CPU, XOVL_NEXTHOP_BUCKETS for each peer. Flows are spread over the buckets by their source port, so that
 * a multipath route's choice is made once for a bucket and stays.
 */
#define XOVL_NEXTHOP_BUCKETS 16

enum xovl_nexthop_state {
	XOVL_NEXTHOP_NONE,	 /* never looked up */
	XOVL_NEXTHOP_OK,	 /* ifindex and both MACs are valid */
	XOVL_NEXTHOP_UNRESOLVED, /* ifindex is valid, the kernel must resolve the neighbour */
	XOVL_NEXTHOP_NO_ROUTE,
	XOVL_NEXTHOP_NOT_UPLINK,
};

struct xovl_nexthop {
	__u64 expires;	  /* jiffies */
	__u32 generation; /* of the peer */
	__u32 ifindex;
	__u16 mtu; /* of the route, octets, outer IP header included; 65535 for more */
	__u8 state;
	__u8 device_flags; /* XOVL_DEV_… of the interface */
	__u8 macs[12];	   /* destination and source of the outer Ethernet header */
	__u16 vid;	   /* of the underlay; 0: none */
	__u16 pad;
	__u32 tables; /* the lower half of `generation` when it was looked up */
};
XOVL_ASSERT_SIZE(struct xovl_nexthop, 40);

/*
 * paths: per CPU, a cache in front of all tables: all that is to be done with a frame that comes from a known place and goes
 * to one known place. It stands for what the tables said under its generation, which is the sum of two numbers that only
 * grow: `generation`, which userspace raises after it has changed what frames find, and the network's one of `moves`, which
 * the datapath raises when a learned entry moves.
 */
#define XOVL_PATHS_BITS 12
#define XOVL_PATHS (1 << XOVL_PATHS_BITS)
#define XOVL_MOVES 64 /* networks share them: by their index, modulo this */

struct xovl_path_key {
	__u64 dst; /* MAC of the tenant's frame, the first octet lowest; above it where it comes from: XOVL_PATH_FROM_… */
	__u64 src; /* MAC; above it, of a tunnel: the UDP destination port */
	__u64 from; /* a port: its xovl_port_key; a tunnel: the first 8 octets of its header; of a GRE key all but the last */
};
XOVL_ASSERT_SIZE(struct xovl_path_key, 24);

#define XOVL_PATH_BUCKET_SHIFT 48 /* from a port: the bucket of its flow */
#define XOVL_PATH_FROM_PORT (1ull << 63)
#define XOVL_PATH_FROM_GRE (1ull << 62) /* else UDP */

struct xovl_path_tunnel {
	struct xovl_addr remote, local;
};
XOVL_ASSERT_SIZE(struct xovl_path_tunnel, 32);

/* Ethernet, IPv6, UDP, GENEVE with options; a multiple of 8 */
#define XOVL_PATH_OUTER (14 + 40 + 8 + 8 + XOVL_OPTIONS_MAX + 2)

#define XOVL_PATH_TO_PEER 0x1
#define XOVL_PATH_IPV6 0x2	 /* to a peer: of the underlay */
#define XOVL_PATH_RESOLVE 0x4	 /* to a peer: the kernel must resolve the neighbour; such a path is never remembered */
#define XOVL_PATH_XDP_XMIT 0x8	 /* the interface takes XDP_REDIRECTed frames */
#define XOVL_PATH_GSO_WHOLE 0x10 /* to a peer: super-frames leave the interface unsegmented */
#define XOVL_PATH_GRE 0x20	 /* to a peer: no UDP header */
#define XOVL_PATH_MSS_CLAMP 0x40
#define XOVL_PATH_TTL_INHERIT 0x80 /* to a peer, as XOVL_NET_… */
#define XOVL_PATH_DSCP_INHERIT 0x100
#define XOVL_PATH_DF_INHERIT 0x200
#define XOVL_PATH_IP_ID 0x400 /* to a peer: DF may be clear, so the packet needs an identification */
#define XOVL_PATH_FLOWLABEL_HASH 0x800
#define XOVL_PATH_UDPCSUM 0x1000
#define XOVL_PATH_GRE_CSUM 0x2000
#define XOVL_PATH_GRE_SEQ 0x4000
#define XOVL_PATH_NVGRE 0x8000	     /* to a peer: the FlowID is of the flow */
#define XOVL_PATH_MARK 0x10000	     /* to a peer: the group is that of skb->mark */
#define XOVL_PATH_TAGGED 0x20000     /* to a peer: the underlay is a VLAN, vid */
#define XOVL_PATH_SEQ_STRICT 0x40000 /* from a peer */
#define XOVL_PATH_WANTS_CSUM 0x80000 /* from a peer: a zero UDP checksum is refused */
#define XOVL_PATH_GROUP 0x100000     /* from a peer: skb->mark is to get the group */

struct xovl_path {
	struct xovl_path_key key;
	__u64 generation;
	__u64 expires; /* jiffies */
	__u32 origin;  /* index of the port or peer */
	__u32 target;  /* index of the port or peer */
	__u32 ifindex; /* to redirect to */
	__u32 flags;
	__u16 net;
	__u16 port_vid;	   /* VLAN tag that belongs to the origin; 0: none */
	__u16 vid;	   /* VLAN tag of the target port, or of the underlay; 0: none */
	__u16 mtu_network; /* to a peer: largest inner IP packet, octets */
	union {
		struct {		 /* to a peer */
			__u16 mtu;	 /* of the next hop */
			__u16 outer_len; /* octets of outer[] */
			__u16 sport_min; /* outer UDP source ports: the first, and how many more */
			__u16 sport_more;
			__u8 outer[XOVL_PATH_OUTER]; /* headers; lengths, checksum, source port open */
		};
		struct
		{ /* from a peer: most of it is part of the key, too. A frame never goes from tunnel to tunnel. */
			__u8 key_low;	   /* GRE: the last octet of the key */
			__u8 key_low_mask; /* 0 of NVGRE, where that is the FlowID; else 0xff */
			__u16 options_len; /* GENEVE */
			__u32 in_ifindex;  /* 0: any */
			struct xovl_path_tunnel tunnel;
			__u8 options[XOVL_OPTIONS_MAX];
		};
	};
};
XOVL_ASSERT_SIZE(struct xovl_path, 208);

#endif
