// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The rules of validate(): a good configuration, and for each rule a change that breaks it.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

#include "config/config.hpp"
#include "expect_error.hpp"

namespace xovl::test {

inline Address ip(const char *text)
{
	return Address::parse(text);
}

inline Mac mac(const char *text)
{
	return Mac::parse(text);
}

/// blue: 10.0.0.2, 10.0.0.3 and fd00::2 behind veth0 and eth1.100; red: the same VNI at the other local address.
inline Config good()
{
	Config config;
	config.vteps = {{ip("10.0.0.1")}, {ip("fd00::1")}, {ip("10.0.1.1"), XOVL_FOREIGN_PASS}};
	config.uplinks = {{"eth0"}, {"eth9", 0, XOVL_MODE_NATIVE}};

	NetworkConfig &blue = config.networks.emplace_back();
	blue.name = "blue";
	blue.vni = 100;
	blue.local = ip("10.0.0.1");
	blue.ports = {{"veth0"}, {"eth1", 100, XOVL_MODE_TC}};
	blue.flood = {ip("10.0.0.2"), ip("10.0.0.3")};
	blue.fdb = {{mac("02:00:00:00:00:01"), ip("10.0.0.2")},
		    {mac("02:00:00:00:00:02"), FdbPort("eth1", 100)},
		    {mac("02:00:00:00:00:03"), FdbPort("veth0")}};

	NetworkConfig &red = config.networks.emplace_back();
	red.name = "red";
	red.vni = 100;
	red.local = ip("10.0.1.1");
	red.ports = {{"eth1", 200, XOVL_MODE_TC}};
	red.fdb = {{mac("02:00:00:00:00:01"), ip("10.0.0.2")}};

	NetworkConfig &green = config.networks.emplace_back();
	green.name = "green";
	green.vni = 0;
	green.flood = {ip("10.0.0.2"), ip("fd00::2")};
	return config;
}

struct Rule {
	const char *name;
	std::function<void(Config &)> change;
	std::string path; ///< the path that where() gets; empty: the change breaks nothing
	std::string message;
};

inline std::ostream &operator<<(std::ostream &out, const Rule &rule)
{
	return out << rule.name;
}

inline std::string joined(const ConfigPath &path)
{
	std::string text;
	for (const auto &step : path) {
		if (const auto *key = std::get_if<const char *>(&step))
			text += fmt::format("/{}", *key);
		else
			text += fmt::format("/{}", std::get<size_t>(step));
	}
	return text;
}

/// Gives the network another encapsulation, with its default port and this identifier.
inline void make(NetworkConfig &net, xovl_encap encap, std::optional<uint32_t> id)
{
	net.encap = encap;
	net.dstport = default_dstport(encap);
	net.vni = id;
}

/// Gives blue's peer 10.0.0.3 another encapsulation or port.
inline std::function<void(Config &)> mixed(xovl_encap encap, uint16_t dstport,
					   const std::function<void(Config &)> &also = {})
{
	return [=](Config &c) {
		c.networks[0].peers = {{ip("10.0.0.3"), encap, dstport}};
		if (also)
			also(c);
	};
}

class Validate : public testing::TestWithParam<Rule> {
protected:
	static void holds_the_rule()
	{
		Config config = good();
		GetParam().change(config);
		const std::string message = complaint([&] { validate(config, Limits{}); });
		const std::string placed = complaint(
			[&] { validate(config, Limits{}, [](const ConfigPath &p) { return joined(p) + ": "; }); });

		EXPECT_EQ(message, GetParam().path.empty() ? "no complaint" : GetParam().message);
		EXPECT_EQ(placed,
			  GetParam().path.empty() ? "no complaint" : GetParam().path + ": " + GetParam().message);
	}
};

/// Runs a class of tests with every rule of an array k….
#define RULES(tests, group)                                                 \
	INSTANTIATE_TEST_SUITE_P(group, tests, testing::ValuesIn(k##group), \
				 [](const testing::TestParamInfo<Rule> &info) { return info.param.name; })

} // namespace xovl::test
