// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Sockets of a test: UDP in a namespace, and raw frames of an interface, sent and captured.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "netns.hpp"
#include "packet.hpp"

namespace xovl::test {

/// An unconnected UDP socket.
class UdpSocket {
public:
	/// address: IPv4 or IPv6, "0.0.0.0" or "::" for any.
	UdpSocket(const Netns &netns, const std::string &address, uint16_t port);

	/// Throws std::system_error when the kernel refuses, but for ENETUNREACH and EHOSTUNREACH.
	void send(const std::string &address, uint16_t port, const Bytes &payload) const;
	/// From now on a payload leaves as one super-frame of datagrams of so many octets (udp(7), UDP_SEGMENT).
	void segment(int octets) const;
	/// nullopt: nothing came in time.
	std::optional<Bytes> receive(Milliseconds timeout = 2s) const;
	/// How many datagrams are waiting, each read and thrown away.
	size_t drain() const;

private:
	Fd fd_;
};

/// A listening TCP socket.
class TcpListener {
public:
	TcpListener(const Netns &netns, const std::string &address, uint16_t port);

	/// Connects from another namespace to `address`, sends content there, and returns what came in until the end of the stream,
	/// a pause of 2 s, or an error.
	Bytes receive_all(const Netns &from, const std::string &address, const Bytes &content) const;

private:
	uint16_t port_;
	Fd fd_;
};

struct Frame {
	Bytes bytes; ///< from the destination MAC on, VLAN tags in place
	bool outgoing = false;
	uint32_t mark = 0; ///< skb->mark, where the kernel tells (6.0)

	uint16_t be16(size_t offset) const;
	/// The EtherType behind `tags` VLAN tags.
	uint16_t ethertype(unsigned tags = 0) const { return be16(12 + 4 * tags); }
};

/// A packet socket on an interface: sends whole frames, and sees what the stack sees there, both ways. Frames that XDP
/// takes, or sends, are not seen.
class PacketSocket {
public:
	PacketSocket(const Netns &netns, const std::string &dev);

	void send(const Bytes &frame) const;
	/// As a stack does that leaves a transport checksum to the device: the segment starts at csum_start, and at csum_offset of it
	/// stands the sum of its pseudo-header.
	void send_partial(const Bytes &frame, uint16_t csum_start, uint16_t csum_offset) const;
	/// A TCP super-frame, its checksum left to the device: headers octets, then segments of gso_size, the last one shorter.
	void send_super(const Bytes &frame, uint16_t csum_start, uint16_t headers, uint16_t gso_size) const;
	/// Frames that came since the last call and pass the filter.
	std::vector<Frame> frames(const std::function<bool(const Frame &)> &filter = {});
	/// Collects until `count` frames passed the filter or time is up; returns those.
	std::vector<Frame> collect(size_t count, const std::function<bool(const Frame &)> &filter,
				   Milliseconds timeout = 2s);

private:
	std::optional<Frame> next() const;
	void send_behind(const struct VnetHeader &header, const Bytes &frame) const;

	Fd fd_;
	Fd unfinished_fd_; ///< sends only, behind a VnetHeader
};

} // namespace xovl::test
