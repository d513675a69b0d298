// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The settings of networks, ports, uplinks and vteps: one table for each. Command, file, `save`, `show` and the lines of `apply` are
// made from it.
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

/// As files and JSON have it: a switch, a number, a word, or a list of words.
using SettingValue = std::variant<bool, uint32_t, std::string, std::vector<std::string>>;

/// A set of encapsulations: 1 << xovl_encap for each.
using Encaps = uint32_t;

inline constexpr xovl_encap kEncaps[] = {XOVL_ENCAP_VXLAN, XOVL_ENCAP_GENEVE, XOVL_ENCAP_GRE, XOVL_ENCAP_NVGRE};

/// Those for which condition holds.
template <typename Condition> constexpr Encaps encaps_that(Condition condition)
{
	Encaps encaps = 0;
	for (auto encap : kEncaps)
		encaps |= condition(encap) ? 1u << encap : 0;
	return encaps;
}

inline constexpr Encaps kEveryEncap = encaps_that([](xovl_encap) { return true; });

inline constexpr unsigned kColumn =
	1;                            ///< `show` has a column for it; the other settings stand together under "options"
inline constexpr unsigned kFixed = 2; ///< must be said when the object is made, and stays
inline constexpr unsigned kBare = 4;  ///< a switch whose name alone stands for on

template <typename Object> struct Setting {
	const char *name;
	const char *values; ///< the command's grammar: "N|inherit"
	/// The command's word. Error(Request).
	void (*parse)(Object &, std::string_view text);
	SettingValue (*value)(const Object &);
	Encaps encaps = kEveryEncap; ///< those that have it
	unsigned flags = 0;          ///< kColumn, kFixed, kBare

	bool is_column() const { return flags & kColumn; }
	bool is_fixed() const { return flags & kFixed; }
	bool is_bare() const { return flags & kBare; }
};

/// The settings of Object, in the order of files. Those that others depend on come first.
template <typename Object> std::span<const Setting<Object>> settings_of() = delete;
template <> std::span<const Setting<NetworkSettings>> settings_of();
template <> std::span<const Setting<PortConfig>> settings_of();
template <> std::span<const Setting<UplinkConfig>> settings_of();
template <> std::span<const Setting<VtepConfig>> settings_of();

/// What it is like where nothing is said.
template <typename Object> Object default_of(const Object &)
{
	return {};
}

/// Of a network of the same encapsulation.
template <> NetworkSettings default_of(const NetworkSettings &net);

template <typename Object> bool is_default(const Setting<Object> &setting, const std::type_identity_t<Object> &object)
{
	return !setting.is_fixed() && setting.value(object) == setting.value(default_of<Object>(object));
}

/// In files true and false stand for on and off.
template <typename Object> bool is_switch(const Setting<Object> &setting)
{
	return std::holds_alternative<bool>(setting.value({}));
}

/// Its values can be joined with commas.
template <typename Object> bool is_list(const Setting<Object> &setting)
{
	return std::holds_alternative<std::vector<std::string>>(setting.value({}));
}

/// A value as the command takes it: on, 64, inherit; a list with commas, "none" where it is empty.
std::string word_of(const SettingValue &value);

/// "on", "off", "true" and "false" of files as the command's words; others as they are.
std::string_view switch_word(std::string_view text);

/// "mtu 1450 -> 1400, gso on -> off"; empty: there is no difference.
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
