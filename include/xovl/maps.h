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

#define XOVL_LAYOUT 14 /* raised with every change below, in caches.h and in reasons.h; userspace refuses another one */
#define XOVL_NAME_LEN 32
#define XOVL_DEV_LEN 16
#define XOVL_REFUSAL_LEN 160
#define XOVL_VERSION_LEN 16

enum xovl_foreign {
	XOVL_FOREIGN_REFUSE, /* dropped; what a tunnel of the kernel would miss is refused */
	XOVL_FOREIGN_PASS,   /* left to the kernel */
	XOVL_FOREIGN_DROP,
};

/* vteps: local tunnel address -> what the user asked for. Userspace only. */
struct xovl_vtep {
	__u32 order;	    /* position in the configuration: the first of a family is the default local address */
	__u8 foreign;	    /* enum xovl_foreign: what becomes of identifiers that no network has */
	__u8 xfrm_ignore;   /* 1: IPsec policies may be passed by */
	__u8 pmtu_distrust; /* 1: what routers say of the path MTU is not believed */
	__u8 pad;
	__u16 pmtu_floor; /* octets of a tenant's IP packet that is sent whatever they say */
	__u16 pad2;
};
XOVL_ASSERT_SIZE(struct xovl_vtep, 12);

/*
 * What a tunnel packet says of its kind, as one number: the IP protocol, and for UDP the destination port; for GRE what its
 * identifier is, of tunnels, and 0 of endpoints.
 */
static inline __u32 xovl_service(__u8 protocol, __be16 detail)
{
	return (__u32)protocol << 16 | detail;
}

enum xovl_gre_id { XOVL_GRE_NO_KEY, XOVL_GRE_KEY, XOVL_GRE_VSID };

/* Whether a local tunnel address is one of this host's, as the datapath saw last. */
struct xovl_seen {
	__u32 at;     /* the lower half of the jiffies; not yet: 0 */
	__u32 absent; /* 1: it was not */
};
XOVL_ASSERT_SIZE(struct xovl_seen, 8);

/*
 * endpoints: where tunnel packets arrive, from vteps x services of the networks. Asked only for what no tunnel matches: it
 * then decides between the kernel's and ours with an error.
 */
struct xovl_endpoint_key {
	struct xovl_addr local;
	__u32 service; /* xovl_service() */
	__u32 pad;
};
XOVL_ASSERT_SIZE(struct xovl_endpoint_key, 24);

struct xovl_endpoint {
	__u16 foreign_pass; /* 1: an unknown identifier is the kernel's */
	__u16 encap;	    /* enum xovl_encap; GRE stands for NVGRE, too */
	__u16 pmtu_floor;   /* the least path MTU that is believed, for any of its networks; 0: none is */
	__u16 pad;
	struct xovl_seen seen;
	__u32 device; /* the kernel's tunnel device that is ours and receives there, too; 0: none */
};
XOVL_ASSERT_SIZE(struct xovl_endpoint, 20);

/* tunnels: (local address, service, identifier) -> the network that receives there */
struct xovl_tunnel_key {
	struct xovl_addr local;
	__u32 service;
	__be32 id; /* as the header has it: VNI << 8, VSID << 8, the GRE key; without key 0 */
};
XOVL_ASSERT_SIZE(struct xovl_tunnel_key, 24);

struct xovl_tunnel {
	__u16 net;
	__u16 encap; /* enum xovl_encap */
	struct xovl_seen seen;
};
XOVL_ASSERT_SIZE(struct xovl_tunnel, 12);

/*
 * geneve_ports: one bit for each UDP port (network byte order) where GENEVE arrives; on all others it is VXLAN. So a port is
 * of one kind, at whatever address.
 */
#define XOVL_PORT_WORDS (65536 / 64)

