/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Wire formats that the UAPI headers lack. All fields in network byte order. */
#ifndef XOVL_WIRE_H
#define XOVL_WIRE_H

#include <linux/types.h>

#include "xovl/assert.h"

/* VXLAN header, RFC 7348 section 5. */
struct xovl_vxlan {
	__be32 flags; /* XOVL_VXLAN_I, every other bit reserved */
	__be32 vni;   /* VNI in the upper 24 bits, the lower 8 reserved */
};
XOVL_ASSERT_SIZE(struct xovl_vxlan, 8);

#define XOVL_VXLAN_I 0x08000000u /* host byte order: the VNI is valid */
#define XOVL_VXLAN_PORT 4789u
#define XOVL_VNI_MAX 0xffffffu

/* 802.1Q tag as it stands between the source MAC and the EtherType. */
struct xovl_vlan_tag {
	__be16 tpid;
	__be16 tci;
};
XOVL_ASSERT_SIZE(struct xovl_vlan_tag, 4);

/* Flow entropy: the outer UDP source port lies in the dynamic range, RFC 7348 section 5 and RFC 6335. */
#define XOVL_SPORT_MIN 49152u
#define XOVL_SPORT_COUNT 16384u

#endif
