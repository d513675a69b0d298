/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* GENEVE (RFC 8926): checks the header and options of received packets, and prepares those that a network sends. */
#ifndef XOVL_BPF_PACKET_GENEVE_H
#define XOVL_BPF_PACKET_GENEVE_H

#include "maps/scratch.h"
#include "maps/tables.h"
#include "packet/outer.h"

#define GENEVE_OPTIONS_MAX (XOVL_GENEVE_OPT_LEN * 4)

/* True for a control packet (RFC 8926, section 3.4, O bit), which is left to the kernel. */
static __always_inline bool geneve_is_control(const struct outer *outer)
{
	return outer_is_geneve(outer) && (outer->id.header >> 8 & XOVL_GENEVE_O);
}

/* Returns the length of the options in bytes. */
static __always_inline __u32 geneve_options_len(const struct outer_id *id)
{
	return (id->header & XOVL_GENEVE_OPT_LEN) * 4;
}

/* Returns the offset of the first option. The options end where the tenant's frame begins. */
static __always_inline __u32 geneve_options_at(const struct frame *f, const struct outer_id *id)
{
	return f->outer_len - geneve_options_len(id);
}

/* State of a walk through a packet's options, which are in the scratch. */
struct geneve_walk {
	struct xovl_options *match; /* NULL: no option is required */
	struct xovl_options *known;
	__u32 at, len;
	bool matched;
	bool critical;
	enum xovl_reason reason;
};

/*
 * True if the network knows the critical option of that class and type. Lengths and reserved bits are masked out.
 * Unused places in known are 0, which no critical option is. Free of branches, because the verifier would follow
 * their combinations.
 */
static __always_inline bool geneve_is_known(const struct xovl_options *known, __u32 class_and_type)
{
	const __u32 *words = (const void *)known->octets;
	__u64 found = 0; /* highest bit set: one difference was 0 */

#pragma nounroll
	for (__u32 i = 0; i < XOVL_OPTIONS_MAX / 4; i++)
		found |= (__u64)(words[i] ^ class_and_type) - 1;
	return found >> 63;
}

/* True if the option at matches the required one. A longer option matches by its prefix. */
static __always_inline bool geneve_matches(const struct xovl_options *match, const void *at)
{
	const __u32 *is = at, *want = (const void *)match->octets, *mask = (const void *)match->mask;
	__u32 differs = 0;

#pragma nounroll
	for (__u32 i = 0; i < XOVL_OPTIONS_MAX / 4; i++)
		differs |= (is[i] ^ want[i]) & mask[i];
	return !differs;
}

static long geneve_option_nth(__u32 nth, struct geneve_walk *walk)
{
	struct scratch *scratch = scratch_get();
	const struct xovl_geneve_option *option;
	__u32 len, class_and_type;

	if (!scratch || walk->at >= walk->len)
		return 1;
	option = (void *)scratch->octets + (walk->at & (GENEVE_OPTIONS_MAX | 3));
	len = sizeof(*option) + (option->len & XOVL_GENEVE_DATA_LEN) * 4;
	if (walk->at + len > walk->len) {
		walk->reason = XOVL_REASON_GENEVE_OPTION_LENGTH;
		return 1;
	}
	class_and_type = *(const __u32 *)option & bpf_htonl(0xffffff00);
	if (option->type & XOVL_GENEVE_CRITICAL) {
		walk->critical = true;
		if (!walk->known || !geneve_is_known(walk->known, class_and_type))
			walk->reason = XOVL_REASON_GENEVE_CRITICAL;
	}
	if (walk->match && len >= walk->match->len && geneve_matches(walk->match, option))
		walk->matched = true;
	walk->at += len;
	return 0;
}

/*
 * Checks the options in the scratch, len bytes, against the network. Sets *critical if one is critical. Returns the
 * drop reason or XOVL_REASON_NONE.
 */
static __always_inline enum xovl_reason geneve_check_options(__u32 len, __u32 net_index, __u32 net_flags,
							     bool *critical)
{
	struct geneve_walk walk = {.len = len};

	if (net_flags & XOVL_NET_MATCH)
		walk.match = options_get(XOVL_OPTIONS_MATCH, net_index);
	if (net_flags & XOVL_NET_KNOWN)
		walk.known = options_get(XOVL_OPTIONS_KNOWN, net_index);
	bpf_loop(XOVL_GENEVE_OPT_LEN, geneve_option_nth, &walk, 0);
	*critical = walk.critical;
	if (!walk.reason && (net_flags & XOVL_NET_MATCH) && !walk.matched)
		return XOVL_REASON_GENEVE_MATCH;
	return walk.reason;
}

/*
 * Checks the options at offset at. first_word: of the packet's GENEVE header. Returns the drop reason or
 * XOVL_REASON_NONE.
 */