/* devices: ifindex -> an interface that xovl is attached to */
enum xovl_role {
	XOVL_ROLE_NONE,
	XOVL_ROLE_UPLINK,
	XOVL_ROLE_PORT,
	XOVL_ROLE_VLAN,	  /* a VLAN interface over a tagged uplink: routes lead there; nothing is attached to it */
	XOVL_ROLE_TUNNEL, /* a tunnel device of the kernel's, for a UDP port or for GRE, which xovl has made */
};
/* The first three as in net.ipv4.conf.*.rp_filter. */
enum xovl_rp_filter { XOVL_RP_FILTER_OFF, XOVL_RP_FILTER_STRICT, XOVL_RP_FILTER_LOOSE, XOVL_RP_FILTER_AUTO };
enum xovl_mode { XOVL_MODE_AUTO, XOVL_MODE_NATIVE, XOVL_MODE_GENERIC, XOVL_MODE_TC };

#define XOVL_DEV_XDP_XMIT 0x1	  /* takes XDP_REDIRECTed frames (NDO_XMIT) */
#define XOVL_DEV_MADE_CLSACT 0x2  /* xovl added the clsact qdisc */
#define XOVL_DEV_MADE_PROMISC 0x4 /* xovl set IFF_PROMISC */
#define XOVL_DEV_GSO_WHOLE 0x8	  /* super-frames of tunnels leave it unsegmented */
#define XOVL_DEV_IP 0x10	  /* an uplink that is no Ethernet: the kernel's tunnel devices send by it */
#define XOVL_DEV_ENCRYPTS 0x20	  /* the same, and what leaves by it is encrypted (WireGuard, an interface of IPsec) */
#define XOVL_DEV_PEER_AWAY 0x80	  /* a veth whose other end is in another network namespace */
#define XOVL_DEV_GUARDED 0x40	  /* an uplink: what leaves it is looked at, for peers that require encryption */
#define XOVL_DEV_IPV6 0x100	  /* a tunnel device for GRE: over IPv6, else IPv4 */

#define XOVL_UPLINK_OPTIONAL 0x1 /* the interface may be missing */
#define XOVL_UPLINK_GRO_OFF 0x2	 /* no tunnel device for its sake */

/* `xovl down` reads it in any layout: fields are added at the end only. */
struct xovl_device {
	char name[XOVL_DEV_LEN];
	__u8 role;
	__u8 mode_asked;
	__u8 mode; /* in force: native, generic or tc */
	__u8 note; /* why mode differs from mode_asked: enum Note of userspace */
	__u32 flags;
	__u32 order;			/* position in the configuration */
	__u16 vid;			/* an uplink: the VLAN that the underlay is; 0: none */
	__u8 rp_filter;			/* an uplink: enum xovl_rp_filter */
	__u8 choices;			/* an uplink: XOVL_UPLINK_… */
	char refusal[XOVL_REFUSAL_LEN]; /* of XDP: the reason of kernel or driver; else empty */
	__u32 via;			/* of a VLAN interface: the uplink that sends for it */
	__u32 service;			/* of a tunnel device: that of the endpoints which it receives for */
};
XOVL_ASSERT_SIZE(struct xovl_device, 200);

