// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/error.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netlink/errno.h>
#include <sys/mman.h>

#include <cerrno>

#include "base/file_lock.hpp"
#include "kernel/netlink.hpp"

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

namespace {

Error::Kind netlink_kind(int err)
{
	try {
		throw_netlink("ask for routes", -err);
	} catch (const Error &error) {
		return error.kind();
	}
}

} // namespace

TEST(Error, SomeRefusalsAreOfTheMoment)
{
	for (int err : {EAGAIN, EINTR, ENOBUFS}) {
		EXPECT_EQ(system_error("ask for", "routes", err).kind(), Error::Kind::TryAgain) << err;
		EXPECT_EQ(system_error("ask for", "routes", err).exit_status(), 2) << err;
	}
	for (int err : {EPERM, ENOENT, EBUSY, ENODEV, ENOSPC})
		EXPECT_EQ(system_error("ask for", "routes", err).kind(), Error::Kind::System) << err;
	for (int err : {NLE_AGAIN, NLE_INTR, NLE_DUMP_INTR, NLE_NOMEM})
		EXPECT_EQ(netlink_kind(err), Error::Kind::TryAgain) << err;
	for (int err : {NLE_PERM, NLE_OBJ_NOTFOUND, NLE_INVAL})
		EXPECT_EQ(netlink_kind(err), Error::Kind::System) << err;
}

/* A held lock is a temporary error: its holder releases it some time. */
TEST(Error, ALockedFileIsOfTheMoment)
{
	const Fd held(memfd_create("lock", MFD_CLOEXEC));
	const std::string path = fmt::format("/proc/self/fd/{}", held.get());
	const Fd again(open(path.c_str(), O_RDWR | O_CLOEXEC));
	ASSERT_TRUE(held && again);
	ASSERT_TRUE(try_lock(held, Lock::Exclusive, std::chrono::milliseconds(0), "held"));
	try {
		lock_file(again, Lock::Exclusive, "net-1");
		ADD_FAILURE() << "locked twice";
	} catch (const Error &error) {
		EXPECT_EQ(error.kind(), Error::Kind::TryAgain);
		EXPECT_EQ(error.exit_status(), 2);
	}
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
