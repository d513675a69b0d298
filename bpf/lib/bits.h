/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Word copies, length bounds that the verifier accepts, and hashing. Used by every stage. */
#ifndef XOVL_BPF_LIB_BITS_H
#define XOVL_BPF_LIB_BITS_H

#include <stdbool.h>

#include <linux/types.h>

#include <bpf/bpf_helpers.h>

/*
 * Copies len bytes, a compile-time constant, in words. memcpy would copy byte by byte: the UAPI types promise clang
 * no alignment.
 */
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
 * Returns len, known to lie between 1 and most (a power of two), in a form that the verifier can bound. Helpers that
 * load bytes need both bounds. Verifiers up to Linux 6.1 learn no lower bound from a comparison with 0.
 */
static __always_inline __u32 length_up_to(__u32 len, __u32 most)
{
	asm volatile("" : "+r"(len));
	return ((len - 1) & (most - 1)) + 1;
}

/*
 * Returns at, an offset into the outer headers, bounded for the verifier. Outer headers take at most 346 bytes:
 * Ethernet with a tag, IPv6 with an extension header, UDP, GENEVE with all its options. The bound is applied where
 * the offset is used: verifiers up to Linux 6.1 lose it in the copy that clang 14 keeps on the stack.
 */
static __always_inline __u32 outer_offset(__u32 at)
{
	asm volatile("" : "+r"(at));
	return at & 511;
}

/*
 * Joins two 32-bit words into one 64-bit word; first is the lower in memory. Map keys are written this way because
 * the kernel compares 64-bit words: loading one right after two 32-bit stores would stall.
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
