/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Learns a MAC that is not in the FDB: finds room for it, and deletes expired entries to make room. */
#ifndef XOVL_BPF_L2_LEARN_H
#define XOVL_BPF_L2_LEARN_H

#include <stdbool.h>

#include <linux/errno.h>

#include "lib/bits.h"
#include "lib/clock.h"
#include "maps/globals.h"
#include "maps/tables.h"

const volatile __u32 learned_sets = 1; /* number of sets; set by userspace between open and load */

static __always_inline struct xovl_learned_set *learned_set(__u32 index)
{
	return bpf_map_lookup_elem(&learned, &index);
}

static __always_inline struct xovl_learned_use *learned_use(__u64 key)
{
	__u32 net_index = (__u16)key;

	return bpf_map_lookup_elem(&learned_uses, &net_index);
}

static __always_inline void learned_count(struct xovl_learned_use *use, __u32 more)
{
	__sync_fetch_and_add(&use->entries, more);
	__sync_fetch_and_add(&learned_all.entries, more);
}

/* signed: now may come from a CPU whose coarse clock lags behind the CPU that wrote seen */
static __always_inline bool fdb_expired(const struct xovl_network *net, __u64 seen, __u64 now)
{
	return net->ageing_ns && (__s64)(now - seen) > (__s64)net->ageing_ns;
}

enum learned_state { LEARNED_ALIVE, LEARNED_EXPIRED, LEARNED_GONE };

/* Returns the state of the key's entry. LEARNED_GONE: userspace has deleted the entry or made it static. */
static __always_inline enum learned_state learned_state_of(__u64 key, __u64 now)
{
	struct xovl_fdb *entry = bpf_map_lookup_elem(&fdb, &key);
	struct xovl_network *net = network_get((__u16)key);

	if (!entry || xovl_fdb_state_of(entry->dst) != XOVL_FDB_LEARNED)
		return LEARNED_GONE;
	return !net || fdb_expired(net, entry->seen, now) ? LEARNED_EXPIRED : LEARNED_ALIVE;
}

/*
 * Frees the place if its key's entry has expired or is gone, and deletes an expired entry. While the key is busy,
 * userspace does not turn it into a static entry unnoticed. Returns 1 if the place became free.
 */
static __always_inline int learned_clear(__u64 *place, __u64 now)
{
	__u64 key = *(volatile __u64 *)place;
	struct xovl_learned_use *use;
	enum learned_state state;

	if (!key || (key & XOVL_LEARNED_BUSY))
		return 0;
	state = learned_state_of(key, now);
	if (state == LEARNED_ALIVE || __sync_val_compare_and_swap(place, key, key | XOVL_LEARNED_BUSY) != key)
		return 0;
	if (state == LEARNED_EXPIRED)
		bpf_map_delete_elem(&fdb, &key);
	*(volatile __u64 *)place = 0;
	use = learned_use(key);
	if (use)
		learned_count(use, -1);
	return 1;
}

/*
 * Sweeps the next set, like the hand of a clock, and frees the places of expired and deleted entries. Returns how
 * many places became free.
 */
__noinline int learned_sweep(__u64 now)
{
	struct xovl_learned_set *set = learned_set(__sync_fetch_and_add(&learned_all.hand, 1) % learned_sets);
	int freed = 0;

	if (!set)
		return 0;
#pragma nounroll
	for (int i = 0; i < XOVL_LEARNED_SET_KEYS; i++)
		freed += learned_clear(&set->keys[i], now);
	return freed;
}

/* True if the table has room and the network is below its limit or share. */
static __always_inline bool learned_has_room(const struct xovl_learned_use *use, __u32 limit)
{
	__s64 room = (__s32)(learned_all.room - learned_all.entries);

	return room > 0 && (__s32)use->entries < (limit ? limit : XOVL_LEARNED_SHARE * room);
}

/* Returns the number of free places in a set. */
static __always_inline int learned_free_places(__u32 index)
{
	const struct xovl_learned_set *set = learned_set(index);
	int places = 0;

	if (!set)
		return 0;
#pragma nounroll
	for (int i = 0; i < XOVL_LEARNED_SET_KEYS; i++)
		places += !set->keys[i];
	return places;
}

/* Takes a free place for the key and marks it busy. Returns NULL if there is none. */
static __always_inline __u64 *learned_take(__u64 key)
{
	__u32 index = xovl_learned_index(key, learned_all.seeds[0], learned_sets);
	__u32 other = xovl_learned_index(key, learned_all.seeds[1], learned_sets);
	struct xovl_learned_set *set;

	set = learned_set(learned_free_places(other) > learned_free_places(index) ? other : index);
	if (!set)
		return NULL;
#pragma nounroll
	for (int i = 0; i < XOVL_LEARNED_SET_KEYS; i++)
		if (!set->keys[i] && !__sync_val_compare_and_swap(&set->keys[i], 0, key | XOVL_LEARNED_BUSY))
			return &set->keys[i];
	return NULL;
}

/* Adds an entry for the source of a frame, which the FDB lacks. Returns false if there is no room. */
__noinline int learned_insert(__u64 key, __u64 dst, __u64 now, __u32 limit)
{
	struct xovl_fdb entry = {.dst = dst, .seen = now};
	struct xovl_learned_use *use = learned_use(key);
	__u64 *place;
	long err;

	if (!use || !learned_has_room(use, limit))
		return false;
	place = learned_take(key);
	if (!place)
		return false;
	err = bpf_map_update_elem(&fdb, &key, &entry, BPF_NOEXIST);
	*(volatile __u64 *)place = err ? 0 : key;
	if (!err)
		learned_count(use, 1);
	return !err || err == -EEXIST; /* EEXIST: another CPU was faster */
}

/*
 * Adds an entry like learned_insert(). If there is no room, deletes a few expired entries and tries once more; else
 * the source stays unknown and is counted. limit: mac-limit of the network; 0: none of its own.
 */
__noinline int learned_add(__u64 key, __u64 dst, __u64 now, __u32 limit)
{
	struct xovl_learned_use *use;

	if (learned_insert(key, dst, now, limit))
		return 0;
	if (learned_sweep(now) && learned_insert(key, dst, now, limit))
		return 0;
	use = learned_use(key);
	if (use)
		__sync_fetch_and_add(&use->refused, 1);
	return 0;
}

#endif
