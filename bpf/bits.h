/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sums and hashes. */
#ifndef XOVL_BPF_BITS_H
#define XOVL_BPF_BITS_H

#include <linux/types.h>

#include <bpf/bpf_helpers.h>

static __always_inline __u64 hash_mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 32;
}

/* The Internet checksum's folding (RFC 1071). */
static __always_inline __u16 sum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

#endif
