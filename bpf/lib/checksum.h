/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The Internet checksum (RFC 1071): adding, folding and testing sums. Used for outer headers and for the tenant's
 * packets.
 */
#ifndef XOVL_BPF_LIB_CHECKSUM_H
#define XOVL_BPF_LIB_CHECKSUM_H

#include "lib/addr.h"

/* Folds a 32-bit sum to 16 bits (RFC 1071). */
static __always_inline __u16 sum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return sum + (sum >> 16);
}

/* Reduces a sum of 32-bit words to 32 bits. The result still has to be folded. */
static __always_inline __u32 sum_reduce32(__u64 sum)
{
	return (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
}

/* Returns the unfolded sum of nr 16-bit words. */
static __always_inline __u32 sum_of_words(const __u16 *word, int nr)
{
	__u32 sum = 0;

#pragma nounroll /* unrolled, it would take many registers */
	for (int i = 0; i < nr; i++)
		sum += word[i];
	return sum;
}

/*
 * True if the sum, which is not 0 itself, folds to 0xffff (zero in RFC 1071), i.e. if 0xffff divides it. An odd n
 * divides x exactly if x times the inverse of n modulo 2^64 is at most (2^64 - 1) / n: one multiplication replaces
 * the folding.
 */
static __always_inline bool sum_is_zero(__u64 sum)
{
	return sum * 0xfffefffefffeffffull <= ~0ull / 0xffff;
}

/*
 * Returns the sum of an outer packet's pseudo-header (RFC 768; RFC 8200, 8.1), not folded to the end. len in host
 * byte order.
 */
static __always_inline __u32 pseudo_sum(const struct xovl_addr *a, const struct xovl_addr *b, __u8 protocol, __u32 len)
{
	__u64 sum = (__u64)bpf_htonl(len) + bpf_htonl(protocol);
	bool ipv4 = addr_is_ipv4(a);

	for (int i = 0; i < 4; i++)
		if (!ipv4 || i == 3)
			sum += (__u64)a->be32[i] + b->be32[i];
	return sum_reduce32(sum);
}

#endif
