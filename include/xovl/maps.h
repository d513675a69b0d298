/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keys and values of every map: what the datapath and userspace share. Host byte order unless the type says
 * __be; names are NUL-terminated; padding is explicit and zero.
 */
#ifndef XOVL_MAPS_H
#define XOVL_MAPS_H

#include <linux/types.h>

#include "xovl/addr.h"
#include "xovl/assert.h"
#include "xovl/wire.h"

#define XOVL_LAYOUT 6 /* raised with every change below; userspace refuses another one */
#define XOVL_NAME_LEN 32
#define XOVL_DEV_LEN 16
#define XOVL_REFUSAL_LEN 160

enum xovl_encap { XOVL_ENCAP_NONE, XOVL_ENCAP_VXLAN };

/* vteps: local tunnel address -> what the user asked for. Userspace only. */
struct xovl_vtep {
	__u32 order;	    /* position in the configuration: the first of a family is the default local address */
	__u32 foreign_pass; /* 1: leave identifiers that no network has to the kernel */
};
XOVL_ASSERT_SIZE(struct xovl_vtep, 8);

/*
 * endpoints: where tunnel packets arrive, from vteps x destination ports of the networks. Asked only for what no tunnel
 * matches: it then decides between the kernel's and ours with an error.
 */
struct xovl_endpoint_key {
	struct xovl_addr local;
	__u32 service; /* xovl_service() */
	__u32 pad;
};
XOVL_ASSERT_SIZE(struct xovl_endpoint_key, 24);

/* Encapsulation and destination port as one number. */
static inline __u32 xovl_service(enum xovl_encap encap, __be16 dport)
{
	return (__u32)encap << 16 | dport;
}

struct xovl_endpoint {
	__u32 foreign_pass; /* 1: an unknown identifier is the kernel's */
};
XOVL_ASSERT_SIZE(struct xovl_endpoint, 4);

/* tunnels: (local address, service, identifier) -> __u32 network index */
struct xovl_tunnel_key {
	struct xovl_addr local;
	__u32 service;
	__be32 vni; /* as in the VXLAN header: the lower 8 bits are 0 */
};
XOVL_ASSERT_SIZE(struct xovl_tunnel_key, 24);

/* devices: ifindex -> an interface that xovl is attached to */
enum xovl_role { XOVL_ROLE_NONE, XOVL_ROLE_UPLINK, XOVL_ROLE_PORT };
enum xovl_mode { XOVL_MODE_AUTO, XOVL_MODE_NATIVE, XOVL_MODE_GENERIC, XOVL_MODE_TC };

#define XOVL_DEV_XDP_XMIT 0x1	  /* takes XDP_REDIRECTed frames (NDO_XMIT) */
#define XOVL_DEV_MADE_CLSACT 0x2  /* xovl added the clsact qdisc */
#define XOVL_DEV_MADE_PROMISC 0x4 /* xovl set IFF_PROMISC */
#define XOVL_DEV_GSO_WHOLE 0x8	  /* super-frames of tunnels leave it unsegmented */

/* `xovl down` reads it in any layout: fields are added at the end only. */
struct xovl_device {
	char name[XOVL_DEV_LEN];
	__u8 role;
	__u8 mode_asked;
	__u8 mode; /* in force: native, generic or tc */
	__u8 note; /* why mode differs from mode_asked: enum Note of userspace */
	__u32 flags;
	__u32 order; /* position in the configuration */
	__u32 pad;
	char refusal[XOVL_REFUSAL_LEN]; /* of XDP: the reason of kernel or driver; else empty */
};
XOVL_ASSERT_SIZE(struct xovl_device, 192);

/* networks: array by network index; one with flags 0 is free */
#define XOVL_NET_USED 0x1
#define XOVL_NET_LEARNING 0x2

/*
 * A network's flood list stands in `floods` under (network, generation, position): first nr_ports ports, then
 * nr_peers6 IPv6 peers, then nr_peers4 IPv4 peers. A new list is written under the other generation, then this
 * word is replaced at once.
 */
struct xovl_flood_head {
	__u16 generation;
	__u16 nr_ports;
	__u16 nr_peers6;
	__u16 nr_peers4;
};
XOVL_ASSERT_SIZE(struct xovl_flood_head, 8);

struct xovl_network {
	struct xovl_flood_head flood;
	__u64 ageing_ns; /* 0: learned entries never age */
	__u32 flags;
	__u32 vni;
	__u16 mtu; /* largest inner IP packet, octets; 0: what the underlay carries */
	__be16 dstport;
	__u8 encap;
	__u8 has_local; /* 1: local is given; else the first vtep of the peer's family */
	__u16 pad;
	struct xovl_addr local;
	char name[XOVL_NAME_LEN];
	__u32 order;
	__u32 pad2;
};
XOVL_ASSERT_SIZE(struct xovl_network, 88);

