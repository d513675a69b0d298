// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The settings: the value of every word, the line that reports a change, the place in the file, and the messages for
// invalid words.
#include "config/policy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <type_traits>

#include "expect_error.hpp"
#include "setting_words.hpp"

using namespace xovl;

namespace {

/// The setting of that name, or nullptr.
template <typename Object> const Setting<Object> *find_setting(std::string_view name)
{
	const auto settings = settings_of<Object>();
	auto found = std::ranges::find(settings, name, &Setting<Object>::name);
	return found == settings.end() ? nullptr : &*found;
}

struct Bad {
	const char *key;
	const char *word;
	const char *message;
};

const Bad kBad[] = {
	{"via", "xovl", "\"xovl\" is not a value of via (direct|kernel|auto)"},
	{"via", "", "\"\" is not a value of via (direct|kernel|auto)"},
	{"require", "on", "\"on\" is not a value of require (encrypted|none)"},
	{"require", "Encrypted", "\"Encrypted\" is not a value of require (encrypted|none)"},
	{"ttl", "0", "ttl 0 is out of range (1-255)"},
	{"ttl", "256", "ttl 256 is out of range (1-255)"},
	{"ttl", "-1", "ttl -1 is out of range (1-255)"},
	{"ttl", "5x", "ttl \"5x\" is not a number (1-255)"},
	{"ttl", "", "\"\" is not a value of ttl (1-255|inherit)"},
	{"ttl", "Inherit", "\"Inherit\" is not a value of ttl (1-255|inherit)"},
	{"dscp", "64", "dscp 64 is out of range (0-63)"},
	{"dscp", "ef", "\"ef\" is not a value of dscp (0-63|inherit)"},
	{"df", "on", "\"on\" is not a value of df (set|unset|inherit)"},
	{"udpcsum", "true", "\"true\" is not a value of udpcsum (on|off)"},
	{"udp6zerocsumrx", "", "\"\" is not a value of udp6zerocsumrx (on|off)"},
	{"srcport", "5000", "\"5000\" is not a value of srcport (MIN-MAX of 1-65535)"},
	{"srcport", "-5000", "\"-5000\" is not a value of srcport (MIN-MAX of 1-65535)"},
	{"srcport", "", "\"\" is not a value of srcport (MIN-MAX of 1-65535)"},
	{"srcport", "0-5", "srcport 0 is out of range (1-65535)"},
	{"srcport", "5-65536", "srcport 65536 is out of range (1-65535)"},
	{"srcport", "5-", "srcport \"\" is not a number (1-65535)"},
	{"srcport", "6-5", "srcport 6-5 ends before it begins (5-6)"},
	{"flowlabel", "1048576", "flowlabel 1048576 is out of range (0-1048575)"},
	{"flowlabel", "auto", "\"auto\" is not a value of flowlabel (0-1048575|hash)"},
	{"mss", "on", "\"on\" is not a value of mss (clamp|off)"},
	{"bpdu", "on", "\"on\" is not a value of bpdu (pass|drop|punt)"},
	{"geneve-opt", "off", "\"off\" is not a GENEVE option (CLASS:TYPE:HEXDATA, as 0x0102:0x80:00010002)"},
	{"geneve-match", "1:2:00010002/00", "option mask of 1 octets (as many as the data, 4)"},
	{"csum", "1", "\"1\" is not a value of csum (on|off)"},
	{"seq", "lenient", "\"lenient\" is not a value of seq (on|off|strict)"},
	{"gbp", "yes", "\"yes\" is not a value of gbp (on|off)"},
	{"reserved", "on", "\"on\" is not a value of reserved (lenient|strict)"},
};

/// A network with an encapsulation that the setting is for.
NetworkConfig plain(const Setting<NetworkSettings> &setting, std::string_view word)
{
	NetworkConfig net;
	net.name = "blue";
	net.vni = 7;
	for (auto encap : {XOVL_ENCAP_GRE, XOVL_ENCAP_GENEVE, XOVL_ENCAP_VXLAN})
		if (setting.encaps & 1u << encap)
			net.encap = encap;
	if (word == "none" && std::string_view(setting.name) == "vni")
		net.encap = XOVL_ENCAP_GRE;
	net.dstport = default_dstport(net.encap);
	return net;
}

/// A configuration that contains the object.
Config around(const NetworkConfig &net)
{
	Config config;
	config.vteps = {{Address::parse("10.0.0.1")}, {Address::parse("fd00::1")}};
	config.networks = {net};
	return config;
}

Config around(const PortConfig &port)
{
	NetworkConfig net;
	net.name = "blue";
	net.encap = port.options.empty() ? XOVL_ENCAP_VXLAN : XOVL_ENCAP_GENEVE;
	net.dstport = default_dstport(net.encap);
	net.gbp = port.group.has_value();
	net.ports = {port};
	return around(net);
}

Config around(const UplinkConfig &uplink)
{
	Config config;
	config.uplinks = {uplink};
	return config;
}

Config around(const VtepConfig &vtep)
{
	Config config;
	config.vteps = {vtep};
	return config;
}

/// Every setting of the table has at least one word that is not the default.
template <typename Object> void expect_all_said(std::span<const Good> words)
{
	for (const auto &setting : settings_of<Object>()) {
		auto says = [&](const Good &good) {
			return std::string_view(good.key) == setting.name && !good.is_default;
		};
		EXPECT_TRUE(std::ranges::any_of(words, says)) << "no word here for " << setting.name;
	}
	for (const Good &good : words)
		EXPECT_TRUE(find_setting<Object>(good.key)) << good.key;
}

/// The word gives the value, and the word printed for that value gives it again.
template <typename Object> void expect_word(const Setting<Object> &setting, const Good &good, const Object &usual)
{
	Object object = usual;
	setting.parse(object, good.word);
	EXPECT_EQ(setting.value(object), good.value);
	EXPECT_EQ(is_default(setting, object), good.is_default);
	Object again = usual;
	setting.parse(again, word_of(setting.value(object)));
	EXPECT_EQ(again, object);
	setting.parse(object, word_of(setting.value(usual)));
	EXPECT_EQ(object, usual);
}

/// A change of this setting alone is reported by one line in each direction, and the file has it.
template <typename Object, typename Whole>
void expect_change(const Setting<Object> &setting, const Whole &usual, const Good &good, const std::string &what)
{
	Whole other = usual;
	setting.parse(other, good.word);
	const std::string was = word_of(setting.value(usual)), is = word_of(setting.value(other));
	auto lines = [&](const Whole &from, const Whole &to) {
		Config before = around(from), after = around(to);
		if constexpr (std::is_same_v<Whole, PortConfig>) // both networks are of the kind that the port needs
			static_cast<NetworkSettings &>(before.networks[0]) = after.networks[0];
		return describe_changes(before, after);
	};
	auto line = [&](const std::string &from, const std::string &to) {
		return "~ " + what + ' ' + setting.name + ' ' + from + " -> " + to;
	};
	if (was == is) {
		EXPECT_EQ(lines(usual, other), std::vector<std::string>{});
		return;
	}
	for (const auto &told : {lines(usual, other), lines(other, usual)})
		ASSERT_EQ(told.size(), 1u) << setting.name;
	EXPECT_TRUE(lines(usual, other)[0].starts_with(line(was, is))) << lines(usual, other)[0];
	EXPECT_TRUE(lines(other, usual)[0].starts_with(line(is, was))) << lines(other, usual)[0];
	const Config config = around(other);
	const std::string file = to_yaml(config);
	EXPECT_EQ(parse_yaml(file, "F", Limits{}), config) << file;
	EXPECT_NE(file, to_yaml(around(usual)));
	EXPECT_EQ(file.find(std::string(setting.name) + ": ") == file.npos, good.is_default) << file;
}

template <typename Object>
void expect_settings(std::span<const Good> words, const Object &usual, const std::string &what)
{
	expect_all_said<Object>(words);
	for (const Good &good : words) {
		SCOPED_TRACE(what + ' ' + good.key + ' ' + good.word);
		const auto &setting = *find_setting<Object>(good.key);
		expect_word(setting, good, usual);
		expect_change(setting, usual, good, what);
	}
}

} // namespace

