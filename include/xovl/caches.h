/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Caches and state of the datapath: keys and values of maps that userspace creates and empties, and at most reads.
 * See xovl/maps.h for all other maps.
 */
#ifndef XOVL_CACHES_H
#define XOVL_CACHES_H

#include "xovl/maps.h"

/*
 * fdb_hints: a cache in front of fdb, with room for twice as many entries. It holds the destinations of static and
 * control entries in one cache line, where a look-up in fdb touches three or four. Writers do not lock: a hint whose
 * two words do not belong together matches no key.
 */
struct xovl_fdb_hint {
	__u64 check; /* hash of dst, key and epoch */
	__u64 dst;   /* destination of the entry, xovl_fdb_dst() */
};
XOVL_ASSERT_SIZE(struct xovl_fdb_hint, 16);

#define XOVL_FDB_HINTS 4

/* A cache line of hints. */
struct xovl_fdb_hints {
	struct xovl_fdb_hint hint[XOVL_FDB_HINTS];
};
XOVL_ASSERT_SIZE(struct xovl_fdb_hints, 64);

/*
 * port_states: array by port index: the port's interface as the datapath last saw it. CPUs that race only read it
 * once more than needed.
 */
struct xovl_port_state {
	__u64 flushed; /* CLOCK_MONOTONIC_COARSE, ns; older learned entries are invalid: the link failed since */
	__u32 ifindex; /* 0: never read */
	__u32 expires; /* jiffies, lower half: when to read the state again */
	__u32 downs;   /* times the carrier was lost */
	__u16 mtu;     /* bytes */
	__u16 up;      /* 1: the interface can send */
};
XOVL_ASSERT_SIZE(struct xovl_port_state, 24);

/*
 * nexthops: per-CPU array, XOVL_NEXTHOP_BUCKETS elements for each peer. A flow's outer source port selects the
 * bucket, so a multipath route is chosen once for each bucket, and a flow keeps its route.
 */
#define XOVL_NEXTHOP_BUCKETS 16

enum xovl_nexthop_state {
	XOVL_NEXTHOP_NONE,	    /* never looked up */
	XOVL_NEXTHOP_OK,	    /* ifindex and both MACs are valid */
	XOVL_NEXTHOP_CONFIRM,	    /* OK, but a frame must show the kernel that the neighbour is in use */
	XOVL_NEXTHOP_UNRESOLVED,    /* ifindex is valid; the kernel must resolve the neighbour */
	XOVL_NEXTHOP_KERNEL_ROUTES, /* the kernel answers no look-ups (forwarding is off): it finds the way itself */
	XOVL_NEXTHOP_BY_KERNEL,	    /* the kernel's tunnel device carries all packets to the peer */
	XOVL_NEXTHOP_PLAINTEXT,	    /* the peer requires encryption, but nothing on the way encrypts */
	XOVL_NEXTHOP_NO_DEVICE,	    /* the kernel's tunnel device must carry the packets, but there is none */
	XOVL_NEXTHOP_NO_ROUTE,
	XOVL_NEXTHOP_NOT_UPLINK,
	XOVL_NEXTHOP_NOT_LOCAL, /* the local tunnel address is not on this host */
};

struct xovl_nexthop {
	__u64 expires; /* jiffies */
	__u32 peer_serial;
	__u32 ifindex;
	__u16 mtu; /* of the route, bytes, outer IP header included; 65535: more */
	__u8 state;
	__u8 pad;
	__u8 macs[12]; /* destination and source of the outer Ethernet header */
	__u16 vid;     /* VLAN of the underlay; 0: none */
	__u16 pad2;
	__u32 epoch;		  /* lower half of `epoch` at the look-up */
	__u32 route_ifindex;	  /* the route's interface: ifindex, or a VLAN interface over it */
	__u32 path_kind;	  /* XOVL_PATH_… of paths to the peer */
	struct xovl_addr gateway; /* IPv6: the route's gateway, or the peer itself if it is on the link */
};
XOVL_ASSERT_SIZE(struct xovl_nexthop, 64);

/*
 * pmtus: (remote, local, service) of sent packets -> the path MTU that routers reported, and what is needed to
 * believe reports. An entry is made when the next hop is first looked up.
 */
