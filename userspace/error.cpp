// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "error.hpp"

#include <fmt/format.h>

#include <system_error>

namespace xovl {

Error request_error(const std::string &text)
{
	return Error(Error::Kind::Request, text);
}

Error system_error(const std::string &operation, const std::string &object, int err)
{
	return Error(Error::Kind::System, fmt::format("{}{}{}: {}", operation, object.empty() ? "" : " ", object,
						      std::generic_category().message(err)));
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
