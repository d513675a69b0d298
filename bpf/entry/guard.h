/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What leaves by an uplink, as long as a peer requires encryption. IPsec policies are the kernel's, and can go at any time: a packet to
 * that peer that they would have encrypted is stopped here, in the clear. It was counted as sent.
 */
#ifndef XOVL_BPF_ENTRY_GUARD_H
#define XOVL_BPF_ENTRY_GUARD_H

#include "decap/tunnel.h"
#include "packet/udp.h"

static __always_inline int guard_egress(ctx_t *ctx)
{
	struct xovl_tunnel_key key = {};
	struct xovl_tunnel *tunnel;
	struct udp_brief brief;
	struct frame f = {};

	if (!udp_read(ctx, &brief))
		return verdict_pass(ctx);
	key.local = brief.src;
	key.service = brief.service;
	key.id = brief.tunnel;
	tunnel = bpf_map_lookup_elem(&tunnels, &key);
	if (!tunnel)
		return verdict_pass(ctx);
	f.net_index = tunnel->net;
	if (!tunnel_peer_get(&f, &brief.dst) || !peer_requires_encryption(f.origin))
		return verdict_pass(ctx);
	count_drop(XOVL_REASON_PLAINTEXT, f.net_index, xovl_place(XOVL_PLACE_PEER, f.origin), true);
	return hook_drop(ctx);
}

#endif
