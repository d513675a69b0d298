/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Why a frame that xovl took was dropped: the one list behind the enum, the names and the texts. */
#ifndef XOVL_REASONS_H
#define XOVL_REASONS_H

/*
 * X(NAME, stage, text). The lower-case NAME is what `xovl stats` prints.
 *
 * stage tells which packet counter saw the frame before the drop, so that sums can be checked:
 *   OUTER   a tunnel packet refused before it belonged to a network: no other counter saw it
 *   NETWORK a frame of a known network: counted as rx of its port, or of its peer and network
 */
#define XOVL_REASONS(X)                                                                              \
	X(OUTER_LENGTH, OUTER, "outer IP length is longer than the frame or too short")              \
	X(OUTER_CHECKSUM, OUTER, "outer IPv4 header checksum is wrong")                              \
	X(OUTER_FRAGMENT, OUTER, "outer packet is an IP fragment")                                   \
	X(UDP_LENGTH, OUTER, "UDP length disagrees with the IP length")                              \
	X(VXLAN_SHORT, OUTER, "no room for a VXLAN header and an inner Ethernet header")             \
	X(VXLAN_FLAGS, OUTER, "VXLAN I flag is not set")                                             \
	X(VXLAN_RESERVED, OUTER, "VXLAN reserved bits or unknown extension flags are set")           \
	X(VNI_UNKNOWN, OUTER, "no network has this VNI at this local address and port")              \
	X(PEER_UNKNOWN, OUTER, "the sender is not a peer of the network")                            \
	X(SOURCE_MAC, NETWORK, "source MAC is a group address or zero")                              \
	X(RESERVED_MAC, NETWORK, "destination is a link-local group address (802.1Q 8.6.3)")         \
	X(SAME_PORT, NETWORK, "destination is behind the port the frame came from")                  \
	X(SPLIT_HORIZON, NETWORK, "destination is behind a tunnel, and so was the source")           \
	X(NO_TARGET, NETWORK, "flooded, but nobody else is in the network")                          \
	X(STALE_TARGET, NETWORK, "the port or peer of the FDB entry is gone")                        \
	X(MTU_NETWORK, NETWORK, "frame is larger than the MTU set for the network")                  \
	X(MTU_UNDERLAY, NETWORK, "frame does not fit the underlay MTU once encapsulated")            \
	X(NO_ROUTE, NETWORK, "no route to the peer")                                                 \
	X(NOT_UPLINK, NETWORK, "the route to the peer does not leave by an uplink")                  \
	X(VLAN_DEPTH, NETWORK, "more than two VLAN tags outside the frame")                          \
	X(GSO_NESTED, NETWORK, "super-frame of a tunnel inside the tenant (switch its offload off)") \
	X(NO_ROOM, NETWORK, "the kernel refused to make room for, or to remove, the outer header")   \
	X(COPY_FAILED, NETWORK, "the kernel refused to send a copy")

enum xovl_reason {
	XOVL_REASON_NONE,
#define X(name, stage, text) XOVL_REASON_##name,
	XOVL_REASONS(X)
#undef X
		XOVL_REASON_MAX,
};

#endif
