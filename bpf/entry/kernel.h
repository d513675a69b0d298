/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TC ingress of the kernel's tunnel device for a UDP port or for GRE. While the device exists, the kernel merges
 * (GRO) tunnel packets of that port before TC sees them.
 *
 * The device decapsulates some super-frames, which TC cannot, and all packets of some peers (underlay/by_kernel.h).
 * The uplink's program checks such packets, marks them, and leaves them to the stack. They arrive here without outer
 * headers and continue like any other frame of their peer. Unmarked packets, which came in elsewhere, are accepted
 * only from peers whose packets the kernel carries.
 */
#ifndef XOVL_BPF_ENTRY_KERNEL_H
#define XOVL_BPF_ENTRY_KERNEL_H

#include "entry/uplink.h"
#include "out/kernel.h"

struct tunnel_facts {
	struct xovl_tunnel_key key;
	struct xovl_addr remote;
};

/* Reads the outer headers' facts from the tunnel key. Returns false if the packet does not come from a tunnel. */
static __always_inline bool kernel_read_outer(ctx_t *ctx, __u32 service, struct tunnel_facts *facts)
{
	struct bpf_tunnel_key key = {};
	bool ipv6 = false;

	if (bpf_skb_get_tunnel_key(ctx, &key, sizeof(key), 0)) {
		if (bpf_skb_get_tunnel_key(ctx, &key, sizeof(key), BPF_F_TUNINFO_IPV6))
			return false;
		ipv6 = true;
	}
	facts->key.service = service;
	facts->key.id = bpf_htonl(key.tunnel_id << 8);
	if (service >> 16 == IPPROTO_GRE) {
		facts->key.service = xovl_service(IPPROTO_GRE, XOVL_GRE_KEY);
		facts->key.id = bpf_htonl(key.tunnel_id);
	}
	if (ipv6) {
		__builtin_memcpy(&facts->remote, key.remote_ipv6, sizeof(facts->remote));
		__builtin_memcpy(&facts->key.local, key.local_ipv6, sizeof(facts->key.local));
	} else {
		addr_from_ipv4(&facts->remote, bpf_htonl(key.remote_ipv4));
		addr_from_ipv4(&facts->key.local, bpf_htonl(key.local_ipv4));
	}
	return true;
}

/*
 * Checks the GENEVE options of a packet that the uplink's program has not checked. Returns the drop reason or
 * XOVL_REASON_NONE.
 */
__noinline int kernel_check_options(ctx_t *ctx, __u32 net_index, __u32 net_flags)
{
	struct scratch *scratch = scratch_get();
	bool critical;
	int len;

	if (!scratch)
		return XOVL_REASON_GENEVE_SHORT;
	len = bpf_skb_get_tunnel_opt(ctx, scratch->octets, 256);
	if (len < 0) /* no options */
		len = 0;
	return geneve_check_options(len, net_index, net_flags, &critical);
}

/* Looks up the tunnel; a GRE key also as NVGRE's. Returns NULL if no network has it. */
static __always_inline struct xovl_tunnel *kernel_tunnel(struct xovl_tunnel_key *key)
{
	struct xovl_tunnel *tunnel = bpf_map_lookup_elem(&tunnels, key);

	if (tunnel || key->service >> 16 != IPPROTO_GRE)
		return tunnel;
	tunnel_key_of_nvgre(key);
	return bpf_map_lookup_elem(&tunnels, key);
}

/*
 * Fills in network and peer, and checks that the peer belongs to the network and that the packet came in as that
 * peer's must. Returns the drop reason or XOVL_REASON_NONE.
 */
