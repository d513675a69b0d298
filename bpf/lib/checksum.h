/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The Internet checksum (RFC 1071). */
#ifndef XOVL_BPF_LIB_CHECKSUM_H
#define XOVL_BPF_LIB_CHECKSUM_H

#include "lib/addr.h"

/* The Internet checksum's folding (RFC 1071). */
static __always_inline __u16 sum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return sum + (sum >> 16);
}

/* Of a sum of some numbers of 32 bits, one that fits them again: not folded to the end. */
static __always_inline __u32 sum_halve(__u64 sum)
{
	return (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
}

/* The unfolded sum of nr numbers of 16 bits. */
static __always_inline __u32 sum_of_words(const __u16 *word, int nr)
{
	__u32 sum = 0;

#pragma nounroll /* it would take many registers */
	for (int i = 0; i < nr; i++)
		sum += word[i];
	return sum;
}

/*
 * Is the folded sum zero, 0xffff that is (RFC 1071; of a sum that is not 0 itself)? It is where 0xffff divides it, and
 * an odd number divides what its inverse modulo 2^64 turns into a quotient: one multiplication instead of the folding.
 */
static __always_inline bool sum_is_zero(__u64 sum)
{
	return sum * 0xfffefffefffeffffull <= ~0ull / 0xffff;
}

/* The sum of the pseudo-header of an outer packet (RFC 768; RFC 8200, 8.1), not folded to the end. */
static __always_inline __u32 pseudo_sum(const struct xovl_addr *a, const struct xovl_addr *b, __u8 protocol, __u32 len)
{
	__u64 sum = (__u64)bpf_htonl(len) + bpf_htonl(protocol);
	bool ipv4 = addr_is_ipv4(a);

	for (int i = 0; i < 4; i++)
		if (!ipv4 || i == 3)
			sum += (__u64)a->be32[i] + b->be32[i];
	return sum_halve(sum);
}

#endif
