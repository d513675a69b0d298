// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What applications do between two namespaces, measured.
#pragma once

#include <array>
#include <string>

#include "netns.hpp"

namespace xovl::bench {

/// Where applications run.
struct Pair {
	const test::Netns &client;
	const test::Netns &server;
	std::string address; ///< of the server, IPv4
};

/// iperf3 to a server of it: Gb/s, and the seconds that all CPUs of the machine together were busy for each 10^9 octets.
std::array<double, 2> tcp_stream(const Pair &pair, unsigned streams, unsigned megabytes);

/// Datagrams of 64 octets from one socket to another, sent by the first CPU as fast as it can and received by the last: how
/// many thousand arrive a second.
double udp_thousand_per_second(const Pair &pair, test::Milliseconds time);

/// sockperf ping-pong over a TCP connection: how many thousand times a second a message of 14 octets goes there and back. Both
/// ends are on the last CPU: two CPUs that wake each other take longer than the path, and the scheduler's choice would be what is
/// measured.
double tcp_thousand_transactions(const Pair &pair, unsigned seconds);

} // namespace xovl::bench
