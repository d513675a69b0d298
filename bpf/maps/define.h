/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How maps are declared. Userspace sets their sizes before it loads the programs. All programs of a network namespace share them. */
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

#endif