/* networks: array by network index; one with flags 0 is free */
#define XOVL_NET_USED 0x1
#define XOVL_NET_LEARNING 0x2
#define XOVL_NET_KEYLESS 0x4	      /* GRE: no key on the wire */
#define XOVL_NET_TTL_INHERIT 0x8      /* outer TTL or hop limit: of the inner packet, else ttl */
#define XOVL_NET_DSCP_INHERIT 0x10    /* outer DSCP: of the inner packet, else that of tos */
#define XOVL_NET_DF_UNSET 0x20	      /* outer IPv4: DF is clear */
#define XOVL_NET_DF_INHERIT 0x40      /* outer IPv4: DF of the inner packet */
#define XOVL_NET_UDPCSUM 0x80	      /* outer UDP checksum, else zero */
#define XOVL_NET_NO_ZEROCSUM6 0x100   /* over IPv6 a zero UDP checksum is refused */
#define XOVL_NET_FLOWLABEL_HASH 0x200 /* IPv6: the flow label is of the flow, else flowlabel */
#define XOVL_NET_CSUM 0x400	      /* GRE: checksum */
#define XOVL_NET_SEQ 0x800	      /* GRE: sequence numbers */
#define XOVL_NET_SEQ_STRICT 0x1000    /* GRE: late ones are dropped */
#define XOVL_NET_GBP 0x2000	      /* VXLAN: Group Policy extension */
#define XOVL_NET_STRICT 0x4000	      /* VXLAN: reserved bits must be zero */
#define XOVL_NET_MSS_CLAMP 0x8000     /* TCP SYNs: an MSS that fits */
#define XOVL_NET_OPTIONS 0x10000      /* GENEVE: `options` has what it sends */
#define XOVL_NET_MATCH 0x20000	      /* GENEVE: `options` has what it requires */
#define XOVL_NET_KNOWN 0x40000	      /* GENEVE: `options` has what it knows */
#define XOVL_NET_GSO_OFF 0x80000      /* no super-frames are expected of its ports. Userspace only. */
#define XOVL_NET_BPDU_DROP 0x100000   /* BPDUs are dropped; without it and the next one they are carried */
#define XOVL_NET_BPDU_PUNT 0x200000   /* BPDUs of ports are left to the kernel, those of peers dropped */
#define XOVL_NET_VIA_DIRECT \
	0x400000 /* enum xovl_via of peers that say nothing of it. This and the next two: userspace only. */
#define XOVL_NET_VIA_KERNEL 0x800000 /* the same; neither: auto */
#define XOVL_NET_ENCRYPTED 0x1000000 /* XOVL_PEER_ENCRYPTED of peers that say nothing of it */

/*
 * A network's flood list stands in `floods` under (network, list_half, position): first nr_ports ports, then nr_peers peers.
 * A new list is written under the other half (0 or 1), then this word is replaced at once.
 */
struct xovl_flood_head {
	__u16 list_half;
	__u16 nr_ports;
	__u16 nr_peers;
	__u16 mixed; /* 1: the peers' outer headers differ in family or kind */
};
XOVL_ASSERT_SIZE(struct xovl_flood_head, 8);

struct xovl_network {
	struct xovl_flood_head flood;
	__u64 ageing_ns; /* 0: learned entries never age */
	__u32 flags;
	__u32 id;	/* VNI, VSID or GRE key */
	__u16 mtu;	/* largest inner IP packet, octets; 0: what the underlay carries */
	__be16 dstport; /* of UDP, and of peers without a port of their own */
	__u8 encap;	/* enum xovl_encap; a peer can have another */
	__u8 has_local; /* 1: local is given; else the first vtep of the peer's family */
	__u8 ttl;
	__u8 tos; /* DSCP << 2 */
	struct xovl_addr local;
	char name[XOVL_NAME_LEN];
	__u32 order;
	__u16 sport_min; /* outer UDP source ports */
	__u16 sport_max;
	__u32 flowlabel;
	__u32 port_options; /* GENEVE: octets of options of the port that has most of its own */
	__u32 mac_limit;    /* learned entries; 0: a share of what is free (xovl/learned.h) */
	__u32 pad;
};
XOVL_ASSERT_SIZE(struct xovl_network, 104);

/* options: GENEVE options, for a network or port that has any */
enum xovl_options_use {
	XOVL_OPTIONS_NET,   /* sent for the network */
	XOVL_OPTIONS_PORT,  /* sent for the port, besides */
	XOVL_OPTIONS_MATCH, /* required by the network */
	XOVL_OPTIONS_KNOWN, /* class, type and a 0 of each that the network or one of its ports sends or requires */
};

struct xovl_options_key {
	__u32 index; /* of the network; of the port */
	__u32 use;   /* enum xovl_options_use */
};
XOVL_ASSERT_SIZE(struct xovl_options_key, 8);

#define XOVL_OPTIONS_MAX 64 /* octets in a packet sent: those of network and port together */

struct xovl_options {
	__u32 len;		       /* octets in use, a multiple of 4 */
	__u8 octets[XOVL_OPTIONS_MAX]; /* as on the wire; of a match one option */
	__u8 mask[XOVL_OPTIONS_MAX];   /* of a match: the bits that count, its class and type among them */
	__u32 critical;		       /* 1: one of them is */
};
XOVL_ASSERT_SIZE(struct xovl_options, 136);