struct xovl_flood_key {
	__u16 net;
	__u16 generation;
	__u32 position;
};
XOVL_ASSERT_SIZE(struct xovl_flood_key, 8);
/* floods: xovl_flood_key -> __u32 index of the port or peer */

/* ports: (interface, VLAN) -> the port it is. vid 0: the interface's untagged frames. */
struct xovl_port_key {
	__u32 ifindex;
	__u32 vid;
};
XOVL_ASSERT_SIZE(struct xovl_port_key, 8);

#define XOVL_PORT_USED 0x1
#define XOVL_PORT_TAGGED 0x2   /* vid 0 and the only port of its interface: tagged frames are carried whole */
#define XOVL_PORT_XDP_XMIT 0x4 /* its interface has XOVL_DEV_XDP_XMIT */

struct xovl_port_ref {
	__u32 index; /* in port_table */
	__u16 net;
	__u16 flags;
};
XOVL_ASSERT_SIZE(struct xovl_port_ref, 8);

/* port_table: array by port index; one with flags 0 is free */
struct xovl_port {
	__u32 ifindex;
	__u16 vid;
	__u16 net;
	__u16 flags;
	__u16 pad;
	__u32 order;
};
XOVL_ASSERT_SIZE(struct xovl_port, 16);

/*
 * peers: array by peer index. A peer is a remote VTEP as seen from one local address, encapsulation and port,
 * because all of these are in its prepared header. family 0: free.
 */
#define XOVL_OUTER_MAX 56 /* IPv6 + UDP + VXLAN */

struct xovl_peer {
	struct xovl_addr remote;
	struct xovl_addr local;
	__u64 confirmed; /* when a frame last went through the kernel's neighbour code, jiffies; written by the datapath */
	__u32 generation; /* never the same for two peers; a cached next hop of another one is void */
	__be16 dstport;
	__u8 encap;
	__u8 family;	/* AF_INET, AF_INET6 */
	__u8 outer_len; /* octets of outer[] in use: 36 or 56 */
	__u8 pad[7];
	__u8 outer
		[XOVL_OUTER_MAX]; /* IP, UDP, VXLAN; lengths, source port and VNI open; IPv4 checksum: the sum of all else */
};
XOVL_ASSERT_SIZE(struct xovl_peer, 112);

/* members: (network, remote VTEP) -> its peer. Only members may send to the network. */
struct xovl_member_key {
	struct xovl_addr remote;
	__u32 net;
	__u32 pad;
};
XOVL_ASSERT_SIZE(struct xovl_member_key, 24);

struct xovl_member {
	__u32 peer;
	__u32 fdb_refs; /* static and control FDB entries that name it */
	__u32 flood;	/* 1: on the flood list */
	__u32 order;	/* position in the flood list */
};
XOVL_ASSERT_SIZE(struct xovl_member, 16);

/* fdb: (network, MAC) -> where it is */
struct xovl_fdb_key {
	__u16 net;
	__u8 mac[6];
};
XOVL_ASSERT_SIZE(struct xovl_fdb_key, 8);

enum xovl_target { XOVL_TARGET_NONE, XOVL_TARGET_PORT, XOVL_TARGET_PEER };
enum xovl_fdb_state { XOVL_FDB_STATIC, XOVL_FDB_LEARNED, XOVL_FDB_CONTROL };

/*
 * The destination is one word, so that one load reads it whole and one compare-and-swap moves a learned entry
 * without ever overwriting a static one. It repeats the network: the kernel may reuse a deleted element's
 * memory under a reader, who must then not deliver into another network.
 */
struct xovl_fdb {
	__u64 dst;  /* xovl_fdb_dst() */
	__u64 seen; /* CLOCK_MONOTONIC_COARSE, ns; learned entries only */
};
XOVL_ASSERT_SIZE(struct xovl_fdb, 16);

