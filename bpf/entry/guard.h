/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TC egress of an uplink, attached while a peer requires encryption. The kernel's IPsec policies can be removed at
 * any time; a packet to such a peer that no policy encrypts any more is dropped here. It was already counted as
 * sent, so its drop is counted as that of a copy.
 */
#ifndef XOVL_BPF_ENTRY_GUARD_H
#define XOVL_BPF_ENTRY_GUARD_H

#include "decap/tunnel.h"
#include "packet/udp.h"

static __always_inline int guard_egress(ctx_t *ctx)
{
	struct xovl_tunnel_key key = {};
	struct xovl_tunnel *tunnel;
	struct udp_id id;
	struct frame f = {};

	if (!udp_read(ctx, &id))
		return HOOK_PASS;
	key.local = id.src;
	key.service = id.service;
	key.id = id.tunnel;
	tunnel = bpf_map_lookup_elem(&tunnels, &key);
	if (!tunnel)
		return HOOK_PASS;
	f.net_index = tunnel->net;
	if (!tunnel_peer_get(&f, &id.dst) || !peer_requires_encryption(f.origin))
		return HOOK_PASS;
	count_drop(XOVL_REASON_PLAINTEXT, f.net_index, xovl_place(XOVL_PLACE_PEER, f.origin), true);
	return HOOK_DROP;
}

#endif
