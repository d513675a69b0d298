// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Text files, read as a whole or line by line in constant memory, and replaced atomically.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"

namespace xovl {

enum class Pipes { Refused, Allowed };

/// Opens a regular file for reading, or a pipe if pipes allows it. name: the file's name in messages. most: size limit
/// of a regular file in octets; 0 means no limit.
/// Throws Error(Request) if the file cannot be opened, is of another type or too long, or if nobody opens the pipe for
/// writing within 5 s.
Fd open_to_read(const std::string &path, const std::string &name, Pipes pipes, uint64_t most = 0);

/// Returns everything that can be read from fd. most: size limit in octets. Throws Error(Request) if reading fails or
/// there is more.
std::string read_text(int fd, const std::string &name, uint64_t most);
/// Returns the whole file. Throws Error(Request) as open_to_read() and read_text() do.
std::string read_text_file(const std::string &path, Pipes pipes, uint64_t most);

/// Creates the file, or replaces it and keeps its mode and owner. The replacement is atomic: readers see the old or the
/// new file, and the old file stays if writing fails. A pipe, a terminal or standard output is written in place. Throws
/// Error(System) if the system refuses.
void write_text_file(const std::string &path, std::string_view text);

/// Reads lines from a descriptor. The caller keeps the descriptor.
class LineReader {
public:
	/// name: the file's name in messages.
	LineReader(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}

	/// Returns the next line without its newline, or nullopt at the end. The view is valid until the next call.
	/// Throws Error(Request) if reading fails or a line is longer than 1 MiB.
	std::optional<std::string_view> next();

	/// True if next() would have to wait for the writer.
	bool would_wait() const;

private:
	bool fill();

	int fd_;
	std::string name_;
	std::string buffer_;
	size_t begin_ = 0;
};

} // namespace xovl
