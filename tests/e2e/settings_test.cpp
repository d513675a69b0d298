// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Every setting of the tables in settings.hpp can be set by a command. `show`, `save` and `apply --dry-run` report it.
#include "config/settings.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "topology.hpp"

namespace xovl::test {

namespace {

/// Two words for a setting.
struct Words {
	const char *name;
	const char *one;
	const char *other;
};

const Words kNetworkWords[] = {
	{"vni", "7", "8"},
	{"local", "192.0.2.1", "any"},
	{"dstport", "5000", "5001"},
	{"mtu", "1300", "1200"},
	{"learning", "off", "on"},
	{"ageing", "20", "0"},
	{"mac-limit", "1000", "5"},
	{"peer-mac-limit", "100", "5"},
	{"on-limit", "drop", "flood"},
	{"move-limit", "5/180", "3/60"},
	{"via", "kernel", "direct"},
	{"require", "encrypted", "none"},
	{"ttl", "inherit", "9"},
	{"dscp", "46", "inherit"},
	{"df", "unset", "inherit"},
	{"udpcsum", "on", "off"},
	{"udp6zerocsumrx", "off", "on"},
	{"srcport", "5000-6000", "5000-5000"},
	{"flowlabel", "0", "5"},
	{"gso", "off", "on"},
	{"mss", "clamp", "off"},
	{"bpdu", "drop", "pass"},
	{"geneve-opt", "0x0001:0x02:", "0x0001:0x03:"},
	{"geneve-match", "0x0001:0x02:", "none"},
	{"csum", "on", "off"},
	{"seq", "strict", "on"},
	{"gbp", "on", "off"},
	{"reserved", "strict", "lenient"},
};

const Words kPortWords[] = {
	{"mode", "tc", "auto"},
	{"geneve-opt", "0x0001:0x02:", "0x0001:0x03:"},
	{"group", "7", "0"},
	{"deliver", "peer", "device"},
	{"optional", "on", "off"},
	{"isolated", "on", "off"},
	{"tagged", "whole", "none"},
	{"locked", "on", "off"},
	{"sticky", "on", "off"},
	{"mac-limit", "20", "30"},
	{"mac-guard", "02:00:00:00:00:01", "02:00:00:00:00:02"},
	{"ip-guard", "10.0.0.0/8", "10.0.0.1"},
	{"dhcp-guard", "on", "off"},
	{"ra-guard", "on", "off"},
};

const Words kUplinkWords[] = {
	{"vid", "7", "none"},   {"mode", "tc", "auto"},    {"rp-filter", "strict", "off"},
	{"gro", "off", "auto"}, {"optional", "on", "off"},
};

const Words kVtepWords[] = {
	{"foreign", "pass", "drop"},
	{"xfrm", "ignore", "refuse"},
	{"pmtu-trust", "off", "on"},
	{"pmtu-floor", "1400", "1500"},
};

const Words &words_for(std::span<const Words> all, std::string_view name)
{
	auto found = std::ranges::find(all, name, [](const Words &words) { return std::string_view(words.name); });
	if (found == all.end())
		throw std::runtime_error(fmt::format("no words in this test for {}", name));
	return *found;
}

const char *encap_for(Encaps encaps)
{
	for (auto encap : kEncaps)
		if (encaps & 1u << encap)
			return name_of(encap);
	return "";
}

/// A column or option of a row as a word of the command. The row's "mode" is the mode in force, not the one asked for.
std::string shown(const nlohmann::json &row, std::string name)
{
	if (name == "mode")
		name = "mode_asked";
	const auto &holder = row.contains(name) || !row.contains("options") ? row : row.at("options");
	if (!holder.contains(name))
		return "nothing";
	const auto &value = holder.at(name);
	if (value.is_boolean())
		return value.get<bool>() ? "on" : "off";
	if (value.is_array())
		return value.at(0);
	return value.is_string() ? value.get<std::string>() : value.dump();
}

class Settings : public OverlayTest {
protected:
	void SetUp() override
	{
		prepare({});
		h(1).ip("link add spare0 type veth peer name spare1");
		h(1).xovl_must("vtep add 192.0.2.1");
	}

	/// Adds an object with the first word: `show` and `save` have it. Adds it with the other word instead: `apply`
	/// of the saved file reports and reverts the difference. remove: the command that deletes the object.
	void expect_told(const std::string &object, const Words &words, const std::string &add,
			 const std::string &remove, const std::string &show, const std::string &line) const
	{
		SCOPED_TRACE(object + ' ' + words.name);
		const auto said = [&](const char *word) { return add + ' ' + words.name + ' ' + word; };
		h(1).xovl_must(said(words.one));
		EXPECT_EQ(shown(h(1).xovl_show(show).back(), words.name), words.one);
		const TempFile file(h(1).save());
		EXPECT_EQ(h(1).xovl_must("apply --dry-run " + file.path()), "");
		h(1).xovl_must(remove);
		h(1).xovl_must(said(words.other));
		const std::string told = fmt::format("~ {} {} {} -> {}\n", line, words.name, words.other, words.one);
		EXPECT_EQ(h(1).xovl_must("apply --dry-run " + file.path()), told);
		EXPECT_NE(h(1).xovl_must("apply " + file.path()).find(told), std::string::npos);
		EXPECT_EQ(shown(h(1).xovl_show(show).back(), words.name), words.one);
		EXPECT_EQ(h(1).xovl_must("apply --dry-run " + file.path()), "");
		h(1).xovl_must(remove);
	}
};

} // namespace

TEST_F(Settings, OfNetworks)
{
	for (const auto &setting : settings_of<NetworkSettings>()) {
		if (setting.is_fixed())
			continue;
		const char *encap = encap_for(setting.encaps);
		const bool is_vni = std::string_view(setting.name) == "vni";
		expect_told("net", words_for(kNetworkWords, setting.name),
			    fmt::format("net add blue encap {}{}", encap, is_vni ? "" : " vni 7"), "net del blue",
			    "net show blue", "net blue");
		// the same by `net set`
		h(1).xovl_must(fmt::format("net add blue encap {} vni 9", encap));
		const Words &words = words_for(kNetworkWords, setting.name);
		h(1).xovl_must(fmt::format("net set blue {} {}", setting.name, words.one));
		EXPECT_EQ(shown(h(1).xovl_show("net show blue").at(0), setting.name), words.one);
		h(1).xovl_must("net del blue");
	}
}

TEST_F(Settings, OfPorts)
{
	for (const auto &setting : settings_of<PortConfig>()) {
		const bool is_group = std::string_view(setting.name) == "group";
		h(1).xovl_must(fmt::format("net add blue encap {} vni 7{}", encap_for(setting.encaps),
					   is_group ? " gbp on" : ""));
		expect_told("port", words_for(kPortWords, setting.name), "port add spare0 net blue", "port del spare0",
			    "port show", "net blue port spare0");
		h(1).xovl_must("net del blue");
	}
}

TEST_F(Settings, OfUplinks)
{
	for (const auto &setting : settings_of<UplinkConfig>()) {
		expect_told("uplink", words_for(kUplinkWords, setting.name), "uplink add up0", "uplink del up0",
			    "uplink show", "uplink up0");
	}
}

TEST_F(Settings, OfVteps)
{
	for (const auto &setting : settings_of<VtepConfig>())
		expect_told("vtep", words_for(kVtepWords, setting.name), "vtep add 192.0.2.2", "vtep del 192.0.2.2",
			    "vtep show", "vtep 192.0.2.2");
}

} // namespace xovl::test
