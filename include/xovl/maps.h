/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keys and values of the maps that userspace configures and the datapath reads, and of the counters; both sides
 * compile them. Host byte order unless the type is __be. Names are NUL-terminated. Padding is explicit and zero.
 */
#ifndef XOVL_MAPS_H
#define XOVL_MAPS_H

#include <linux/types.h>

#include "xovl/addr.h"
#include "xovl/assert.h"
#include "xovl/network.h"
#include "xovl/ports.h"
#include "xovl/wire.h"

#define XOVL_LAYOUT 17 /* raised with every change here and in the other headers of maps; userspace refuses any other */
#define XOVL_DEV_LEN 16
#define XOVL_REFUSAL_LEN 160
#define XOVL_VERSION_LEN 16

enum xovl_foreign {
	XOVL_FOREIGN_REFUSE, /* dropped; a configuration that would take a kernel tunnel's packets is refused */
	XOVL_FOREIGN_PASS,   /* left to the kernel */
	XOVL_FOREIGN_DROP,
};

/* vteps: local tunnel address -> its settings. Userspace only. */
struct xovl_vtep {
	__u32 order;	    /* position in the configuration: the first vtep of a family is the default */
	__u8 foreign;	    /* enum xovl_foreign, for packets whose identifier no network has */
	__u8 xfrm_ignore;   /* 1: packets may bypass IPsec policies */
	__u8 pmtu_distrust; /* 1: path MTUs that routers report are not believed */
	__u8 pad;
	__u16 pmtu_floor; /* a tenant's IP packet of this size (bytes) is sent whatever routers report */
	__u16 pad2;
};
XOVL_ASSERT_SIZE(struct xovl_vtep, 12);

/*
 * Returns the kind of a tunnel packet as one number: the IP protocol in the upper half; in the lower half, for UDP
 * the destination port (network byte order), for GRE enum xovl_gre_id in tunnels and 0 in endpoints.
 */
static inline __u32 xovl_service(__u8 protocol, __be16 detail)
{
	return (__u32)protocol << 16 | detail;
}

enum xovl_gre_id { XOVL_GRE_NO_KEY, XOVL_GRE_KEY, XOVL_GRE_VSID };

/* The datapath's last answer to: is a local tunnel address on this host? */
struct xovl_vtep_check {
	__u32 at;     /* when the kernel was asked, jiffies, lower half; 0: not yet */
	__u32 absent; /* 1: the address was not on this host */
};
XOVL_ASSERT_SIZE(struct xovl_vtep_check, 8);

/*
 * endpoints: (local address, service) where tunnel packets arrive, of all vteps and all services of the networks.
 * Read only for packets that match no tunnel, to leave them to the kernel or drop them.
 */
struct xovl_endpoint_key {
	struct xovl_addr local;
	__u32 service; /* xovl_service() */
	__u32 pad;
};
XOVL_ASSERT_SIZE(struct xovl_endpoint_key, 24);

struct xovl_endpoint {
	__u16 foreign_pass; /* 1: packets with an unknown identifier are left to the kernel */
	__u16 encap;	    /* enum xovl_encap; XOVL_ENCAP_GRE for NVGRE too */
	__u16 pmtu_floor;   /* the least path MTU believed, bytes, over all its networks; 0: no report is believed */
	__u16 pad;
	struct xovl_vtep_check vtep_check;
	__u32 device; /* ifindex of xovl's kernel tunnel device that also receives there; 0: none */
};
XOVL_ASSERT_SIZE(struct xovl_endpoint, 20);

/* tunnels: (local address, service, identifier) -> the network that receives there. */
struct xovl_tunnel_key {
	struct xovl_addr local;
	__u32 service;
	__be32 id; /* as in the header: VNI << 8, VSID << 8 or GRE key; 0 for GRE without key */
};
XOVL_ASSERT_SIZE(struct xovl_tunnel_key, 24);

