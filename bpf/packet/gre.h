/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * GRE (RFC 2784) with key and sequence number (RFC 2890), and NVGRE (RFC 7637), which is GRE whose key is VSID and
 * FlowID: checks received headers, prepares sent ones, and keeps the sequence numbers.
 */
#ifndef XOVL_BPF_PACKET_GRE_H
#define XOVL_BPF_PACKET_GRE_H

#include "lib/clock.h"
#include "maps/tables.h"
#include "packet/outer.h"

#define GRE_ROUTING 0x4000
#define GRE_RFC1701 0x0c00 /* strict source route, and the first recursion control bit (RFC 1701): RFC 2784, 2.1.1 */
#define GRE_VERSION 0x0007

/* Returns the header's flags in host byte order. */
static __always_inline __u16 gre_flags(const struct outer *outer)
{
	return bpf_ntohs((__u16)outer->id.header);
}

/*
 * Checks the header. encap: of the network that has the key, XOVL_ENCAP_GRE if none has. Returns the drop reason or
 * XOVL_REASON_NONE.
 */
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
	if ((__u16)(outer->id.header >> 16) != bpf_htons(XOVL_PROTOCOL_ETHERNET))
		return XOVL_REASON_GRE_PROTOCOL;
	return XOVL_REASON_NONE;
}

/* Returns the offset of the sequence number in a header with those flags. */
static __always_inline __u32 gre_sequence_at(__u16 flags)
{
	return xovl_gre_len(flags & ~XOVL_GRE_S);
}

/* Returns the flags that the network sends, in host byte order. */
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

/* Writes the header with those flags. Checksum and sequence number are filled in later. */
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

/* Returns the sequence numbers of the network and peer, made on first use. Returns NULL if the map is full. */
static __always_inline struct xovl_sequence *sequence_get(__u32 net_index, __u32 peer_index)
{
	struct xovl_sequence_key key = {.net = net_index, .peer = peer_index};
	struct xovl_sequence *known = bpf_map_lookup_elem(&sequences, &key);
	struct xovl_sequence first = {};

	if (known || shadow)
		return known;
	bpf_map_update_elem(&sequences, &key, &first, BPF_NOEXIST);
	return bpf_map_lookup_elem(&sequences, &key);
}

/* Returns the number of the next packet to a peer. All CPUs share one count. */
static __always_inline __u32 gre_sequence_next(__u32 net_index, __u32 peer_index)
{
	struct xovl_sequence *sequence = sequence_get(net_index, peer_index);

	if (sequence && shadow)
		return sequence->next;
	return sequence ? __sync_fetch_and_add(&sequence->next, 1) : 0;
}

/*
 * Sequence numbers with "seq strict" (RFC 2890, section 2.2, which leaves open how far ahead a number may be).
 * `received` is one word, so that CPUs agree: the newest number in the lower half, the number in doubt in the upper
 * half, or the newest number again if none is in doubt.
 */
#define SEQUENCE_NEAR 1024 /* a number this close to the newest is believed to be newer or late */

static __always_inline bool sequence_is_near(__u32 number, __u32 other)
{
	return number - other + SEQUENCE_NEAR <= 2 * SEQUENCE_NEAR;
}

/*
 * Returns the new value of `received` after a packet of that number, and sets *late if the packet must be dropped. A
 * number far from the newest could be forged, so it is in doubt until the next packet has a number near it: then the
 * peer has jumped or started again. A packet in doubt is delivered if its number is ahead and not a repeat; behind,
 * it is late. After a silence the peer may have started again, so no packet is late.
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

/* Tries to update the state once. Returns false if another CPU was faster; *received is then what that CPU wrote. */
static __always_inline bool sequence_try(struct xovl_sequence *sequence, __u64 *received, __u32 number, bool silent,
					 bool *late)
{
	__u64 next = sequence_next_state(*received, number, silent, late);
	__u64 found = __sync_val_compare_and_swap(&sequence->received, *received, next);
	bool done = found == *received;

	*received = found;
	return done;
}

/* True if a packet of that number is not late, i.e. may be delivered. */
static __always_inline bool gre_sequence_is_new(__u32 net_index, __u32 peer_index, __u32 number)
{
	struct xovl_sequence *sequence = sequence_get(net_index, peer_index);
	__u64 now = bpf_jiffies64();
	bool silent, late = false;
	__u64 received;

	if (!sequence)
		return true;
	silent = (__s64)(now - sequence->heard) >
		 (__s64)jiffies_per_second; /* signed: another CPU may have heard later */
	received = *(volatile __u64 *)&sequence->received;
	if (shadow) {
		sequence_next_state(received, number, silent, &late);
		return !late;
	}
	/* not a loop: clang would compile one in which verifiers up to Linux 6.1 see no end */
	(void)(sequence_try(sequence, &received, number, silent, &late) ||
	       sequence_try(sequence, &received, number, silent, &late) ||
	       sequence_try(sequence, &received, number, silent, &late));
	if (!late)
		sequence->heard = now;
	return !late;
}

#endif
