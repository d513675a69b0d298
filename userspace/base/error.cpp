// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "base/capabilities.hpp"

namespace xovl {

Error request_error(const std::string &text)
{
	return Error(Error::Kind::Request, text);
}

namespace {

bool is_of_the_moment(int err)
{
	return err == EAGAIN || err == EINTR || err == ENOBUFS;
}

} // namespace

Error system_error(const std::string &operation, const std::string &object, int err)
{
	const std::string missing = err == EPERM || err == EACCES ? missing_capabilities() : "";
	const Error::Kind kind = is_of_the_moment(err) ? Error::Kind::TryAgain : Error::Kind::System;
	return Error(kind, fmt::format("{}{}{}: {}{}", operation, object.empty() ? "" : " ", object,
				       std::generic_category().message(err),
				       missing.empty() ? "" : fmt::format(" (missing: {})", missing)));
}

namespace {

/// Returns the length in octets of the UTF-8 character at the start of text (RFC 3629), or 0 if it is invalid or a
/// control character.
size_t printable_octets(std::string_view text)
{
	auto octet = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
	const unsigned char first = octet(0);
	if (first < 0x80)
		return first >= ' ' && first != 0x7f;
	const size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc2 || first > 0xf4 || text.size() < size)
		return 0;
	uint32_t character = first & (0xff >> (size + 1));
	for (size_t i = 1; i < size; i++) {
		if ((octet(i) & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (octet(i) & 0x3f);
	}
	const bool too_long = (size == 3 && character < 0x800) || (size == 4 && character < 0x10000);
	const bool control = character < 0xa0;                                 // C1
	const bool direction = (character >= 0x202a && character <= 0x202e) || // these turn what follows
			       (character >= 0x2066 && character <= 0x2069);
	const bool surrogate = character >= 0xd800 && character < 0xe000;
	return too_long || control || direction || surrogate || character > 0x10ffff ? 0 : size;
}

} // namespace

std::string printable(std::string_view text)
{
	std::string out;
	while (!text.empty()) {
		const size_t size = printable_octets(text);
		if (size)
			out += text.substr(0, size);
		else
			out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
		text.remove_prefix(std::max<size_t>(size, 1));
	}
	return out;
}

std::string in_quotes(std::string_view text)
{
	constexpr size_t shown = 64;

	std::string out = "\"";
	for (unsigned char octet : text.substr(0, shown)) {
		if (octet < ' ' || octet > '~')
			out += fmt::format("\\x{:02x}", octet);
		else
			out += static_cast<char>(octet);
	}
	return out + (text.size() > shown ? "…\"" : "\"");
}

} // namespace xovl
