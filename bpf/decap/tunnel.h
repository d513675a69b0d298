/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Identifies a tunnel packet without a cached path: finds its network and its peer, and checks its tunnel header.
 * The second stage of decapsulation, after packet/outer.h.
 */
#ifndef XOVL_BPF_DECAP_TUNNEL_H
#define XOVL_BPF_DECAP_TUNNEL_H

#include "outcome.h"
#include "packet/geneve.h"
#include "packet/gre.h"
#include "packet/packet.h"
#include "packet/vxlan.h"
#include "path/path.h"
#include "underlay/by_kernel.h"
#include "underlay/vtep.h"

/* True if the uplink is live and the packet is of its VLAN. XDP has checked both. */
static __always_inline bool uplink_has_vlan(ctx_t *ctx)
{
	__u32 ifindex = hook_ifindex(ctx);
	struct xovl_device *device;

	if (HOOK_IS_XDP)
		return true;
	device = bpf_map_lookup_elem(&devices, &ifindex);
	return device && device->vid == underlay_vid(ctx) && device_is_live(ifindex);
}

/*
 * Looks up the network that receives the tunnel, and fills it in with the tunnel's encapsulation. Returns NULL if
 * there is none.
 */
static __always_inline struct xovl_tunnel *tunnel_get(struct frame *f, const struct xovl_tunnel_key *key,
						      enum xovl_encap *encap)
{
	struct xovl_tunnel *tunnel = bpf_map_lookup_elem(&tunnels, key);

	if (!tunnel)
		return NULL;
	f->net_index = tunnel->net;
	*encap = tunnel->encap;
	return tunnel;
}

/* Turns a GRE key into the NVGRE key with the same VSID, without FlowID. */
static __always_inline void tunnel_key_of_nvgre(struct xovl_tunnel_key *key)
{
	key->id &= bpf_htonl(0xffffff00);
	key->service = xovl_service(IPPROTO_GRE, XOVL_GRE_VSID);
}

/*
 * Looks up a GRE packet's network: by its GRE key first, then by the key as VSID and FlowID of NVGRE, because the
 * header does not tell which it is.
 */
static __always_inline struct xovl_tunnel *tunnel_get_gre(struct frame *f, const struct outer *outer,
							  struct xovl_tunnel_key *key, enum xovl_encap *encap)
{
	bool keyed = gre_flags(outer) & XOVL_GRE_K;
	struct xovl_tunnel *tunnel;

	key->id = outer->id.header >> 32;
	key->service = xovl_service(IPPROTO_GRE, keyed ? XOVL_GRE_KEY : XOVL_GRE_NO_KEY);
	tunnel = tunnel_get(f, key, encap);
	if (tunnel || !keyed)
		return tunnel;
	tunnel_key_of_nvgre(key);
	return tunnel_get(f, key, encap);
}

/* Looks up the packet's tunnel, and fills in its network. Returns NULL if there is none. */
static __always_inline struct xovl_tunnel *tunnel_of_packet(struct frame *f, const struct outer *outer,
							    enum xovl_encap *encap)
{
	struct scratch *scratch = scratch_get();
	struct xovl_tunnel_key *key;

	if (!scratch)
		return NULL;
	key = &scratch->tunnel;
	key->local = outer->id.tunnel.local;
	if (outer_is_gre(outer))
		return tunnel_get_gre(f, outer, key, encap);
	key->service = outer_service(&outer->id);
	key->id = outer->id.header >> 32 & bpf_htonl(0xffffff00); /* the lower 8 bits are reserved */
	return tunnel_get(f, key, encap);
}

/* Returns the endpoint where a packet arrives, or NULL if none of ours receives there. */
static __always_inline struct xovl_endpoint *endpoint_of(const struct outer_id *id)
{
	struct xovl_endpoint_key key = {.local = id->tunnel.local, .service = outer_service(id)};

	return bpf_map_lookup_elem(&endpoints, &key);
}

/*
 * True if the packet in packet_get(), which no network receives, is left to the kernel. False if one of our endpoints receives at that
 * address, does not share it with the kernel, and the address is on this host.
 */
__noinline int tunnel_is_foreign(ctx_t *ctx)
{
	struct packet *packet = packet_get();
	struct xovl_endpoint *endpoint;

	if (!packet)
		return true;
	endpoint = endpoint_of(&packet->outer.id);
	return !endpoint || endpoint->foreign_pass ||
	       vtep_was_absent(ctx, &endpoint->vtep_check, &packet->outer.id.tunnel.local);
}

