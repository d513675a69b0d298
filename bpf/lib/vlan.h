/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* VLAN tags (IEEE 802.1Q, clause 9): which EtherTypes are tags. */
#ifndef XOVL_BPF_LIB_VLAN_H
#define XOVL_BPF_LIB_VLAN_H

#include <stdbool.h>

#include <linux/if_ether.h>
#include <linux/types.h>

#include <bpf/bpf_endian.h>

/* Stands for any tag but 802.1Q, e.g. 802.1ad. 4095 is reserved, so no port has it. */
#define VID_OTHER 4095

static __always_inline bool ethertype_is_vlan(__be16 proto)
{
	return proto == bpf_htons(ETH_P_8021Q) || proto == bpf_htons(ETH_P_8021AD);
}

#endif
