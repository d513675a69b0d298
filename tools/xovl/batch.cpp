// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "batch.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cctype>

#include "base/text_file.hpp"

namespace xovl {

namespace {

constexpr std::string_view kQuotes = "\\'\"";

/// Appends the character after a backslash, or a quoted part of line, to word. i is the index of the backslash or
/// opening quote, and on return that of the last character taken.
void take_quoted(std::string_view line, size_t &i, std::string &word)
{
	char quote = line[i];
	if (quote == '\\') {
		if (++i == line.size())
			throw request_error("nothing follows the backslash");
		word += line[i];
		return;
	}
	for (i++; i < line.size() && line[i] != quote; i++) {
		if (quote == '"' && line[i] == '\\' && i + 1 < line.size())
			i++;
		word += line[i];
	}
	if (i == line.size())
		throw request_error(fmt::format("the quote {} is not closed", quote));
}

} // namespace

std::vector<std::string> split_words(std::string_view line)
{
	std::vector<std::string> words;
	bool in_word = false;
	for (size_t i = 0; i < line.size(); i++) {
		if (std::isspace(static_cast<unsigned char>(line[i]))) {
			in_word = false;
			continue;
		}
		if (!in_word && line[i] == '#')
			break;
		if (!in_word)
			words.emplace_back();
		in_word = true;
		if (kQuotes.find(line[i]) != kQuotes.npos)
			take_quoted(line, i, words.back());
		else
			words.back() += line[i];
	}
	return words;
}

void run_batch(Context &context, const std::string &file)
{
	const std::string name = "-b " + file;
	const bool is_stdin = file == "-";
	const Fd opened = is_stdin ? Fd() : open_to_read(file, name, Pipes::Allowed);
	LineReader reader(is_stdin ? STDIN_FILENO : opened.get(), name);
	for (size_t number = 1;; number++) {
		if (reader.would_wait())
			context.release();
		const auto line = reader.next();
		if (!line)
			return;
		try {
			std::vector<std::string> words = split_words(*line);
			if (!words.empty())
				run_command(context, words);
		} catch (const Error &error) {
			throw Error(error.kind(), fmt::format("{}:{}: {}", file, number, error.what()));
		}
		context.flush();
	}
}

} // namespace xovl
