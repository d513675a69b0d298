// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Files of text: whole, or line by line in little memory however long they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"

namespace xovl {

enum class Pipes { Refused, Allowed };

/// Opens a regular file to be read, or a pipe that somebody writes to. name: as messages call it. Error(Request)
/// "NAME: strerror (a file that can be read)", or that it is no such file. most: octets that a regular file may have; 0: any number.
Fd open_to_read(const std::string &path, const std::string &name, Pipes pipes, uint64_t most = 0);

/// All that can be read from a descriptor, at most that many octets. Error(Request) as open_to_read(), or that there are more.
std::string read_text(int fd, const std::string &name, uint64_t most);
/// The whole of a file.
std::string read_text_file(const std::string &path, Pipes pipes, uint64_t most);

/// Make a file, or replace it with its mode and owner, at once: nobody sees half of it, and where that fails the old one is still
/// there. A path that leads to a pipe, a terminal or standard output is written to. Error(System).
void write_text_file(const std::string &path, std::string_view text);

/// Reads from a descriptor, which stays the caller's.
class LineReader {
public:
	/// name: as messages call the file.
	LineReader(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}

	/// The next line without its newline, good until the next call; nullopt at the end. Error(Request) as open_to_read().
	std::optional<std::string_view> next();

	/// Whether next() would have to wait for the writer.
	bool would_wait() const;

private:
	bool fill();

	int fd_;
	std::string name_;
	std::string buffer_;
	size_t begin_ = 0;
};

} // namespace xovl
