// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Files of text: whole, or line by line in little memory however long they are.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fd.hpp"

namespace xovl {

/// Opens a file to be read. name: as messages call it. Error(Request) "NAME: strerror (a file that can be read)".
Fd open_to_read(const std::string &path, const std::string &name);

/// The whole of a file. Error(Request) as open_to_read().
std::string read_text_file(const std::string &path);

/// Make or replace a file. Error(System).
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
