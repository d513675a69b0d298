// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "args.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/error.hpp"

namespace xovl {

namespace {

std::vector<std::string_view> names_of(const std::vector<Key> &keys)
{
	std::vector<std::string_view> names(keys.size());
	std::transform(keys.begin(), keys.end(), names.begin(), [](const Key &key) { return key.name; });
	return names;
}

} // namespace

std::string Args::next(std::string_view what)
{
	if (words_.empty())
		throw request_error(fmt::format("{} is missing ({})", what, usage_));
	std::string word = std::move(words_.front());
	words_.erase(words_.begin());
	return word;
}

bool Args::flag(std::string_view option)
{
	auto it = std::find(words_.begin(), words_.end(), option);
	if (it == words_.end())
		return false;
	words_.erase(it);
	return true;
}

std::optional<std::string> Args::value_of(std::string_view option)
{
	auto it = std::find(words_.begin(), words_.end(), option);
	if (it == words_.end())
		return std::nullopt;
	if (it + 1 == words_.end())
		throw request_error(fmt::format("{} has no value ({})", option, usage_));
	std::string value = std::move(it[1]);
	words_.erase(it, it + 2);
	return value;
}

void Args::keys(const std::vector<Key> &keys)
{
	std::map<std::string_view, std::string> given;
	while (!empty()) {
		std::string word = next("KEY");
		auto find = [&](const std::string &name) {
			return std::find_if(keys.begin(), keys.end(), [&](const Key &k) { return k.name == name; });
		};
		auto key = find(word);
		if (key == keys.end() && !empty()) {
			key = find(word + "-" + words_.front());
			if (key != keys.end())
				word.append(1, '-').append(next("KEY"));
		}
		if (key == keys.end()) {
			throw request_error(
				fmt::format("unknown key \"{}\" ({})", word, fmt::join(names_of(keys), ", ")));
		}
		const auto [known, is_new] = given.emplace(key->name, "");
		if (!is_new && !key->is_list)
			throw request_error(fmt::format("\"{}\" is given twice (once)", word));
		if (key->is_bare && (empty() || (words_.front() != "on" && words_.front() != "off"))) {
			key->set("on");
			continue;
		}
		if (empty())
			throw request_error(fmt::format("\"{}\" has no value ({})", word, usage_));
		if (!is_new)
			known->second += ',';
		known->second += next("VALUE");
		if (!key->is_list)
			key->set(known->second);
	}
	for (const Key &key : keys)
		if (key.is_list && given.contains(key.name))
			key.set(given[key.name]);
	for (const Key &key : keys)
		if (key.need == Need::Mandatory && !given.contains(key.name))
			throw request_error(fmt::format("\"{}\" is missing ({})", key.name, usage_));
}

void Args::end() const
{
	if (!words_.empty())
		throw request_error(fmt::format("unexpected \"{}\" ({})", words_.front(), usage_));
}

} // namespace xovl
