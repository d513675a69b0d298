// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The one error of libxovl: a value that says who is to blame and what would be right.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace xovl {

/// Thrown by libxovl, caught where a request ends (main, or one line of a batch).
/// what() is one line without a trailing newline: what is wrong (what would be right).
class Error : public std::runtime_error {
public:
	enum class Kind {
		Request = 1, ///< the request is wrong: grammar, range, unknown name, file
		System = 2,  ///< the request is right and the system refused
	};

	Error(Kind kind, const std::string &text) : std::runtime_error(text), kind_(kind) {}

	Kind kind() const noexcept { return kind_; }
	/// The exit status of a command that fails with this error.
	int exit_status() const noexcept { return static_cast<int>(kind_); }

private:
	Kind kind_;
};

/// A wrong request whose text begins with its place in a file.
class PlacedError : public Error {
public:
	PlacedError(const std::string &place, const std::string &text) : Error(Kind::Request, place + text) {}
};

/// A wrong request. text: what is wrong (what would be right).
Error request_error(const std::string &text);

/// A refusal of the system: "OPERATION OBJECT: strerror(err)". err is a positive errno.
Error system_error(const std::string &operation, const std::string &object, int err);

/// A text as terminals may see it: control characters and what is not UTF-8 as \xNN, on one line.
std::string printable(std::string_view text);

/// A user's text as messages show it: in quotes, on one line, unprintable octets as \xNN, a long one cut.
std::string in_quotes(std::string_view text);

} // namespace xovl