struct xovl_tunnel {
	__u16 net;
	__u16 encap; /* enum xovl_encap */
	struct xovl_vtep_check vtep_check;
};
XOVL_ASSERT_SIZE(struct xovl_tunnel, 12);

/*
 * geneve_ports: one bit for each UDP port (network byte order): 1 for GENEVE, 0 for VXLAN. So a port has one
 * encapsulation at all local addresses.
 */
#define XOVL_PORT_WORDS (65536 / 64)

/* devices: ifindex -> an interface that xovl uses. */
enum xovl_role {
	XOVL_ROLE_NONE,
	XOVL_ROLE_UPLINK,
	XOVL_ROLE_PORT,
	XOVL_ROLE_VLAN,	  /* a VLAN interface over a tagged uplink: routes lead to it; nothing is attached to it */
	XOVL_ROLE_TUNNEL, /* a kernel tunnel device for a UDP port or for GRE, made by xovl */
};
/* The first three have the values of net.ipv4.conf.*.rp_filter. */
enum xovl_rp_filter { XOVL_RP_FILTER_OFF, XOVL_RP_FILTER_STRICT, XOVL_RP_FILTER_LOOSE, XOVL_RP_FILTER_AUTO };
enum xovl_mode { XOVL_MODE_AUTO, XOVL_MODE_NATIVE, XOVL_MODE_GENERIC, XOVL_MODE_TC };

#define XOVL_DEV_XDP_XMIT 0x1	  /* takes XDP_REDIRECTed frames (NDO_XMIT) */
#define XOVL_DEV_MADE_CLSACT 0x2  /* xovl added the clsact qdisc */
#define XOVL_DEV_MADE_PROMISC 0x4 /* xovl set IFF_PROMISC */
#define XOVL_DEV_GSO_WHOLE 0x8	  /* it sends encapsulated super-frames unsegmented */
#define XOVL_DEV_IP 0x10	  /* an uplink without Ethernet: the kernel's tunnel devices send by it */
#define XOVL_DEV_ENCRYPTS 0x20	  /* as XOVL_DEV_IP, and it encrypts (WireGuard, an IPsec interface) */
#define XOVL_DEV_PEER_AWAY 0x80	  /* a veth whose other end is in another network namespace */
#define XOVL_DEV_GUARDED 0x40	  /* an uplink: entry/guard.h checks its egress, for peers that require encryption */
#define XOVL_DEV_IPV6 0x100	  /* a GRE tunnel device: over IPv6; else over IPv4 */

#define XOVL_UPLINK_OPTIONAL 0x1 /* the interface may be missing */
#define XOVL_UPLINK_GRO_OFF 0x2	 /* no kernel tunnel device just for GRO on this uplink */

/* `xovl down` reads this struct in any layout, so fields are added at the end only. */
struct xovl_device {
	char name[XOVL_DEV_LEN];
	__u8 role;
	__u8 mode_asked;
	__u8 mode; /* enum xovl_mode in force: native, generic or tc */
	__u8 note; /* why mode differs from mode_asked: enum Note of userspace */
	__u32 flags;
	__u32 order;			/* position in the configuration */
	__u16 vid;			/* an uplink: VLAN of the underlay; 0: none */
	__u8 rp_filter;			/* an uplink: enum xovl_rp_filter */
	__u8 choices;			/* an uplink: XOVL_UPLINK_… */
	char refusal[XOVL_REFUSAL_LEN]; /* why kernel or driver refused XDP; else empty */
	__u32 lower_ifindex;		/* a VLAN interface: ifindex of the uplink that sends for it */
	__u32 service;			/* a tunnel device: xovl_service() of the endpoints that it receives for */
};
XOVL_ASSERT_SIZE(struct xovl_device, 200);

/* options: (network or port, use) -> GENEVE options. */
enum xovl_options_use {
	XOVL_OPTIONS_NET,   /* sent for the network */
	XOVL_OPTIONS_PORT,  /* sent for the port, after the network's */
	XOVL_OPTIONS_MATCH, /* required by the network */
	/* Class, type and 0 of each option that the network or one of its ports sends or requires. */
	XOVL_OPTIONS_KNOWN,
};

