// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Reading and writing files: not a file, too long, and a full disk.
#include "base/text_file.hpp"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error.hpp"
#include "expect_error.hpp"
#include "process.hpp"

using namespace xovl;
using xovl::test::TempFolder;

namespace {

std::string contents(const std::string &path)
{
	return read_text_file(path, Pipes::Refused, 1 << 20);
}

/// The message of the system error when the text is written to the path.
std::string refusal(const std::string &path, const std::string &text)
{
	try {
		write_text_file(path, text);
	} catch (const Error &error) {
		return error.kind() == Error::Kind::System ? error.what() : "not a refusal of the system";
	}
	return "no complaint";
}

/// A file system of 64 KiB.
class TinyDisk {
public:
	TinyDisk()
	{
		if (mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "size=64k") != 0)
			throw std::system_error(errno, std::generic_category(), "mount");
	}
	~TinyDisk() { umount(folder_.path().c_str()); }

	const std::string &path() const { return folder_.path(); }
	size_t files() const
	{
		return std::distance(std::filesystem::directory_iterator(path()),
				     std::filesystem::directory_iterator());
	}

private:
	TempFolder folder_;
};

} // namespace

TEST(TextFile, IsReadUpToALimit)
{
	const xovl::test::TempFile file(std::string(3000, 'x'));
	EXPECT_EQ(read_text_file(file.path(), Pipes::Refused, 3000).size(), 3000u);
	const std::string complains = file.path() + ": the file is too long (at most 0 MiB)";
	EXPECT_EQ(complaint([&] { read_text_file(file.path(), Pipes::Refused, 2999); }), complains);
	const Fd fd = open_to_read(file.path(), "f", Pipes::Refused);
	EXPECT_EQ(complaint([&] { read_text(fd.get(), "f", 2999); }), "f: the file is too long (at most 0 MiB)");
}

TEST(TextFile, DevicesAreNoFiles)
{
	for (const char *path : {"/dev/zero", "/dev/null"}) {
		EXPECT_EQ(complaint([&] { open_to_read(path, path, Pipes::Refused); }),
			  std::string(path) + ": not a regular file (a file)");
		EXPECT_EQ(complaint([&] { open_to_read(path, path, Pipes::Allowed); }),
			  std::string(path) + ": not a regular file (a file or a pipe)");
	}
}

TEST(TextFile, PipeNeedsAWriter)
{
	const TempFolder folder;
	const std::string path = folder.path() + "/pipe";
	ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
	EXPECT_EQ(complaint([&] { open_to_read(path, path, Pipes::Refused); }), path + ": not a regular file (a file)");
	EXPECT_EQ(complaint([&] { open_to_read(path, path, Pipes::Allowed); }),
		  path + ": nobody writes to the pipe (within 5 s)");
	std::thread writer([&] { std::ofstream(path) << "text\n"; });
	EXPECT_EQ(read_text_file(path, Pipes::Allowed, 100), "text\n");
	writer.join();
}

TEST(TextFile, LineWithoutEnd)
{
	const xovl::test::TempFile file(std::string(3 << 20, 'x'));
	const Fd fd = open_to_read(file.path(), "f", Pipes::Refused);
	LineReader lines(fd.get(), "f");
	EXPECT_EQ(complaint([&] { lines.next(); }), "f: a line is too long (at most 1024 KiB)");
}

TEST(TextFile, OldOneStaysWhereTheDiskIsFull)
{
	const TinyDisk disk;
	const std::string path = disk.path() + "/f";
	write_text_file(path, "old\n");
	EXPECT_EQ(refusal(path, std::string(100000, 'x')), "write " + path + ": No space left on device");
	EXPECT_EQ(contents(path), "old\n");
	EXPECT_EQ(disk.files(), 1u) << "nothing is left beside it";
	write_text_file(path, "new\n");
	EXPECT_EQ(contents(path), "new\n");
}

TEST(TextFile, ModeOwnerAndLinkStay)
{
	const TempFolder folder;
	const std::string path = folder.path() + "/f", link = folder.path() + "/link";
	write_text_file(path, "old\n");
	struct stat file {};
	ASSERT_EQ(stat(path.c_str(), &file), 0);
	EXPECT_EQ(file.st_mode & 07777, 0644u);
	ASSERT_EQ(chmod(path.c_str(), 0640), 0);
	ASSERT_EQ(chown(path.c_str(), 1, 2), 0);
	std::filesystem::create_symlink("f", link);
	write_text_file(link, "new\n");
	EXPECT_TRUE(std::filesystem::is_symlink(link));
	EXPECT_EQ(contents(path), "new\n");
	ASSERT_EQ(stat(path.c_str(), &file), 0);
	EXPECT_EQ(file.st_mode & 07777, 0640u);
	EXPECT_EQ(file.st_uid, 1u);
	EXPECT_EQ(file.st_gid, 2u);
	std::filesystem::create_symlink("made", folder.path() + "/to_be");
	write_text_file(folder.path() + "/to_be", "made\n");
	EXPECT_EQ(contents(folder.path() + "/made"), "made\n");
}

TEST(TextFile, WhatIsNoFileIsWrittenTo)
{
	write_text_file("/dev/null", "text");
	EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
	EXPECT_EQ(refusal("/dev/full", "text"), "write /dev/full: No space left on device");
	EXPECT_EQ(refusal("/nowhere/f", "text"), "write /nowhere/f: No such file or directory");
	EXPECT_EQ(refusal("/tmp", "text"), "write /tmp: Is a directory");
}
