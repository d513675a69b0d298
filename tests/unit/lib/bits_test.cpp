// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/lib/bits.h, mac.h, addr.h, on the host.
#include <arpa/inet.h>

#include <array>
#include <cstring>
#include <numeric>

#include <gtest/gtest.h>

#include "host/functions.h"

namespace xovl::test {

TEST(BitsOnHost, WordsAreCopiedAndNothingBehind)
{
	std::array<uint8_t, 80> from{}, to{};
	std::iota(from.begin(), from.end(), 1);
	for (uint32_t len = 0; len <= 64; len += 2) {
		to.fill(0xee);
		host_words_copy(to.data(), from.data(), len);
		EXPECT_EQ(std::memcmp(to.data(), from.data(), len), 0) << len;
		EXPECT_EQ(to[len], 0xee) << len;
	}
}

TEST(BitsOnHost, LengthsKeepTheirValueUpToTheMost)
{
	for (uint32_t most : {1u, 64u, 512u})
		for (uint32_t len = 1; len <= most; len++)
			EXPECT_EQ(host_length_up_to(len, most), len) << most;
	for (uint32_t len : {0u, 65u, 1000u, 0xffffffffu}) { // invalid lengths stay in bounds
		EXPECT_GE(host_length_up_to(len, 64), 1u);
		EXPECT_LE(host_length_up_to(len, 64), 64u);
	}
}

TEST(MacOnHost, Kinds)
{
	struct Case {
		std::array<uint8_t, 6> mac;
		bool group, link_local, bad_source;
	};
	const Case cases[] = {
		{{0x02, 0, 0, 0, 0, 1}, false, false, false},
		{{0, 0, 0, 0, 0, 0}, false, false, true},
		{{0, 0, 0, 0, 0, 1}, false, false, false},
		{{1, 0, 0, 0, 0, 0}, true, false, true},
		{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, true, false, true},
		{{0x01, 0x80, 0xc2, 0, 0, 0x00}, true, true, true},
		{{0x01, 0x80, 0xc2, 0, 0, 0x0f}, true, true, true},
		{{0x01, 0x80, 0xc2, 0, 0, 0x10}, true, false, true},
		{{0x01, 0x80, 0xc2, 0, 1, 0x00}, true, false, true},
		{{0x01, 0x81, 0xc2, 0, 0, 0x00}, true, false, true},
		{{0x00, 0x80, 0xc2, 0, 0, 0x00}, false, false, false},
	};
	for (const Case &one : cases) {
		std::array<uint8_t, 6> copy{};
		host_mac_copy(copy.data(), one.mac.data());
		EXPECT_EQ(copy, one.mac);
		EXPECT_EQ(host_mac_is_group(one.mac.data()), one.group) << testing::PrintToString(one.mac);
		EXPECT_EQ(host_mac_is_link_local(one.mac.data()), one.link_local) << testing::PrintToString(one.mac);
		EXPECT_EQ(host_mac_is_bad_source(one.mac.data()), one.bad_source) << testing::PrintToString(one.mac);
	}
}

TEST(AddrOnHost, Ipv4IsMapped)
{
	xovl_addr addr{}, want{};
	ASSERT_EQ(inet_pton(AF_INET6, "::ffff:192.0.2.1", &want), 1);
	host_addr_from_ipv4(&addr, inet_addr("192.0.2.1"));
	EXPECT_EQ(std::memcmp(&addr, &want, sizeof(addr)), 0);
	EXPECT_TRUE(host_addr_is_ipv4(&addr));
	for (const char *ipv6 : {"::", "::1", "::192.0.2.1", "2001:db8::1", "1::ffff:192.0.2.1", "::fffe:192.0.2.1"}) {
		ASSERT_EQ(inet_pton(AF_INET6, ipv6, &addr), 1);
		EXPECT_FALSE(host_addr_is_ipv4(&addr)) << ipv6;
	}
}

} // namespace xovl::test
