// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What applications do between two namespaces, measured.
#pragma once

#include <array>
#include <string>

#include "netns.hpp"

namespace xovl::bench {

/// Where an application runs, and its IPv4 address.
struct End {
	const test::Netns &netns;
	std::string address;
};

struct Pair {
	End client, server;
};

/// Which way the data goes.
enum class Direction { ToServer, ToClient, Both };

struct TcpLoad {
	unsigned streams = 1;
	std::string amount; ///< as iperf3 has it: "-n 500M" for octets, "-t 2" for seconds
	Direction direction = Direction::ToServer;
};

/// TCP by iperf3, to a server of it that runs already: Gb/s of both directions together, and the seconds that all CPUs of the
/// machine together were busy for each 10^9 octets.
std::array<double, 2> tcp_stream(const Pair &pair, const TcpLoad &load);

struct UdpLoad {
	size_t octets = 64; ///< of a datagram, at most 1472
	test::Milliseconds time{};
	Direction direction = Direction::ToServer;
};

/// Datagrams from one socket to another, sent by the first CPU as fast as it can and received by the last; for the second of two
/// directions the other way round. How many thousand arrive a second, both directions together.
double udp_thousand_per_second(const Pair &pair, const UdpLoad &load);

/// sockperf ping-pong over a TCP connection: how many thousand times a second a message of 14 octets goes there and back. Both
/// ends are on the last CPU: two CPUs that wake each other take longer than the path, and the scheduler's choice would be what is
/// measured.
double tcp_thousand_transactions(const Pair &pair, unsigned seconds);

} // namespace xovl::bench
