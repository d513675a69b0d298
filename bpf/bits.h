/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Words, sums and hashes. */
#ifndef XOVL_BPF_BITS_H
#define XOVL_BPF_BITS_H

#include <stdbool.h>

#include <linux/types.h>

#include <bpf/bpf_helpers.h>

/* Octets are copied in words, a known number; the types only promise what UAPI headers do, and clang would copy octets. */
static __always_inline void words_copy(void *to, const void *from, __u32 len)
{
	__u32 at = 0;

	for (; at + sizeof(__u64) <= len; at += sizeof(__u64))
		*(__u64 *)(to + at) = *(const __u64 *)(from + at);
	if (at + sizeof(__u32) <= len) {
		*(__u32 *)(to + at) = *(const __u32 *)(from + at);
		at += sizeof(__u32);
	}
	if (at + sizeof(__u16) <= len)
		*(__u16 *)(to + at) = *(const __u16 *)(from + at);
}

/*
 * A length that is known to lie between 1 and most, a power of two. Helpers that load octets want to see that, and verifiers
 * up to 6.1 learn no lower bound from a comparison with 0.
 */
static __always_inline __u32 length_up_to(__u32 len, __u32 most)
{
	asm volatile("" : "+r"(len));
	return ((len - 1) & (most - 1)) + 1;
}

static __always_inline __u64 hash_mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 32;
}

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

#endif
