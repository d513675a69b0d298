/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tables and caches that every stage reads. Keys and values are described in xovl/maps.h, xovl/caches.h and
 * xovl/learned.h. Userspace sets the sizes at load. All programs of one network namespace share the maps.
 */
#ifndef XOVL_BPF_MAPS_TABLES_H
#define XOVL_BPF_MAPS_TABLES_H

#include "xovl/caches.h"
#include "xovl/learned.h"
#include "xovl/maps.h"

#include "maps/define.h"

XOVL_HASH(ports, struct xovl_port_key, struct xovl_port_ref);
XOVL_ARRAY(port_table, struct xovl_port);
XOVL_ARRAY(networks, struct xovl_network);
XOVL_HASH(fdb, struct xovl_fdb_key, struct xovl_fdb);

XOVL_ARRAY_OF_LINES(fdb_hints, struct xovl_fdb_hints);
XOVL_ARRAY_OF_LINES(learned, struct xovl_learned_set);
XOVL_ARRAY_OF_LINES(learned_uses, struct xovl_learned_use);
XOVL_ARRAY_OF_LINES(learned_owners, struct xovl_learned_owners);
XOVL_ARRAY_OF_LINES(learned_ports, __u64);
XOVL_ARRAY_OF_LINES(learned_peers, __u64);

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct xovl_fdb_key);
	__type(value, struct xovl_fdb_moves);
	__uint(max_entries, XOVL_FDB_MOVES);
} fdb_moves SEC(".maps");

XOVL_HASH(floods, struct xovl_flood_key, __u32);
XOVL_ARRAY(peers, struct xovl_peer);
XOVL_HASH(members, struct xovl_member_key, struct xovl_member);
XOVL_HASH(endpoints, struct xovl_endpoint_key, struct xovl_endpoint);
XOVL_HASH(tunnels, struct xovl_tunnel_key, struct xovl_tunnel);
XOVL_HASH(options, struct xovl_options_key, struct xovl_options);
XOVL_HASH(sequences, struct xovl_sequence_key, struct xovl_sequence);
XOVL_ARRAY(icmp_limits, struct xovl_icmp_limit);
XOVL_ARRAY(port_states, struct xovl_port_state);

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct xovl_pmtu_key);
	__type(value, struct xovl_pmtu);
	__uint(max_entries, 4096);
} pmtus SEC(".maps");

XOVL_HASH(devices, __u32, struct xovl_device);
XOVL_PERCPU_ARRAY(nexthops, struct xovl_nexthop, 1);
XOVL_ARRAY_OF_LINES(paths, struct xovl_path_block);

/* The index is passed by value: taking the address of a struct's field would keep the whole struct in memory. */

/* Returns NULL if no network has the index. */
static __always_inline struct xovl_network *network_get(__u32 index)
{
	struct xovl_network *net = bpf_map_lookup_elem(&networks, &index);

	return net && (net->flags & XOVL_NET_USED) ? net : NULL;
}

/* Returns NULL if no peer has the index. */
static __always_inline struct xovl_peer *peer_get(__u32 index)
{
	struct xovl_peer *peer = bpf_map_lookup_elem(&peers, &index);

	return peer && peer->family ? peer : NULL;
}

/* Returns NULL if the network or port has no options for that use. */
static __always_inline struct xovl_options *options_get(enum xovl_options_use use, __u32 index)
{
	struct xovl_options_key key = {.index = index, .use = use};

	return bpf_map_lookup_elem(&options, &key);
}

#endif