/*
 * fdb_hints: a cache in front of fdb, with room for twice as many entries. It holds what static and control entries say, one cache
 * line away instead of three or four. Writers do not lock: a hint whose words do not belong together matches no key.
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

static inline __u64 xovl_fdb_dst(__u16 net, enum xovl_target target, enum xovl_fdb_state state, __u32 index)
{
	return (__u64)index << 32 | (__u64)net << 16 | (__u64)target << 8 | (__u64)state;
}

static inline __u32 xovl_fdb_index(__u64 dst)
{
	return (__u32)(dst >> 32);
}

static inline __u16 xovl_fdb_net(__u64 dst)
{
	return (__u16)(dst >> 16);
}

static inline enum xovl_target xovl_fdb_target(__u64 dst)
{
	return (enum xovl_target)(dst >> 8 & 0xff);
}

static inline enum xovl_fdb_state xovl_fdb_state_of(__u64 dst)
{
	return (enum xovl_fdb_state)(dst & 0xff);
}

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
};
XOVL_ASSERT_SIZE(struct xovl_nexthop, 32);

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
	__u64 dst; /* MAC of the tenant's frame, the first octet lowest; above it XOVL_PATH_FROM_PORT and the bucket of its flow */
	__u64 src;  /* MAC */
	__u64 from; /* a port: its xovl_port_key; a tunnel: service and VNI of its xovl_tunnel_key */
};
XOVL_ASSERT_SIZE(struct xovl_path_key, 24);

#define XOVL_PATH_BUCKET_SHIFT 48
#define XOVL_PATH_FROM_PORT (1ull << 63)

struct xovl_path_tunnel {
	struct xovl_addr remote, local;
};
XOVL_ASSERT_SIZE(struct xovl_path_tunnel, 32);

#define XOVL_PATH_OUTER (14 + XOVL_OUTER_MAX + 2) /* Ethernet, and a multiple of 8 */

#define XOVL_PATH_TO_PEER 0x1
#define XOVL_PATH_IPV6 0x2	 /* to a peer: of the underlay */
#define XOVL_PATH_RESOLVE 0x4	 /* to a peer: the kernel must resolve the neighbour; such a path is never remembered */
#define XOVL_PATH_XDP_XMIT 0x8	 /* the interface takes XDP_REDIRECTed frames */
#define XOVL_PATH_GSO_WHOLE 0x10 /* to a peer: super-frames leave the interface unsegmented */

struct xovl_path {
	struct xovl_path_key key;
	__u64 generation;
	__u64 expires; /* jiffies */
	__u32 origin;  /* index of the port or peer */
	__u32 target;  /* index of the port or peer */
	__u32 ifindex; /* to redirect to */
	__u16 net;
	__u16 port_vid;	   /* VLAN tag that belongs to the origin; 0: none */
	__u16 vid;	   /* VLAN tag of the target port; 0: none */
	__u16 mtu_network; /* to a peer: largest inner IP packet, octets */
	__u16 mtu;	   /* to a peer: of the next hop */
	__u16 flags;
	/* a frame never goes from tunnel to tunnel */
	union {
		struct xovl_path_tunnel tunnel; /* it came through: part of the key */
		__u8 outer[XOVL_PATH_OUTER];	/* to a peer: headers; lengths, checksum, source port open */
	};
};
XOVL_ASSERT_SIZE(struct xovl_path, 136);

/* port_stats, peer_stats, net_stats: per-CPU arrays by index. Bytes are those of the inner frame. */
struct xovl_traffic {
	__u64 rx_packets; /* port: from the tenant; peer, network: out of the tunnel */
	__u64 rx_bytes;
	__u64 tx_packets; /* the other way, flood copies included */
	__u64 tx_bytes;
};
XOVL_ASSERT_SIZE(struct xovl_traffic, 32);

/* What became of the network's frames; with the drops of stage NETWORK they add up to the frames taken. */
struct xovl_net_stats {
	struct xovl_traffic traffic;
	__u64 delivered; /* unicast, to one port */
	__u64 sent;	 /* unicast, to one peer */
	__u64 flooded;	 /* frames that were flooded */
	__u64 copies;	 /* copies that flooding sent */
};
XOVL_ASSERT_SIZE(struct xovl_net_stats, 64);

/* drop_stats: per-CPU array by enum xovl_reason */
struct xovl_drop_stats {
	__u64 packets; /* whole frames */
	__u64 copies;  /* single copies of flooded frames */
};
XOVL_ASSERT_SIZE(struct xovl_drop_stats, 16);

/* settings: one element, userspace only. `xovl down` reads it in any layout: fields are added at the end only. */
struct xovl_settings {
	__u32 layout;
	__u32 next_generation; /* for xovl_peer */
	__u8 lo_forwarding4;   /* net.ipv4.conf.lo.forwarding before xovl set it */
	__u8 lo_forwarding6;
	__u8 dirty; /* 1: a writer is between two states of the tables; the FDB may refer to the older one */
	__u8 pad[5];
	__u64 netns_cookie; /* whose state this is: inode numbers of namespaces are used again */
};
XOVL_ASSERT_SIZE(struct xovl_settings, 24);

#endif
