/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One address type for both families: 16 bytes, IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). Keys and values of maps
 * use it.
 */
#ifndef XOVL_ADDR_H
#define XOVL_ADDR_H

#include <linux/types.h>

struct xovl_addr {
	union {
		__u8 bytes[16];
		__be32 be32[4];
		__u64 words[2]; /* in memory order, for copying and comparing */
	};
};

#endif
