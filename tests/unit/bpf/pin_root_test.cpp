// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.hpp"
#include "bpf/pin_root.hpp"
#include "process.hpp"

namespace xovl::test {

namespace fs = std::filesystem;

class PinRoot : public testing::Test {
protected:
	void SetUp() override
	{
		fs::create_directories(here() + "/a/b");
		fs::create_directory_symlink(here() + "/a/b", here() + "/link");
	}

	const std::string &here() const { return folder_.path(); }

private:
	TempFolder folder_;
};

TEST_F(PinRoot, IsWithoutDotsAndSymlinks)
{
	EXPECT_EQ(find_pin_root(here() + "/a/./b/../b/"), here() + "/a/b");
	EXPECT_EQ(find_pin_root(here() + "/link/../c"), here() + "/a/c")
		<< "the folder above what the symlink leads to";
	EXPECT_EQ(find_pin_root(here() + "/new/deeper//./x"), here() + "/new/deeper/x");
	EXPECT_EQ(find_pin_root("/"), "/");
}

TEST_F(PinRoot, CannotLeadBackFromWhatIsMissing)
{
	EXPECT_THROW(find_pin_root(here() + "/new/../a"), Error);
	EXPECT_THROW(find_pin_root(""), Error);
}

TEST_F(PinRoot, OfAnotherFileSystemIsRefused)
{
	EXPECT_THROW(pin_root_has_bpffs(here()), Error);
	EXPECT_THROW(pin_root_has_bpffs("/sys/fs/x"), Error);
}

TEST_F(PinRoot, FileIsNoFolder)
{
	const TempFile file("");
	EXPECT_THROW(find_pin_root(file.path() + "/x"), Error);
}

} // namespace xovl::test
