/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The drop reasons: one list that gives the enum, the names and the texts. bpf/outcome.h counts by reason. */
#ifndef XOVL_REASONS_H
#define XOVL_REASONS_H

/*
 * X(NAME, stage, text). `xovl stats` prints NAME in lower case.
 *
 * stage says which packet counter saw the frame before the drop, so that sums can be checked:
 * - OUTER: a tunnel packet dropped before it belonged to a network. No other counter saw it. These come first.
 * - NETWORK: a frame of a known network. It was counted as rx of its port, or of its peer and network.
 */
#define XOVL_REASONS(X)                                                                                                \
	X(OUTER_LENGTH, OUTER, "outer IP length is longer than the frame or too short")                                \
	X(OUTER_CHECKSUM, OUTER, "outer IPv4 header checksum is wrong")                                                \
	X(OUTER_FRAGMENT, OUTER, "outer packet is an IP fragment")                                                     \
	X(UDP_LENGTH, OUTER, "UDP length disagrees with the IP length")                                                \
	X(UDP_CHECKSUM, OUTER, "outer UDP checksum is wrong")                                                          \
	X(UDP_NO_CHECKSUM, OUTER, "outer UDP checksum is zero over IPv6 (udp6zerocsumrx off)")                         \
	X(GRO_MERGED, OUTER, "tunnel packets merged by GRO (switch rx-udp-gro-forwarding and rx-gro-list off)")        \
	X(VXLAN_SHORT, OUTER, "no room for a VXLAN header and an inner Ethernet header")                               \
	X(VXLAN_FLAGS, OUTER, "VXLAN I flag is not set")                                                               \
	X(VXLAN_RESERVED, OUTER, "VXLAN reserved bits or unknown extension flags are set")                             \
	X(GENEVE_SHORT, OUTER, "no room for a GENEVE header and an inner Ethernet header")                             \
	X(GENEVE_VERSION, OUTER, "GENEVE version is not 0")                                                            \
	X(GENEVE_PROTOCOL, OUTER, "GENEVE payload is not Ethernet")                                                    \
	X(GENEVE_OPTION_LENGTH, OUTER, "a GENEVE option is longer than the list it stands in")                         \
	X(GENEVE_CRITICAL, OUTER, "a critical GENEVE option is unknown to the network")                                \
	X(GENEVE_C_FLAG, OUTER, "GENEVE C flag disagrees with the options")                                            \
	X(GENEVE_MATCH, OUTER, "the GENEVE option that the network requires is missing")                               \
	X(GRE_SHORT, OUTER, "no room for a GRE header and an inner Ethernet header")                                   \
	X(GRE_VERSION, OUTER, "GRE version is not 0")                                                                  \
	X(GRE_ROUTING, OUTER, "GRE routing bit is set")                                                                \
	X(GRE_FLAGS, OUTER, "GRE reserved bits are set, or bits that NVGRE forbids")                                   \
	X(GRE_PROTOCOL, OUTER, "GRE payload is not Ethernet")                                                          \
	X(GRE_CHECKSUM, OUTER, "GRE checksum is wrong")                                                                \
	X(VNI_UNKNOWN, OUTER, "no network has this VNI at this local address and port")                                \
	X(KEY_UNKNOWN, OUTER, "no network has this GRE key, or VSID, at this local address")                           \
	X(PEER_UNKNOWN, OUTER, "the sender is not a peer of the network")                                              \
	X(RP_FILTER, OUTER,                                                                                            \
	  "the kernel's route to the sender leaves by another interface, or there is none (rp-filter)")                \
	X(NOT_BY_UPLINK, OUTER, "a network's tunnel packet came in by an interface that is no uplink")                 \
	X(GSO_UNPACK, OUTER,                                                                                           \
	  "super-frame that only the kernel's tunnel device can unpack, and there is none (uplink show)")              \
	X(NOT_UNPACKED, OUTER,                                                                                         \
	  "only the kernel's tunnel device can take the peer's packets, and there is none (uplink show)")              \
	X(PROGRAM_MISSING, OUTER,                                                                                      \
	  "a program of the datapath is gone, because its pins were removed (xovl down, apply)")                       \
	X(PLAINTEXT, NETWORK, "in the clear, to or from a peer that requires encryption (require encrypted)")          \
	X(ECN, NETWORK, "congestion was marked on the way, and the inner packet cannot say so (RFC 6040)")             \
	X(GRE_SEQUENCE, NETWORK, "GRE sequence number is late (seq strict)")                                           \
	X(SOURCE_MAC, NETWORK, "source MAC is a group address or zero")                                                \
	X(RESERVED_MAC, NETWORK,                                                                                       \
	  "destination is a group of one link (802.1Q 8.6.3), and no protocol of the link is in the frame")            \
	X(BPDU, NETWORK, "BPDU of spanning tree, which the network does not carry (bpdu drop or punt)")                \
	X(SAME_PORT, NETWORK, "destination is behind the port the frame came from")                                    \
	X(SPLIT_HORIZON, NETWORK, "destination is behind a tunnel, and so was the source")                             \
	X(ISOLATED, NETWORK, "between two isolated ports")                                                             \
	X(PORT_LOCKED, NETWORK, "the source MAC has no static FDB entry at this port (locked)")                        \
	X(MAC_GUARD, NETWORK, "source MAC, or the MAC that ARP or ND claims, is not allowed at the port (mac-guard)")  \
	X(IP_GUARD, NETWORK,                                                                                           \
	  "source address, or the address that ARP or ND claims, is not allowed at the port (ip-guard)")               \
	X(DHCP_GUARD, NETWORK, "message of a DHCP server, from a port that may not send it (dhcp-guard)")              \
	X(RA_GUARD, NETWORK, "Router Advertisement or Redirect, from a port that may not send it (ra-guard)")          \
	X(STICKY, NETWORK, "the source MAC is bound to another port, where it was learned (sticky)")                   \
	X(MAC_LIMIT, NETWORK, "the source MAC is not learned because of a limit (mac-limit with on-limit drop)")       \
	X(GUARD_UNREADABLE, NETWORK, "headers that the port's guards must read are cut off or too many")               \
	X(NO_TARGET, NETWORK, "flooded, but nobody else is in the network")                                            \
	X(STALE_TARGET, NETWORK, "the port or peer of the FDB entry is gone")                                          \
	X(MTU_NETWORK, NETWORK, "frame is larger than the MTU set for the network")                                    \
	X(MTU_PORT, NETWORK, "frame is larger than the MTU of the port it is for")                                     \
	X(MTU_UNDERLAY, NETWORK, "frame does not fit the underlay MTU once encapsulated")                              \
	X(NO_ROUTE, NETWORK, "no route to the peer")                                                                   \
	X(NOT_UPLINK, NETWORK, "the route to the peer does not leave by an uplink")                                    \
	X(NO_TUNNEL_DEVICE, NETWORK,                                                                                   \
	  "only the kernel's tunnel device can send to the peer, and there is none (uplink show)")                     \
	X(VTEP_NOT_LOCAL, NETWORK, "the local tunnel address is not on this host")                                     \
	X(NEIGHBOUR, NETWORK, "the neighbour is not resolved yet, and many copies of the frame wait for theirs")       \
	X(GSO_TAGS, NETWORK, "super-frame behind more than two VLAN tags (switch its offload off)")                    \
	X(GSO_NESTED, NETWORK, "super-frame of a tunnel inside the tenant (switch its offload off)")                   \
	X(GSO_NUMBERED, NETWORK, "super-frame, but each packet needs its own checksum or number (csum, seq, udpcsum)") \
	X(GSO_TOO_LONG, NETWORK, "super-frame is longer than an IP packet can be, once encapsulated")                  \
	X(CSUM_OPEN, NETWORK, "csum or udpcsum over a checksum that the tenant's device is to complete, out of sight") \
	X(NVGRE_TAG, NETWORK, "VLAN tag in a frame that NVGRE carries (RFC 7637, 3.3)")                                \
	X(GSO_MIXED, NETWORK, "super-frame flooded to peers over UDP and over GRE")                                    \
	X(NO_ROOM, NETWORK, "the kernel refused to make room for, or to remove, the outer header")                     \
	X(COPY_FAILED, NETWORK, "the kernel refused to send a copy")

enum xovl_reason {
	XOVL_REASON_NONE,
#define X(name, stage, text) XOVL_REASON_##name,
	XOVL_REASONS(X)
#undef X
		XOVL_REASON_MAX,
};

#endif
