/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The state of the packet at hand where one program or global function hands it to the next: after a jump, and for
 * tunnel packets that the fast path does not finish. Global functions take it from here because the verifier then
 * checks them once, instead of once for each way to them. Per CPU; programs do not preempt each other on one CPU.
 */
#ifndef XOVL_BPF_PACKET_PACKET_H
#define XOVL_BPF_PACKET_PACKET_H

#include "maps/define.h"
#include "packet/destination.h"
#include "packet/flow.h"
#include "packet/outer.h"

/* The progress of the copies of a flooded frame; by out/flood.h and out/flood_peers.h. */
struct flood {
	struct xovl_flood_key first; /* first entry of the list, or of the part being visited */
	__u32 mark;		     /* skb->mark, restored after each copy */
	__u32 nr_peers;
	__u32 pass;	 /* pass over the list of peers; pass 0 sends nothing */
	__u32 room;	 /* bytes of room before the tenant's frame */
	__u32 room_kind; /* kind of a path that needs this room */
	__u32 next_room; /* the room that comes next; 0: none */
	__u32 next_kind;
	__u32 detours; /* copies sent through the kernel's neighbour code */
	bool mixed;
	bool by_kernel; /* the kernel's tunnel devices carried copies first */
	bool gre_by_tc; /* those to GRE peers excepted */
};

/* What l2/security.h checks a frame for. */
struct claim {
	mac_t mac;	  /* source of the frame */
	__u32 port;	  /* index of its port */
	__u32 guards;	  /* the port's XOVL_PORT_GUARD_… */
	__u32 at;	  /* offset of what is read next */
	__u32 end;	  /* of the IPv6 packet, in a fragment: nothing behind it is read */
	bool unspecified; /* IPv6: the source address is :: */
};

struct packet {
	/*
	 * What is known about the frame, without its pointers. packet_keep() sets it before a jump, packet_parse()
	 * from a tunnel packet; tunnel_find() and tunnel_identify() add network, peer, policy and kind.
	 */
	struct frame frame;
	__u8 encap;		  /* of the tunnel, enum xovl_encap; by tunnel_find() */
	struct outer outer;	  /* packet_parse(): the outer headers. pmtu_read(): those that a report quotes */
	struct xovl_path_key key; /* of the frame's path; by the stages that resolve it */
	struct destination to;	  /* result of the look-ups so far; by the stages that resolve it */
	struct claim claim;	  /* a frame from a guarded port; by security_check() */
	struct xovl_addr source;  /* its source address; by port_bind_source() */
	struct flow flow;	  /* flood_tunnel(): the tenant's flow, for the copies to peers */
	struct flood flood;	  /* flood() starts it */
};

XOVL_PERCPU_ARRAY(packets, struct packet, 1);

/* Never NULL: the verifier requires the check. */
static __always_inline struct packet *packet_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&packets, &zero);
}

/* Stores the frame, one fact at a time: as a whole it would need room on the stack of the program. */
static __always_inline void packet_keep(struct packet *packet, const struct frame *f)
{
	struct frame *to = &packet->frame;

	to->len = f->len;
	to->gso_size = f->gso_size;
	to->dst = f->dst;
	to->src = f->src;
	to->net_index = f->net_index;
	to->origin = f->origin;
	to->port_vid = f->port_vid;
	to->outer_len = f->outer_len;
	to->path_policy = f->path_policy;
	to->path_kind = f->path_kind;
	to->reply_mtu = f->reply_mtu;
	to->by_kernel = f->by_kernel;
	to->from_tunnel = f->from_tunnel;
	to->trailer = f->trailer;
	to->nr_tags = f->nr_tags;
	to->tags[0] = f->tags[0];
	to->tags[1] = f->tags[1];
}

/* Takes the frame over from packet_keep() or packet_parse(). What they do not set is 0 there. */
static __always_inline void packet_take(ctx_t *ctx, const struct packet *packet, struct frame *f)
{
	*f = packet->frame;
	f->net = NULL;
	frame_reload(ctx, f);
}

/*
 * Parses a packet from the underlay into packet_get(). Returns false if it is not for xovl. Invalidates packet
 * pointers.
 */
__noinline int packet_parse(ctx_t *ctx)
{
	struct packet *packet = packet_get();
	struct frame f = {.from_tunnel = true, .origin = ORIGIN_NONE, .net_index = XOVL_NET_NONE};

	if (!packet || !frame_open(ctx, &f))
		return false;
	if (!outer_parse(ctx, &f, &packet->outer))
		return false;
	packet_keep(packet, &f);
	return true;
}

#endif
