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

static __always_inline struct xovl_learned_owners *learned_owners_of(__u32 index)
{
	return bpf_map_lookup_elem(&learned_owners, &index);
}

/* Where the key of a learned entry is, and its owner. */
struct learned_place {
	__u64 *key;
	__u32 *owner;
};

static __always_inline struct xovl_learned_use *learned_use(__u64 key)
{
	__u32 net_index = (__u16)key;

	return bpf_map_lookup_elem(&learned_uses, &net_index);
}

/* Tells userspace, which may be counting, that its result is wrong. */
static __always_inline void learned_has_changed(void)
{
	__sync_fetch_and_add(&learned_all.changes, 1);
}

static __always_inline void learned_count(struct xovl_learned_use *use, __u32 more)
{
	__sync_fetch_and_add(&use->entries, more);
	__sync_fetch_and_add(&learned_all.entries, more);
	learned_has_changed();
}

/* Returns the number of learned entries of a port or peer. */
static __always_inline __u64 *learned_count_of(__u32 owner)
{
	__u32 index = owner & ~XOVL_LEARNED_PEER;

	if (owner & XOVL_LEARNED_PEER)
		return bpf_map_lookup_elem(&learned_peers, &index);
	return bpf_map_lookup_elem(&learned_ports, &index);
}

static __always_inline void learned_count_at(__u32 owner, __s64 more)
{
	__u64 *entries = learned_count_of(owner);

	if (entries)
		__sync_fetch_and_add(entries, more);
}