__noinline int geneve_check_packet(ctx_t *ctx, __u32 first_word, __u32 at, __u32 net_index, __u32 net_flags)
{
	struct scratch *scratch = scratch_get();
	__u32 len = (first_word & XOVL_GENEVE_OPT_LEN) * 4;
	enum xovl_reason reason;
	bool critical = false;

	if (!scratch || (len && hook_load(ctx, at, scratch->octets, length_up_to(len, 256))))
		return XOVL_REASON_GENEVE_SHORT;
	reason = geneve_check_options(len, net_index, net_flags, &critical);
	if (reason != XOVL_REASON_GENEVE_OPTION_LENGTH && critical != !!(first_word >> 8 & XOVL_GENEVE_C))
		return XOVL_REASON_GENEVE_C_FLAG;
	return reason;
}

/*
 * Checks the header and its options (RFC 8926, sections 3.4 and 3.5). Reserved bits are ignored. Returns the drop
 * reason or XOVL_REASON_NONE.
 */
static __always_inline enum xovl_reason geneve_check(ctx_t *ctx, const struct frame *f, const struct outer *outer,
						     __u32 net_flags)
{
	if (outer->id.header & 0xc0)
		return XOVL_REASON_GENEVE_VERSION;
	if ((__u16)(outer->id.header >> 16) != bpf_htons(XOVL_PROTOCOL_ETHERNET))
		return XOVL_REASON_GENEVE_PROTOCOL;
	return geneve_check_packet(ctx, outer->id.header, geneve_options_at(f, &outer->id), f->net_index, net_flags);
}

/* Returns 1 if the options at offset at equal those of the path, which has some. They then need no second check. */
__noinline int geneve_options_equal(ctx_t *ctx, const struct xovl_path_guards *guards, __u32 at)
{
	struct frame f = {};
	const __u32 *is;
	__u32 len;

	if (!guards)
		return 0;
	frame_reload(ctx, &f);
	is = f.data + outer_offset(at);
	len = guards->options_len;
	for (__u32 i = 0; i < XOVL_OPTIONS_MAX / 4; i++) {
		if (i * 4 >= len)
			return 1;
		if ((void *)(is + i + 1) > f.end || is[i] != ((const __u32 *)guards->options)[i])
			return 0;
	}
	return 1;
}

/* Remembers the packet's options in the path. Returns false if they are too long to remember. */
static __always_inline bool geneve_options_keep(ctx_t *ctx, const struct frame *f, const struct outer_id *id,
						struct xovl_path_guards *guards)
{
	__u32 len = geneve_options_len(id);

	guards->options_len = len;
	if (!len)
		return true;
	return len <= XOVL_OPTIONS_MAX &&
	       !hook_load(ctx, geneve_options_at(f, id), guards->options, length_up_to(len, XOVL_OPTIONS_MAX));
}

/* Appends the options of a network or port to the len bytes in the scratch. Returns the new length. */
static __always_inline __u32 geneve_collect(struct scratch *scratch, __u32 len, enum xovl_options_use use, __u32 index,
					    __u8 *flags)
{
	struct xovl_options *more = options_get(use, index);

	if (!more ||
	    len + more->len > XOVL_OPTIONS_MAX) /* userspace prevents that, but not in the middle of a change */
		return len;
	words_copy(scratch->octets + (len & (2 * XOVL_OPTIONS_MAX - 1)), more->octets, XOVL_OPTIONS_MAX);
	if (more->critical)
		*flags |= XOVL_GENEVE_C;
	return len + more->len;
}

/*
 * Writes the header with the options of the network and, unless port is NULL, the port. Returns the length of the
 * options in bytes.
 */
static __always_inline __u32 geneve_prepare(void *to, const struct xovl_network *net, __u32 net_index,
					    const struct xovl_port *port, __u32 port_index)
{
	struct scratch *scratch = scratch_get();
	__u32 len = 0, first;
	__u8 flags = 0;

	if (scratch && (net->flags & XOVL_NET_OPTIONS))
		len = geneve_collect(scratch, len, XOVL_OPTIONS_NET, net_index, &flags);
	if (scratch && port && (port->flags & XOVL_PORT_OPTIONS))
		len = geneve_collect(scratch, len, XOVL_OPTIONS_PORT, port_index, &flags);
	if (scratch && len)
		words_copy(to + sizeof(struct xovl_geneve), scratch->octets, XOVL_OPTIONS_MAX);
	first = bpf_htonl(len / 4 << 24 | (__u32)flags << 16 | XOVL_PROTOCOL_ETHERNET);
	*(__u64 *)to = word_of(first, bpf_htonl(net->id << 8));
	return len;
}

#endif
