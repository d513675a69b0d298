// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>

using namespace xovl;

TEST(Error, KindsAndExitStatus)
{
	EXPECT_EQ(request_error("wrong").kind(), Error::Kind::Request);
	EXPECT_EQ(request_error("wrong").exit_status(), 1);
	EXPECT_STREQ(request_error("wrong").what(), "wrong");
	EXPECT_EQ(system_error("attach", "eth0", EBUSY).kind(), Error::Kind::System);
	EXPECT_EQ(system_error("attach", "eth0", EBUSY).exit_status(), 2);
	EXPECT_STREQ(system_error("attach", "eth0", EBUSY).what(), "attach eth0: Device or resource busy");
	EXPECT_STREQ(system_error("load", "", EPERM).what(), "load: Operation not permitted");
}

TEST(Error, QuotedIsOnePrintableLine)
{
	EXPECT_EQ(in_quotes(""), "\"\"");
	EXPECT_EQ(in_quotes("abc"), "\"abc\"");
	EXPECT_EQ(in_quotes("a\nb\x1b[31m\xc3"), "\"a\\x0ab\\x1b[31m\\xc3\"");
	EXPECT_EQ(in_quotes(std::string_view("a\0b", 3)), "\"a\\x00b\"");
	EXPECT_EQ(in_quotes(std::string(64, 'x')), '"' + std::string(64, 'x') + '"');
	EXPECT_EQ(in_quotes(std::string(65, 'x')), '"' + std::string(64, 'x') + "…\"");
}

TEST(Error, PrintableTextIsNoCommandToATerminal)
{
	EXPECT_EQ(printable("net \"blue\": …é\U0001f600"), "net \"blue\": …é\U0001f600");
	EXPECT_EQ(printable("\x1b[2J\n\t\x7f"), "\\x1b[2J\\x0a\\x09\\x7f");
	EXPECT_EQ(printable("\xc2\x9b"
			    "2J"),
		  "\\xc2\\x9b2J")
		<< "a control character of one octet, as UTF-8";
	EXPECT_EQ(printable("\x9b"), "\\x9b");
	EXPECT_EQ(printable("\xc0\x9b\xe0\x80\x9b"), "\\xc0\\x9b\\xe0\\x80\\x9b") << "longer than need be";
	EXPECT_EQ(printable("\u202eabc"), "\\xe2\\x80\\xaeabc") << "from right to left";
	EXPECT_EQ(printable("\xe2\x80"), "\\xe2\\x80") << "cut off";
}
