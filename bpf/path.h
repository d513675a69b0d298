/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The path cache: what the last frame from the same place to the same place found in the tables. Only known unicast is
 * remembered, and not for long: while a path is in use, its source's entry in the FDB is not refreshed.
 */
#ifndef XOVL_BPF_PATH_H
#define XOVL_BPF_PATH_H

#include "bits.h"
#include "fdb.h"
#include "maps.h"

#define PATH_VALID_NS (250 * NSEC_PER_MSEC)

/* One branch instead of seven: at each, clang 14 would spill what the look-ups need. */
static __always_inline bool path_key_equal(const struct xovl_path_key *a, const struct xovl_path_key *b)
{
	const __u64 *x = (const void *)a, *y = (const void *)b;
	__u64 different = 0;

	for (__u32 i = 0; i < sizeof(*a) / sizeof(*x); i++)
		different |= x[i] ^ y[i];
	return !different;
}

/* The place where the path of that key is, if it is remembered. */
static __always_inline struct xovl_path *path_slot(const struct xovl_path_key *key)
{
	__u64 where = key->remote.words[1] ^ key->tunnel.local.words[0] ^ key->tunnel.vni;
	__u64 hash = hash_mix(hash_mix(key->dst, key->src), where);
	__u32 slot = hash >> (64 - XOVL_PATHS_BITS); /* every bit of a word has part in these alone */

	return bpf_map_lookup_elem(&paths, &slot);
}

static __always_inline __u64 path_generation(void)
{
	__u32 zero = 0;
	volatile __u64 *number = bpf_map_lookup_elem(&generation, &zero);

	return number ? *number : 0;
}

static __always_inline __u64 path_moves(__u32 net_index)
{
	volatile __u64 *number = bpf_map_lookup_elem(&moves, &net_index);

	return number ? *number : 0;
}

/* The network is known, and its FDB is to be asked. */
static __always_inline void path_enter_network(const struct frame *f, struct destination *to)
{
	to->generation += path_moves(f->net_index);
}

/*
 * Fill in origin, network and destination. False: they are to be looked up; the time of the frame and the generation of
 * these look-ups, which must be known before the first of them, are filled in all the same.
 */
static __always_inline bool path_recall(struct frame *f, const struct xovl_path_key *key, struct destination *to)
{
	const struct xovl_path *path = path_slot(key);

	f->now = bpf_ktime_get_coarse_ns();
	to->generation = path_generation();
	if (!path || !path_key_equal(&path->key, key) || (__s64)(path->expires - f->now) <= 0 ||
	    path->generation != to->generation + path_moves(xovl_fdb_net(path->target)))
		return false;
	f->net_index = xovl_fdb_net(path->target);
	f->net = network_get(f->net_index);
	if (!f->net)
		return false;
	to->target = path->target;
	f->origin = path->origin;
	f->port_vid = path->port_vid;
	return true;
}

/* What has been looked up for the frame, where that is a known destination. */
static __always_inline void path_remember(const struct frame *f, const struct xovl_path_key *key,
					  const struct destination *to)
{
	struct xovl_path *path = path_slot(key);
	__u64 expires = f->now + PATH_VALID_NS;

	if (!path || !to->target)
		return;
	if ((__s64)(to->until - expires) < 0)
		expires = to->until;
	path->key = *key;
	path->generation = to->generation;
	path->expires = expires;
	path->target = to->target;
	path->origin = f->origin;
	path->port_vid = f->port_vid;
}

#endif
