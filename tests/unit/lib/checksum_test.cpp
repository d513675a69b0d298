// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/lib/checksum.h, on the host, against RFC 1071 taken literally.
#include <arpa/inet.h>

#include <random>

#include <gtest/gtest.h>

#include "host/functions.h"
#include "packet.hpp"

namespace xovl::test {

namespace {

/// Sums whose halves are near their limits, and others.
std::vector<uint64_t> sums()
{
	std::vector<uint64_t> values;
	for (uint64_t high : {0ull, 1ull, 2ull, 0xfffeull, 0xffffull})
		for (uint64_t low = 0; low < 0x30000; low += low < 4 || low > 0xfff0 ? 1 : 4093)
			values.push_back(high << 32 | low);
	std::mt19937_64 random(1);
	for (int i = 0; i < 100000; i++)
		values.push_back(random() >> (random() % 31 + 16));
	return values;
}

/// Adds carries until there are none (RFC 1071, section 1).
uint16_t folded(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return static_cast<uint16_t>(sum);
}

} // namespace

TEST(SumOnHost, Folds)
{
	for (uint64_t sum : sums()) {
		ASSERT_EQ(host_sum_fold(static_cast<uint32_t>(sum)), folded(static_cast<uint32_t>(sum))) << sum;
		ASSERT_EQ(folded(host_sum_reduce32(sum)), folded(sum)) << sum;
	}
}

TEST(SumOnHost, IsZero)
{
	size_t zeros = 0;
	for (uint64_t sum : sums()) {
		if (!sum)
			continue;
		ASSERT_EQ(host_sum_is_zero(sum), folded(sum) == 0xffff) << sum;
		zeros += host_sum_is_zero(sum);
	}
	EXPECT_GT(zeros, 10u);
	for (uint64_t factor = 1; factor < 100000; factor++)
		ASSERT_TRUE(host_sum_is_zero(factor * 0xffff)) << factor;
}

TEST(SumOnHost, OfWords)
{
	const Bytes octets = from_hex("4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7");
	uint16_t words[10];
	std::copy(octets.begin(), octets.end(), reinterpret_cast<uint8_t *>(words));
	EXPECT_EQ(host_sum_fold(host_sum_of_words(words, 10)), 0xffff) << "a good header";
	EXPECT_EQ(static_cast<uint16_t>(~host_sum_fold(host_sum_of_words(words, 4))),
		  ntohs(internet_checksum(Bytes(octets.begin(), octets.begin() + 8))));
}

TEST(SumOnHost, OfPseudoHeaders)
{
	xovl_addr a{}, b{};
	ASSERT_EQ(inet_pton(AF_INET6, "2001:db8::1", &a), 1);
	ASSERT_EQ(inet_pton(AF_INET6, "2001:db8:ffff:ffff:ffff:ffff:ffff:2", &b), 1);
	Bytes pseudo(a.bytes, a.bytes + 16);
	pseudo.insert(pseudo.end(), b.bytes, b.bytes + 16);
	for (uint8_t octet : {0, 0, 0x05, 0x78, 0, 0, 0, 17}) // length 1400, UDP
		pseudo.push_back(octet);
	EXPECT_EQ(ntohs(static_cast<uint16_t>(~host_sum_fold(host_pseudo_sum(&a, &b, 17, 1400)))),
		  internet_checksum(pseudo));

	host_addr_from_ipv4(&a, inet_addr("255.255.255.254"));
	host_addr_from_ipv4(&b, inet_addr("192.0.2.1"));
	pseudo = from_hex("ffff fffe c000 0201 0011 0578");
	EXPECT_EQ(ntohs(static_cast<uint16_t>(~host_sum_fold(host_pseudo_sum(&a, &b, 17, 1400)))),
		  internet_checksum(pseudo));
}

} // namespace xovl::test
