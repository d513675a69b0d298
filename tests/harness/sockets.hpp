// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Sockets of a test: UDP and TCP in a namespace, and raw frames sent and captured on an interface.
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
	/// address: IPv4 or IPv6; "0.0.0.0" or "::" for any.
	UdpSocket(const Netns &netns, const std::string &address, uint16_t port);

	/// Throws std::system_error if the kernel refuses, except with ENETUNREACH or EHOSTUNREACH.
	void send(const std::string &address, uint16_t port, const Bytes &payload) const;
	/// From now on, payloads leave as super-frames of datagrams of this many octets (UDP_SEGMENT, udp(7)).
	void segment(int octets) const;
	/// Returns nullopt if nothing arrives in time.
	std::optional<Bytes> receive(Milliseconds timeout = 2s) const;
	/// Reads and discards all waiting datagrams. Returns how many there were.
	size_t drain() const;

private:
	Fd fd_;
};

/// A listening TCP socket.
class TcpListener {
public:
	TcpListener(const Netns &netns, const std::string &address, uint16_t port);

	/// Connects from another namespace to `address`, sends content, and returns what arrives here until the stream
	/// ends, pauses for 2 s, or fails.
	Bytes receive_all(const Netns &from, const std::string &address, const Bytes &content) const;

private:
	uint16_t port_;
	Fd fd_;
};

struct Frame {
	Bytes bytes; ///< from the destination MAC on, with VLAN tags in place
	bool outgoing = false;
	uint32_t mark = 0; ///< skb->mark, if the kernel reports it (Linux 6.0)

	uint16_t be16(size_t offset) const;
	/// Returns the EtherType after this number of VLAN tags.
	uint16_t ethertype(unsigned tags = 0) const { return be16(12 + 4 * tags); }
};

/// A packet socket on an interface. It sends whole frames, and captures what the stack sees in both directions. Frames
/// that XDP takes or sends are not captured.
class PacketSocket {
public:
	PacketSocket(const Netns &netns, const std::string &dev);

	void send(const Bytes &frame) const;
	/// Sends a frame whose transport checksum is left to the device. The segment starts at csum_start; the field at
	/// csum_offset in it holds the sum of the pseudo-header.
	void send_partial(const Bytes &frame, uint16_t csum_start, uint16_t csum_offset) const;
	/// Sends a TCP super-frame whose checksum is left to the device. headers: octets before the payload. Segments
	/// carry gso_size octets, the last one fewer.
	void send_super(const Bytes &frame, uint16_t csum_start, uint16_t headers, uint16_t gso_size) const;
	/// Returns the frames captured since the last call that pass the filter.
	std::vector<Frame> frames(const std::function<bool(const Frame &)> &filter = {});
	/// Captures until `count` frames have passed the filter or the timeout is over. Returns these frames.
	std::vector<Frame> collect(size_t count, const std::function<bool(const Frame &)> &filter,
				   Milliseconds timeout = 2s);

private:
	std::optional<Frame> next() const;
	void send_behind(const struct VnetHeader &header, const Bytes &frame) const;

	Fd fd_;
	Fd unfinished_fd_; ///< only for sending frames with a VnetHeader in front
};

} // namespace xovl::test
