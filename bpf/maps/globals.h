/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Global data: maps of one element. Programs know its address, so reading it takes no look-up. Fields are described
 * in xovl/maps.h, xovl/caches.h and xovl/learned.h.
 */
#ifndef XOVL_BPF_MAPS_GLOBALS_H
#define XOVL_BPF_MAPS_GLOBALS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "xovl/caches.h"
#include "xovl/learned.h"
#include "xovl/maps.h"

volatile __u64 epoch SEC(".data.epoch");
volatile __u64 moves[XOVL_MOVES] SEC(".data.moves");
struct xovl_learned_all learned_all SEC(".data.learned_all");
volatile struct xovl_host host SEC(".data.host");
volatile __u64 geneve_ports[XOVL_PORT_WORDS] SEC(".data.geneve_ports");

#endif
