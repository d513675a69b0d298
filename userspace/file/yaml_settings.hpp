// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Reads numbers, interface names and the settings of an object from a YAML tree.
#pragma once

#include <string>
#include <string_view>

#include "config/settings.hpp"
#include "file/yaml_keys.hpp"

namespace xovl {

template <typename Number> Number read_number(const NumberRange &range, const Value &value)
{
	return static_cast<Number>(parse_number(range, value.text()));
}

template <typename Object> void read_vid(Object &object, const Value &value)
{
	object.vid = read_number<uint16_t>(kVlanRange, value);
}

template <typename Object> void read_dev(Object &object, const Value &value)
{
	object.dev = parse_dev_name(value.text());
}

/// Returns the value of a list setting as the command writes it, separated by commas. The file may have a YAML list, or
/// this text.
template <typename Object> std::string list_text(const Setting<Object> &setting, const Value &value)
{
	const YamlTree &tree = value.tree;
	std::string joined;

	if (value.kind() != YamlKind::List)
		return std::string(value.text());
	for (auto item = tree.first(value.node); item != tree.end(value.node); item = tree.next(item)) {
		const std::string_view text = value.at(item).text();
		read_placed(value.at(item), [&] {
			Object any;
			setting.parse(any, text);
		});
		joined.append(joined.empty() ? "" : ",").append(text);
	}
	return joined.empty() ? "none" : joined;
}

template <typename Object> void read_setting(const Setting<Object> &setting, Object &object, const Value &value)
{
	if (is_list(setting))
		setting.parse(object, list_text(setting, value));
	else
		setting.parse(object, is_switch(setting) ? switch_word(value.text()) : value.text());
}

/// Returns keys, followed by the keys of the object's settings.
template <typename Object> Keys<Object> with_settings(Keys<Object> keys)
{
	for (const auto &setting : settings_of<Object>())
		keys.push_back({setting.name, [&setting](Object &object, const Value &value) {
					read_setting(setting, object, value);
				}});
	return keys;
}

} // namespace xovl
