/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The records of ports, and what guarded ports may send. See maps.h for the conventions. */
#ifndef XOVL_PORTS_H
#define XOVL_PORTS_H

#include <linux/types.h>

#include "xovl/addr.h"
#include "xovl/assert.h"

/* ports: (interface, VLAN) -> port. vid 0: the interface's untagged frames. */
struct xovl_port_key {
	__u32 ifindex;
	__u32 vid;
};
XOVL_ASSERT_SIZE(struct xovl_port_key, 8);

#define XOVL_PORT_USED 0x1
#define XOVL_PORT_TAGGED 0x2	   /* vid 0: carries tagged frames whole */
#define XOVL_PORT_XDP_XMIT 0x4	   /* its interface has XOVL_DEV_XDP_XMIT */
#define XOVL_PORT_GROUP 0x8	   /* group is set */
#define XOVL_PORT_OPTIONS 0x10	   /* `options` holds options that its frames are sent with */
#define XOVL_PORT_TO_PEER 0x20	   /* frames for it, but no super-frames, go straight into the veth's other end */
#define XOVL_PORT_ISOLATED 0x40	   /* no frames between it and other isolated ports */
#define XOVL_PORT_LOCKED 0x80	   /* only frames whose source has a static FDB entry at the port */
#define XOVL_PORT_GUARD_MAC 0x100  /* source MACs must be in port_macs */
#define XOVL_PORT_GUARD_IP 0x200   /* source addresses must be in port_prefixes */
#define XOVL_PORT_GUARD_DHCP 0x400 /* no messages of DHCP servers */
#define XOVL_PORT_GUARD_RA 0x800   /* no Router Advertisements and Redirects */
#define XOVL_PORT_GUARD_LINK_LOCAL 0x1000 /* the link-local address of the source MAC is allowed, too: with mac-guard */
#define XOVL_PORT_STICKY 0x8000		  /* MACs learned at the port do not move away while they are in use */
#define XOVL_PORT_GUARDS 0xf00		  /* any of these guards */
#define XOVL_PORT_WANTS_PEER 0x2000	  /* XOVL_PORT_TO_PEER is wanted if possible. Userspace only. */
#define XOVL_PORT_OPTIONAL 0x4000	  /* its interface may be missing. Userspace only. */

struct xovl_port_ref {
	__u32 index; /* index in port_table */
	__u16 net;
	__u16 flags;
};
XOVL_ASSERT_SIZE(struct xovl_port_ref, 8);

/* port_table: array by port index. Flags 0: free. */
struct xovl_port {
	__u32 ifindex;
	__u16 vid;
	__u16 net;
	__u16 flags;
	__u16 group; /* VXLAN Group Policy ID of its frames */
	__u32 order;
	/* As asked for. Userspace only. */
	__u8 dhcp_guard; /* enum xovl_guard */
	__u8 ra_guard;
	__u8 tagged; /* enum xovl_tagged */
	__u8 pad;
	__u32 mac_limit; /* most learned entries that lead to it; 0: no limit of its own */
};
XOVL_ASSERT_SIZE(struct xovl_port, 24);

/* Whether an untagged port takes tagged frames whole. Auto: if it is the only port of its interface. */
enum xovl_tagged { XOVL_TAGGED_AUTO, XOVL_TAGGED_WHOLE, XOVL_TAGGED_NONE };

/* Auto: on if the port has a mac-guard or an ip-guard. */
enum xovl_guard { XOVL_GUARD_AUTO, XOVL_GUARD_ON, XOVL_GUARD_OFF };

/* port_macs: (port index, MAC) -> __u32 position in the list of mac-guard. */
struct xovl_port_mac {
	__u64 mac; /* first byte lowest */
	__u32 port;
	__u32 pad;
};
XOVL_ASSERT_SIZE(struct xovl_port_mac, 16);

/* port_prefixes: longest prefix match: (port index and family, address) -> __u32 position in the list of ip-guard. */
#define XOVL_PORT_PREFIX_IPV6 0x80000000u /* in port */

struct xovl_port_prefix {
	__u32 bits; /* XOVL_PORT_PREFIX_BITS() */
	__u32 port;
	struct xovl_addr address;
};
XOVL_ASSERT_SIZE(struct xovl_port_prefix, 24);

/* Bits of a key whose address matters in its first n bits, IPv4 as ::ffff:a.b.c.d. */
#define XOVL_PORT_PREFIX_BITS(n) (32 + (n))

#endif
