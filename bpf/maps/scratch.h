/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Per-CPU memory for data that is too large for the stack. Programs do not preempt each other on one CPU, so it
 * needs no lock.
 */
#ifndef XOVL_BPF_MAPS_SCRATCH_H
#define XOVL_BPF_MAPS_SCRATCH_H

#include <linux/bpf.h>

#include "xovl/caches.h"

#include "maps/define.h"

/*
 * Bytes of a packet that are copied here for a moment. The 64 bytes behind SCRATCH_LEN may be read and written with
 * them.
 */
#define SCRATCH_LEN 512

struct scratch {
	__u8 octets[SCRATCH_LEN + 64];
	struct bpf_fib_lookup fib;     /* any look-up of a route */
	struct xovl_tunnel_key tunnel; /* tunnel_of_packet() */
	struct xovl_member_key member; /* tunnel_peer_get() */
};

XOVL_PERCPU_ARRAY(scratch, struct scratch, 1);

static __always_inline struct scratch *scratch_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratch, &zero);
}

/*
 * Paths that are used once and not cached, by use: for the frame at hand, for a flooded copy, for the way back to a
 * peer.
 */
enum scratch_path_use { SCRATCH_PATH_FRAME, SCRATCH_PATH_COPY, SCRATCH_PATH_BACK, SCRATCH_PATHS };

struct scratch_path {
	struct xovl_path path;
	struct xovl_path_rest rest;
};
XOVL_PERCPU_ARRAY(scratch_paths, struct scratch_path, SCRATCH_PATHS);

static __always_inline struct scratch_path *scratch_path_get(enum scratch_path_use use)
{
	__u32 index = use;

	return bpf_map_lookup_elem(&scratch_paths, &index);
}

#endif
