/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * skb->mark of a tunnel packet that one of our programs leaves to the stack, for the kernel's tunnel device (entry/kernel.h). The device's
 * program finds it there again, and nothing else of what was before.
 */
#ifndef XOVL_BPF_UNDERLAY_KERNEL_MARK_H
#define XOVL_BPF_UNDERLAY_KERNEL_MARK_H

#include <stdbool.h>

#include <linux/types.h>

#define KERNEL_MARK 0x786f7670u	   /* it came in by an uplink */
#define KERNEL_MARK_SOUND 0x1u	   /* its headers have been checked */
#define KERNEL_MARK_ENCRYPTED 0x2u /* it was encrypted on the way */
#define KERNEL_MARK_BITS 0x3u	   /* that can be set */

static __always_inline bool kernel_is_mark(__u32 mark)
{
	return (mark & ~KERNEL_MARK_BITS) == KERNEL_MARK;
}

#endif
