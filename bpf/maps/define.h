/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Macros that declare maps. Userspace sets the sizes before it loads the programs. All programs of a network
 * namespace share the maps.
 */
#ifndef XOVL_BPF_MAPS_DEFINE_H
#define XOVL_BPF_MAPS_DEFINE_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

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

/*
 * An array whose elements begin at cache lines, if a line divides their size: a memory-mapped array starts at a
 * page.
 */
#define XOVL_ARRAY_OF_LINES(name, value_type)      \
	struct {                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);  \
		__uint(map_flags, BPF_F_MMAPABLE); \
		__type(key, __u32);                \
		__type(value, value_type);         \
		__uint(max_entries, 1);            \
	} name SEC(".maps")

/* Not preallocated: memory grows with use, and an update swaps in a whole new element. */
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

#endif
