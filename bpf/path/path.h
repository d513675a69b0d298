/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The path of a frame: the result of all look-ups, cached for the next frame from the same place to the same MAC.
 * Only known unicast has a path. It is valid only briefly: while a path is used, the source's FDB entry is not
 * refreshed and the next hop is not looked up again.
 */
#ifndef XOVL_BPF_PATH_PATH_H
#define XOVL_BPF_PATH_PATH_H

#include "hook/frame.h"
#include "lib/clock.h"
#include "maps/globals.h"
#include "maps/scratch.h"
#include "maps/tables.h"
#include "packet/destination.h"

#define PATHS_PER_SECOND 4 /* a path is valid for a quarter of a second */

/* One branch instead of three: at each branch, clang 14 would spill registers that the look-ups need. */
static __always_inline bool path_key_equal(const struct xovl_path_key *a, const struct xovl_path_key *b)
{
	return !((a->dst ^ b->dst) | (a->src ^ b->src) | (a->from ^ b->from));
}

#define PATH_BLOCKS (XOVL_PATHS / XOVL_BLOCK_PATHS) /* per CPU */

/* Where a path is stored. */
struct path_place {
	struct xovl_path *path;
	struct xovl_path_guards *guards;
	struct xovl_path_headers *headers;
};

/* Sets the place to a path and the rest of it. */
static __always_inline void path_place_at(struct path_place *place, struct xovl_path *path, struct xovl_path_rest *rest)
{
	place->path = path;
	place->guards = &rest->guards;
	place->headers = &rest->headers;
}

/*
 * Fills in the place of a path with that key. The path found there may have another key, so the caller compares.
 * other: facts outside the key that distinguish paths; 0: none. Never fails: the verifier requires the check.
 */
static __always_inline bool path_find_place(const struct xovl_path_key *key, __u64 other, struct path_place *place)
{
	__u64 hash = hash_mix(hash_mix(key->dst, key->src), key->from ^ other);
	__u32 slot = hash >> (64 - XOVL_PATHS_BITS); /* only the upper bits depend on all bits of the key */
	/* shadow programs have one block of their own */
	__u32 index = shadow ? 0 : bpf_get_smp_processor_id() * PATH_BLOCKS + slot / XOVL_BLOCK_PATHS;
	struct xovl_path_block *block = bpf_map_lookup_elem(&paths, &index);
	struct xovl_path_rest *rest;
	struct xovl_path *path;

	if (!block)
		return false;
	slot %= XOVL_BLOCK_PATHS;
	path = &block->path[slot];
	rest = &block->rest[slot];
	asm volatile(""
		     : "+r"(path), "+r"(rest)); /* otherwise clang would keep the values that they are computed from */
	path_place_at(place, path, rest);
	return true;
}

static __always_inline __u64 path_moves(__u32 net_index)
{
	return moves[net_index % XOVL_MOVES];
}

/* True if the path has not expired and nothing has changed since it was made. */
static __always_inline bool path_is_valid(const struct xovl_path *path)
{
	return (__s64)(path->expires - bpf_jiffies64()) > 0 && path->epoch == (__u32)(epoch + path_moves(path->net));
}

/* Starts the look-ups of a frame. Their result is valid from now on. */
static __always_inline void lookup_begin(struct destination *to)
{
	to->expires = bpf_jiffies64() + jiffies_per_second / PATHS_PER_SECOND;
	to->epoch = epoch;
}

/* Adds the network's moves to the epoch, before its FDB is read. */
static __always_inline void lookup_enter_network(const struct frame *f, struct destination *to)
{
	to->epoch += path_moves(f->net_index);
}

/* From a peer: policy of packets that decap/verify.h must check or change. */
#define PATH_VERIFY (XOVL_NET_SEQ_STRICT | XOVL_NET_NO_ZEROCSUM6 | XOVL_NET_GBP | XOVL_NET_MSS_CLAMP)

