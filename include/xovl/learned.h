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
	__u64 refused; /* frames whose source was not learned, because of a limit or for lack of room */
	__u64 moves;   /* times an entry got another port or peer */
	__u64 held;    /* frames whose source was not moved, because of move-limit, sticky or a limit at its new port */
};
XOVL_ASSERT_SIZE(struct xovl_learned_use, 32);

/*
 * learned_owners: for each key in learned, the port or peer that its entry leads to: index, and XOVL_LEARNED_PEER for a
 * peer. Only who has marked the key as busy writes it.
 */
#define XOVL_LEARNED_PEER 0x80000000u

struct xovl_learned_owners {
	__u32 owner[XOVL_LEARNED_SET_KEYS];
};
XOVL_ASSERT_SIZE(struct xovl_learned_owners, 32);

/*
 * learned_ports, learned_peers: arrays by index: __u64 number of learned entries that lead to the port or peer. (Userspace
 * maps them into memory, where elements are a multiple of 8 bytes apart.)
 */

static inline __u32 xovl_learned_owner(__u64 dst)
{
	return xovl_fdb_index(dst) | (xovl_fdb_target(dst) == XOVL_TARGET_PEER ? XOVL_LEARNED_PEER : 0);
}

/*
 * fdb_moves: (network, MAC), as in fdb -> its moves. For MACs that have moved; those that moved least recently are
 * forgotten.
 */
struct xovl_fdb_moves {
	__u64 since;	 /* when the first move of the current window was, CLOCK_MONOTONIC_COARSE, ns */
	__u32 in_window; /* moves since then */
	__u32 moves;	 /* all moves */
};
XOVL_ASSERT_SIZE(struct xovl_fdb_moves, 16);

#define XOVL_FDB_MOVES 4096

/* learned_all: one element. */
struct xovl_learned_all {
	/* Give a key its two sets. Odd and random, so that nobody outside can aim at a set; written once. */
	__u64 seeds[2];
	__u32 room; /* entries that may be learned: the limit less static entries; set by userspace */
	__u32 entries;
	__u32 hand;    /* number of sets swept so far; modulo the number of sets, the next one to sweep */
	__u32 swept;   /* when many sets were last swept, jiffies, lower half */
	__u32 changes; /* rises with each entry that is added, moved or deleted by the datapath */
	__u32 pad;
};
XOVL_ASSERT_SIZE(struct xovl_learned_all, 40);

/* A network without a mac-limit may learn while it has fewer entries than this many times the free ones. */
#define XOVL_LEARNED_SHARE 4

/* Returns the index of the set, below sets, in which a key may be by that seed: multiply-shift hashing. */
static inline __u32 xovl_learned_index(__u64 key, __u64 seed, __u32 sets)
{
	return (__u32)((key * seed >> 32) * sets >> 32);
}

#endif
