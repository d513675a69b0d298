/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* GRE (RFC 2784) with key and sequence number (RFC 2890), and NVGRE (RFC 7637), which is GRE with a key of its own kind. */
#ifndef XOVL_BPF_PACKET_GRE_H
#define XOVL_BPF_PACKET_GRE_H

#include "lib/clock.h"
#include "maps/tables.h"
#include "packet/outer.h"

#define GRE_ROUTING 0x4000
#define GRE_RFC1701 0x0c00 /* strict source route, and the first bit of what comes next: RFC 2784, 2.1.1 */
#define GRE_VERSION 0x0007

/* Host byte order. */
static __always_inline __u16 gre_flags(const struct outer *outer)
{
	return bpf_ntohs((__u16)outer->brief.header);
}

/* encap: of the network whose key it is; GRE where it is nobody's */
static __always_inline enum xovl_reason gre_check(const struct outer *outer, enum xovl_encap encap)
{
	__u16 flags = gre_flags(outer);

	if (flags & GRE_VERSION)
		return XOVL_REASON_GRE_VERSION;
	if (flags & GRE_ROUTING)
		return XOVL_REASON_GRE_ROUTING;
	if (flags & GRE_RFC1701)
		return XOVL_REASON_GRE_FLAGS;
	if (encap == XOVL_ENCAP_NVGRE && (flags & (XOVL_GRE_C | XOVL_GRE_S)))
		return XOVL_REASON_GRE_FLAGS;
	if ((__u16)(outer->brief.header >> 16) != bpf_htons(XOVL_PROTOCOL_ETHERNET))
		return XOVL_REASON_GRE_PROTOCOL;
	return XOVL_REASON_NONE;
}

/* Offset of the sequence number in a header with those flags. */
static __always_inline __u32 gre_sequence_at(__u16 flags)
{
	return xovl_gre_len(flags & ~XOVL_GRE_S);
}

/* The flags of what is sent for the network, host byte order. */
static __always_inline __u16 gre_flags_sent(const struct xovl_network *net, bool nvgre)
{
	__u16 flags = 0;

	if (nvgre)
		return XOVL_GRE_K;
	if (net->flags & XOVL_NET_CSUM)
		flags |= XOVL_GRE_C;
	if (!(net->flags & XOVL_NET_KEYLESS))
		flags |= XOVL_GRE_K;
	if (net->flags & XOVL_NET_SEQ)
		flags |= XOVL_GRE_S;
	return flags;
}

/* Write the header with those flags. Checksum and sequence number are left open. */
static __always_inline void gre_prepare(struct xovl_gre *gre, const struct xovl_network *net, __u16 flags, bool nvgre)
{
	__u32 *word = (void *)(gre + 1);

	gre->flags = bpf_htons(flags);
	gre->protocol = bpf_htons(XOVL_PROTOCOL_ETHERNET);
	if (flags & XOVL_GRE_C)
		*word++ = 0;
	if (flags & XOVL_GRE_K)
		*word++ = bpf_htonl(nvgre ? net->id << 8 : net->id);
	if (flags & XOVL_GRE_S)
		*word = 0;
}

/* NULL: there is no more room. */
static __always_inline struct xovl_sequence *sequence_get(__u32 net_index, __u32 peer_index)
{
	struct xovl_sequence_key key = {.net = net_index, .peer = peer_index};
	struct xovl_sequence *known = bpf_map_lookup_elem(&sequences, &key);
	struct xovl_sequence first = {};

	if (known)
		return known;
	bpf_map_update_elem(&sequences, &key, &first, BPF_NOEXIST);
	return bpf_map_lookup_elem(&sequences, &key);
}

/* The number of the next packet to a peer; the CPUs share one count. */
static __always_inline __u32 gre_sequence_next(__u32 net_index, __u32 peer_index)
{
	struct xovl_sequence *sequence = sequence_get(net_index, peer_index);

	return sequence ? __sync_fetch_and_add(&sequence->next, 1) : 0;
}

/*
 * seq strict (RFC 2890, section 2.2, which leaves open how far a number may be ahead). `received` is one word, so that CPUs agree:
 * below the newest number, above it one that is in doubt; the same one where there is none.
 */
#define SEQUENCE_NEAR 1024 /* so far from the newest a number is believed: it is newer, or late */

static __always_inline bool sequence_is_near(__u32 number, __u32 other)
{
	return number - other + SEQUENCE_NEAR <= 2 * SEQUENCE_NEAR;
}

/*
 * What `received` becomes by a packet of that number; not late: deliver it. A number far from the newest, which anybody may have
 * made up, is in doubt until another one near to it comes next: then the peer has jumped, or starts again. Ahead it is no
 * late one, meanwhile; behind it is. After a silence the peer may have started again, too: nothing is late.
 */
static __always_inline __u64 sequence_next_state(__u64 received, __u32 number, bool silent, bool *late)
{
	__u32 newest = received, doubtful = received >> 32;
	bool behind = (__s32)(number - newest) <= 0;
	bool near = sequence_is_near(number, newest);
	bool confirms = number != doubtful && sequence_is_near(number, doubtful);

	if ((behind && silent) || (near ? !behind : confirms)) {
		*late = false;
		return word_of(number, number);
	}
	*late = behind || number == doubtful;
	return near ? received : word_of(newest, number);
}

/* False: another CPU was faster; received is what it wrote. */
static __always_inline bool sequence_try(struct xovl_sequence *sequence, __u64 *received, __u32 number, bool silent,
					 bool *late)
{
	__u64 next = sequence_next_state(*received, number, silent, late);
	__u64 found = __sync_val_compare_and_swap(&sequence->received, *received, next);
	bool done = found == *received;

	*received = found;
	return done;
}

/* Is a packet of that number not late? */
static __always_inline bool gre_sequence_is_new(__u32 net_index, __u32 peer_index, __u32 number)
{
	struct xovl_sequence *sequence = sequence_get(net_index, peer_index);
	__u64 now = bpf_jiffies64();
	bool silent, late = false;
	__u64 received;

	if (!sequence)
		return true;
	silent = (__s64)(now - sequence->heard) > (__s64)jiffies_per_second; /* another CPU may have heard later */
	received = *(volatile __u64 *)&sequence->received;
	/* no loop: clang turns it so that verifiers up to 6.1 see no end */
	(void)(sequence_try(sequence, &received, number, silent, &late) ||
	       sequence_try(sequence, &received, number, silent, &late) ||
	       sequence_try(sequence, &received, number, silent, &late));
	if (!late)
		sequence->heard = now;
	return !late;
}

#endif
