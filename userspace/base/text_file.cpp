// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/text_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/error.hpp"

namespace xovl {

namespace {

Error unreadable(const std::string &name, int err)
{
	return request_error(fmt::format("{}: {} (a file that can be read)", name, strerror(err)));
}

Error too_long(const std::string &name, uint64_t most)
{
	return request_error(fmt::format("{}: the file is too long (at most {} MiB)", name, most >> 20));
}

/// False at the end of the file.
bool append_block(int fd, const std::string &name, std::string &text)
{
	char block[65536];
	ssize_t n;
	do
		n = read(fd, block, sizeof(block));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		throw unreadable(name, errno);
	text.append(block, static_cast<size_t>(n));
	return n > 0;
}

constexpr size_t kLineMost = 1 << 20;
constexpr unsigned kWriterWait = 5; ///< seconds

/// Like open(), but fails with EINTR after kWriterWait. Opening a FIFO blocks until another process opens the other
/// end.
int open_in_time(const char *path, int flags)
{
	struct sigaction interrupt {};
	struct sigaction before {};
	interrupt.sa_handler = [](int) {};
	sigaction(SIGALRM, &interrupt, &before);
	alarm(kWriterWait);
	const int fd = open(path, flags);
	const int err = errno;
	alarm(0);
	sigaction(SIGALRM, &before, nullptr);
	errno = err;
	return fd;
}

void write_all(int fd, const std::string &path, std::string_view text)
{
	while (!text.empty()) {
		const ssize_t n = write(fd, text.data(), text.size());
		if (n < 0 && errno != EINTR)
			throw system_error("write", path, errno);
		text.remove_prefix(static_cast<size_t>(std::max<ssize_t>(n, 0)));
	}
}

/// Follows symbolic links at the end of the path. The target need not exist.
std::filesystem::path link_target(std::filesystem::path path)
{
	std::error_code error;
	for (int links = 0; links < 40 && is_symlink(symlink_status(path, error)); links++)
		path = path.parent_path() / read_symlink(path, error);
	return path;
}

/// True if the file is standard output, which can be a regular file. The command keeps writing to it.
bool is_stdout(const struct stat &file)
{
	struct stat out {};
	return fstat(STDOUT_FILENO, &out) == 0 && out.st_dev == file.st_dev && out.st_ino == file.st_ino;
}

/// A temporary file in the folder of the target. put() renames it over the target; otherwise the destructor deletes it.
class Replacement {
public:
	explicit Replacement(const std::filesystem::path &target)
		: target_(target), path_(target.parent_path() / ".xovl-XXXXXX"), fd_(mkostemp(path_.data(), O_CLOEXEC))
	{
		check(fd_.get() >= 0);
	}
	~Replacement()
	{
		if (fd_)
			unlink(path_.c_str());
	}
	Replacement(const Replacement &) = delete;
	Replacement &operator=(const Replacement &) = delete;

	/// Writes the text and replaces the target. old: the file whose owner and mode are kept; nullptr if there is
	/// none. Throws Error(System) if a system call fails.
	void put(std::string_view text, const struct stat *old)
	{
		const mode_t mask = umask(0);
		umask(mask);
		if (old && (old->st_uid != geteuid() || old->st_gid != getegid()))
			check(fchown(fd_.get(), old->st_uid, old->st_gid) == 0);
		check(fchmod(fd_.get(), old ? old->st_mode & 07777 : 0644 & ~mask) == 0);
		write_all(fd_.get(), target_, text);
		check(fsync(fd_.get()) == 0);
		check(rename(path_.c_str(), target_.c_str()) == 0);
		fd_ = Fd();
		sync_folder();
	}

private:
	void check(bool done) const
	{
		if (!done)
			throw system_error("write", target_, errno);
	}

	void sync_folder() const
	{
		const std::filesystem::path folder = target_.parent_path();
		const Fd fd(open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		check(fd && (fsync(fd.get()) == 0 || errno == EINVAL));
	}

	std::filesystem::path target_;
	std::string path_;
	Fd fd_;
};

} // namespace

Fd open_to_read(const std::string &path, const std::string &name, Pipes pipes, uint64_t most)
{
	struct stat file {};
	if (stat(path.c_str(), &file) != 0)
		throw unreadable(name, errno);
	if (S_ISDIR(file.st_mode))
		throw unreadable(name, EISDIR);
	if (!S_ISREG(file.st_mode) && !(S_ISFIFO(file.st_mode) && pipes == Pipes::Allowed))
		throw request_error(fmt::format("{}: not a regular file ({})", name,
						pipes == Pipes::Allowed ? "a file or a pipe" : "a file"));
	if (most && S_ISREG(file.st_mode) && static_cast<uint64_t>(file.st_size) > most)
		throw too_long(name, most);
	Fd fd(open_in_time(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
	if (!fd && errno == EINTR)
		throw request_error(fmt::format("{}: nobody writes to the pipe (within {} s)", name, kWriterWait));
	if (!fd)
		throw unreadable(name, errno);
	return fd;
}

std::string read_text(int fd, const std::string &name, uint64_t most)
{
	std::string text;
	while (append_block(fd, name, text))
		if (text.size() > most)
			throw too_long(name, most);
	return text;
}

std::string read_text_file(const std::string &path, Pipes pipes, uint64_t most)
{
	return read_text(open_to_read(path, path, pipes, most).get(), path, most);
}

void write_text_file(const std::string &path, std::string_view text)
{
	struct stat old {};
	const bool exists = stat(path.c_str(), &old) == 0;
	if (exists && is_stdout(old))
		return write_all(STDOUT_FILENO, path, text);
	if (!exists || S_ISREG(old.st_mode))
		return Replacement(link_target(path)).put(text, exists ? &old : nullptr);
	const Fd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
	if (!fd)
		throw system_error("write", path, errno);
	write_all(fd.get(), path, text);
}

std::optional<std::string_view> LineReader::next()
{
	size_t newline;
	while ((newline = buffer_.find('\n', begin_)) == std::string::npos && fill())
		;
	if (newline == std::string::npos && begin_ == buffer_.size())
		return std::nullopt;
	const size_t end = std::min(newline, buffer_.size());
	const auto line = std::string_view(buffer_).substr(begin_, end - begin_);
	begin_ = newline == std::string::npos ? end : end + 1;
	return line;
}

bool LineReader::would_wait() const
{
	pollfd ready{fd_, POLLIN, 0};
	return buffer_.find('\n', begin_) == std::string::npos && poll(&ready, 1, 0) == 0;
}

bool LineReader::fill()
{
	buffer_.erase(0, begin_);
	begin_ = 0;
	if (buffer_.size() > kLineMost)
		throw request_error(fmt::format("{}: a line is too long (at most {} KiB)", name_, kLineMost >> 10));
	return append_block(fd_, name_, buffer_);
}

} // namespace xovl
