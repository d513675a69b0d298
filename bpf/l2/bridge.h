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

/* True if the source may send from where the frame came from: a locked port takes only static entries that lead to it. */
static __always_inline bool source_is_unlocked(const struct frame *f, const struct xovl_fdb *entry)
{
	__u64 dst;

	if (f->from_tunnel || !(f->path_kind & XOVL_PATH_LOCKED))
		return true;
	dst = entry ? fdb_read(f, entry) : 0;
	return dst && xovl_fdb_state_of(dst) != XOVL_FDB_LEARNED && xovl_fdb_target(dst) == XOVL_TARGET_PORT &&
	       xovl_fdb_index(dst) == f->origin;
}

/*
 * Learns and looks up. source_known: the source has just been learned, or must not be. Returns OUTCOME_OPEN if the
 * frame goes to the one destination filled in; any other result is its outcome.
 */
static __always_inline int bridge_forward(ctx_t *ctx, struct frame *f, bool source_known, struct destination *to)
{
	struct xovl_fdb *source;
	int outcome;

	if (!source_known) {
		source = fdb_find(f, f->src);
		if (!source_is_unlocked(f, source))
			return XOVL_REASON_PORT_LOCKED;
		outcome = fdb_learn(f, source);
		if (outcome != OUTCOME_OPEN)
			return outcome;
	}
	if (mac_is_group(f->dst))
		return OUTCOME_FLOOD;
	fdb_lookup(f, to);
	step(XOVL_STEP_DESTINATION, to->target);
	return to->target && port_can_take(ctx, f, to) ? OUTCOME_OPEN : OUTCOME_FLOOD;
}

#endif