/// Every member has a setting. A new member breaks the build here: add its setting and adjust the count.
TEST(Settings, EveryMemberIsOne)
{
	[[maybe_unused]] const auto &[ttl, dscp, df, udpcsum, udp6zerocsumrx, sport_min, sport_max, flowlabel] =
		OuterPolicy();
	const size_t outer = 8 - 1; // srcport sets both ports
	[[maybe_unused]] const auto &[name, encap, vni, local, dstport, mtu, learning, ageing, mac_limit,
				      peer_mac_limit, limit_drops, move_limit, via, encrypted, outer_policy, gso, mss,
				      bpdu, options, match, csum, seq, gbp, reserved] = NetworkSettings();
	EXPECT_EQ(settings_of<NetworkSettings>().size(), 24 - 2 + outer) << "all but name and outer";
	[[maybe_unused]] const auto &[port, port_vid, port_mode, port_options, group, optional, to_peer, tagged,
				      isolated, sticky, port_limit, locked, macs, prefixes, dhcp_guard, ra_guard] =
		PortConfig();
	EXPECT_EQ(settings_of<PortConfig>().size(), 16u - 2) << "all but interface and VLAN";
	[[maybe_unused]] const auto &[uplink, uplink_vid, uplink_mode, rp_filter, gro, uplink_optional] =
		UplinkConfig();
	EXPECT_EQ(settings_of<UplinkConfig>().size(), 6u - 1) << "all but the interface";
	[[maybe_unused]] const auto &[ip, foreign, xfrm, trust, floor] = VtepConfig();
	EXPECT_EQ(settings_of<VtepConfig>().size(), 5u - 1) << "all but the address";
}

