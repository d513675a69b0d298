/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What guarded ports may send: their MACs and their addresses. Keys are described in xovl/ports.h. TC only. */
#ifndef XOVL_BPF_MAPS_SECURITY_H
#define XOVL_BPF_MAPS_SECURITY_H

#include <stdbool.h>

#include "xovl/maps.h"

#include "lib/mac.h"
#include "maps/define.h"

XOVL_HASH(port_macs, struct xovl_port_mac, __u32);

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct xovl_port_prefix);
	__type(value, __u32);
	__uint(max_entries, 1);
} port_prefixes SEC(".maps");

static __always_inline bool port_has_mac(__u32 port, mac_t mac)
{
	struct xovl_port_mac key = {.mac = mac, .port = port};

	return bpf_map_lookup_elem(&port_macs, &key);
}

/* True if one of the port's prefixes of that family holds the address. */
static __always_inline bool port_has_address(__u32 port, bool ipv6, const struct xovl_addr *address)
{
	struct xovl_port_prefix key = {.bits = XOVL_PORT_PREFIX_BITS(128), .address = *address};

	key.port = ipv6 ? port | XOVL_PORT_PREFIX_IPV6 : port;
	return bpf_map_lookup_elem(&port_prefixes, &key);
}

#endif
