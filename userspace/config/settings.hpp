// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The settings of networks, ports, uplinks and vteps: one table for each. Commands, the file, `save`, `show` and the
// change lines of `apply` are generated from these tables.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "config/config.hpp"

namespace xovl {

/// A value as in files and JSON: a switch, a number, a word, or a list of words.
using SettingValue = std::variant<bool, uint32_t, std::string, std::vector<std::string>>;

/// A set of encapsulations, one bit for each: 1 << xovl_encap.
using Encaps = uint32_t;

inline constexpr xovl_encap kEncaps[] = {XOVL_ENCAP_VXLAN, XOVL_ENCAP_GENEVE, XOVL_ENCAP_GRE, XOVL_ENCAP_NVGRE};

/// Returns the encapsulations for which condition holds.
template <typename Condition> constexpr Encaps encaps_that(Condition condition)
{
	Encaps encaps = 0;
	for (auto encap : kEncaps)
		encaps |= condition(encap) ? 1u << encap : 0;
	return encaps;
}

inline constexpr Encaps kEveryEncap = encaps_that([](xovl_encap) { return true; });

/// Flags of a setting. kColumn: `show` prints it in a column of its own. The other settings are printed together
/// under "options".
inline constexpr unsigned kColumn = 1;
inline constexpr unsigned kFixed = 2; ///< must be given when the object is created, and cannot change
inline constexpr unsigned kBare = 4;  ///< a switch whose name alone means on

template <typename Object> struct Setting {
	const char *name;
	const char *values; ///< the grammar for help and messages: "N|inherit"
	/// Parses the command's word into the object. Throws Error(Request).
	void (*parse)(Object &, std::string_view text);
	SettingValue (*value)(const Object &);
	Encaps encaps = kEveryEncap; ///< the encapsulations that have this setting
	unsigned flags = 0;          ///< kColumn, kFixed, kBare

	bool is_column() const { return flags & kColumn; }
	bool is_fixed() const { return flags & kFixed; }
	bool is_bare() const { return flags & kBare; }
};

/// Returns the settings of Object, in the order of files. A setting that others depend on comes before them.
template <typename Object> std::span<const Setting<Object>> settings_of() = delete;
template <> std::span<const Setting<NetworkSettings>> settings_of();
template <> std::span<const Setting<PortConfig>> settings_of();
template <> std::span<const Setting<UplinkConfig>> settings_of();
template <> std::span<const Setting<VtepConfig>> settings_of();

/// Returns the object with all settings at their defaults.
template <typename Object> Object default_of(const Object &)
{
	return {};
}

/// Returns the defaults for a network of the same encapsulation.
template <> NetworkSettings default_of(const NetworkSettings &net);

template <typename Object> bool is_default(const Setting<Object> &setting, const std::type_identity_t<Object> &object)
{
	return !setting.is_fixed() && setting.value(object) == setting.value(default_of<Object>(object));
}

/// True if on and off are values. Files write them as true and false.
template <typename Object> bool is_switch(const Setting<Object> &setting)
{
	return std::string_view(setting.values).starts_with("on|off");
}

/// True if the value is a list. Commands separate its elements by commas.
template <typename Object> bool is_list(const Setting<Object> &setting)
{
	return std::holds_alternative<std::vector<std::string>>(setting.value({}));
}

/// Returns a value as the command accepts it: on, 64, inherit; a list joined by commas, "none" if it is empty.
std::string word_of(const SettingValue &value);

/// Maps "true" and "false", as in files, to the command's words "on" and "off". Other words are returned unchanged.
std::string_view switch_word(std::string_view text);

/// Returns the changed settings, such as "mtu 1450 -> 1400, gso on -> off"; empty if there are none.
template <typename Object> std::string differences(const Object &before, const Object &after)
{
	std::string text;
	for (const Setting<Object> &setting : settings_of<Object>()) {
		const SettingValue old = setting.value(before), now = setting.value(after);
		if (old != now)
			text += std::string(text.empty() ? "" : ", ") + setting.name + ' ' + word_of(old) + " -> " +
				word_of(now);
	}
	return text;
}

} // namespace xovl
