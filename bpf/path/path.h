/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The path of a frame: all that is to be done with it, found out by way of the tables and remembered for the next frame from the
 * same place to the same place. Only known unicast has one. It is not remembered for long: while a path is in use, its
 * source's entry in the FDB is not refreshed, and its next hop is not looked up again.
 */
#ifndef XOVL_BPF_PATH_PATH_H
#define XOVL_BPF_PATH_PATH_H

#include "hook/frame.h"
#include "lib/clock.h"
#include "maps/globals.h"
#include "maps/scratch.h"
#include "maps/tables.h"
#include "path/destination.h"

#define PATHS_PER_SECOND 4 /* so long is a path valid */

/* One branch instead of three: at each, clang 14 would spill what the look-ups need. */
static __always_inline bool path_key_equal(const struct xovl_path_key *a, const struct xovl_path_key *b)
{
	return !((a->dst ^ b->dst) | (a->src ^ b->src) | (a->from ^ b->from));
}

#define PATH_BLOCKS (XOVL_PATHS / XOVL_BLOCK_PATHS) /* of each CPU */

/* Where a path is. */
struct path_place {
	struct xovl_path *path;
	union xovl_path_headers *headers;
};

/* Fill in where the path of that key is, if it is remembered. other: what else makes a difference; 0: nothing. False: never. */
static __always_inline bool path_find_place(const struct xovl_path_key *key, __u64 other, struct path_place *place)
{
	__u64 hash = hash_mix(hash_mix(key->dst, key->src), key->from ^ other);
	__u32 slot = hash >> (64 - XOVL_PATHS_BITS); /* every bit of a word has part in these alone */
	__u32 index = bpf_get_smp_processor_id() * PATH_BLOCKS + slot / XOVL_BLOCK_PATHS;
	struct xovl_path_block *block = bpf_map_lookup_elem(&paths, &index);

	if (!block)
		return false;
	slot %= XOVL_BLOCK_PATHS;
	place->path = &block->path[slot];
	place->headers = &block->headers[slot];
	asm volatile("" : "+r"(place->path), "+r"(place->headers)); /* else clang would keep what they are made of */
	return true;
}

static __always_inline __u64 path_moves(__u32 net_index)
{
	return moves[net_index % XOVL_MOVES];
}

/* Nothing has changed since, and it is not too long ago. */
static __always_inline bool path_is_valid(const struct xovl_path *path)
{
	return (__s64)(path->expires - bpf_jiffies64()) > 0 && path->epoch == (__u32)(epoch + path_moves(path->net));
}

/* Before the first look-up: what they find counts from here. */
static __always_inline void lookup_begin(struct destination *to)
{
	to->expires = bpf_jiffies64() + jiffies_per_second / PATHS_PER_SECOND;
	to->epoch = epoch;
}

/* The network is known, and its FDB is to be asked. */
static __always_inline void lookup_enter_network(const struct frame *f, struct destination *to)
{
	to->epoch += path_moves(f->net_index);
}

/* From a peer: what the fast path does not know how to finish. */
#define PATH_VERIFY (XOVL_NET_SEQ_STRICT | XOVL_NET_NO_ZEROCSUM6 | XOVL_NET_GBP | XOVL_NET_MSS_CLAMP)

_Static_assert(PATH_VERIFY < XOVL_PATH_TO_PEER, "the lower half of a path's flags");

/* From a peer: what is the same wherever its frames go. */
#define PATH_OF_ORIGIN (PATH_VERIFY | XOVL_PATH_NVGRE)

/* The frame's origin and network as remembered. */
static __always_inline void path_recall(struct frame *f, const struct xovl_path *path)
{
	f->origin = path->origin;
	f->net_index = path->net;
	f->port_vid = path->port_vid;
	f->path_flags = path->flags;
}

/*
 * The path of another frame, with the same source in the same place. Out of a tunnel: uplink_path_equal() is to be asked, too,
 * as not all is in the key.
 */
static __always_inline bool path_shares_origin(const struct xovl_path *path, const struct xovl_path_key *key)
{
	/* above the MAC: a tunnel's VLAN and kind, but not the bucket of a port's flow */
	__u64 place = key->dst & XOVL_PATH_FROM_PORT ? XOVL_PATH_FROM_PORT : ~0ull << XOVL_PATH_BUCKET_SHIFT;

	return !((path->key.src ^ key->src) | (path->key.from ^ key->from) | ((path->key.dst ^ key->dst) & place)) &&
	       path_is_valid(path);
}

/* A place for a path that is followed once. False: never. */
static __always_inline bool path_place_scratch(enum scratch_path_use use, struct path_place *place)
{
	struct scratch_path *once = scratch_path_get(use);

	if (!once)
		return false;
	place->path = &once->path;
	place->headers = &once->headers;
	return true;
}

/*
 * Where to put the path of a frame: in its place, unless what is there does not make way. What is still valid does so one time in
 * PATH_EVICTS_ONE_IN only: where more paths are in use than there are places, writing all of them would cost more than it
 * gains, and those in much use stay. False: never.
 */
#define PATH_EVICTS_ONE_IN 8

static __always_inline bool path_evict(struct path_place *place)
{
	if (!path_is_valid(place->path) || bpf_get_prandom_u32() % PATH_EVICTS_ONE_IN == 0)
		return true;
	return path_place_scratch(SCRATCH_PATH_FRAME, place);
}

/* Origin and network are known from that path, as long as it is valid. False: the network is gone. */
static __always_inline bool path_inherit(struct frame *f, const struct xovl_path *path, struct destination *to)
{
	path_recall(f, path);
	f->net = network_get(f->net_index);
	to->expires = path->expires;
	to->epoch = path->epoch;
	return f->net;
}

/* What the look-ups found, but for the way out. It is no path yet: see path_keep(). */
static __always_inline void path_begin(struct xovl_path *path, const struct xovl_path_key *key, const struct frame *f,
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

/* The largest inner IP packet that the path carries, of frames with that much before it. */
static __always_inline __u32 path_mtu(const struct xovl_path *path, __u32 l2_len)
{
	__u32 before = path->outer_len - ETH_HLEN + l2_len;
	__u32 mtu = path->mtu > before ? path->mtu - before : 0;

	return mtu < path->mtu_network ? mtu : path->mtu_network;
}

/* It is complete. */
static __always_inline void path_keep(struct xovl_path *path, __u64 expires)
{
	*(volatile __u64 *)&path->expires = expires;
}

#endif