/* True if the destination, a port or peer, may have one more learned entry. */
static __always_inline bool learned_fits_at(const struct xovl_network *net, __u64 dst)
{
	__u64 *entries = learned_count_of(xovl_learned_owner(dst));
	__u32 index = xovl_fdb_index(dst);
	__u32 limit = net->peer_mac_limit;
	struct xovl_port *port;

	if (xovl_fdb_target(dst) == XOVL_TARGET_PORT) {
		port = bpf_map_lookup_elem(&port_table, &index);
		limit = port ? port->mac_limit : 0;
	}
	return !limit || !entries || (__s64)*entries < limit;
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
static __always_inline int learned_clear(__u64 *place, const __u32 *owner, __u64 now)
{
	__u64 key = *(volatile __u64 *)place;
	struct xovl_learned_use *use;
	enum learned_state state;

	if (!key || (key & XOVL_LEARNED_BUSY))
		return 0;
	if (learned_state_of(key, now) == LEARNED_ALIVE ||
	    __sync_val_compare_and_swap(place, key, key | XOVL_LEARNED_BUSY) != key)
		return 0;
	state = learned_state_of(key, now); /* it may have been moved meanwhile */
	if (state == LEARNED_ALIVE) {
		*(volatile __u64 *)place = key;
		return 0;
	}
	if (state == LEARNED_EXPIRED)
		bpf_map_delete_elem(&fdb, &key);
	learned_count_at(*(volatile __u32 *)owner, -1);
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
	__u32 index = __sync_fetch_and_add(&learned_all.hand, 1) % learned_sets;
	struct xovl_learned_owners *owners = learned_owners_of(index);
	struct xovl_learned_set *set = learned_set(index);
	int freed = 0;

	if (!set || !owners)
		return 0;
#pragma nounroll
	for (int i = 0; i < XOVL_LEARNED_SET_KEYS; i++)
		freed += learned_clear(&set->keys[i], &owners->owner[i], now);
	return freed;
}

/* Sets that are swept at once, at most once in a jiffy, if a limit and not the table is in the way. */
#define LEARNED_SWEEP_SETS 256

static long learned_sweep_nth(__u32 nth, __u64 *now)
{
	learned_sweep(*now);
	return 0;
}

/* Sweeps many sets. Returns false if another frame has done so in this jiffy. */
static __always_inline bool learned_sweep_many(__u64 now)
{
	__u32 jiffy = bpf_jiffies64();

	if (learned_all.swept == jiffy)
		return false;
	learned_all.swept = jiffy;
	bpf_loop(LEARNED_SWEEP_SETS, learned_sweep_nth, &now, 0);
	return true;
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

/* Finds the place in a set whose key is `from`, and writes `to` there. Returns false if there is none. */
static __always_inline bool learned_swap(__u32 index, __u64 from, __u64 to, struct learned_place *place)
{
	struct xovl_learned_owners *owners = learned_owners_of(index);
	struct xovl_learned_set *set = learned_set(index);

	if (!set || !owners)
		return false;
#pragma nounroll
	for (int i = 0; i < XOVL_LEARNED_SET_KEYS; i++)
		if (set->keys[i] == from && __sync_val_compare_and_swap(&set->keys[i], from, to) == from) {
			place->key = &set->keys[i];
			place->owner = &owners->owner[i];
			return true;
		}
	return false;
}

/* Takes a free place for the key and marks it busy. Returns false if there is none. */
static __always_inline bool learned_take(__u64 key, struct learned_place *place)
{
	__u32 index = xovl_learned_index(key, learned_all.seeds[0], learned_sets);
	__u32 other = xovl_learned_index(key, learned_all.seeds[1], learned_sets);

	if (learned_free_places(other) > learned_free_places(index))
		index = other;
	return learned_swap(index, 0, key | XOVL_LEARNED_BUSY, place);
}

/* Marks the key of a learned entry as busy. Returns false if another one has done so, or there is no such key. */
static __always_inline bool learned_hold(__u64 key, struct learned_place *place)
{
	__u32 index = xovl_learned_index(key, learned_all.seeds[0], learned_sets);
	__u32 other = xovl_learned_index(key, learned_all.seeds[1], learned_sets);

	return learned_swap(index, key, key | XOVL_LEARNED_BUSY, place) ||
	       learned_swap(other, key, key | XOVL_LEARNED_BUSY, place);
}

/* Adds an entry for the source of a frame, which the FDB lacks. Returns false if there is no room. */
__noinline int learned_insert(__u64 key, __u64 dst, __u64 now, __u32 limit)
{
	struct xovl_fdb entry = {.dst = dst, .seen = now};
	struct xovl_network *net = network_get((__u16)key);
	struct xovl_learned_use *use = learned_use(key);
	struct learned_place place;
	long err;

	if (!use || !net || !learned_has_room(use, limit) || !learned_fits_at(net, dst))
		return false;
	if (!learned_take(key, &place))
		return false;
	*(volatile __u32 *)place.owner = xovl_learned_owner(dst);
	err = bpf_map_update_elem(&fdb, &key, &entry, BPF_NOEXIST);
	if (!err) {
		learned_count(use, 1);
		learned_count_at(xovl_learned_owner(dst), 1);
	}
	*(volatile __u64 *)place.key = err ? 0 : key;
	return !err || err == -EEXIST; /* EEXIST: another CPU was faster */
}

/* True if a mac-limit, and not the table, is in the way of one more entry. */
__noinline int learned_is_limited(__u64 key, __u64 dst, __u32 limit)
{
	const struct xovl_learned_use *use = learned_use(key);
	struct xovl_network *net = network_get((__u16)key);

	return use && net && ((limit && use->entries >= limit) || !learned_fits_at(net, dst));
}

/*
 * Adds an entry like learned_insert(). If there is no room, deletes expired entries and tries once more; else
 * the source stays unknown and is counted. limit: mac-limit of the network; 0: none of its own. Returns false if it
 * stays unknown.
 */
__noinline int learned_add(__u64 key, __u64 dst, __u64 now, __u32 limit)
{
	struct xovl_learned_use *use;

	if (learned_insert(key, dst, now, limit))
		return true;
	if (learned_sweep(now) && learned_insert(key, dst, now, limit))
		return true;
	if (learned_is_limited(key, dst, limit) && learned_sweep_many(now) && learned_insert(key, dst, now, limit))
		return true;
	use = learned_use(key);
	if (use)
		__sync_fetch_and_add(&use->refused, 1);
	return false;
}

#endif
