/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Path MTU of the underlay (RFC 1191, RFC 8201): applies the MTUs that routers have reported to a peer's next hop.
 * decap/pmtu_report.h reads the reports.
 */
#ifndef XOVL_BPF_UNDERLAY_PMTU_H
#define XOVL_BPF_UNDERLAY_PMTU_H

#include <linux/in.h>

#include "hook/shadow.h"
#include "lib/bits.h"
#include "lib/clock.h"
#include "maps/scratch.h"
#include "maps/tables.h"

/* Returns CLOCK_MONOTONIC_COARSE in seconds. */
static __always_inline __u32 pmtu_now(void)
{
	return bpf_ktime_get_coarse_ns() / NSEC_PER_SEC;
}

/* Writes the struct xovl_pmtu_key of the peer. */
static __always_inline void pmtu_key_write(void *to, const struct xovl_peer *peer)
{
	bool gre = peer->encap == XOVL_ENCAP_GRE || peer->encap == XOVL_ENCAP_NVGRE;
	__u32 service = gre ? xovl_service(IPPROTO_GRE, 0) : xovl_service(IPPROTO_UDP, peer->dstport);

	words_copy(to, &peer->remote, sizeof(peer->remote));
	words_copy(to + sizeof(peer->remote), &peer->local, sizeof(peer->local));
	*(__u64 *)(to + sizeof(peer->remote) + sizeof(peer->local)) = word_of(service, 0);
}

/*
 * Lowers the next hop's MTU to the reported one. Also notes that a packet of that bucket is about to be sent:
 * reports about the peer are believed only after the first one. Key and first entry are built in the scratch,
 * because the stack has no room for them.
 */
__noinline int pmtu_limit(const struct xovl_peer *peer, struct xovl_nexthop *nexthop, __u32 bucket)
{
	struct scratch *scratch = scratch_get();
	__u32 now = pmtu_now();
	struct xovl_pmtu *pmtu;

	if (!peer || !nexthop || !scratch)
		return 0;
	bucket &= XOVL_NEXTHOP_BUCKETS - 1;
	pmtu_key_write(scratch->octets, peer);
	pmtu = bpf_map_lookup_elem(&pmtus, scratch->octets);
	if (!pmtu && shadow)
		return 0;
	if (!pmtu) {
		pmtu = (void *)scratch->octets + sizeof(struct xovl_pmtu_key);
		__builtin_memset(pmtu, 0, sizeof(*pmtu));
		pmtu->asked[bucket] = now;
		bpf_map_update_elem(&pmtus, scratch->octets, pmtu, BPF_NOEXIST);
		return 0;
	}
	if (pmtu->asked[bucket] != now && !shadow)
		pmtu->asked[bucket] = now;
	if (pmtu->mtu && pmtu->mtu < nexthop->mtu && pmtu->expires > now)
		nexthop->mtu = pmtu->mtu;
	return 0;
}

#endif
