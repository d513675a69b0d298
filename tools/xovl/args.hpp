// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The words of one command after OBJECT COMMAND, read from left to right: names first, then KEY VALUE pairs.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xovl {

enum class Need { Optional, Mandatory };

/// One KEY VALUE pair that a command knows. set() takes the value or throws Error(Request).
struct Key {
	std::string_view name;
	Need need;
	std::function<void(const std::string &)> set;
	bool is_list = false; ///< may be given several times: set() takes all the values, with commas between them
	bool is_bare = false; ///< on or off; the name alone stands for on
};

/// Every member throws Error(Request) when the words do not fit.
class Args {
public:
	/// usage: the command's grammar in one line, shown where a word is missing or too many.
	Args(std::vector<std::string> words, std::string_view usage) : words_(std::move(words)), usage_(usage) {}

	bool empty() const { return words_.empty(); }

	/// Takes the first word; what it stands for in the grammar ("NAME") is named where there is none.
	std::string next(std::string_view what);

	/// Takes option ("--per-cpu") out, wherever it stands; false where it is not given.
	bool flag(std::string_view option);

	/// Takes option and the word after it out, wherever they stand.
	std::optional<std::string> value_of(std::string_view option);

	/// Takes all that is left as KEY VALUE pairs: in any order, each at most once, but for lists.
	void keys(const std::vector<Key> &keys);

	/// Nothing may be left.
	void end() const;

private:
	std::vector<std::string> words_;
	std::string_view usage_;
};

} // namespace xovl
