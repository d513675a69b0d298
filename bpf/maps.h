/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every map of the datapath. Keys and values are documented in xovl/maps.h and xovl/caches.h. Sizes are set by userspace at
 * load, and the maps are shared by all programs of one network namespace.
 */
#ifndef XOVL_BPF_MAPS_H
#define XOVL_BPF_MAPS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "xovl/caches.h"
#include "xovl/learned.h"
#include "xovl/maps.h"
#include "xovl/reasons.h"

#define XOVL_ARRAY(name, value_type)              \
	struct {                                  \
		__uint(type, BPF_MAP_TYPE_ARRAY); \
		__type(key, __u32);               \
		__type(value, value_type);        \
		__uint(max_entries, 1);           \
	} name SEC(".maps")

#define XOVL_PERCPU_ARRAY(name, value_type, entries)     \
	struct {                                         \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); \
		__type(key, __u32);                      \
		__type(value, value_type);               \
		__uint(max_entries, entries);            \
	} name SEC(".maps")

/* The elements of an array that can be mapped start with a page: so each begins with a cache line, if that divides its size. */
#define XOVL_ARRAY_OF_LINES(name, value_type)      \
	struct {                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);  \
		__uint(map_flags, BPF_F_MMAPABLE); \
		__type(key, __u32);                \
		__type(value, value_type);         \
		__uint(max_entries, 1);            \
	} name SEC(".maps")

/* Not preallocated: memory follows use, and an update puts a whole new element in place. */
#define XOVL_HASH(name, key_type, value_type)         \
	struct {                                      \
		__uint(type, BPF_MAP_TYPE_HASH);      \
		__uint(map_flags, BPF_F_NO_PREALLOC); \
		__type(key, key_type);                \
		__type(value, value_type);            \
		__uint(max_entries, 1);               \
	} name SEC(".maps")

#define XOVL_PERCPU_HASH(name, key_type, value_type, entries) \
	struct {                                              \
		__uint(type, BPF_MAP_TYPE_PERCPU_HASH);       \
		__uint(map_flags, BPF_F_NO_PREALLOC);         \
		__type(key, key_type);                        \
		__type(value, value_type);                    \
		__uint(max_entries, entries);                 \
	} name SEC(".maps")

XOVL_HASH(ports, struct xovl_port_key, struct xovl_port_ref);
XOVL_ARRAY(port_table, struct xovl_port);
XOVL_ARRAY(networks, struct xovl_network);
XOVL_HASH(fdb, struct xovl_fdb_key, struct xovl_fdb);

XOVL_ARRAY_OF_LINES(fdb_hints, struct xovl_fdb_hints);
XOVL_ARRAY_OF_LINES(learned, struct xovl_learned_set);
XOVL_ARRAY_OF_LINES(learned_uses, struct xovl_learned_use);

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

/* Paths that are followed once and not remembered. */
enum path_use { PATH_OF_ONE, PATH_OF_COPY, PATH_BACK, PATH_USES };

struct path_once {
	struct xovl_path path;
	union xovl_path_headers headers;
};
XOVL_PERCPU_ARRAY(paths_once, struct path_once, PATH_USES);

/* Maps of one element, too, but the programs know its address: no look-up. */
volatile __u64 generation SEC(".data.generation");
volatile __u64 moves[XOVL_MOVES] SEC(".data.moves");
struct xovl_learned_all learned_all SEC(".data.learned_all");
volatile struct xovl_host host SEC(".data.host");
volatile __u64 geneve_ports[XOVL_PORT_WORDS] SEC(".data.geneve_ports");

/* Octets of a packet for a moment, and the words behind them that may be read with them. */
#define SCRATCH_LEN 512

struct scratch {
	__u8 octets[SCRATCH_LEN + 64];
};

XOVL_PERCPU_ARRAY(scratch, struct scratch, 1);

XOVL_PERCPU_ARRAY(port_stats, struct xovl_traffic, 1);
XOVL_PERCPU_ARRAY(peer_stats, struct xovl_traffic, 1);
XOVL_PERCPU_ARRAY(net_stats, struct xovl_net_stats, 1);
XOVL_PERCPU_ARRAY(drop_stats, struct xovl_drop_stats, XOVL_REASON_MAX);
XOVL_PERCPU_HASH(drop_places, struct xovl_drop_key, struct xovl_drop_stats, XOVL_DROP_PLACES);
XOVL_PERCPU_HASH(device_stats, __u32, struct xovl_device_stats, 1);

/*
 * Keys are written in words of 64 bits, as the kernel compares them: it could not pick up halves without a stall. The lower
 * half is the first in memory.
 */
static __always_inline __u64 word_of(__u32 first, __u32 second)
{
	return (__u64)second << 32 | first;
}

/* The elements of arrays, whose index comes by value: an address of a field would keep the whole of its struct in memory. */

/* NULL: there is no such network (any more). */
static __always_inline struct xovl_network *network_get(__u32 index)
{
	struct xovl_network *net = bpf_map_lookup_elem(&networks, &index);

	return net && (net->flags & XOVL_NET_USED) ? net : NULL;
}

static __always_inline struct xovl_peer *peer_get(__u32 index)
{
	struct xovl_peer *peer = bpf_map_lookup_elem(&peers, &index);

	return peer && peer->family ? peer : NULL;
}

/* NULL: it has none. */
static __always_inline struct xovl_options *options_get(enum xovl_options_use use, __u32 index)
{
	struct xovl_options_key key = {.index = index, .use = use};

	return bpf_map_lookup_elem(&options, &key);
}

static __always_inline struct xovl_net_stats *net_stats_get(__u32 index)
{
	return bpf_map_lookup_elem(&net_stats, &index);
}

static __always_inline struct xovl_traffic *peer_stats_get(__u32 index)
{
	return bpf_map_lookup_elem(&peer_stats, &index);
}

static __always_inline struct xovl_traffic *port_stats_get(__u32 index)
{
	return bpf_map_lookup_elem(&port_stats, &index);
}

static __always_inline struct scratch *scratch_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratch, &zero);
}

static __always_inline struct path_once *path_once(enum path_use use)
{
	__u32 index = use;

	return bpf_map_lookup_elem(&paths_once, &index);
}

static __always_inline struct xovl_drop_stats *drop_stats_get(__u32 reason)
{
	return bpf_map_lookup_elem(&drop_stats, &reason);
}

#endif
