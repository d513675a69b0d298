// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Files of commands (xovl -b FILE).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "command.hpp"

namespace xovl {

/// Splits a line into words with quoting as in a shell: '…' is literal; in "…" and outside quotes, \ makes the next
/// character literal; # starts a comment. Throws Error(Request) if a quote is not closed.
std::vector<std::string> split_words(std::string_view line);

/// Runs every line of the file; "-" is standard input. Stops at the first Error and throws it with "FILE:LINE: " in
/// front.
void run_batch(Context &context, const std::string &file);

} // namespace xovl