struct xovl_flood_key {
	__u16 net;
	__u16 list_half;
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
#define XOVL_PORT_TAGGED 0x2	    /* vid 0 and the only port of its interface: tagged frames are carried whole */
#define XOVL_PORT_XDP_XMIT 0x4	    /* its interface has XOVL_DEV_XDP_XMIT */
#define XOVL_PORT_GROUP 0x8	    /* group is given */
#define XOVL_PORT_OPTIONS 0x10	    /* `options` has what its frames are sent with */
#define XOVL_PORT_TO_PEER 0x20	    /* small frames for it go into the veth's other end at once */
#define XOVL_PORT_WANTS_PEER 0x2000 /* they are to, where that is possible; for userspace */
#define XOVL_PORT_OPTIONAL 0x4000   /* its interface may be missing; for userspace */

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
	__u16 group; /* VXLAN group policy ID of its frames */
	__u32 order;
};
XOVL_ASSERT_SIZE(struct xovl_port, 16);

/* An uplink by which packets of a peer came in, and what reverse path filtering said of it. CPUs that race for it ask once more. */
struct xovl_way_in {
	__u32 ifindex; /* 0: none yet */
	__u32 epoch;   /* the lower half of `epoch` when the kernel was asked */
	__u32 at;      /* jiffies, the lower half */
	__u32 refused; /* 1: they are not the peer's */
};
XOVL_ASSERT_SIZE(struct xovl_way_in, 16);

#define XOVL_WAYS_IN 4

/* Who carries tunnel packets to and from a peer. */
enum xovl_via {
	XOVL_VIA_AUTO, /* the datapath; the kernel where IPsec policies are for them, or the route's interface is no Ethernet */
	XOVL_VIA_DIRECT, /* the datapath */
	XOVL_VIA_KERNEL, /* the kernel: its routes, IPsec policies and netfilter hold for them */
};

#define XOVL_PEER_ENCRYPTED 0x1	   /* nothing is sent to it, or taken from it, in the clear */
#define XOVL_PEER_XFRM_OUT 0x2	   /* IPsec policies are for what is sent to it, as userspace saw last */
#define XOVL_PEER_XFRM_IN 0x4	   /* the same of what comes from it */
#define XOVL_PEER_XFRM_IGNORE 0x8  /* they do not matter */
#define XOVL_PEER_XFRM_SEALED 0x10 /* because of them the kernel takes nothing from it but what came by ESP */

/*
 * peers: array by peer index. A peer is a remote VTEP as seen from one local address, with one encapsulation and port, and carried
 * in one way. family 0: free.
 */
struct xovl_peer {
	struct xovl_addr remote;
	struct xovl_addr local;
	__u64 confirmed; /* when a frame last went through the kernel's neighbour code, jiffies; written by the datapath */
	__u32 serial;	 /* never the same for two peers; a cached next hop of another one is void */
	__be16 dstport; /* of UDP */
	__u8 encap;	/* enum xovl_encap */
	__u8 family;	/* AF_INET, AF_INET6 */
	__u32 routed;	/* the interface that its route led to, as userspace saw it */
	__u32 several;	/* 1: over several uplinks; then of IPv6 the gateway counts, too */
	struct xovl_addr gateway;
	struct xovl_way_in ways_in[XOVL_WAYS_IN]; /* by ifindex modulo their number; written by the datapath */
	__u32 device; /* the kernel's tunnel device for packets to it, which is ours; 0: none */
	__u8 via;     /* enum xovl_via */
	__u8 flags;   /* XOVL_PEER_… */
	__u16 kernel_mtu; /* octets of the largest packet that the kernel's way takes, as userspace saw last; 0: not known */
};
XOVL_ASSERT_SIZE(struct xovl_peer, 144);

/*
 * host: one element: what userspace found on the host when a command ran last. Counts are as the kernel keeps them, by enum
 * xovl_direction, with XOVL_XFRM_BLOCKS where packets without a policy are blocked.
 */
