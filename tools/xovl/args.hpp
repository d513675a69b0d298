// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The arguments of one command after OBJECT COMMAND, read from left to right: names first, then KEY VALUE pairs.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xovl {

enum class Need { Optional, Mandatory };

/// A KEY VALUE pair that a command accepts. set() takes the value, or throws Error(Request).
struct Key {
	std::string_view name;
	Need need;
	std::function<void(const std::string &)> set;
	bool is_list = false; ///< may be given several times; set() gets all values, separated by commas
	bool is_bare = false; ///< a switch; the name alone means on
};

/// The remaining arguments. All members throw Error(Request) if the arguments do not fit the grammar.
class Args {
public:
	/// usage: the command's grammar in one line, shown if a word is missing or superfluous.
	Args(std::vector<std::string> words, std::string_view usage) : words_(std::move(words)), usage_(usage) {}

	bool empty() const { return words_.empty(); }

	/// Removes and returns the first word. what: its name in the grammar ("NAME"), used in the message if it is
	/// missing.
	std::string next(std::string_view what);

	/// Removes an option ("--per-cpu"), wherever it is. Returns false if it is not given.
	bool flag(std::string_view option);

	/// Removes an option and the word after it, wherever they are. Returns the word; nullopt if the option is not
	/// given.
	std::optional<std::string> value_of(std::string_view option);

	/// Reads all remaining words as KEY VALUE pairs, in any order. Only list keys may be repeated.
	void keys(const std::vector<Key> &keys);

	/// Throws if any word remains.
	void end() const;

private:
	std::vector<std::string> words_;
	std::string_view usage_;
};

} // namespace xovl
