/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The TC programs that other TC programs jump to (tail calls): each has its own 512 bytes of stack. A jump does not
 * come back. XDP programs do not jump, because libxdp's dispatcher allows no tail calls.
 */
#ifndef XOVL_BPF_HOOK_JUMP_H
#define XOVL_BPF_HOOK_JUMP_H

/* Indices of the map jumps, which tc.bpf.c fills. */
enum jump {
	JUMP_PORT_RESOLVE,   /* a frame from a port without a cached path */
	JUMP_UPLINK_RESOLVE, /* a packet from the underlay that is not plain, or has no cached path */
	JUMP_REPORT,	     /* a packet from the underlay that is no tunnel packet: perhaps a report about one */
	JUMP_FLOOD,	     /* the frame in packet_get() goes to all */
	JUMP_REPLY,	     /* the frame in packet_get() does not fit: its sender is told */
	JUMPS,
};

#endif
