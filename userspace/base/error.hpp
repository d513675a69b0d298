// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The exception of libxovl. It tells whether the request was wrong, the system refused it, or refused it for the moment.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace xovl {

/// Thrown by libxovl, caught in main() or for one line of a batch.
/// what() is one line without a trailing newline: what is wrong (what would be right).
class Error : public std::runtime_error {
public:
	enum class Kind {
		Request,  ///< the request is wrong: grammar, range, unknown name, file
		System,   ///< the request is right, but the system refused it
		TryAgain, ///< System, but for the moment only: the same request may succeed a little later
	};

	Error(Kind kind, const std::string &text) : std::runtime_error(text), kind_(kind) {}

	Kind kind() const noexcept { return kind_; }
	/// The exit status of a command that fails with this error.
	int exit_status() const noexcept { return kind_ == Kind::Request ? 1 : 2; }

private:
	Kind kind_;
};

/// A wrong request. The message begins with the position in a file.
class PlacedError : public Error {
public:
	PlacedError(const std::string &place, const std::string &text) : Error(Kind::Request, place + text) {}
};

/// Returns an Error(Request). text: what is wrong (what would be right).
Error request_error(const std::string &text);

/// Returns an Error(System) with the text "OPERATION OBJECT: strerror(err)". err: a positive errno. For EPERM and
/// EACCES the text also names the missing capabilities. For EAGAIN, EINTR and ENOBUFS it is an Error(TryAgain).
Error system_error(const std::string &operation, const std::string &object, int err);

/// Returns the text on one line, safe for terminals: control characters and invalid UTF-8 are written as \xNN.
std::string printable(std::string_view text);

/// Returns the user's text for a message: in quotes, on one line, octets outside printable ASCII as \xNN, cut after 64
/// octets.
std::string in_quotes(std::string_view text);

} // namespace xovl
