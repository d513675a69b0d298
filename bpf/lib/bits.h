/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Words, lengths and hashes. */
#ifndef XOVL_BPF_LIB_BITS_H
#define XOVL_BPF_LIB_BITS_H

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

/*
 * An offset into the outer headers, which take at most 346 octets (Ethernet with a tag, IPv6 with an extension header, UDP,
 * GENEVE with all its options), bounded where it is used: verifiers up to 6.1 lose a bound with the copy that clang 14 keeps
 * on the stack.
 */
static __always_inline __u32 outer_offset(__u32 at)
{
	asm volatile("" : "+r"(at));
	return at & 511;
}

/*
 * Keys are written in words of 64 bits, as the kernel compares them: it could not pick up halves without a stall. The lower
 * half is the first in memory.
 */
static __always_inline __u64 word_of(__u32 first, __u32 second)
{
	return (__u64)second << 32 | first;
}

static __always_inline __u64 hash_mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 32;
}

#endif
