// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include <string_view>
#include <vector>

namespace xovl {

/// Splits "a,b" at the commas. Text without comma, also if it is empty, gives one word. The words point into text.
inline std::vector<std::string_view> split_at_commas(std::string_view text)
{
	std::vector<std::string_view> words;
	for (size_t begin = 0; begin != text.npos;) {
		const size_t comma = text.find(',', begin);
		words.push_back(text.substr(begin, comma - begin));
		begin = comma == text.npos ? comma : comma + 1;
	}
	return words;
}

} // namespace xovl
