// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "text_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "error.hpp"

namespace xovl {

namespace {

Error unreadable(const std::string &name, int err)
{
	return request_error(fmt::format("{}: {} (a file that can be read)", name, strerror(err)));
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

} // namespace

Fd open_to_read(const std::string &path, const std::string &name)
{
	Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
	if (!fd)
		throw unreadable(name, errno);
	return fd;
}

std::string read_text_file(const std::string &path)
{
	const Fd fd = open_to_read(path, path);
	std::string text;
	while (append_block(fd.get(), path, text))
		;
	return text;
}

void write_text_file(const std::string &path, std::string_view text)
{
	const Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
	if (!fd)
		throw system_error("write", path, errno);
	while (!text.empty()) {
		const ssize_t n = write(fd.get(), text.data(), text.size());
		if (n < 0 && errno != EINTR)
			throw system_error("write", path, errno);
		text.remove_prefix(static_cast<size_t>(std::max<ssize_t>(n, 0)));
	}
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
	return append_block(fd_, name_, buffer_);
}

} // namespace xovl
