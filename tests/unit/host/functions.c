/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "host.h"

#define XOVL_HOOK_TC

#include "lib/addr.h"
#include "lib/bits.h"
#include "lib/checksum.h"
#include "lib/mac.h"
#include "packet/ecn.h"
#include "packet/flow.h"
#include "packet/gre.h"
#include "packet/outer.h"

#include "functions.h"

void host_words_copy(void *to, const void *from, uint32_t len)
{
	words_copy(to, from, len);
}

uint32_t host_length_up_to(uint32_t len, uint32_t most)
{
	return length_up_to(len, most);
}

uint16_t host_sum_fold(uint32_t sum)
{
	return sum_fold(sum);
}

uint32_t host_sum_reduce32(uint64_t sum)
{
	return sum_reduce32(sum);
}

bool host_sum_is_zero(uint64_t sum)
{
	return sum_is_zero(sum);
}

uint32_t host_sum_of_words(const uint16_t *words, int nr)
{
	return sum_of_words(words, nr);
}

uint32_t host_pseudo_sum(const struct xovl_addr *a, const struct xovl_addr *b, uint8_t protocol, uint32_t len)
{
	return pseudo_sum(a, b, protocol, len);
}

bool host_mac_is_group(const uint8_t mac[6])
{
	return mac_is_group(mac_read(mac));
}

bool host_mac_is_link_local(const uint8_t mac[6])
{
	return mac_is_link_local(mac_read(mac));
}

bool host_mac_is_bad_source(const uint8_t mac[6])
{
	return mac_is_bad_source(mac_read(mac));
}

void host_mac_copy(uint8_t to[6], const uint8_t from[6])
{
	mac_write(to, mac_read(from));
}

void host_addr_from_ipv4(struct xovl_addr *addr, uint32_t ipv4)
{
	addr_from_ipv4(addr, ipv4);
}

bool host_addr_is_ipv4(const struct xovl_addr *addr)
{
	return addr_is_ipv4(addr);
}

const uint8_t host_flow_syn = FLOW_SYN, host_flow_partial = FLOW_PARTIAL, host_flow_deep = FLOW_DEEP;

void host_flow_parse(const uint8_t *packet, size_t len, uint32_t at, bool partial, struct host_flow *flow)
{
	struct frame f = {.data = (void *)packet, .end = (void *)packet + len};
	struct flow parsed;

	flow_parse(&f, at, partial, &parsed);
	*flow = (struct host_flow){.hash = parsed.hash,
				   .l2_len = parsed.l2_len,
				   .transport = parsed.transport,
				   .headers = parsed.headers,
				   .check = parsed.check,
				   .family = parsed.family,
				   .tos = parsed.tos,
				   .marks = parsed.marks};
}

static void describe(const struct frame *f, const struct outer *found, struct host_outer *outer)
{
	*outer = (struct host_outer){.remote = found->id.tunnel.remote,
				     .local = found->id.tunnel.local,
				     .header = found->id.header,
				     .l4 = found->l4,
				     .l4_len = found->l4_len,
				     .outer_len = f->outer_len,
				     .frame_len = f->len,
				     .dport = found->id.dport,
				     .kind = found->id.kind,
				     .tos = found->tos,
				     .needs_verify = found->id.needs_verify,
				     .trailer = f->trailer,
				     .malformed = found->malformed};
}

static struct frame frame_of(const uint8_t *packet, size_t len)
{
	return (struct frame){.data = (void *)packet, .end = (void *)packet + len, .len = len};
}

bool host_outer_is_plain(const uint8_t *packet, size_t len, struct host_outer *outer)
{
	struct frame f = frame_of(packet, len);
	struct outer found = {};
	bool plain;

	if (len < ETH_HLEN)
		return false;
	plain = outer_is_plain(NULL, &f, &found.id);
	describe(&f, &found, outer);
	return plain;
}

bool host_outer_parse(const uint8_t *packet, size_t len, struct host_outer *outer)
{
	struct __sk_buff ctx = {
		.data = (__u32)(uintptr_t)packet, .data_end = (__u32)(uintptr_t)packet + len, .len = len};
	struct frame f = frame_of(packet, len);
	struct outer found;
	bool tunnel;

	if (len < ETH_HLEN)
		return false;
	tunnel = outer_parse(&ctx, &f, &found);
	describe(&f, &found, outer);
	return tunnel;
}

void host_set_geneve_port(uint16_t dport)
{
	const __be16 port = bpf_htons(dport);

	geneve_ports[port >> 6] |= 1ull << (port & 63);
}

uint8_t host_ecn_combine(uint8_t outer, uint8_t inner)
{
	return ecn_combine(outer, inner);
}

const uint8_t host_ecn_drop = ECN_DROP;

uint64_t host_sequence_next_state(uint64_t received, uint32_t number, bool silent, bool *late)
{
	return sequence_next_state(received, number, silent, late);
}
