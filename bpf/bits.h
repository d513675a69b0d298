/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sums and hashes. */
#ifndef XOVL_BPF_BITS_H
#define XOVL_BPF_BITS_H

#include <stdbool.h>

#include <linux/types.h>

#include <bpf/bpf_helpers.h>

static __always_inline __u64 hash_mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 32;
}

/* The Internet checksum's folding (RFC 1071), of the sum of two numbers of 16 bits. */
static __always_inline __u16 sum_fold_once(__u32 sum)
{
	return (sum & 0xffff) + (sum >> 16);
}

/*
 * Is the folded sum zero, 0xffff that is (RFC 1071; of a sum that is not 0 itself)? It is where 0xffff divides it, and
 * an odd number divides what its inverse modulo 2^64 turns into a quotient: one multiplication instead of the folding.
 */
static __always_inline bool sum_is_zero(__u64 sum)
{
	return sum * 0xfffefffefffeffffull <= ~0ull / 0xffff;
}

#endif
