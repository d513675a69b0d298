/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The exit of a program: turns the outcome of a frame into the hook's verdict, and counts it. */
#ifndef XOVL_BPF_OUT_FINISH_H
#define XOVL_BPF_OUT_FINISH_H

#include "outcome.h"
#include "packet/packet.h"
#include "step.h"

/* Jumps to a program that goes on with the frame. Returns only if there is no such program, with the packet unchanged. */
static __always_inline void frame_jump(ctx_t *ctx, const struct frame *f, enum jump to)
{
	struct packet *packet = packet_get();

	if (HOOK_IS_XDP || !packet)
		return;
	packet_keep(packet, f);
	hook_jump(ctx, to);
}

/*
 * Counts a frame whose VLAN belongs to no port of the interface. TC only, because XDP leaves such a frame to TC,
 * which leaves it to the kernel.
 */
static __always_inline void count_vlan_unknown(const ctx_t *ctx)
{
	__u32 ifindex = hook_ifindex(ctx);
	struct xovl_device_stats *stats;

	step(XOVL_STEP_OUTCOME, OUTCOME_NO_PORT);
	if (HOOK_IS_XDP || shadow)
		return;
	stats = bpf_map_lookup_elem(&device_stats, &ifindex);
	if (stats)
		stats->vlan_unknown++;
}

/* Returns where the frame came from: its port or peer, or the interface if neither is known. */
static __always_inline __u32 drop_place(const ctx_t *ctx, const struct frame *f)
{
	return f->origin == ORIGIN_NONE ? xovl_place(XOVL_PLACE_DEVICE, hook_ifindex(ctx)) : frame_place(f);
}

/* Counts a frame of a network with its outcome, which may be a reason. */
static __always_inline void count_frame(const struct frame *f, int outcome)
{
	struct xovl_net_stats *stats = net_stats_get(f->net_index);

	if (!stats)
		return;
	count_origin(f, stats);
	stats->by_kernel += f->by_kernel || outcome == OUTCOME_SENT_BY_KERNEL;
	if (outcome == OUTCOME_DELIVERED) {
		stats->delivered++;
		stats->by_xdp += HOOK_IS_XDP;
		count_port_tx(f->target, f->len);
	} else if (outcome == OUTCOME_SENT || outcome == OUTCOME_SENT_BY_KERNEL) {
		stats->sent++;
		stats->by_xdp += HOOK_IS_XDP;
		count_peer_tx(f->target, stats, f->len);
	} else if (outcome == OUTCOME_FLOODED) {
		stats->flooded++;
	}
}

/* Shadow programs: records the outcome instead of counting it. Returns the verdict. */
__noinline int frame_steps(bool from_tunnel, __u32 origin, __u32 net_index, __u32 target, int outcome)
{
	step_record(from_tunnel ? XOVL_STEP_PEER : XOVL_STEP_PORT, origin);
	step_record(XOVL_STEP_NETWORK, net_index);
	if (outcome >= OUTCOME_DELIVERED)
		step_record(XOVL_STEP_TARGET, target);
	step_record(XOVL_STEP_OUTCOME, outcome);
	return outcome >= OUTCOME_DELIVERED ? HOOK_REDIRECT : HOOK_DROP;
}

/* Returns the verdict of the frame. A frame that is to be flooded goes on to another program, which counts it. */
static __always_inline int frame_finish(ctx_t *ctx, const struct frame *f, int outcome)
{
	if (outcome == OUTCOME_FLOOD) {
		frame_jump(ctx, f, JUMP_FLOOD);
		outcome = HOOK_IS_XDP ? (int)OUTCOME_PASS : (int)XOVL_REASON_PROGRAM_MISSING;
	}
	if (outcome == OUTCOME_NO_PORT)
		count_vlan_unknown(ctx);
	if (outcome >= OUTCOME_PASS && outcome <= OUTCOME_NO_PORT)
		return HOOK_PASS;
	if (outcome == OUTCOME_CONSUMED) {
		step(XOVL_STEP_OUTCOME, outcome);
		return HOOK_DROP;
	}
	if (shadow)
		return frame_steps(f->from_tunnel, f->origin, f->net_index, f->target, outcome);
	if (outcome > OUTCOME_CONSUMED || !reason_is_outer(outcome))
		count_frame(f, outcome);
	if (outcome < XOVL_REASON_MAX)
		count_drop(outcome, f->net_index, drop_place(ctx, f), false);
	return outcome >= OUTCOME_DELIVERED ? HOOK_REDIRECT : HOOK_DROP;
}

#endif