TEST(Settings, OfNetworks)
{
	expect_all_said<NetworkSettings>(kNetworkWords);
	for (const Good &good : kNetworkWords) {
		SCOPED_TRACE(std::string(good.key) + ' ' + good.word);
		const auto &setting = *find_setting<NetworkSettings>(good.key);
		const NetworkConfig net = plain(setting, good.word);
		expect_word<NetworkSettings>(setting, good, net);
		expect_change(setting, net, good, "net blue");
	}
}

TEST(Settings, OfPorts)
{
	PortConfig port;
	port.dev = "p0";
	expect_settings<PortConfig>(kPortWords, port, "net blue port p0");
}

TEST(Settings, OfUplinks)
{
	UplinkConfig uplink;
	uplink.dev = "eth0";
	expect_settings<UplinkConfig>(kUplinkWords, uplink, "uplink eth0");
}

TEST(Settings, OfVteps)
{
	expect_settings<VtepConfig>(kVtepWords, {Address::parse("10.0.0.1")}, "vtep 10.0.0.1");
}

TEST(Settings, SeveralOnOneLine)
{
	NetworkConfig before;
	before.name = "blue";
	before.mtu = 1450;
	NetworkConfig after = before;
	after.mtu = 1400;
	after.gso = false;
	EXPECT_EQ(describe_changes(around(before), around(after)),
		  std::vector<std::string>{"~ net blue mtu 1450 -> 1400, gso on -> off"});
}

TEST(Settings, OtherWords)
{
	for (const Bad &bad : kBad) {
		SCOPED_TRACE(std::string(bad.key) + " " + bad.word);
		NetworkConfig net;
		EXPECT_EQ(complaint([&] { find_setting<NetworkSettings>(bad.key)->parse(net, bad.word); }),
			  bad.message);
		EXPECT_EQ(net, NetworkConfig()) << "nothing has changed";
	}
}

TEST(Settings, SwitchesOfFiles)
{
	EXPECT_EQ(switch_word("true"), "on");
	EXPECT_EQ(switch_word("false"), "off");
	for (const char *word : {"on", "off", "strict", "maybe", ""})
		EXPECT_EQ(switch_word(word), word);
}

TEST(Settings, EncapsInUse)
{
	NetworkConfig net;
	EXPECT_EQ(names_of(encaps_in_use(net)), "vxlan");
	net.encap = XOVL_ENCAP_NVGRE;
	EXPECT_EQ(names_of(encaps_in_use(net)), "nvgre");
	net.peers = {{Address(), XOVL_ENCAP_GENEVE, 6081}, {Address(), XOVL_ENCAP_VXLAN, 4789}};
	EXPECT_EQ(names_of(encaps_in_use(net)), "vxlan or geneve or nvgre");
}