struct xovl_options_key {
	__u32 index; /* index of the network or port */
	__u32 use;   /* enum xovl_options_use */
};
XOVL_ASSERT_SIZE(struct xovl_options_key, 8);

#define XOVL_OPTIONS_MAX 64 /* the most bytes of options in a sent packet: network's and port's together */

struct xovl_options {
	__u32 len;		       /* bytes in use, a multiple of 4 */
	__u8 octets[XOVL_OPTIONS_MAX]; /* as on the wire; MATCH: one option */
	__u8 mask[XOVL_OPTIONS_MAX];   /* MATCH: the bits that are compared, class and type included */
	__u32 critical;		       /* 1: one of the options is critical */
};
XOVL_ASSERT_SIZE(struct xovl_options, 136);

struct xovl_flood_key {
	__u16 net;
	__u16 list_half;
	__u32 position;
};
XOVL_ASSERT_SIZE(struct xovl_flood_key, 8);
/* floods: xovl_flood_key -> __u32 index of the port or peer. */

/*
 * The reverse path filter's answer for a peer's packets by one uplink, written by decap/rp_filter.h. CPUs that race
 * only ask once more than needed.
 */
struct xovl_rp_answer {
	__u32 ifindex; /* the uplink; 0: none yet */
	__u32 epoch;   /* lower half of `epoch` when the kernel was asked */
	__u32 at;      /* when the kernel was asked, jiffies, lower half */
	__u32 refused; /* 1: packets by this uplink are refused */
};
XOVL_ASSERT_SIZE(struct xovl_rp_answer, 16);

#define XOVL_RP_ANSWERS 4

/* Who carries the tunnel packets to and from a peer. */
enum xovl_via {
	/*
	 * The datapath; the kernel if IPsec policies apply to the packets, or if the route's interface has no
	 * Ethernet.
	 */
	XOVL_VIA_AUTO,
	XOVL_VIA_DIRECT, /* the datapath */
	XOVL_VIA_KERNEL, /* the kernel, so its routes, IPsec policies and netfilter apply */
};

#define XOVL_PEER_ENCRYPTED 0x1	   /* requires encryption: nothing is sent or accepted in the clear */
#define XOVL_PEER_XFRM_OUT 0x2	   /* IPsec policies apply to packets to it, as userspace last saw */
#define XOVL_PEER_XFRM_IN 0x4	   /* IPsec policies apply to packets from it, as userspace last saw */
#define XOVL_PEER_XFRM_IGNORE 0x8  /* IPsec policies are ignored */
#define XOVL_PEER_XFRM_SEALED 0x10 /* IPsec policies make the kernel accept only ESP from it */

/*
 * peers: array by peer index. A peer is a remote VTEP as seen from one local address, with one encapsulation and
 * port, and carried in one way. Family 0: free.
 */
struct xovl_peer {
	struct xovl_addr remote;
	struct xovl_addr local;
	__u64 confirmed;	  /* when a frame last used the kernel's neighbour code, jiffies; set by the datapath */
	__u32 serial;		  /* never the same for two peers; cached next hops with another serial are invalid */
	__be16 dstport;		  /* UDP destination port */
	__u8 encap;		  /* enum xovl_encap */
	__u8 family;		  /* AF_INET, AF_INET6 */
	__u32 route_ifindex;	  /* ifindex that its route led to, as userspace last saw */
	__u32 multi_uplink;	  /* 1: the host has several uplinks; IPv6 then needs gateway */
	struct xovl_addr gateway; /* of the route, or remote itself, as userspace last saw */
	struct xovl_rp_answer rp_answers[XOVL_RP_ANSWERS]; /* by ifindex modulo XOVL_RP_ANSWERS; set by the datapath */
	__u32 device;	  /* ifindex of xovl's kernel tunnel device for packets to it; 0: none */
	__u8 via;	  /* enum xovl_via */
	__u8 flags;	  /* XOVL_PEER_… */
	__u16 kernel_mtu; /* largest packet of the kernel's route, bytes, as userspace last saw; 0: not known */
};
XOVL_ASSERT_SIZE(struct xovl_peer, 144);

