/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The bridge step of every frame, from a port or a tunnel: learn the source, look up the destination, and flood if
 * it is unknown. The flood itself is the program's exit.
 */
#ifndef XOVL_BPF_L2_BRIDGE_H
#define XOVL_BPF_L2_BRIDGE_H

#include "l2/fdb.h"
#include "l2/port.h"
#include "outcome.h"

/*
 * Learns and looks up. source_known: the source has just been learned, or must not be. Returns OUTCOME_OPEN if the
 * frame goes to the one destination filled in; any other result is its outcome.
 */
static __always_inline int bridge_forward(ctx_t *ctx, struct frame *f, bool source_known, struct destination *to)
{
	if (!source_known)
		fdb_learn(f, fdb_find(f, f->src));
	if (mac_is_group(f->dst))
		return OUTCOME_FLOOD;
	fdb_lookup(f, to);
	step(XOVL_STEP_DESTINATION, to->target);
	return to->target && port_can_take(ctx, f, to) ? OUTCOME_OPEN : OUTCOME_FLOOD;
}

#endif