/* Kind of a path that depends on the port that its frames come from. */
#define PATH_OF_PORT (XOVL_PATH_GUARDED | XOVL_PATH_ISOLATED | XOVL_PATH_LOCKED)

/* Sets the frame's origin and network from a cached path. */
static __always_inline void path_set_origin(struct frame *f, const struct xovl_path *path)
{
	f->origin = path->origin;
	f->net_index = path->net;
	f->port_vid = path->port_vid;
	f->path_policy = path->policy;
	f->path_kind = path->kind;
}

/*
 * True if the path is valid and belongs to another frame with the same source in the same place. For a tunnel packet
 * uplink_path_equal() must be true as well, because the key does not hold all of its facts.
 */
static __always_inline bool path_shares_origin(const struct xovl_path *path, const struct xovl_path_key *key)
{
	/* the bits above the MAC: VLAN and kind of a tunnel, without the bucket of a port's flow */
	__u64 place = key->dst & XOVL_PATH_FROM_PORT ? XOVL_PATH_FROM_PORT : ~0ull << XOVL_PATH_BUCKET_SHIFT;

	return !((path->key.src ^ key->src) | (path->key.from ^ key->from) | ((path->key.dst ^ key->dst) & place)) &&
	       path_is_valid(path);
}

/*
 * Sets place to a per-CPU scratch path, which is used once and not cached. Never fails: the verifier requires the
 * check.
 */
static __always_inline bool path_place_scratch(enum scratch_path_use use, struct path_place *place)
{
	struct scratch_path *once = scratch_path_get(use);

	if (!once)
		return false;
	path_place_at(place, &once->path, &once->rest);
	return true;
}

/*
 * Chooses where to store the frame's path: its own place, or the scratch if the old path there stays. A path that is
 * still valid is replaced only one time in PATH_EVICTS_ONE_IN. If more paths are in use than there are places,
 * storing each one would cost more than it saves, and the most used ones should stay. Never fails.
 */
#define PATH_EVICTS_ONE_IN 8

static __always_inline bool path_evict(struct path_place *place)
{
	if (!path_is_valid(place->path) || bpf_get_prandom_u32() % PATH_EVICTS_ONE_IN == 0)
		return true;
	return path_place_scratch(SCRATCH_PATH_FRAME, place);
}

/* Takes origin and network from that path, with its expiry. Returns false if the network is gone. */
static __always_inline bool path_take_origin(struct frame *f, const struct xovl_path *path, struct destination *to)
{
	path_set_origin(f, path);
	f->net = network_get(f->net_index);
	to->expires = path->expires;
	to->epoch = path->epoch;
	return f->net;
}

/* Stores the results of the look-ups, except for the way out. The path is not valid until path_publish(). */
static __always_inline void path_fill(struct xovl_path *path, const struct xovl_path_key *key, const struct frame *f,
				      const struct destination *to)
{
	*(volatile __u64 *)&path->expires = 0;
	path->key = *key;
	path->epoch = to->epoch;
	path->origin = f->origin;
	path->target = xovl_fdb_index(to->target);
	path->net = f->net_index;
	path->port_vid = f->port_vid;
}

/*
 * Returns the largest inner IP packet that the path carries, in bytes, in a frame with l2_len bytes before its IP
 * header.
 */
static __always_inline __u32 path_mtu(const struct path_place *place, __u32 l2_len)
{
	__u32 before = place->headers->outer_len - ETH_HLEN + l2_len;
	__u32 mtu = place->path->mtu > before ? place->path->mtu - before : 0;

	return mtu < place->headers->mtu_network ? mtu : place->headers->mtu_network;
}

/* Makes the finished path valid. expires: jiffies. Shadow programs use a path once: they always look everything up. */
static __always_inline void path_publish(struct xovl_path *path, __u64 expires)
{
	if (shadow)
		return;
	*(volatile __u64 *)&path->expires = expires;
}

#endif
