// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "command.hpp"

namespace xovl {

/// The words of one line, quoted as in a shell: '…' is literal, in "…" and outside of quotes \ takes the next character's
/// meaning away, # begins a comment. Error(Request) where a quote is not closed.
std::vector<std::string> split_words(std::string_view line);

/// Runs every line of the file ("-": standard input). Stops at the first Error, which then begins with "FILE:LINE: ".
void run_batch(Context &context, const std::string &file);

} // namespace xovl
