/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the datapath remembers for itself, in maps that userspace makes and empties, and reads at most. See maps.h. */
#ifndef XOVL_CACHES_H
#define XOVL_CACHES_H

#include "xovl/maps.h"

/*
 * fdb_hints: a cache in front of fdb, with room for twice as many entries. It holds what static and control entries say, one
 * cache line away instead of three or four. Writers do not lock: a hint whose words do not belong together matches no key.
 */
struct xovl_fdb_hint {
	__u64 check; /* dst, key and epoch, mixed */
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
 * port_states: array by port index: the port's interface as the datapath last saw it. CPUs that race for it look once more than they
 * have to.
 */
struct xovl_port_state {
	__u64 flushed; /* CLOCK_MONOTONIC_COARSE, ns: what was learned at the port before is void, as its link failed since */
	__u32 ifindex; /* 0: never looked at */
	__u32 expires; /* jiffies, the lower half */
	__u32 downs;   /* how often its carrier was lost */
	__u16 mtu;     /* octets */
	__u16 up;      /* 1: it can send */
};
XOVL_ASSERT_SIZE(struct xovl_port_state, 24);

/*
 * nexthops: per CPU, XOVL_NEXTHOP_BUCKETS for each peer. Flows are spread over the buckets by their source port, so that
 * a multipath route's choice is made once for a bucket and stays.
 */
#define XOVL_NEXTHOP_BUCKETS 16

enum xovl_nexthop_state {
	XOVL_NEXTHOP_NONE,	 /* never looked up */
	XOVL_NEXTHOP_OK,	 /* ifindex and both MACs are valid */
	XOVL_NEXTHOP_CONFIRM,	 /* the same, but a frame is to show the kernel that the neighbour is in use */
	XOVL_NEXTHOP_UNRESOLVED, /* ifindex is valid, the kernel must resolve the neighbour */
	XOVL_NEXTHOP_KERNEL,	 /* the kernel answers no look-up (forwarding is off): it finds the way itself */
	XOVL_NEXTHOP_BY_KERNEL,	 /* the kernel's tunnel device carries all packets to the peer */
	XOVL_NEXTHOP_PLAINTEXT,	 /* the peer requires encryption, and nothing on the way encrypts */
	XOVL_NEXTHOP_NO_DEVICE,	 /* it is to, but there is none */
	XOVL_NEXTHOP_NO_ROUTE,
	XOVL_NEXTHOP_NOT_UPLINK,
	XOVL_NEXTHOP_NOT_LOCAL, /* our own end is not an address of this host */
};

struct xovl_nexthop {
	__u64 expires; /* jiffies */
	__u32 peer_serial;
	__u32 ifindex;
	__u16 mtu; /* of the route, octets, outer IP header included; 65535 for more */
	__u8 state;
	__u8 pad;
	__u8 macs[12];	  /* destination and source of the outer Ethernet header */
	__u16 vid;	  /* of the underlay; 0: none */
	__u16 path_flags; /* the upper half of the flags of paths */
	__u32 epoch;	  /* the lower half of `epoch` when it was looked up */
	__u32 routed;	  /* the interface that the route leads to: ifindex, or the VLAN interface that it sends for */
	__u32 pad2;
	struct xovl_addr gateway; /* of IPv6: of that route, the peer itself where it is on the link */
};
XOVL_ASSERT_SIZE(struct xovl_nexthop, 64);

/*
 * pmtus: (local, remote, service) that packets are sent to -> the path's MTU, as routers told us, and what is needed to believe
 * them. Made when a next hop is first asked for.
 */
struct xovl_pmtu_key {
	struct xovl_addr remote, local;
	__u32 service; /* xovl_service() of the packets; of GRE as of an endpoint */
	__u32 pad;
};
XOVL_ASSERT_SIZE(struct xovl_pmtu_key, 40);

/* Times are of CLOCK_MONOTONIC_COARSE. */
struct xovl_pmtu {
	__u64 lowered; /* when it was last lowered, ns; 0: never. Who changes this word writes mtu, reported and from. */
	struct xovl_addr from; /* the router */
	__u32 mtu;	       /* octets, outer IP header included; 0: nobody has said */
	__u32 expires;	       /* seconds */
	__u32 reported;	       /* what the router said, which can be less than is believed */
	__u32 believed;	       /* messages */
	__u32 refused;
	__u32 pad;
	__u32 asked[XOVL_NEXTHOP_BUCKETS]; /* when the next hop of a bucket was last asked for, seconds; 0: never */
};
XOVL_ASSERT_SIZE(struct xovl_pmtu, 112);

/*
 * paths: a cache in front of all tables, in blocks, one CPU's behind another's: all that is to be done with a frame
 * that comes from a known place and goes to one known place. It stands for what the tables said in its epoch, which
 * is the sum of two numbers that only grow: `epoch`, which userspace raises after it has changed what frames find, and
 * the network's one of `moves`, which the datapath raises when a learned entry moves.
 */
#define XOVL_PATHS_BITS 12
#define XOVL_PATHS (1 << XOVL_PATHS_BITS) /* of each CPU */
#define XOVL_MOVES 64			  /* networks share them: by their index, modulo this */

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

/* Ethernet, IPv6, UDP, GENEVE with options */
#define XOVL_PATH_OUTER (14 + 40 + 8 + 8 + XOVL_OPTIONS_MAX)

/*
 * flags of a path. The lower half: what of its network's policy each frame is to follow, as XOVL_NET_… XOVL_NET_GBP says of a
 * path to a peer that the group is that of skb->mark, of one from a peer that skb->mark gets the group. The upper half:
 */
#define XOVL_PATH_TO_PEER 0x10000
#define XOVL_PATH_IPV6 0x20000	     /* to a peer: of the underlay */
#define XOVL_PATH_RESOLVE 0x40000    /* to a peer: by the kernel's neighbour code, see underlay/neighbour.h */
#define XOVL_PATH_XDP_XMIT 0x80000   /* the interface takes XDP_REDIRECTed frames */
#define XOVL_PATH_GSO_WHOLE 0x100000 /* to a peer: super-frames leave the interface unsegmented */
#define XOVL_PATH_GRE 0x200000	     /* to a peer: no UDP header */
#define XOVL_PATH_NVGRE 0x400000  /* to a peer: the FlowID is of the flow; from a peer: it does not tell paths apart */
#define XOVL_PATH_TAGGED 0x800000 /* to a peer: the underlay is a VLAN, vid */
#define XOVL_PATH_CONFIRM 0x1000000	 /* to a peer: XOVL_PATH_RESOLVE, but the MACs are known */
#define XOVL_PATH_KERNEL 0x2000000	 /* to a peer: the kernel's tunnel device can carry frames, too */
#define XOVL_PATH_TO_VETH_PEER 0x8000000 /* to a port: see XOVL_PORT_TO_PEER */
#define XOVL_PATH_BY_KERNEL 0x4000000	 /* to or from a peer: it carries all of them */

/* A cache line, which is all that frames of other paths in the same place look at. */
struct xovl_path {
	struct xovl_path_key key;
	__u64 expires; /* jiffies */
	__u32 epoch;   /* the lower half of that sum */
	__u32 origin;  /* index of the port or peer */
	__u32 target;  /* index of the port or peer */
	__u32 ifindex; /* to redirect to */
	__u32 flags;
	__u16 net;
	__u16 port_vid;	   /* VLAN tag that belongs to the origin; 0: none */
	__u16 vid;	   /* VLAN tag of the target port, or of the underlay; 0: none */
	__u16 mtu;	   /* of the next hop, or of the target port's interface */
	__u16 mtu_network; /* to a peer: largest inner IP packet, octets */
	__u16 outer_len;   /* to a peer: octets of the outer headers */
};
XOVL_ASSERT_SIZE(struct xovl_path, 64);

/* A whole number of cache lines, the first with the headers of VXLAN over IPv4. */
union xovl_path_headers {
	struct {		 /* to a peer: what is written before its frames */
		__u16 sport_min; /* outer UDP source ports: the first, and how many more */
		__u16 sport_more;
		__u8 outer[XOVL_PATH_OUTER]; /* lengths, checksum, source port open */
	};
	struct
	{ /* from a peer: what its packets have, but for what is in the key. A frame never goes from tunnel to tunnel. */
		__u8 key_low;	   /* GRE: the last octet of the key */
		__u8 key_low_mask; /* 0 of NVGRE, where that is the FlowID; else 0xff */
		__u16 options_len; /* GENEVE */
		__u32 in_ifindex;  /* the uplink */
		struct xovl_path_tunnel tunnel;
		__u8 options[XOVL_OPTIONS_MAX];
	};
	__u8 lines[3 * 64];
};
XOVL_ASSERT_SIZE(union xovl_path_headers, 192);

#define XOVL_BLOCK_PATHS 64

/* What is looked at most lies close together, in one page. */
struct xovl_path_block {
	struct xovl_path path[XOVL_BLOCK_PATHS];
	union xovl_path_headers headers[XOVL_BLOCK_PATHS];
};
XOVL_ASSERT_SIZE(struct xovl_path_block, 16384);

#endif
