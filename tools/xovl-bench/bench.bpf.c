// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Around what is measured: what makes frames differ, what only redirects, what swallows and counts. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

const volatile __u32 out_ifindex;
const volatile __u32 patch_at; /* octets from the Ethernet header on */
const volatile __u32 nr_patches;
/* Frames come back as the program left them. One that moves the MACs, for a VLAN tag, has written over what it read. */
const volatile __u32 restore_head;
const volatile __u64 head[8];

__u32 next_patch; /* one CPU sends and receives */
__u64 received;

/* What stands at patch_at in one frame after the other. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 1);
} bench_patches SEC(".maps");

/* The program that is measured. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 1);
} bench_next SEC(".maps");

char bench_license[] SEC("license") = "Dual BSD/GPL";

/* Make the next frame out of the one at hand, then go on as the measured program. */
SEC("xdp")
int bench_vary(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u64 *at = data + (patch_at & 0xff), *patch;
	__u64 *octets = data;
	__u32 nth = next_patch;

	if (restore_head) {
		if ((void *)(octets + 8) > end)
			return XDP_ABORTED;
		for (int i = 0; i < 8; i++)
			octets[i] = head[i];
	}
	next_patch = nth + 1 < nr_patches ? nth + 1 : 0;
	patch = bpf_map_lookup_elem(&bench_patches, &nth);
	if (!patch || (void *)(at + 1) > end)
		return XDP_ABORTED;
	*at = *patch;
	bpf_tail_call(ctx, &bench_next, 0);
	return XDP_ABORTED;
}

/* The floor. */
SEC("xdp")
int bench_redirect(struct xdp_md *ctx)
{
	return bpf_redirect(out_ifindex, 0);
}

/* To the stack. */
SEC("xdp")
int bench_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp")
int bench_sink_xdp(struct xdp_md *ctx)
{
	received++;
	return XDP_DROP;
}

SEC("tc")
int bench_sink_tc(struct __sk_buff *ctx)
{
	received++;
	return TC_ACT_SHOT;
}
