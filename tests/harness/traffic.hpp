// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Checked traffic between two namespaces.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "netns.hpp"

namespace xovl::test {

/// Sends a few quick pings with DF set. Succeeds if all are answered. size: ICMP payload in octets.
testing::AssertionResult pings(const Netns &from, const std::string &address, unsigned count = 3, unsigned size = 56);

/// Returns the sequence numbers of the answers in the output of ping.
std::vector<unsigned> ping_answers(const std::string &output);

/// Sends one UDP datagram in each direction. Succeeds if the contents are equal.
testing::AssertionResult udp_both_ways(const Netns &a, const std::string &address_a, const Netns &b,
				       const std::string &address_b, size_t size = 100);

/// Sends a TCP stream from a to b. Succeeds if the content is equal.
testing::AssertionResult tcp_content(const Netns &a, const Netns &b, const std::string &address_b,
				     size_t size = 1 << 20);

/// Runs iperf3 between a and b. Succeeds if `megabytes` are transferred in time. address_b: address of b. reverse: from
/// b to a.
testing::AssertionResult iperf(const Netns &a, const Netns &b, const std::string &address_b, unsigned megabytes = 20,
			       bool reverse = false);

} // namespace xovl::test