struct xovl_pmtu_key {
	struct xovl_addr remote, local;
	__u32 service; /* xovl_service(); GRE: as for an endpoint */
	__u32 pad;
};
XOVL_ASSERT_SIZE(struct xovl_pmtu_key, 40);

/* Times are CLOCK_MONOTONIC_COARSE. */
struct xovl_pmtu {
	/* When mtu was last lowered, ns; 0: never. The CPU that changes this word writes mtu, reported and from. */
	__u64 lowered;
	struct xovl_addr from; /* the router that sent the report */
	__u32 mtu;	       /* bytes, outer IP header included; 0: no report yet */
	__u32 expires;	       /* when the report expires, seconds */
	__u32 reported;	       /* MTU that the router reported; mtu is not below the floor */
	__u32 believed;	       /* number of reports believed */
	__u32 refused;
	__u32 pad;
	__u32 asked[XOVL_NEXTHOP_BUCKETS]; /* when a bucket's next hop was last looked up, seconds; 0: never */
};
XOVL_ASSERT_SIZE(struct xovl_pmtu, 112);

/*
 * paths: a cache in front of all tables: the result of all look-ups for frames from one known place to one known
 * place. An array of blocks; the blocks of one CPU follow those of another. A path is valid in its epoch, the sum of
 * two numbers that only grow: `epoch`, which userspace raises after it has changed tables that frames read, and an
 * element of `moves`, which the datapath raises when a learned entry of the network moves.
 */
#define XOVL_PATHS_BITS 12
#define XOVL_PATHS (1 << XOVL_PATHS_BITS) /* per CPU */
#define XOVL_MOVES 64			  /* shared by networks: index modulo XOVL_MOVES */

struct xovl_path_key {
	/*
	 * MAC of the tenant's frame, first byte lowest. Above it: XOVL_PATH_FROM_…, and the bucket or the VLAN of
	 * the underlay.
	 */
	__u64 dst;
	__u64 src; /* MAC; above it, from a tunnel: the UDP destination port */
	/*
	 * From a port: its xovl_port_key. From a tunnel: the first 8 bytes of the tunnel header, without the last
	 * byte of a GRE key.
	 */
	__u64 from;
};
XOVL_ASSERT_SIZE(struct xovl_path_key, 24);

#define XOVL_PATH_BUCKET_SHIFT 48	 /* from a port: bucket of the flow; from a tunnel: VLAN of the underlay */
#define XOVL_PATH_FROM_PORT (1ull << 63) /* else from a tunnel */
#define XOVL_PATH_FROM_GRE (1ull << 62)	 /* from a tunnel over GRE; else over UDP */

struct xovl_path_tunnel {
	struct xovl_addr remote, local;
};
XOVL_ASSERT_SIZE(struct xovl_path_tunnel, 32);

/* Bytes of the longest prepared headers: Ethernet, IPv6, UDP, GENEVE with options. */
#define XOVL_PATH_OUTER (14 + 40 + 8 + 8 + XOVL_OPTIONS_MAX)

/* Kind of a path: what is done with its frames. */
#define XOVL_PATH_TO_PEER 0x1
#define XOVL_PATH_IPV6 0x2	     /* to a peer: the underlay is IPv6 */
#define XOVL_PATH_RESOLVE 0x4	     /* to a peer: through the kernel's neighbour code, see underlay/neighbour.h */
#define XOVL_PATH_XDP_XMIT 0x8	     /* the interface takes XDP_REDIRECTed frames */
#define XOVL_PATH_GSO_WHOLE 0x10     /* to a peer: super-frames leave the interface unsegmented */
#define XOVL_PATH_GRE 0x20	     /* to a peer: no UDP header */
#define XOVL_PATH_NVGRE 0x40	     /* to a peer: write the FlowID; from a peer: any FlowID matches the path */
#define XOVL_PATH_TAGGED 0x80	     /* to a peer: the underlay is a VLAN, vid */
#define XOVL_PATH_CONFIRM 0x100	     /* to a peer: as XOVL_PATH_RESOLVE, but the MACs are known */
#define XOVL_PATH_HAS_DEVICE 0x200   /* to a peer: the kernel's tunnel device can carry frames, too */
#define XOVL_PATH_BY_KERNEL 0x400    /* to or from a peer: the kernel's tunnel device carries all frames */
#define XOVL_PATH_TO_VETH_PEER 0x800 /* to a port: see XOVL_PORT_TO_PEER */
#define XOVL_PATH_GUARDED 0x1000     /* from a port with guards: only usual packets from guards.source */
#define XOVL_PATH_ISOLATED 0x2000    /* from an isolated port */
#define XOVL_PATH_LOCKED 0x4000	     /* from a locked port */

