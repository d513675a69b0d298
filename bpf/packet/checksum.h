/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Checksums over whole packets (RFC 1071), for outer UDP and GRE headers and for ICMP messages, also if the tenant's
 * own checksum is still incomplete.
 */
#ifndef XOVL_BPF_PACKET_CHECKSUM_H
#define XOVL_BPF_PACKET_CHECKSUM_H

#include "maps/scratch.h"
#include "packet/flow.h"

#define SUM_CHUNKS_MAX (IP_LEN_MAX / SCRATCH_LEN + 1)

struct sum_walk {
	ctx_t *ctx;
	__u32 at, end;
	__u32 sum;
};

static long sum_chunk_nth(__u32 nth, struct sum_walk *walk)
{
	__u32 chunk = walk->end - walk->at < SCRATCH_LEN ? walk->end - walk->at : SCRATCH_LEN;
	struct scratch *scratch = scratch_get();

	chunk = length_up_to(chunk, SCRATCH_LEN);
	if (!scratch || walk->at >= walk->end || hook_load(walk->ctx, walk->at, scratch->octets, chunk))
		return 1;
	/* bytes behind the chunk are zero, so an odd end is summed as whole words */
	*(__u32 *)(scratch->octets + chunk) = 0;
	walk->sum = bpf_csum_diff(NULL, 0, (void *)scratch->octets, (chunk + 3) & 0x3fc, walk->sum);
	walk->at += chunk;
	return 0;
}

/* Returns the folded sum of the bytes from offset at to end, and of sum. Bytes beyond the packet do not count. */
__noinline __u32 packet_sum(ctx_t *ctx, __u32 at, __u32 end, __u32 sum)
{
	struct sum_walk walk = {.ctx = ctx, .at = at, .end = end, .sum = sum};

	bpf_loop(SUM_CHUNKS_MAX, sum_chunk_nth, &walk, 0);
	return sum_fold(walk.sum);
}

/*
 * Finds a transport checksum in the tenant's frame that the stack left incomplete (CHECKSUM_PARTIAL). Once complete,
 * the checksummed segment sums to the complement of the value that its checksum field holds now. So the outer
 * checksum can be computed without completing it. (The same holds for a checksum that is already complete and
 * correct.)
 *
 * at: offset of the tenant's frame. Returns the offset of its transport header in the lower 32 bits and the checksum
 * field above, or 0 if no checksum is incomplete. Invalidates packet pointers.
 */
__noinline __u64 partial_checksum_find(ctx_t *ctx, __u32 at)
{
	struct frame f = {};
	struct flow flow;

	frame_reach(ctx, &f, at + FLOW_HEADERS_MAX);
	flow_parse(&f, outer_offset(at), true, &flow);
	return (flow.marks & FLOW_PARTIAL) && flow.transport ? (__u64)flow.check << 32 | (at + flow.transport) : 0;
}

/* packet_sum() with open, the result of partial_checksum_find() for a frame between at and end. */
static __always_inline __u32 sum_with_partial(ctx_t *ctx, __u32 at, __u32 end, __u64 open, __u32 sum)
{
	if (!open)
		return packet_sum(ctx, at, end, sum);
	return packet_sum(ctx, at, (__u32)open, sum + (__u16) ~(open >> 32));
}

#endif
