/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a bridge does with every frame: learn where its source is, find its destination, flood where that is unknown. */
#ifndef XOVL_BPF_ENTRY_BRIDGE_H
#define XOVL_BPF_ENTRY_BRIDGE_H

#include "l2/fdb.h"
#include "l2/port.h"
#include "out/flood.h"

/* source_known: has been learned just now, or is not to be. VERDICT_OPEN: it goes to the one destination that is filled in. */
static __always_inline int bridge_forward(ctx_t *ctx, struct frame *f, bool source_known, struct destination *to)
{
	if (!source_known)
		fdb_learn(f, fdb_find(f, f->src));
	if (mac_is_group(f->dst))
		return flood(ctx, f);
	fdb_lookup(f, to);
	return to->target && port_can_take(ctx, f, to) ? VERDICT_OPEN : flood(ctx, f);
}

#endif
