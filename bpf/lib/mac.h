/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* MAC addresses as numbers in registers, and the classes of MAC addresses. */
#ifndef XOVL_BPF_LIB_MAC_H
#define XOVL_BPF_LIB_MAC_H

#include <stdbool.h>

#include <linux/types.h>

/*
 * A MAC address as a number, its first byte lowest. It takes one register instead of six bytes in memory: a wide
 * load right after narrow stores would stall.
 */
typedef __u64 mac_t;

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "mac_t is written for little-endian machines");

static __always_inline mac_t mac_read(const void *from)
{
	return (__u64) * (const __u16 *)(from + 4) << 32 | *(const __u32 *)from;
}

static __always_inline void mac_write(void *to, mac_t mac)
{
	*(__u32 *)to = mac;
	*(__u16 *)(to + 4) = mac >> 32;
}

static __always_inline bool mac_is_group(mac_t mac)
{
	return mac & 1;
}

/* True for 01-80-C2-00-00-00 to -0F, which a bridge never forwards (IEEE 802.1Q, 8.6.3). */
static __always_inline bool mac_is_link_local(mac_t mac)
{
	return (mac & 0xf0ffffffffffull) == 0x000000c28001ull;
}

/* True for group addresses and zero, which no frame may have as its source. */
static __always_inline bool mac_is_bad_source(mac_t mac)
{
	return mac_is_group(mac) || !mac;
}

#endif
