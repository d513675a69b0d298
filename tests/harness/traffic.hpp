// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Traffic between two namespaces, as checks.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "netns.hpp"

namespace xovl::test {

/// A few quick pings with DF; whether every one was answered. size: ICMP payload.
testing::AssertionResult pings(const Netns &from, const std::string &address, unsigned count = 3, unsigned size = 56);

/// One UDP datagram each way, content compared.
testing::AssertionResult udp_both_ways(const Netns &a, const std::string &address_a, const Netns &b,
				       const std::string &address_b, size_t size = 100);

/// A TCP stream from a to b, content compared.
testing::AssertionResult tcp_content(const Netns &a, const Netns &b, const std::string &address_b,
				     size_t size = 1 << 20);

/// iperf3 between a and b, which is at address_b: whether `megabytes` went through in time. reverse: from b to a.
testing::AssertionResult iperf(const Netns &a, const Netns &b, const std::string &address_b, unsigned megabytes = 20,
			       bool reverse = false);

} // namespace xovl::test