/* Fills in the peer. Returns false if the network has no peer with that address. */
static __always_inline bool tunnel_peer_get(struct frame *f, const struct xovl_addr *remote)
{
	struct scratch *scratch = scratch_get();
	struct xovl_member *peer;

	if (!scratch)
		return false;
	scratch->member = (struct xovl_member_key){.remote = *remote, .net = f->net_index};
	peer = bpf_map_lookup_elem(&members, &scratch->member);
	if (!peer)
		return false;
	f->origin = peer->peer;
	return true;
}

/*
 * Returns the policy of paths for packets from the tunnel: the checks and changes of decap/verify.h that they need.
 */
static __always_inline __u32 tunnel_policy(const struct outer *outer, __u32 net_flags, enum xovl_encap encap)
{
	__u32 policy = XOVL_NET_MSS_CLAMP;

	if (encap == XOVL_ENCAP_GRE)
		policy |= XOVL_NET_SEQ_STRICT;
	if (!outer_is_gre(outer) && !addr_is_ipv4(&outer->id.tunnel.remote))
		policy |= XOVL_NET_NO_ZEROCSUM6;
	if (encap == XOVL_ENCAP_VXLAN && vxlan_has_group(outer))
		policy |= XOVL_NET_GBP;
	return net_flags & policy;
}

static __always_inline enum xovl_reason tunnel_header_check(ctx_t *ctx, const struct frame *f,
							    const struct outer *outer, __u32 net_flags,
							    enum xovl_encap encap)
{
	if (outer_is_gre(outer))
		return gre_check(outer, encap);
	if (outer_is_geneve(outer))
		return geneve_check(ctx, f, outer, net_flags);
	return vxlan_check(outer, net_flags);
}

/*
 * Finds the network of the packet in packet_get(): the first half of the look-up. Returns OUTCOME_PASS if the packet is
 * left to the kernel, else OUTCOME_OPEN; XOVL_NET_NONE: no network receives it.
 */
__noinline int tunnel_find(ctx_t *ctx)
{
	struct packet *packet = packet_get();
	enum xovl_encap encap = XOVL_ENCAP_NONE;
	struct xovl_network *net = NULL;
	struct xovl_tunnel *tunnel;
	struct frame *f;

	if (!packet || !uplink_has_vlan(ctx))
		return OUTCOME_PASS;
	f = &packet->frame;
	f->origin = ORIGIN_NONE;
	lookup_begin(&packet->to);
	tunnel = tunnel_of_packet(f, &packet->outer, &encap);
	packet->encap = encap;
	if (tunnel && vtep_was_absent(ctx, &tunnel->vtep_check, &packet->outer.id.tunnel.local))
		return OUTCOME_PASS; /* the kernel may route it on */
	if (tunnel) {
		lookup_enter_network(f, &packet->to);
		net = network_get(f->net_index);
	}
	if (!net)
		f->net_index = XOVL_NET_NONE;
	return !net && tunnel_is_foreign(ctx) ? OUTCOME_PASS : OUTCOME_OPEN;
}

/*
 * Checks the packet in packet_get() after tunnel_find(), and identifies its peer. Any result but OUTCOME_OPEN is the
 * packet's final outcome. One function, because the order of the checks decides if a packet is dropped or left to the
 * kernel, and with which reason.
 */
__noinline int tunnel_identify(ctx_t *ctx)
{
	struct packet *packet = packet_get();
	struct xovl_network *net;
	enum xovl_reason reason;
	struct outer *outer;
	struct frame *f;

	if (!packet)
		return OUTCOME_PASS;
	f = &packet->frame;
	outer = &packet->outer;
	net = network_get(f->net_index);
	reason = outer->malformed;
	if (!reason && geneve_is_control(outer))
		return OUTCOME_PASS;
	if (!reason)
		reason = tunnel_header_check(ctx, f, outer, net ? net->flags : 0, packet->encap);
	if (!reason && !net)
		reason = outer_is_gre(outer) ? XOVL_REASON_KEY_UNKNOWN : XOVL_REASON_VNI_UNKNOWN;
	if (!reason && !tunnel_peer_get(f, &outer->id.tunnel.remote))
		reason = XOVL_REASON_PEER_UNKNOWN;
	if (reason || !net)
		return reason;
	f->path_policy = tunnel_policy(outer, net->flags, packet->encap);
	f->path_kind = packet->encap == XOVL_ENCAP_NVGRE ? XOVL_PATH_NVGRE : 0;
	if (peer_comes_by_kernel(ctx, f->origin))
		f->path_kind |= XOVL_PATH_BY_KERNEL;
	return OUTCOME_OPEN;
}

#endif
