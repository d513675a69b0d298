// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Every setting, with valid words for it.
#pragma once

#include "config/settings.hpp"

namespace xovl {

/// A valid word of a setting, and its value.
struct Good {
	const char *key;
	const char *word;
	SettingValue value;
	bool is_default = false;
};

inline const Good kNetworkWords[] = {
	{"encap", "geneve", "geneve"},
	{"encap", "gre", "gre"},
	{"encap", "nvgre", "nvgre"},
	{"vni", "100", 100u},
	{"vni", "none", "none", true},
	{"local", "any", "any", true},
	{"local", "10.0.0.1", "10.0.0.1"},
	{"local", "fd00::1", "fd00::1"},
	{"dstport", "4789", 4789u, true},
	{"dstport", "8472", 8472u},
	{"mtu", "0", 0u, true},
	{"mtu", "1400", 1400u},
	{"learning", "on", true, true},
	{"learning", "off", false},
	{"ageing", "300", 300u, true},
	{"ageing", "0", 0u},
	{"mac-limit", "none", "none", true},
	{"mac-limit", "1", 1u},
	{"mac-limit", "1000", 1000u},
	{"mac-limit", "0xffffffff", 4294967295u},
	{"peer-mac-limit", "none", "none", true},
	{"peer-mac-limit", "7", 7u},
	{"on-limit", "flood", "flood", true},
	{"on-limit", "drop", "drop"},
	{"move-limit", "none", "none", true},
	{"move-limit", "5/180", "5/180"},
	{"via", "auto", "auto", true},
	{"via", "direct", "direct"},
	{"via", "kernel", "kernel"},
	{"require", "none", "none", true},
	{"require", "encrypted", "encrypted"},
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
	{"bpdu", "pass", "pass", true},
	{"bpdu", "drop", "drop"},
	{"bpdu", "punt", "punt"},
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

inline const Good kPortWords[] = {
	{"mode", "auto", "auto", true},
	{"mode", "native", "native"},
	{"mode", "generic", "generic"},
	{"mode", "tc", "tc"},
	{"geneve-opt", "none", std::vector<std::string>{}, true},
	{"geneve-opt", "1:2:", std::vector<std::string>{"0x0001:0x02:"}},
	{"group", "none", "none", true},
	{"group", "0", 0u},
	{"group", "65535", 65535u},
	{"optional", "off", false, true},
	{"optional", "on", true},
	{"deliver", "device", "device", true},
	{"deliver", "peer", "peer"},
	{"mac-limit", "none", "none", true},
	{"mac-limit", "20", 20u},
	{"sticky", "off", false, true},
	{"sticky", "on", true},
	{"tagged", "auto", "auto", true},
	{"tagged", "whole", "whole"},
	{"tagged", "none", "none"},
	{"isolated", "off", false, true},
	{"isolated", "on", true},
	{"locked", "off", false, true},
	{"locked", "on", true},
	{"mac-guard", "none", std::vector<std::string>{}, true},
	{"mac-guard", "02:00:00:00:00:01,0200.0000.0002",
	 std::vector<std::string>{"02:00:00:00:00:01", "02:00:00:00:00:02"}},
	{"ip-guard", "none", std::vector<std::string>{}, true},
	{"ip-guard", "192.0.2.1/32,198.51.100.0/24,fd00::/64",
	 std::vector<std::string>{"192.0.2.1", "198.51.100.0/24", "fd00::/64"}},
	{"dhcp-guard", "auto", "auto", true},
	{"dhcp-guard", "on", true},
	{"dhcp-guard", "off", false},
	{"ra-guard", "auto", "auto", true},
	{"ra-guard", "on", true},
	{"ra-guard", "off", false},
};

inline const Good kUplinkWords[] = {
	{"vid", "none", "none", true},       {"vid", "200", 200u},
	{"mode", "auto", "auto", true},      {"mode", "native", "native"},
	{"mode", "generic", "generic"},      {"mode", "tc", "tc"},
	{"gro", "auto", "auto", true},       {"gro", "off", "off"},
	{"rp-filter", "auto", "auto", true}, {"rp-filter", "strict", "strict"},
	{"rp-filter", "loose", "loose"},     {"rp-filter", "off", "off"},
	{"optional", "off", false, true},    {"optional", "on", true},
};

inline const Good kVtepWords[] = {
	{"foreign", "refuse", "refuse", true}, {"foreign", "pass", "pass"},         {"foreign", "drop", "drop"},
	{"xfrm", "refuse", "refuse", true},    {"xfrm", "ignore", "ignore"},        {"pmtu-trust", "on", true, true},
	{"pmtu-trust", "off", false},          {"pmtu-floor", "1280", 1280u, true}, {"pmtu-floor", "576", 576u},
	{"pmtu-floor", "9000", 9000u},
};

} // namespace xovl
