// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The settings of an object as arguments of a command, in its usage line and in `show`.
#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "args.hpp"
#include "config/settings.hpp"
#include "print.hpp"

namespace xovl {

/// Collects the settings given to a command.
template <typename Object> class SettingWords {
public:
	/// Returns keys that store their values in this object, which must outlive them. make: the object is being
	/// created, so fixed settings are mandatory; otherwise they are not accepted.
	std::vector<Key> keys(bool make)
	{
		std::vector<Key> keys;
		for (const auto &setting : settings_of<Object>())
			if (make || !setting.is_fixed())
				keys.push_back({setting.name, setting.is_fixed() ? Need::Mandatory : Need::Optional,
						[this, &setting](const std::string &text) { given_[&setting] = text; },
						is_list(setting), setting.is_bare()});
		return keys;
	}

	/// True if no setting is given.
	bool empty() const { return given_.empty(); }

	/// Parses the given settings into object, in the order of the table. Throws Error(Request).
	void into(Object &object) const
	{
		for (const auto &[setting, text] : given_)
			setting->parse(object, text);
	}

private:
	std::map<const Setting<Object> *, std::string> given_;
};

/// Returns " encap vxlan|geneve [vni N] [mtu N]". make: as for keys().
template <typename Object> std::string settings_usage(bool make)
{
	std::string usage;
	for (const auto &setting : settings_of<Object>())
		if (setting.is_bare())
			usage += fmt::format(" [{} [{}]]", setting.name, setting.values);
		else if (!setting.is_fixed())
			usage += fmt::format(" [{} {}]", setting.name, setting.values);
		else if (make)
			usage += fmt::format(" {} {}", setting.name, setting.values);
	return usage;
}

/// Returns the settings that have no column of their own and differ from their defaults.
template <typename Object> Json options_of(const Object &object)
{
	Json options = Json::object();
	for (const auto &setting : settings_of<Object>())
		if (!setting.is_column() && !is_default(setting, object))
			options[setting.name] =
				std::visit([](const auto &value) { return Json(value); }, setting.value(object));
	return options;
}

} // namespace xovl
