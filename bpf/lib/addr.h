/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* IPv4 and IPv6 addresses as one 16-byte type, struct xovl_addr of xovl/addr.h. Used wherever a header is parsed. */
#ifndef XOVL_BPF_LIB_ADDR_H
#define XOVL_BPF_LIB_ADDR_H

#include <stdbool.h>

#include <linux/in6.h>

#include <bpf/bpf_endian.h>

#include "xovl/addr.h"

#include "lib/bits.h"
#include "lib/mac.h"

static __always_inline void addr_from_ipv4(struct xovl_addr *addr, __be32 ipv4)
{
	addr->words[0] = 0;
	addr->words[1] = word_of(bpf_htonl(0xffff), ipv4);
}

static __always_inline void addr_from_ipv6(struct xovl_addr *addr, const struct in6_addr *ipv6)
{
	const __be32 *part = ipv6->in6_u.u6_addr32;

	addr->words[0] = word_of(part[0], part[1]);
	addr->words[1] = word_of(part[2], part[3]);
}

static __always_inline bool addr_is_ipv4(const struct xovl_addr *addr)
{
	return !addr->words[0] && addr->be32[2] == bpf_htonl(0xffff);
}

/* The link-local address that a host makes from its MAC (RFC 4291, appendix A). */
static __always_inline void addr_from_mac(struct xovl_addr *addr, mac_t mac)
{
	addr->words[0] = bpf_htonl(0xfe800000);
	addr->words[1] = ((mac & 0xffffff) ^ 2) | 0xfeffull << 24 | mac >> 24 << 40;
}

#endif
