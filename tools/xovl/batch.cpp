// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "batch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <optional>

#include "fd.hpp"

namespace xovl {

namespace {

constexpr std::string_view kQuotes = "\\'\"";

class LineReader {
public:
	LineReader(int fd, const std::string &name) : fd_(fd), name_(name) {}

	/// The next line without its newline; nullopt at the end.
	std::optional<std::string> next()
	{
		size_t newline;
		while ((newline = buffer_.find('\n', begin_)) == std::string::npos && fill())
			;
		if (newline == std::string::npos && begin_ == buffer_.size())
			return std::nullopt;
		size_t end = std::min(newline, buffer_.size());
		std::string line = buffer_.substr(begin_, end - begin_);
		begin_ = newline == std::string::npos ? end : end + 1;
		return line;
	}

	/// Whether next() would have to wait for the writer.
	bool would_wait() const
	{
		pollfd ready{fd_, POLLIN, 0};
		return buffer_.find('\n', begin_) == std::string::npos && poll(&ready, 1, 0) == 0;
	}

private:
	bool fill()
	{
		char block[65536];
		ssize_t n;
		do
			n = read(fd_, block, sizeof(block));
		while (n < 0 && errno == EINTR);
		if (n < 0)
			throw request_error(fmt::format("-b {}: {} (a file that can be read)", name_, strerror(errno)));
		buffer_.erase(0, begin_);
		begin_ = 0;
		buffer_.append(block, static_cast<size_t>(n));
		return n > 0;
	}

	int fd_;
	std::string name_;
	std::string buffer_;
	size_t begin_ = 0;
};

/// Takes the character after a backslash, or the rest of a quoted part, of line into word. i stands on the backslash or
/// opening quote, and afterwards on the last character taken.
void take_quoted(const std::string &line, size_t &i, std::string &word)
{
	char quote = line[i];
	if (quote == '\\') {
		if (++i == line.size())
			throw request_error("nothing follows the backslash");
		word += line[i];
		return;
	}
	for (i++; i < line.size() && line[i] != quote; i++) {
		if (quote == '"' && line[i] == '\\' && i + 1 < line.size())
			i++;
		word += line[i];
	}
	if (i == line.size())
		throw request_error(fmt::format("the quote {} is not closed", quote));
}

} // namespace

std::vector<std::string> split_words(const std::string &line)
{
	std::vector<std::string> words;
	bool in_word = false;
	for (size_t i = 0; i < line.size(); i++) {
		if (std::isspace(static_cast<unsigned char>(line[i]))) {
			in_word = false;
			continue;
		}
		if (!in_word && line[i] == '#')
			break;
		if (!in_word)
			words.emplace_back();
		in_word = true;
		if (kQuotes.find(line[i]) != kQuotes.npos)
			take_quoted(line, i, words.back());
		else
			words.back() += line[i];
	}
	return words;
}

void run_batch(Context &context, const std::string &file)
{
	bool is_stdin = file == "-";
	Fd opened(is_stdin ? -1 : open(file.c_str(), O_RDONLY | O_CLOEXEC));
	if (!is_stdin && !opened)
		throw request_error(fmt::format("-b {}: {} (a file that can be read)", file, strerror(errno)));
	LineReader reader(is_stdin ? STDIN_FILENO : opened.get(), file);
	for (size_t number = 1;; number++) {
		if (reader.would_wait())
			context.release();
		std::optional<std::string> line = reader.next();
		if (!line)
			return;
		try {
			std::vector<std::string> words = split_words(*line);
			if (!words.empty())
				run_command(context, words);
		} catch (const Error &error) {
			throw Error(error.kind(), fmt::format("{}:{}: {}", file, number, error.what()));
		}
		context.flush();
	}
}

} // namespace xovl