enum xovl_direction { XOVL_IN, XOVL_OUT };

#define XOVL_XFRM_BLOCKS 0x80000000u

struct xovl_host {
	__u32 xfrm_policies[2];
	__u32 by_kernel; /* 1: there are peers whose packets the kernel carries, besides those that new policies are for */
	__u32 pad;
};
XOVL_ASSERT_SIZE(struct xovl_host, 16);

/* sequences: (network, peer) -> GRE sequence numbers, written by the datapath */
struct xovl_sequence_key {
	__u32 net;
	__u32 peer;
};
XOVL_ASSERT_SIZE(struct xovl_sequence_key, 8);

struct xovl_sequence {
	__u64 received; /* the newest number, and above it one that is in doubt */
	__u64 heard;	/* when a packet was last not late, jiffies; 0: never */
	__u32 next;	/* to be sent */
	__u32 pad;
};
XOVL_ASSERT_SIZE(struct xovl_sequence, 24);

/* icmp_limits: array by port index: errors sent to a tenant within a span of time, so that there are not too many */
struct xovl_icmp_limit {
	__u64 since; /* jiffies */
	__u32 sent;
	__u32 pad;
};
XOVL_ASSERT_SIZE(struct xovl_icmp_limit, 16);

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
	__u64 by_xdp;	 /* of both, those that XDP finished */
	__u64 flooded;	 /* frames that were flooded */
	__u64 copies;	 /* copies that flooding sent */
	__u64 by_kernel; /* frames and copies that a tunnel device of the kernel's encapsulated or unpacked */
};
XOVL_ASSERT_SIZE(struct xovl_net_stats, 80);

/* drop_stats: per-CPU array by enum xovl_reason */
struct xovl_drop_stats {
	__u64 packets; /* whole frames */
	__u64 copies;  /* single copies of flooded frames */
};
XOVL_ASSERT_SIZE(struct xovl_drop_stats, 16);

/*
 * drop_places: per-CPU hash: the same by network and place, from the first drop on. Those that there is no room for are counted by
 * reason alone.
 */
#define XOVL_DROP_PLACES 8192
#define XOVL_NET_NONE 0xffff

enum xovl_place_kind {
	XOVL_PLACE_PORT,   /* index of the port */
	XOVL_PLACE_PEER,   /* index of the peer */
	XOVL_PLACE_DEVICE, /* ifindex of the uplink, where the sender is no peer, or not known to be one yet */
};

#define XOVL_PLACE_SHIFT 30

static inline __u32 xovl_place(enum xovl_place_kind kind, __u32 index)
{
	return (__u32)kind << XOVL_PLACE_SHIFT | (index & ((1u << XOVL_PLACE_SHIFT) - 1));
}

struct xovl_drop_key {
	__u16 reason;
	__u16 net;   /* index; XOVL_NET_NONE: not known */
	__u32 place; /* xovl_place() */
};
XOVL_ASSERT_SIZE(struct xovl_drop_key, 8);

/* device_stats: per-CPU hash by ifindex, of interfaces with ports */
struct xovl_device_stats {
	__u64 vlan_unknown; /* frames left to the kernel: no port has their VLAN */
};
XOVL_ASSERT_SIZE(struct xovl_device_stats, 8);

/* settings: one element, userspace only. `xovl down` reads it in any layout: fields are added at the end only. */
struct xovl_settings {
	__u32 layout;
	__u32 next_peer_serial;
	__u8 lo_forwarding4; /* net.ipv4.conf.lo.forwarding before xovl set it */
	__u8 lo_forwarding6;
	__u8 dirty;	      /* 1: a writer is between two states of the tables; the FDB may refer to the older one */
	__u8 all_forwarding4; /* net.ipv4.conf.all.forwarding then */
	__u8 all_forwarding6;
	__u8 pad[3];
	__u64 netns_cookie; /* whose state this is: inode numbers of namespaces are used again */
	__u64 build;	    /* which programs were loaded: class Build of userspace */
	char version[XOVL_VERSION_LEN];
};
XOVL_ASSERT_SIZE(struct xovl_settings, 48);

#endif
