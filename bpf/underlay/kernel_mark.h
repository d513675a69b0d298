/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The skb->mark of a tunnel packet that the uplink's program leaves to the stack, for the kernel's tunnel device.
 * The device's program (entry/kernel.h) reads it; nothing else of the uplink's findings survives.
 */
#ifndef XOVL_BPF_UNDERLAY_KERNEL_MARK_H
#define XOVL_BPF_UNDERLAY_KERNEL_MARK_H

#include <stdbool.h>

#include <linux/types.h>

#define KERNEL_MARK 0x786f7670u	   /* the packet came in by an uplink */
#define KERNEL_MARK_SOUND 0x1u	   /* its headers were checked */
#define KERNEL_MARK_ENCRYPTED 0x2u /* it was encrypted on the way */
#define KERNEL_MARK_BITS 0x3u	   /* bits that may be set */

static __always_inline bool kernel_is_mark(__u32 mark)
{
	return (mark & ~KERNEL_MARK_BITS) == KERNEL_MARK;
}

#endif
