/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Memory of each CPU, for what the stack has no room for. Programs do not preempt each other on one CPU. */
#ifndef XOVL_BPF_MAPS_SCRATCH_H
#define XOVL_BPF_MAPS_SCRATCH_H

#include "xovl/caches.h"

#include "maps/define.h"

/* Octets of a packet for a moment, and the words behind them that may be read with them. */
#define SCRATCH_LEN 512

struct scratch {
	__u8 octets[SCRATCH_LEN + 64];
};

XOVL_PERCPU_ARRAY(scratch, struct scratch, 1);

static __always_inline struct scratch *scratch_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratch, &zero);
}

/* Paths that are followed once and not remembered. */
enum scratch_path_use { SCRATCH_PATH_FRAME, SCRATCH_PATH_COPY, SCRATCH_PATH_BACK, SCRATCH_PATHS };

struct scratch_path {
	struct xovl_path path;
	union xovl_path_headers headers;
};
XOVL_PERCPU_ARRAY(scratch_paths, struct scratch_path, SCRATCH_PATHS);

static __always_inline struct scratch_path *scratch_path_get(enum scratch_path_use use)
{
	__u32 index = use;

	return bpf_map_lookup_elem(&scratch_paths, &index);
}

#endif
