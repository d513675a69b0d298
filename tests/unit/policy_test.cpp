// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The keys with defaults: every word of each, what it becomes, and what is said of other words.
#include "policy.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "expect_error.hpp"

using namespace xovl;

namespace {

const PolicyKey &key_of(std::string_view name)
{
	return *std::ranges::find(kPolicyKeys, name, &PolicyKey::name);
}

struct Good {
	const char *key;
	const char *word;
	PolicyValue value;
	bool is_default = false;
};

const Good kGood[] = {
	{"ttl", "64", 64u, true},
	{"ttl", "1", 1u},
	{"ttl", "0xff", 255u},
	{"ttl", "inherit", "inherit"},
	{"dscp", "0", 0u, true},
	{"dscp", "63", 63u},
	{"dscp", "inherit", "inherit"},
	{"df", "set", "set", true},
	{"df", "unset", "unset"},
	{"df", "inherit", "inherit"},
	{"udpcsum", "off", false, true},
	{"udpcsum", "on", true},
	{"udp6zerocsumrx", "on", true, true},
	{"udp6zerocsumrx", "off", false},
	{"srcport", "49152-65535", "49152-65535", true},
	{"srcport", "1-1", "1-1"},
	{"srcport", "0x10-65535", "16-65535"},
	{"flowlabel", "hash", "hash", true},
	{"flowlabel", "0", 0u},
	{"flowlabel", "1048575", 1048575u},
	{"gso", "on", true, true},
	{"gso", "off", false},
	{"mss", "off", "off", true},
	{"mss", "clamp", "clamp"},
	{"geneve-opt", "none", std::vector<std::string>{}, true},
	{"geneve-opt", "1:2:,0x0102:0x80:00010002", std::vector<std::string>{"0x0001:0x02:", "0x0102:0x80:00010002"}},
	{"geneve-match", "none", "none", true},
	{"geneve-match", "1:2:00010002/ffff0000", "0x0001:0x02:00010002/ffff0000"},
	{"csum", "off", false, true},
	{"csum", "on", true},
	{"seq", "off", false, true},
	{"seq", "on", true},
	{"seq", "strict", "strict"},
	{"gbp", "off", false, true},
	{"gbp", "on", true},
	{"reserved", "lenient", "lenient", true},
	{"reserved", "strict", "strict"},
};

struct Bad {
	const char *key;
	const char *word;
	const char *message;
};

const Bad kBad[] = {
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
	{"geneve-opt", "off", "\"off\" is not a GENEVE option (CLASS:TYPE:HEXDATA, as 0x0102:0x80:00010002)"},
	{"geneve-match", "1:2:00010002/00", "option mask of 1 octets (as many as the data, 4)"},
	{"csum", "1", "\"1\" is not a value of csum (on|off)"},
	{"seq", "lenient", "\"lenient\" is not a value of seq (on|off|strict)"},
	{"gbp", "yes", "\"yes\" is not a value of gbp (on|off)"},
	{"reserved", "on", "\"on\" is not a value of reserved (lenient|strict)"},
};

} // namespace

TEST(Policy, EveryWord)
{
	for (const Good &good : kGood) {
		SCOPED_TRACE(std::string(good.key) + " " + good.word);
		const PolicyKey &key = key_of(good.key);
		NetworkConfig net;
		key.parse(net, good.word);
		EXPECT_EQ(key.value(net), good.value);
		EXPECT_EQ(is_default(key, net), good.is_default);
		EXPECT_EQ(net == NetworkConfig(), good.is_default);
		NetworkConfig back;
		key.parse(back, word_of(key.value(net)));
		EXPECT_EQ(back, net);
		// from there back to the default
		key.parse(net, word_of(key.value(NetworkConfig())));
		EXPECT_EQ(net, NetworkConfig());
	}
}

TEST(Policy, OtherWords)
{
	for (const Bad &bad : kBad) {
		SCOPED_TRACE(std::string(bad.key) + " " + bad.word);
		NetworkConfig net;
		EXPECT_EQ(complaint([&] { key_of(bad.key).parse(net, bad.word); }), bad.message);
		EXPECT_EQ(net, NetworkConfig()) << "nothing has changed";
	}
}

TEST(Policy, SwitchesOfFiles)
{
	EXPECT_EQ(switch_word("true"), "on");
	EXPECT_EQ(switch_word("false"), "off");
	for (const char *word : {"on", "off", "strict", "maybe", ""})
		EXPECT_EQ(switch_word(word), word);
	for (const PolicyKey &key : kPolicyKeys)
		EXPECT_EQ(key.is_switch, std::holds_alternative<bool>(key.value(NetworkConfig()))) << key.name;
}

TEST(Policy, EncapsInUse)
{
	NetworkConfig net;
	EXPECT_EQ(names_of(encaps_in_use(net)), "vxlan");
	net.encap = XOVL_ENCAP_NVGRE;
	EXPECT_EQ(names_of(encaps_in_use(net)), "nvgre");
	net.peers = {{Address(), XOVL_ENCAP_GENEVE, 6081}, {Address(), XOVL_ENCAP_VXLAN, 4789}};
	EXPECT_EQ(names_of(encaps_in_use(net)), "vxlan or geneve or nvgre");
}