/* host: one element: the state of the host when a command last ran, by userspace. */
enum xovl_direction { XOVL_IN, XOVL_OUT };

#define XOVL_XFRM_BLOCKS 0x80000000u

struct xovl_host {
	__u32 xfrm_policies[2];
	__u32 by_kernel; /* 1: the kernel carries some peers' packets, not counting peers of newer policies */
	__u32 pad;
};
XOVL_ASSERT_SIZE(struct xovl_host, 16);

/* sequences: (network, peer) -> GRE sequence numbers, written by the datapath. */
struct xovl_sequence_key {
	__u32 net;
	__u32 peer;
};
XOVL_ASSERT_SIZE(struct xovl_sequence_key, 8);

struct xovl_sequence {
	__u64 received; /* lower half: the newest number; upper half: one in doubt (packet/gre.h) */
	__u64 heard;	/* when a packet that was not late last came, jiffies; 0: never */
	__u32 next;	/* next number to be sent */
	__u32 pad;
};
XOVL_ASSERT_SIZE(struct xovl_sequence, 24);

/* icmp_limits: array by port index: ICMP errors sent to the port's tenants in the current second. */
struct xovl_icmp_limit {
	__u64 since; /* start of that second, jiffies */
	__u32 sent;
	__u32 pad;
};
XOVL_ASSERT_SIZE(struct xovl_icmp_limit, 16);

/* members: (remote VTEP, network) -> its peer. Only members may send to the network. */
struct xovl_member_key {
	struct xovl_addr remote;
	__u32 net;
	__u32 pad;
};
XOVL_ASSERT_SIZE(struct xovl_member_key, 24);

struct xovl_member {
	__u32 peer;
	__u32 fdb_refs; /* number of static and control FDB entries that lead to it */
	__u32 flood;	/* 1: it is on the flood list */
	__u32 order;	/* position in the flood list */
};
XOVL_ASSERT_SIZE(struct xovl_member, 16);

/* fdb: (network, MAC) -> where the MAC is. */
struct xovl_fdb_key {
	__u16 net;
	__u8 mac[6];
};
XOVL_ASSERT_SIZE(struct xovl_fdb_key, 8);

enum xovl_target { XOVL_TARGET_NONE, XOVL_TARGET_PORT, XOVL_TARGET_PEER };
enum xovl_fdb_state { XOVL_FDB_STATIC, XOVL_FDB_LEARNED, XOVL_FDB_CONTROL };

/*
 * The destination is one word, so that one load reads it whole and one compare-and-swap moves a learned entry
 * without overwriting a static one. It repeats the network: the kernel may reuse the memory of a deleted element
 * under a reader, which must not deliver into another network.
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

/* settings: one element, userspace only. `xovl down` reads it in any layout, so fields are added at the end only. */
struct xovl_settings {
	__u32 layout;
	__u32 next_peer_serial;
	__u8 lo_forwarding4; /* net.ipv4.conf.lo.forwarding before xovl set it */
	__u8 lo_forwarding6;
	__u8 dirty;	      /* 1: a command is changing the tables; FDB entries may refer to the old ones */
	__u8 all_forwarding4; /* net.ipv4.conf.all.forwarding at that time */
	__u8 all_forwarding6;
	__u8 pad[3];
	__u64 netns_cookie; /* the network namespace of this state: inode numbers are reused */
	__u64 build;	    /* identifies the loaded programs: class Build of userspace */
	char version[XOVL_VERSION_LEN];
};
XOVL_ASSERT_SIZE(struct xovl_settings, 48);

#endif
