/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The account of learned FDB entries: their keys, where those that have expired are found a few at a time, and how many each
 * network has. Datapath and userspace both write it, with atomic operations.
 */
#ifndef XOVL_LEARNED_H
#define XOVL_LEARNED_H

#include "xovl/maps.h"

#define XOVL_LEARNED_WAYS 8

/*
 * learned: sets of keys (struct xovl_fdb_key as one number; 0: a free place), a cache line each. A key stands in one of two sets,
 * the emptier one when it came; there are twice as many places as entries, so that one of them has room. Who takes a
 * key out of its place counts it out.
 */
struct xovl_learned_set {
	__u64 keys[XOVL_LEARNED_WAYS];
};
XOVL_ASSERT_SIZE(struct xovl_learned_set, 64);

/* Set in a key: the datapath is about to write or delete the entry, and then clears it. It is the group bit, which no source has. */
#define XOVL_LEARNED_BUSY 0x10000ull

/* learned_uses: array by network index */
struct xovl_learned_use {
	__u32 entries;
	__u32 pad;
	__u64 refused; /* frames whose source found no room */
};
XOVL_ASSERT_SIZE(struct xovl_learned_use, 16);

/* learned_all: one element */
struct xovl_learned_all {
	__u64 seeds
		[2]; /* of the places of keys: odd and random, so that nobody outside can aim at a set; written once */
	__u32 room;  /* for learned entries: what the limit and static entries leave; by userspace */
	__u32 entries;
	__u32 hand; /* of the clock: sets that have been swept */
	__u32 pad;
};
XOVL_ASSERT_SIZE(struct xovl_learned_all, 32);

/* A network without a limit of its own may learn while it has fewer entries than so many times what is still free. */
#define XOVL_LEARNED_SHARE 4

/* Of so many sets, the one where a key may stand by that seed: multiply-shift hashing. */
static inline __u32 xovl_learned_index(__u64 key, __u64 seed, __u32 sets)
{
	return (__u32)((key * seed >> 32) * sets >> 32);
}

#endif
