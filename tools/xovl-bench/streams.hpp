// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Measures what applications achieve between two namespaces.
#pragma once

#include <array>
#include <string>

#include "netns.hpp"

namespace xovl::bench {

/// The namespace and the IPv4 address of an application.
struct End {
	const test::Netns &netns;
	std::string address;
};

struct Pair {
	End client, server;
};

/// Direction of the data.
enum class Direction { ToServer, ToClient, Both };

struct TcpLoad {
	unsigned streams = 1;
	std::string amount; ///< in the words of iperf3: "-n 500M" for octets, "-t 2" for seconds
	Direction direction = Direction::ToServer;
};

/// TCP by iperf3. Its server must run already. Returns Gb/s of both directions together, and the CPU seconds of the
/// whole machine for each 10^9 octets.
std::array<double, 2> tcp_stream(const Pair &pair, const TcpLoad &load);

struct UdpLoad {
	size_t octets = 64; ///< octets of a datagram, at most 1472
	test::Milliseconds time{};
	Direction direction = Direction::ToServer;
};

/// Sends datagrams from one socket to another as fast as possible. The first CPU sends and the last one receives; with
/// Direction::Both the second direction uses them the other way round. Returns how many thousands arrive per second,
/// both directions together.
double udp_thousand_per_second(const Pair &pair, const UdpLoad &load);

/// sockperf ping-pong over a TCP connection: returns how many thousand times per second a message of 14 octets goes
/// there and back. Both ends are on the last CPU: if two CPUs had to wake each other, that would take longer than the
/// path, and the scheduler's choices would dominate.
double tcp_thousand_transactions(const Pair &pair, unsigned seconds);

} // namespace xovl::bench
