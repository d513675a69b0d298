/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The carrier is what brings the packet: an XDP buffer or an skb. The stages are written once; only what
 * stands in these two headers differs.
 */
#ifndef XOVL_BPF_CARRIER_H
#define XOVL_BPF_CARRIER_H

#ifdef XOVL_CARRIER_XDP
#include "carrier_xdp.h"
#else
#include "carrier_tc.h"
#endif

#endif
