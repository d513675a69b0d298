// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/prefix.hpp"

#include <gtest/gtest.h>

#include "expect_error.hpp"

namespace xovl::test {

TEST(Prefix, ParsesAndPrints)
{
	for (const auto &[text, printed] : {std::pair{"10.0.0.1", "10.0.0.1"},
					    {"10.0.0.1/32", "10.0.0.1"},
					    {"10.0.0.0/8", "10.0.0.0/8"},
					    {"0.0.0.0/0", "0.0.0.0/0"},
					    {"10.128.0.0/9", "10.128.0.0/9"},
					    {"fd00::/64", "fd00::/64"},
					    {"fd00::1", "fd00::1"},
					    {"fd00::1/128", "fd00::1"},
					    {"::/0", "::/0"}}) {
		EXPECT_EQ(Prefix::parse(text).str(), printed);
		EXPECT_EQ(Prefix::parse(printed), Prefix::parse(text));
	}
}

TEST(Prefix, RefusesWithWhatWouldBeRight)
{
	for (const auto &[text, message] :
	     {std::pair{"10.0.0.1/24", "prefix 10.0.0.1/24 has bits set behind its length (10.0.0.0/24, or 10.0.0.1)"},
	      {"fd00::1/64", "prefix fd00::1/64 has bits set behind its length (fd00::/64, or fd00::1)"},
	      {"10.0.0.0/33", "prefix length 33 is out of range (0-32)"},
	      {"fd00::/129", "prefix length 129 is out of range (0-128)"},
	      {"10.0.0.0/", "prefix length"},
	      {"10.0.0.0/x", "prefix length"},
	      {"10.0.0.0/24/8", "prefix length"},
	      {"10.0.0", "address"},
	      {"", "address"}})
		EXPECT_NE(complaint([&] { Prefix::parse(text); }).find(message), std::string::npos) << text;
}

TEST(PrefixList, RefusesWhatIsGivenTwiceAndWhatIsNoSource)
{
	EXPECT_EQ(complaint([] { parse_prefix_list("10.0.0.1,10.0.0.0/24,10.0.0.1/32"); }),
		  "10.0.0.1 is given twice in ip-guard (once)");
	EXPECT_EQ(complaint([] { parse_mac_list("02:00:00:00:00:01,0200.0000.0001"); }),
		  "02:00:00:00:00:01 is given twice in mac-guard (once)");
	EXPECT_EQ(complaint([] { parse_mac_list("01:00:00:00:00:01"); }),
		  "01:00:00:00:00:01 cannot be a source (a unicast MAC)");
	EXPECT_EQ(complaint([] { parse_mac_list("00:00:00:00:00:00"); }),
		  "00:00:00:00:00:00 cannot be a source (a unicast MAC)");
	EXPECT_NE(complaint([] { parse_mac_list("02:00:00:00:00:01,"); }).find("MAC"), std::string::npos);
	EXPECT_TRUE(parse_mac_list("none").empty());
}

} // namespace xovl::test
