/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The forwarding database (FDB): looks up the port or peer of a MAC in a network, and learns the sources of frames.
 * Entries age without help from userspace.
 */
#ifndef XOVL_BPF_L2_FDB_H
#define XOVL_BPF_L2_FDB_H

#include "hook/frame.h"
#include "l2/move.h"
#include "maps/globals.h"
#include "maps/tables.h"
#include "packet/destination.h"
#include "step.h"

/* A learned entry's time is written at most this often, so that CPUs do not contend for its cache line. */
#define FDB_TOUCH_NS (500 * NSEC_PER_MSEC)

/* fdb_hints has 2^fdb_hints_bits cache lines. Set by userspace between open and load. */
const volatile __u32 fdb_hints_bits = 1;

/* Returns the time of the frame, read on first use. */
static __always_inline __u64 fdb_now(struct frame *f)
{
	if (!f->now)
		f->now = bpf_ktime_get_coarse_ns();
	return f->now;
}

/* Returns struct xovl_fdb_key as one number. */
static __always_inline __u64 fdb_key(const struct frame *f, mac_t mac)
{
	return mac << 16 | f->net_index;
}

/* Returns NULL if there is no entry. An expired entry is still found. */
static __always_inline struct xovl_fdb *fdb_find(const struct frame *f, mac_t mac)
{
	__u64 key = fdb_key(f, mac);

	return bpf_map_lookup_elem(&fdb, &key);
}

/* Reads the destination, one word, once. Returns 0 if the element has been reused for another network's entry. */
static __always_inline __u64 fdb_read(const struct frame *f, const struct xovl_fdb *entry)
{
	__u64 dst = *(volatile __u64 *)&entry->dst;

	return xovl_fdb_net(dst) == f->net_index ? dst : 0;
}

/* Moves the entry of the frame's source to dst. Expired entries there make room. */
static __always_inline int fdb_relearn(struct frame *f, __u64 dst)
{
	int outcome = fdb_move(fdb_key(f, f->src), dst, fdb_now(f), false);

	if (outcome != MOVE_FULL)
		return outcome;
	learned_sweep_many(fdb_now(f));
	return fdb_move(fdb_key(f, f->src), dst, fdb_now(f), true);
}

/*
 * Learns that the frame's source is behind the port or peer that the frame came from. known: the source's entry, by
 * fdb_find(). Static and control entries never move (see struct xovl_fdb). Any result but
 * OUTCOME_OPEN is the frame's final outcome.
 */
static __always_inline int fdb_learn(struct frame *f, struct xovl_fdb *known)
{
	enum xovl_target target = f->from_tunnel ? XOVL_TARGET_PEER : XOVL_TARGET_PORT;
	__u64 dst = xovl_fdb_dst(f->net_index, target, XOVL_FDB_LEARNED, f->origin);
	__u64 old;

	if (!(f->net->flags & XOVL_NET_LEARNING))
		return OUTCOME_OPEN;
	step(XOVL_STEP_LEARN, dst);
	if (shadow)
		return OUTCOME_OPEN;
	if (!known) {
		if (learned_add(fdb_key(f, f->src), dst, fdb_now(f), f->net->mac_limit))
			return OUTCOME_OPEN;
		return f->net->flags & XOVL_NET_LIMIT_DROPS ? (int)XOVL_REASON_MAC_LIMIT : (int)OUTCOME_OPEN;
	}
	old = known->dst;
	if (xovl_fdb_state_of(old) != XOVL_FDB_LEARNED)
		return OUTCOME_OPEN;
	if (old != dst)
		return fdb_relearn(f, dst);
	if ((__s64)(fdb_now(f) - known->seen) > (__s64)FDB_TOUCH_NS)
		known->seen = fdb_now(f);
	return OUTCOME_OPEN;
}

/* Returns the cache line that may hold a hint for the key. */
static __always_inline struct xovl_fdb_hint *fdb_hints_of(__u64 key)
{
	__u32 slot = hash_mix(key, 0) >> (64 - fdb_hints_bits);
	struct xovl_fdb_hints *line = bpf_map_lookup_elem(&fdb_hints, &slot);

	return line ? line->hint : NULL;
}

/*
 * Returns the mark that a valid hint's check and dst give together; no other pair gives it. A hint becomes invalid
 * with the next epoch. (Moves do not matter: entries with hints never move by themselves.) It also expires soon, in
 * case a command is killed between its change and the epoch.
 */
#define FDB_HINT_JIFFIES 4096

static __always_inline __u64 fdb_hint_mark(__u64 key, __u64 now_epoch)
{
	return hash_mix(key, 0) ^ hash_mix(now_epoch, bpf_jiffies64() / FDB_HINT_JIFFIES << 32);
}

/* Returns the destination from a hint, or 0 if there is none. */
static __always_inline __u64 fdb_hint_read(const struct frame *f, __u64 key, __u64 now_epoch)
{
	volatile struct xovl_fdb_hint *hint = fdb_hints_of(key);
	__u64 mark = fdb_hint_mark(key, now_epoch);
	__u64 dst;

	if (!hint)
		return 0;
	for (int i = 0; i < XOVL_FDB_HINTS; i++) {
		dst = hint[i].dst;
		if ((hint[i].check ^ hash_mix(dst, 0)) == mark && xovl_fdb_net(dst) == f->net_index)
			return dst;
	}
	return 0;
}

/* Writes a hint to a free place of its line, or else to a random one. */
static __always_inline void fdb_hint_write(__u64 key, __u64 dst, __u64 now_epoch)
{
	struct xovl_fdb_hint *hint = fdb_hints_of(key);
	__u32 place = bpf_get_prandom_u32() % XOVL_FDB_HINTS;

	if (!hint || shadow)
		return;
	for (__u32 i = 0; i < XOVL_FDB_HINTS; i++)
		if (!hint[i].dst)
			place = i;
	hint[place].dst = dst;
	hint[place].check = hash_mix(dst, 0) ^ fdb_hint_mark(key, now_epoch);
}

/* Limits how long the result is valid to left_ns from now. */
static __always_inline void fdb_expires(struct destination *to, __u64 left_ns)
{
	__u64 expires = bpf_jiffies64() + jiffies_of(left_ns);

	if (left_ns < NSEC_PER_SEC && to->expires > expires)
		to->expires = expires;
}

/* Fills in the frame's destination. It stays unknown if there is no entry or an expired one. */
static __always_inline void fdb_lookup(struct frame *f, struct destination *to)
{
	__u64 key = fdb_key(f, f->dst);
	__u64 now_epoch = epoch; /* read before the entry is */
	struct xovl_fdb *entry;
	__u64 dst;

	to->target = fdb_hint_read(f, key, now_epoch);
	if (to->target)
		return;
	entry = fdb_find(f, f->dst);
	if (!entry)
		return;
	dst = fdb_read(f, entry);
	if (!dst)
		return;
	if (xovl_fdb_state_of(dst) != XOVL_FDB_LEARNED) {
		fdb_hint_write(key, dst, now_epoch);
	} else {
		to->seen = entry->seen;
		if (fdb_expired(f->net, to->seen, fdb_now(f)))
			return;
		if (f->net->ageing_ns)
			fdb_expires(to, to->seen + f->net->ageing_ns - fdb_now(f));
	}
	to->target = dst;
}

#endif
