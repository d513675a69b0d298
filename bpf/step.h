/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records the steps of a packet, in shadow programs only. */
#ifndef XOVL_BPF_STEP_H
#define XOVL_BPF_STEP_H

#include "xovl/steps.h"

#include "hook/shadow.h"
#include "maps/define.h"

XOVL_PERCPU_ARRAY(steps, struct xovl_steps, 1);

__noinline int step_record(__u32 kind, __u64 value)
{
	struct xovl_steps *all;
	struct xovl_step *next;
	__u32 zero = 0;

	all = bpf_map_lookup_elem(&steps, &zero);
	if (!all)
		return 0;
	/* the last places are for the exit, however many copies there are */
	if (all->count < (kind < XOVL_STEP_PORT ? XOVL_STEPS_MAX - 8 : XOVL_STEPS_MAX)) {
		next = &all->step[all->count & (XOVL_STEPS_MAX - 1)];
		next->kind = kind;
		next->value = value;
		all->count++;
	} else {
		all->lost++;
	}
	return 0;
}

/*
 * Notes that the packet has come this far. In live programs only the load of the constant is left of it, so the fast
 * path has no steps but those of its exit.
 */
static __always_inline void step(enum xovl_step_kind kind, __u64 value)
{
	if (shadow)
		step_record(kind, value);
}

#endif
