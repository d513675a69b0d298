/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Functions of bpf/lib and bpf/packet, built for the host. A packet is one block of octets. */
#ifndef XOVL_TESTS_HOST_FUNCTIONS_H
#define XOVL_TESTS_HOST_FUNCTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xovl/addr.h"

#ifdef __cplusplus
extern "C" {
#endif

/* lib/bits.h */
void host_words_copy(void *to, const void *from, uint32_t len);
uint32_t host_length_up_to(uint32_t len, uint32_t most);

/* lib/checksum.h */
uint16_t host_sum_fold(uint32_t sum);
uint32_t host_sum_reduce32(uint64_t sum);
bool host_sum_is_zero(uint64_t sum);
uint32_t host_sum_of_words(const uint16_t *words, int nr);
uint32_t host_pseudo_sum(const struct xovl_addr *a, const struct xovl_addr *b, uint8_t protocol, uint32_t len);

/* lib/mac.h, lib/addr.h */
bool host_mac_is_group(const uint8_t mac[6]);
bool host_mac_is_link_local(const uint8_t mac[6]);
bool host_mac_is_bad_source(const uint8_t mac[6]);
void host_mac_copy(uint8_t to[6], const uint8_t from[6]);
void host_addr_from_ipv4(struct xovl_addr *addr, uint32_t ipv4);
bool host_addr_is_ipv4(const struct xovl_addr *addr);

/* packet/flow.h; fields as in struct flow */
struct host_flow {
	uint64_t hash;
	uint16_t l2_len, transport, headers, check;
	uint8_t family, tos, marks;
};
void host_flow_parse(const uint8_t *packet, size_t len, uint32_t at, bool partial, struct host_flow *flow);
extern const uint8_t host_flow_syn, host_flow_partial, host_flow_deep;

/* packet/outer.h; the results in struct outer and struct frame */
struct host_outer {
	struct xovl_addr remote, local;
	uint64_t header;
	uint32_t l4, l4_len;
	uint32_t outer_len, frame_len; /* offset and length of the tenant's frame */
	uint16_t dport;                /* network byte order */
	uint8_t kind, tos;
	bool needs_verify, trailer;
	int malformed; /* enum xovl_reason */
};
/* False: not the usual kind of tunnel packet. */
bool host_outer_is_plain(const uint8_t *packet, size_t len, struct host_outer *outer);
/* False: no tunnel packet. The packet must lie below 4 GiB. */
bool host_outer_parse(const uint8_t *packet, size_t len, struct host_outer *outer);
/* dport: host byte order */
void host_set_geneve_port(uint16_t dport);

/* packet/ecn.h: the inner field after decapsulation, or ECN_DROP */
uint8_t host_ecn_combine(uint8_t outer, uint8_t inner);
extern const uint8_t host_ecn_drop;

/* packet/gre.h: returns the state after `received`, and sets `late` */
uint64_t host_sequence_next_state(uint64_t received, uint32_t number, bool silent, bool *late);

#ifdef __cplusplus
}
#endif

#endif
