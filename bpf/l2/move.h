/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Moves of learned MACs from one port or peer to another: whether one is allowed, and its count. Called only for frames
 * whose source is learned elsewhere.
 */
#ifndef XOVL_BPF_L2_MOVE_H
#define XOVL_BPF_L2_MOVE_H

#include "hook/hook.h"
#include "l2/learn.h"
#include "maps/globals.h"
#include "maps/tables.h"
#include "outcome.h"

/* The window in which moves are counted where the network has no move-limit. */
#define MOVE_SECONDS 180

static __always_inline __u64 move_window(const struct xovl_network *net)
{
	return NSEC_PER_SEC * (net->move_seconds ? net->move_seconds : MOVE_SECONDS);
}

/* True if the window of these moves has not ended. signed: see fdb_expired(). */
static __always_inline bool move_is_recent(const struct xovl_network *net, const struct xovl_fdb_moves *moved,
					   __u64 now)
{
	return (__s64)(now - moved->since) <= (__s64)move_window(net);
}

/* True if the MAC has moved too often and stays where it is. */
static __always_inline bool move_is_held(const struct xovl_network *net, __u64 key, __u64 now)
{
	struct xovl_fdb_moves *moved;

	if (!net->move_limit)
		return false;
	moved = bpf_map_lookup_elem(&fdb_moves, &key);
	return moved && moved->in_window >= net->move_limit && move_is_recent(net, moved, now);
}

static const struct xovl_fdb_moves move_none;

/* Counts a move. CPUs that race may lose one. */
static __always_inline void move_count(const struct xovl_network *net, __u64 key, __u64 now)
{
	struct xovl_fdb_moves *moved = bpf_map_lookup_elem(&fdb_moves, &key);

	if (!moved) {
		bpf_map_update_elem(&fdb_moves, &key, &move_none, BPF_NOEXIST);
		moved = bpf_map_lookup_elem(&fdb_moves, &key);
	}
	if (!moved)
		return;
	moved->moves++;
	moved->in_window++;
	if (!moved->since || !move_is_recent(net, moved, now)) {
		moved->since = now;
		moved->in_window = 1;
	}
}

/* True if the destination is a port that keeps its MACs. A port without a link keeps none: nobody is there. */
static __always_inline bool move_leaves_sticky(__u64 dst)
{
	__u32 index = xovl_fdb_index(dst);
	struct xovl_port *port;

	if (xovl_fdb_target(dst) != XOVL_TARGET_PORT)
		return false;
	port = bpf_map_lookup_elem(&port_table, &index);
	return port && (port->flags & XOVL_PORT_STICKY) && device_link(port->ifindex).up;
}

/*
 * Writes the entry's new destination, and counts. While the key is busy, nobody else moves or deletes the entry, so it is
 * looked up again then.
 */
static __always_inline bool move_carry_out(__u64 key, __u64 old, __u64 dst, __u64 now)
{
	struct learned_place place;
	struct xovl_fdb *entry;
	bool moved;

	if (!learned_hold(key, &place))
		return false;
	entry = bpf_map_lookup_elem(&fdb, &key);
	moved = entry && __sync_val_compare_and_swap(&entry->dst, old, dst) == old;
	if (moved) {
		entry->seen = now;
		learned_count_at(*(volatile __u32 *)place.owner, -1);
		learned_count_at(xovl_learned_owner(dst), 1);
		*(volatile __u32 *)place.owner = xovl_learned_owner(dst);
		learned_has_changed();
	}
	*(volatile __u64 *)place.key = key;
	return moved;
}

/*
 * Decides about a frame whose source stays where it is. XDP leaves it to TC, which counts it. Returns the frame's
 * outcome.
 */
static __always_inline int move_refuse(struct xovl_learned_use *use, int outcome)
{
	if (HOOK_IS_XDP)
		return OUTCOME_PASS;
	__sync_fetch_and_add(&use->held, 1);
	return outcome;
}

#define MOVE_FULL -1 /* the new place has as many entries as it may */

/*
 * Moves a learned entry to dst, unless it must stay. Static and control entries never move. Any result but
 * OUTCOME_OPEN is the frame's final outcome, except MOVE_FULL, which is returned unless this is the last try.
 */
__noinline int fdb_move(__u64 key, __u64 dst, __u64 now, bool last)
{
	struct xovl_fdb *entry = bpf_map_lookup_elem(&fdb, &key);
	struct xovl_learned_use *use = learned_use(key);
	struct xovl_network *net = network_get((__u16)key);
	bool is_fresh;
	__u64 old;

	if (!entry || !use || !net)
		return OUTCOME_OPEN;
	old = *(volatile __u64 *)&entry->dst;
	if (old == dst || xovl_fdb_state_of(old) != XOVL_FDB_LEARNED)
		return OUTCOME_OPEN;
	is_fresh = !fdb_expired(net, entry->seen, now);
	if (is_fresh && move_leaves_sticky(old))
		return move_refuse(use, XOVL_REASON_STICKY);
	if (is_fresh && move_is_held(net, key, now))
		return move_refuse(use, OUTCOME_OPEN);
	if (!learned_fits_at(net, dst) && !last)
		return MOVE_FULL;
	if (!learned_fits_at(net, dst))
		return move_refuse(use, net->flags & XOVL_NET_LIMIT_DROPS ? (int)XOVL_REASON_MAC_LIMIT : OUTCOME_OPEN);
	if (!move_carry_out(key, old, dst, now))
		return OUTCOME_OPEN;
	__sync_fetch_and_add(&moves[(__u16)key % XOVL_MOVES], 1); /* paths to the old place become invalid */
	if (is_fresh) {
		__sync_fetch_and_add(&use->moves, 1);
		move_count(net, key, now);
	}
	return OUTCOME_OPEN;
}

#endif
