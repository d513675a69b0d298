/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The thin layer between a hook and the stages. hook_xdp.h (XDP buffers) and hook_tc.h with tc_room.h (skbs) define
 * the same functions. All other stages are written once.
 */
#ifndef XOVL_BPF_HOOK_HOOK_H
#define XOVL_BPF_HOOK_HOOK_H

#include "hook/jump.h"

#ifdef XOVL_HOOK_XDP
#include "hook/hook_xdp.h"
#else
#include "hook/hook_tc.h"
#include "hook/tc_room.h"
#endif

#endif