static __always_inline enum xovl_reason kernel_check(ctx_t *ctx, struct frame *f, struct tunnel_facts *facts,
						     __u32 mark)
{
	bool gre = facts->key.service >> 16 == IPPROTO_GRE;
	enum xovl_reason unknown = gre ? XOVL_REASON_KEY_UNKNOWN : XOVL_REASON_VNI_UNKNOWN;
	struct xovl_tunnel *tunnel = kernel_tunnel(&facts->key);

	if (!tunnel)
		return unknown;
	f->net_index = tunnel->net;
	f->net = network_get(f->net_index);
	if (!f->net)
		return unknown;
	if (!tunnel_peer_get(f, &facts->remote))
		return XOVL_REASON_PEER_UNKNOWN;
	if (!kernel_is_mark(mark))
		mark = 0;
	if (peer_requires_encryption(f->origin) && !(mark & KERNEL_MARK_ENCRYPTED) &&
	    !xfrm_requires_encryption(ctx, f->origin))
		return XOVL_REASON_PLAINTEXT;
	if (!mark && !peer_comes_by_kernel(ctx, f->origin))
		return XOVL_REASON_NOT_BY_UPLINK;
	if (tunnel->encap != XOVL_ENCAP_GENEVE || (mark & KERNEL_MARK_SOUND))
		return XOVL_REASON_NONE;
	return kernel_check_options(ctx, f->net_index, f->net->flags);
}

/* Identifies the frame's network and peer. Any result but OUTCOME_OPEN is the frame's final outcome. */
static __always_inline int kernel_identify(ctx_t *ctx, struct frame *f)
{
	__u32 ifindex = hook_ifindex(ctx);
	struct xovl_device *device = bpf_map_lookup_elem(&devices, &ifindex);
	struct tunnel_facts facts = {};
	enum xovl_reason reason;
	__u32 mark = hook_mark(ctx);

	hook_set_mark(ctx, 0);
	if (!device || !kernel_read_outer(ctx, device->service, &facts))
		return OUTCOME_CONSUMED;
	reason = kernel_check(ctx, f, &facts, mark);
	if (reason && reason_is_outer(reason))
		f->origin = ORIGIN_NONE; /* counted by interface, though the peer may be known */
	return reason;
}

/* Copies the packet's group to skb->mark. Returns false if the source must not be learned. */
static __always_inline bool kernel_read_group(ctx_t *ctx, const struct frame *f)
{
	struct kernel_group group = {};

	if (!(f->net->flags & XOVL_NET_GBP) || bpf_skb_get_tunnel_opt(ctx, &group, sizeof(group)) <= 0)
		return true;
	hook_set_mark(ctx, group.gbp & XOVL_VXLAN_GROUP);
	return !(group.gbp & XOVL_VXLAN_D);
}

/* Forwards the frame to ports. Returns its outcome. */
static __always_inline int kernel_deliver(ctx_t *ctx, struct frame *f)
{
	struct xovl_path_key key = {};
	struct destination to = {};
	struct path_place place;
	bool learns;
	int outcome;

	if (!path_place_scratch(SCRATCH_PATH_FRAME, &place))
		return OUTCOME_CONSUMED;
	lookup_begin(&to);
	lookup_enter_network(f, &to);
	learns = kernel_read_group(ctx, f);
	outcome = tunnel_frame_forward(ctx, f, !learns, &to);
	if (outcome != OUTCOME_OPEN)
		return outcome;
	path_fill(place.path, &key, f, &to);
	f->by_kernel = true;
	outcome = port_path_make(ctx, f, &to, place.path);
	return outcome == OUTCOME_OPEN ? port_out(ctx, f, place.path) : outcome;
}

/* Entry. Nothing goes on to the host's own IP stack. */
static __always_inline int kernel_device_ingress(ctx_t *ctx)
{
	struct frame f = {.from_tunnel = true, .origin = ORIGIN_NONE, .net_index = XOVL_NET_NONE};
	int outcome = OUTCOME_CONSUMED;

	if (frame_open(ctx, &f) && ingress_in_netns(ctx)) {
		frame_read_macs(&f, f.data);
		f.len += frame_skb_tag_len(ctx, &f);
		outcome = kernel_identify(ctx, &f);
		if (outcome == OUTCOME_OPEN)
			outcome = kernel_deliver(ctx, &f);
	}
	return frame_finish(ctx, &f, outcome == OUTCOME_PASS ? OUTCOME_CONSUMED : outcome);
}

#endif
