/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Counters of ports, peers, networks and drops. They are per CPU, so plain additions are enough. outcome.h adds to
 * them.
 */
#ifndef XOVL_BPF_MAPS_STATS_H
#define XOVL_BPF_MAPS_STATS_H

#include "xovl/counters.h"
#include "xovl/maps.h"
#include "xovl/reasons.h"

#include "maps/define.h"

XOVL_PERCPU_ARRAY(port_stats, struct xovl_traffic, 1);
XOVL_PERCPU_ARRAY(peer_stats, struct xovl_traffic, 1);
XOVL_PERCPU_ARRAY(net_stats, struct xovl_net_stats, 1);
XOVL_PERCPU_ARRAY(drop_stats, struct xovl_drop_stats, XOVL_REASON_MAX);
XOVL_PERCPU_HASH(drop_places, struct xovl_drop_key, struct xovl_drop_stats, XOVL_DROP_PLACES);
XOVL_PERCPU_HASH(device_stats, __u32, struct xovl_device_stats, 1);

static __always_inline struct xovl_net_stats *net_stats_get(__u32 index)
{
	return bpf_map_lookup_elem(&net_stats, &index);
}

static __always_inline struct xovl_traffic *peer_stats_get(__u32 index)
{
	return bpf_map_lookup_elem(&peer_stats, &index);
}

static __always_inline struct xovl_traffic *port_stats_get(__u32 index)
{
	return bpf_map_lookup_elem(&port_stats, &index);
}

static __always_inline struct xovl_drop_stats *drop_stats_get(__u32 reason)
{
	return bpf_map_lookup_elem(&drop_stats, &reason);
}

#endif
