// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Helper programs of the benchmark: one varies frames, one only redirects, the sinks drop and count. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

const volatile __u32 out_ifindex;
const volatile __u32 patch_at; /* offset in the frame, octets */
const volatile __u32 nr_patches;
/* The kernel reuses frames as the program left them. Moving the MACs for a VLAN tag overwrites the program's input. */
const volatile __u32 restore_head;
const volatile __u64 head[8];

__u32 next_patch; /* no atomics: one CPU sends and receives */
__u64 received;

/* The octets at patch_at, for one frame after the other. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 1);
} bench_patches SEC(".maps");

/* The measured program. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 1);
} bench_next SEC(".maps");

char bench_license[] SEC("license") = "Dual BSD/GPL";

/* Turn the frame into the next one, then tail-call the measured program. */
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

/* The minimum cost of forwarding. */
SEC("xdp")
int bench_redirect(struct xdp_md *ctx)
{
	return bpf_redirect(out_ifindex, 0);
}

/* Pass frames to the stack. */
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