/* A path's key, interface and limits: one cache line. A look-up that finds another path in the place reads no more. */
struct xovl_path {
	struct xovl_path_key key;
	__u64 expires; /* jiffies; 0: not valid */
	__u32 epoch;   /* lower half of the epoch described above */
	__u32 origin;  /* index of the port or peer that the frame comes from */
	__u32 target;  /* index of the port or peer that it goes to */
	__u32 ifindex; /* interface to redirect to */
	/*
	 * The network's flags that each frame must follow, XOVL_NET_…. XOVL_NET_GBP means: to a peer, the group comes
	 * from skb->mark; from a peer, skb->mark gets the group.
	 */
	__u32 policy;
	__u32 kind; /* XOVL_PATH_… */
	__u16 net;
	__u16 port_vid; /* the origin port's own VLAN tag; 0: none */
	__u16 vid;	/* VLAN tag of the target port or the underlay; 0: none */
	__u16 mtu;	/* of the next hop or the target port's interface, bytes */
};
XOVL_ASSERT_SIZE(struct xovl_path, 64);

/* Guards of a path: facts that its frames must have, besides the key. */
struct xovl_path_guards {
	__u8 key_low;	   /* GRE: last byte of the key */
	__u8 key_low_mask; /* 0 for NVGRE, where that byte is the FlowID; else 0xff */
	__u16 options_len; /* GENEVE: bytes of options */
	__u32 in_ifindex;  /* ifindex of the uplink */
	union {
		struct xovl_path_tunnel tunnel; /* from a peer */
		struct {			/* from a guarded port */
			struct xovl_addr source;
			__u64 any_source; /* 1: source is not compared */
		};
	};
	struct xovl_addr dst; /* of a routed frame: destination address. Not used yet. */
	__u64 pad;
	__u8 options[XOVL_OPTIONS_MAX];
};
XOVL_ASSERT_SIZE(struct xovl_path_guards, 128);

/* The L3 step of a routed frame. Not used yet. */
struct xovl_path_rewrite {
	__u8 macs[12];	/* destination and source of the tenant's frame as it leaves */
	__u32 hops;	/* the TTL or hop limit is lowered by so many */
	__u32 words[8]; /* addresses and ports after translation */
};
XOVL_ASSERT_SIZE(struct xovl_path_rewrite, 48);

/* What is written into a path's frames: whole cache lines. The first one holds the headers of VXLAN over IPv4. */
struct xovl_path_headers {
	__u16 outer_len;   /* to a peer: bytes of the outer headers */
	__u16 mtu_network; /* to a peer: largest inner IP packet, bytes */
	__u16 sport_min;   /* outer UDP source ports: the first, and the number of further ones */
	__u16 sport_more;
	__u8 outer[XOVL_PATH_OUTER]; /* lengths, checksum and source port are filled in for each frame */
	__u16 pad;
	struct xovl_path_rewrite rewrite;
};
XOVL_ASSERT_SIZE(struct xovl_path_headers, 192);

/* The rest of a path: guards of where its frames come from, and headers of where they go. */
struct xovl_path_rest {
	struct xovl_path_guards guards;
	struct xovl_path_headers headers;
};

#define XOVL_BLOCK_PATHS 64

/* A block of paths. The path structs come first: they are read most, and fill one page. */
struct xovl_path_block {
	struct xovl_path path[XOVL_BLOCK_PATHS];
	struct xovl_path_rest rest[XOVL_BLOCK_PATHS];
};
XOVL_ASSERT_SIZE(struct xovl_path_block, 24576);

#endif
