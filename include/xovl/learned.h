/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The account of learned FDB entries: their keys, so that expired ones are found a few at a time, and their number
 * in each network. Datapath and userspace both write it, with atomic operations.
 */
#ifndef XOVL_LEARNED_H
#define XOVL_LEARNED_H

#include "xovl/maps.h"

#define XOVL_LEARNED_SET_KEYS 8

/*
 * learned: sets of keys (struct xovl_fdb_key as one number; 0: a free place), one cache line each. A key is in one
 * of two sets, the one that was emptier when the key came. There are twice as many places as entries, so that one of
 * the sets has room. The CPU or command that removes a key from its place lowers the counts.
 */
struct xovl_learned_set {
	__u64 keys[XOVL_LEARNED_SET_KEYS];
};
XOVL_ASSERT_SIZE(struct xovl_learned_set, 64);

/* Set in a key while the datapath writes or deletes its entry. It is the group bit, which no source MAC has. */
#define XOVL_LEARNED_BUSY 0x10000ull

/* learned_uses: array by network index. */
struct xovl_learned_use {
	__u32 entries;
	__u32 pad;
	__u64 refused; /* frames whose source was not learned for lack of room */
};
XOVL_ASSERT_SIZE(struct xovl_learned_use, 16);

/* learned_all: one element. */
struct xovl_learned_all {
	__u64 seeds
		/*
		 * Seeds that give a key its two sets: odd and random, so that nobody outside can aim at a set;
		 * written once.
		 */
		[2];
	__u32 room; /* entries that may be learned: the limit less static entries; set by userspace */
	__u32 entries;
	__u32 hand; /* number of sets swept so far; modulo the number of sets, the next one to sweep */
	__u32 pad;
};
XOVL_ASSERT_SIZE(struct xovl_learned_all, 32);

/* A network without a mac-limit may learn while it has fewer entries than this many times the free ones. */
#define XOVL_LEARNED_SHARE 4

/* Returns the index of the set, below sets, in which a key may be by that seed: multiply-shift hashing. */
static inline __u32 xovl_learned_index(__u64 key, __u64 seed, __u32 sets)
{
	return (__u32)((key * seed >> 32) * sets >> 32);
}

#endif
