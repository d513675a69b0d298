/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The hook brings the packet, as an XDP buffer or as an skb. hook_xdp.h and hook_tc.h define the same functions for both. All other
 * stages are written once.
 */
#ifndef XOVL_BPF_HOOK_HOOK_H
#define XOVL_BPF_HOOK_HOOK_H

#ifdef XOVL_HOOK_XDP
#include "hook/hook_xdp.h"
#else
#include "hook/hook_tc.h"
#include "hook/tc_room.h"
#endif

#endif
