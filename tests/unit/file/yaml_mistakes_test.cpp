// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// parse_yaml(): the exact message, line and column of every mistake.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "expect_error.hpp"
#include "yaml_texts.hpp"

using namespace xovl;
using test::kBlue;
using test::kFull;

namespace {

struct Case {
	const char *name;
	std::string text;
	const char *message; ///< without the "FILE:"
};

std::ostream &operator<<(std::ostream &out, const Case &c)
{
	return out << c.name;
}

/// kBlue without VNI. A case continues at line 4.
const std::string kUnnumbered = "networks:\n  - name: blue\n    encap: vxlan\n";

/// kBlue with GENEVE. A case continues at line 5.
const std::string kGeneve = "networks:\n  - name: blue\n    encap: geneve\n    vni: 100\n";

/// Options of nr consecutive types from first on, as items of a list.
std::string kinds(int first, int nr)
{
	std::string items;
	for (int type = first; type < first + nr; type++)
		items += fmt::format("{}\"1:{}:\"", type > first ? ", " : "", type);
	return items;
}

std::string vteps(int nr)
{
	std::string lines;
	for (int i = 0; i < nr; i++)
		lines += fmt::format("    - 10.9.0.{}\n", i);
	return lines;
}

/// Flood entries of nr peers, each at a port of its own.
std::string peers(int nr)
{
	std::string lines;
	for (int i = 0; i < nr; i++)
		lines += fmt::format("      - {{dst: 10.9.0.{:>3}, dstport: {}}}\n", 100 + i, 5000 + i);
	return lines;
}

const Case kSyntax[] = {
	{"Nothing", "", "1:1: the file is empty ({} for a configuration without anything)"},
	{"CommentOnly", "# blue\n", "1:1: the file is empty ({} for a configuration without anything)"},
	{"EmptyDocument", "---\n", "1:1: the file is empty ({} for a configuration without anything)"},
	{"Null", "~\n", "1:1: the file is empty ({} for a configuration without anything)"},
	{"Scalar", "abc\n",
	 "1:1: this is a single value (a map of limits, vtep, uplinks, networks, trunks, fdb_files)"},
	{"List", "\n  []\n", "2:3: this is a list (a map of limits, vtep, uplinks, networks, trunks, fdb_files)"},
	{"TwoDocuments", "{}\n---\n{}\n", "2:1: a second document (one in a file)"},
	{"TextAfterDocument", "{}\nnetworks: []\n", "2:1: a second document (one in a file)"},
	{"Alias", "uplinks:\n  - &a {dev: eth0}\n  - *a\n", "3:5: aliases are not supported (the value itself)"},
	{"Tag", "uplinks: !!seq [{dev: eth0}]\n", "1:10: tags are not supported (the value alone)"},
	{"TagOfScalar", "uplinks: [{dev: !x eth0}]\n", "1:17: tags are not supported (the value alone)"},
	{"FlowListOpen", "uplinks: [{dev: eth0}\n", "2:1: this is not YAML: end of sequence flow not found"},
	{"FlowMapWithoutComma", "uplinks:\n  - {dev: eth0 mode: tc}\n",
	 "2:20: this is not YAML: end of map flow not found"},
	{"Tab", "uplinks:\n- dev: eth0\n\tmode: tc\n",
	 "3:1: this is not YAML: illegal tab when looking for indentation"},
	{"Indentation", "uplinks:\n  - dev: eth0\n   - dev: eth1\n",
	 "3:4: this is not YAML: end of sequence not found"},
	{"QuoteOpen", "uplinks: [{dev: \"eth0", "1:22: this is not YAML: illegal EOF in scalar"},
	{"Escape", "uplinks: [{dev: \"\\q\"}]", "1:20: this is not YAML: unknown escape character: q"},
	{"FlowEnd", "]\n", "1:1: this is not YAML: illegal flow end"},
	{"ControlCharacter", "uplinks: []\n# \x04\n", "2:3: control character 0x04 (text in UTF-8)"},
	{"ControlCharacterFirst", "\x7f", "1:1: control character 0x7f (text in UTF-8)"},
	{"Nul", std::string("{}\n\0", 4), "2:1: control character 0x00 (text in UTF-8)"},
	{"Deep", std::string(100000, '['), "1:1: lists and maps are nested too deep (a file as xovl save prints it)"},
};

const Case kKeys[] = {
	{"Unknown", "uplink: []\n", "1:1: unknown key \"uplink\" (limits, vtep, uplinks, networks, trunks, fdb_files)"},
	{"UnknownInLimits", "limits: {size: 1}\n",
	 "1:10: unknown key \"size\" (fdb, networks, peers, ports, members, guards)"},
	{"UnknownInVtep", "vtep: {local: [], remote: []}\n", "1:19: unknown key \"remote\" (local)"},
	{"UnknownInVtepItem", "vtep: {local: [{ip: 10.0.0.1, x: 1}]}\n",
	 "1:31: unknown key \"x\" (ip, foreign, xfrm, pmtu-trust, pmtu-floor)"},
	{"UnknownInUplink", "uplinks:\n  - dev: eth0\n    tag: 5\n",
	 "3:5: unknown key \"tag\" (dev, vid, mode, rp-filter, gro, optional)"},
	{"UnknownInNetwork", kBlue + "    colour: blue\n",
	 "5:5: unknown key \"colour\" (name, encap, vni, local, dstport, mtu, learning, ageing, mac-limit, "
	 "peer-mac-limit, on-limit, move-limit, via, "
	 "require, ttl, dscp, "
	 "df, "
	 "udpcsum, "
	 "udp6zerocsumrx, srcport, flowlabel, gso, mss, bpdu, geneve-opt, geneve-match, csum, seq, gbp, reserved, "
	 "ports, "
	 "flood, "
	 "fdb)"},
	{"UnknownInPort", kBlue + "    ports: [{dev: a, tag: 5}]\n",
	 "5:22: unknown key \"tag\" (dev, vid, mode, geneve-opt, group, deliver, tagged, isolated, mac-limit, sticky, "
	 "locked, "
	 "mac-guard, "
	 "ip-guard, dhcp-guard, ra-guard, optional)"},
	{"TaggedOfVlan", kBlue + "    ports: [{dev: a, vid: 7, tagged: whole}]\n",
	 "5:38: tagged is for untagged ports, not a vid 7 (a port without vid)"},
	{"TaggedWholeOfTrunk", kBlue + "    ports:\n      - {dev: a, tagged: whole}\n      - {dev: a, vid: 7}\n",
	 "7:23: a has VLANs as ports, and its untagged port takes tagged frames whole (xovl port set a tagged none, or "
	 "no port "
	 "of a with a vid)"},
	{"TrunkTwice", "trunks: [{dev: a, vids: \"5,5\", vni-base: 1}]\n",
	 "1:25: VLAN 5 is given twice in vids (once)"},
	{"TrunkNative", "uplinks: []\ntrunks:\n  - {dev: a, vids: \"5\", vni-base: 1, native: 5}\n",
	 "3:5: native VLAN 5 is in vids, too (vids without 5: its frames are untagged)"},
	{"TrunkOfTakenVlan",
	 kBlue + "    ports: [{dev: a, vid: 7}]\ntrunks:\n  - {dev: b, vids: 6, vni-base: 1}\n  - {dev: a, vids: 6-8, "
		 "vni-base: 1}\n",
	 "8:5: port a vid 7 exists already in network \"blue\" (another interface or VLAN)"},
	{"UnknownInFdb", kBlue + "    fdb: [{mac: a, ip: 10.0.0.2}]\n",
	 "5:17: \"a\" is not a MAC address (as 02:00:00:00:00:99)"},
	{"UnknownFirstInFdb", kBlue + "    fdb: [{ip: 10.0.0.2}]\n",
	 "5:12: unknown key \"ip\" (mac, dst, dev, vid, encap, dstport, via, require)"},
	{"Unprintable", "\"a\\nb\": 1\n",
	 "1:1: unknown key \"a\\x0ab\" (limits, vtep, uplinks, networks, trunks, fdb_files)"},
	{"Case", "Networks: []\n",
	 "1:1: unknown key \"Networks\" (limits, vtep, uplinks, networks, trunks, fdb_files)"},
	{"NotScalar", "? [a]\n: b\n",
	 "1:3: this is a list (a key: limits, vtep, uplinks, networks, trunks, fdb_files)"},
	{"Null", "~: b\n", "1:1: this is empty (a key: limits, vtep, uplinks, networks, trunks, fdb_files)"},
	{"Twice", "uplinks: []\nuplinks: []\n", "2:1: key \"uplinks\" is given twice (once)"},
	{"TwiceInItem", "uplinks:\n  - {dev: eth0, mode: tc, dev: eth1}\n", "2:27: key \"dev\" is given twice (once)"},
	{"TwiceInNetwork", kBlue + "    vni: 100\n", "5:5: key \"vni\" is given twice (once)"},
	{"VtepWithoutLocal", "vtep: {}\n", "1:7: key \"local\" is missing (needed: local)"},
	{"VtepWithoutIp", "vtep: {local: [{foreign: pass}]}\n", "1:16: key \"ip\" is missing (needed: ip)"},
	{"UplinkWithoutDev", "uplinks:\n  - {mode: tc}\n", "2:5: key \"dev\" is missing (needed: dev)"},
	{"NetworkWithoutName", "networks:\n  - {encap: vxlan, vni: 1}\n",
	 "2:5: key \"name\" is missing (needed: name, encap)"},
	{"NetworkWithoutEncap", "networks:\n  - {name: blue, vni: 1}\n",
	 "2:5: key \"encap\" is missing (needed: name, encap)"},
	{"NetworkWithoutVni", "networks:\n  - name: blue\n    encap: vxlan\n",
	 "2:5: vxlan needs a VNI (vni 0-16777215)"},
	{"PortWithoutDev", kBlue + "    ports:\n      - vid: 5\n", "6:9: key \"dev\" is missing (needed: dev)"},
	{"FdbWithoutMac", kBlue + "    fdb:\n      - {dst: 10.0.0.2}\n", "6:9: key \"mac\" is missing (needed: mac)"},
};

const Case kTypes[] = {
	{"VtepList", "vtep: [10.0.0.1]\n", "1:7: this is a list (a map of local)"},
	{"VtepEmpty", "vtep:\nuplinks: []\n", "1:1: this is empty (a map of local)"},
	{"LocalScalar", "vtep: {local: 10.0.0.1}\n", "1:15: this is a single value (a list)"},
	{"LocalItemList", "vtep: {local: [[10.0.0.1]]}\n", "1:16: this is a list (a single value)"},
	{"LocalItemNull", "vtep: {local: [~]}\n", "1:16: this is empty (a single value)"},
	{"UplinksMap", "uplinks: {dev: eth0}\n", "1:10: this is a map (a list)"},
	{"UplinkScalar", "uplinks:\n  - eth0\n",
	 "2:5: this is a single value (a map of dev, vid, mode, rp-filter, gro, optional)"},
	{"UplinkNull", "uplinks:\n  -\nnetworks: []\n",
	 "2:3: this is empty (a map of dev, vid, mode, rp-filter, gro, optional)"},
	{"DevNull", "uplinks:\n  - {dev: }\n", "2:11: this is empty (a single value)"},
	{"DevList", "uplinks:\n  - {dev: [eth0]}\n", "2:11: this is a list (a single value)"},
	{"NetworksScalar", "networks: blue\n", "1:11: this is a single value (a list)"},
	{"NetworksMap", "networks:\n  blue: {vni: 1}\n", "2:3: this is a map (a list)"},
	{"VniNull", "networks:\n  - name: blue\n    vni:\n    encap: vxlan\n", "3:5: this is empty (a single value)"},
	{"VniMap", "networks:\n  - name: blue\n    encap: gre\n    vni: {a: b}\n",
	 "4:10: this is a map (a single value)"},
	{"PortsScalar", kBlue + "    ports: veth0\n", "5:12: this is a single value (a list)"},
	{"FloodItemList", kBlue + "    flood: [[10.0.0.2]]\n", "5:13: this is a list (a single value)"},
	{"FdbScalar", kBlue + "    fdb: 1\n", "5:10: this is a single value (a list)"},
	{"LimitsEmpty", "limits:\n", "1:1: this is empty (a map of fdb, networks, peers, ports, members, guards)"},
};

const Case kValues[] = {
	{"Address", "vtep: {local: [10.0.0]}\n", "1:16: \"10.0.0\" is not an IP address (as 10.0.0.1 or fd00::1)"},
	{"AddressPrefix", "vtep: {local: [10.0.0.1/24]}\n",
	 "1:16: \"10.0.0.1/24\" is not an IP address (as 10.0.0.1 or fd00::1)"},
	{"AddressInMap", "vtep:\n  local:\n    - ip: \"\"\n",
	 "3:11: \"\" is not an IP address (as 10.0.0.1 or fd00::1)"},
	{"Foreign", "vtep: {local: [{ip: 10.0.0.2, foreign: maybe}]}\n",
	 "1:40: \"maybe\" is not a value of foreign (pass|drop|refuse)"},
	{"Xfrm", "vtep: {local: [{ip: 10.0.0.2, xfrm: maybe}]}\n",
	 "1:37: \"maybe\" is not a value of xfrm (ignore|refuse)"},
	{"Mode", "uplinks:\n  - {dev: eth0, mode: fast}\n", "2:23: \"fast\" is not a mode (auto|native|generic|tc)"},
	{"Dev", "uplinks:\n  - {dev: a/b}\n",
	 "2:11: \"a/b\" is not an interface name (1-15 printable characters, no space, '/' or ':')"},
	{"Name", "networks:\n  - {name: a b, encap: vxlan, vni: 1}\n",
	 "2:12: \"a b\" is not a network name (1-31 letters, digits, '.', '_' or '-', and no '-' first)"},
	{"EncapUnknown", "networks:\n  - name: blue\n    encap: ipip\n",
	 "3:12: \"ipip\" is not an encap (vxlan|geneve|gre|nvgre)"},
	{"VniLarge", kUnnumbered + "    vni: 16777216\n", "4:10: VNI 16777216 is out of range (0-16777215)"},
	{"VniNegative", kUnnumbered + "    vni: -1\n", "4:10: VNI -1 is out of range (0-16777215)"},
	{"VniWord", kUnnumbered + "    vni: abc\n", "4:10: VNI \"abc\" is not a number (0-16777215)"},
	{"VniTwoLines", kUnnumbered + "    vni: \"1\\n2\"\n", "4:10: VNI \"1\\x0a2\" is not a number (0-16777215)"},
	{"Local", kBlue + "    local: blue\n", "5:12: \"blue\" is not an IP address (as 10.0.0.1 or fd00::1)"},
	{"Dstport", kBlue + "    dstport: 65536\n", "5:14: dstport 65536 is out of range (1-65535)"},
	{"Mtu", kBlue + "    mtu: 67\n", "5:10: MTU 67 is out of range (68-65535, or 0)"},
	{"Learning", kBlue + "    learning: maybe\n", "5:15: \"maybe\" is not a value of learning (on|off)"},
	{"Ageing", kBlue + "    ageing: 1.5\n", "5:13: ageing \"1.5\" is not a number (0-1000000)"},
	{"Vid", kBlue + "    ports:\n      - {dev: eth1, vid: 4095}\n", "6:26: VLAN 4095 is out of range (1-4094)"},
	{"VidZero", kBlue + "    ports:\n      - {dev: eth1, vid: 0}\n", "6:26: VLAN 0 is out of range (1-4094)"},
	{"VsidLarge", "networks:\n  - {vni: 16777216, name: blue, encap: nvgre}\n",
	 "2:11: VSID 16777216 is out of range (0-16777215)"},
	{"KeyLarge", "networks:\n  - {vni: 4294967296, name: blue, encap: gre}\n",
	 "2:11: GRE key 4294967296 is out of range (0-4294967295)"},
	{"VniNone", kUnnumbered + "    vni: none\n", "4:10: VNI \"none\" is not a number (0-16777215)"},
	{"UplinkVid", "uplinks: [{dev: eth0, vid: 4095}]\n", "1:28: VLAN 4095 is out of range (1-4094)"},
	{"Ttl", kBlue + "    ttl: 256\n", "5:10: ttl 256 is out of range (1-255)"},
	{"Udpcsum", kBlue + "    udpcsum: yes\n", "5:14: \"yes\" is not a value of udpcsum (on|off)"},
	{"Seq", kBlue + "    seq: lenient\n", "5:10: \"lenient\" is not a value of seq (on|off|strict)"},
	{"Df", kBlue + "    df: true\n", "5:9: \"true\" is not a value of df (set|unset|inherit)"},
	{"Option", kBlue + "    geneve-opt: [\"1:2:\", \"3:4\"]\n",
	 "5:26: \"3:4\" is not a GENEVE option (CLASS:TYPE:HEXDATA, as 0x0102:0x80:00010002)"},
	{"OptionNumber", kBlue + "    geneve-opt: \"1:2:,1:256:\"\n", "5:17: option type 256 is out of range (0-255)"},
	{"TtlList", kBlue + "    ttl: [5]\n", "5:10: this is a list (a single value)"},
	{"DscpList", kBlue + "    dscp: []\n", "5:11: this is a list (a single value)"},
	{"SwitchList", kBlue + "    udpcsum: [on]\n", "5:14: this is a list (a single value)"},
	{"MatchList", kBlue + "    geneve-match: [\"1:2:\"]\n", "5:19: this is a list (a single value)"},
	{"Srcport", kBlue + "    srcport: 5\n", "5:14: \"5\" is not a value of srcport (MIN-MAX of 1-65535)"},
	{"OptionMap", kBlue + "    geneve-opt: {1: 2}\n", "5:17: this is a map (a single value)"},
	{"OptionsTooLong",
	 kBlue + "    geneve-opt: [\"1:2:" + std::string(56, '0') + "\", \"1:2:" + std::string(64, '0') + "\"]\n",
	 "5:17: options of 68 octets, their headers included (at most 64)"},
	{"Match", kBlue + "    geneve-match: 1:2:00010002/ff\n",
	 "5:19: option mask of 1 octets (as many as the data, 4)"},
	{"Group", kBlue + "    ports: [{dev: p0, group: 65536}]\n", "5:30: group 65536 is out of range (0-65535)"},
	{"FloodEncap", kBlue + "    flood: [{dst: 10.0.0.2, encap: ip}]\n",
	 "5:36: \"ip\" is not an encap (vxlan|geneve|gre|nvgre)"},
	{"FloodWithoutDst", kBlue + "    flood: [{encap: gre}]\n", "5:13: key \"dst\" is missing (needed: dst)"},
	{"FloodUnknownKey", kBlue + "    flood: [{dst: 10.0.0.2, port: 1}]\n",
	 "5:29: unknown key \"port\" (dst, encap, dstport, via, require)"},
	{"FloodVia", kBlue + "    flood: [{dst: 10.0.0.2, via: up0}]\n",
	 "5:34: \"up0\" is not a value of via (direct|kernel|auto)"},
	{"FloodRequire", kBlue + "    flood: [{dst: 10.0.0.2, require: true}]\n",
	 "5:38: \"true\" is not a value of require (encrypted|none)"},
	{"FdbViaOfPort", kFull + "    fdb: [{mac: 020000000001, dev: veth0, via: auto}]\n",
	 "8:11: encap, dstport, via and require go with dst, not with dev (dst with them, or dev alone)"},
	{"FdbDstport", kBlue + "    fdb: [{mac: 020000000001, dst: 10.0.0.2, dstport: 0}]\n",
	 "5:55: dstport 0 is out of range (1-65535)"},
	{"FdbEncapOfPort", kFull + "    fdb: [{mac: 020000000001, dev: veth0, encap: gre}]\n",
	 "8:11: encap, dstport, via and require go with dst, not with dev (dst with them, or dev alone)"},
	{"Flood", kBlue + "    flood: [10.0.0.2, x]\n", "5:23: \"x\" is not an IP address (as 10.0.0.1 or fd00::1)"},
	{"FloodInColumn", kBlue + "    flood:\n      - 10.0.0.2\n      - 10.0.0.256\n",
	 "7:9: \"10.0.0.256\" is not an IP address (as 10.0.0.1 or fd00::1)"},
	{"FdbMac", kBlue + "    fdb:\n      - {dst: 10.0.0.2, mac: zz}\n",
	 "6:30: \"zz\" is not a MAC address (as 02:00:00:00:00:99)"},
	{"LimitZero", "limits: {fdb: 0}\n", "1:15: fdb 0 is out of range (1-4294967295)"},
	{"LimitLarge", "limits:\n  peers: 4294967296\n", "2:10: peers 4294967296 is out of range (1-4294967295)"},
	{"LimitNetworks", "limits: {networks: 65536}\n", "1:20: networks 65536 is out of range (1-65535)"},
	{"ByteOrderMark", "\xef\xbb\xbfuplinks:\n  - {dev: .}\n",
	 "2:11: \".\" is not an interface name (1-15 printable characters, no space, '/' or ':')"},
	{"CarriageReturns", "uplinks:\r\n  - {dev: eth0}\r\n  - {dev: ..}\r\n",
	 "3:11: \"..\" is not an interface name (1-15 printable characters, no space, '/' or ':')"},
};

/// Mistakes that validate() finds have a line and column, too. The rules themselves are tested beside validate().
const Case kRules[] = {
	{"VtepTwice", "vtep: {local: [10.0.0.1, 10.0.0.2, 10.0.0.1]}\n",
	 "1:36: vtep 10.0.0.1 exists already (another address)"},
	{"VtepMapTwice", "vtep:\n  local:\n    - 10.0.0.1\n    - {foreign: pass, ip: 10.0.0.1}\n",
	 "4:27: vtep 10.0.0.1 exists already (another address)"},
	{"UplinkTwice", "uplinks:\n  - {dev: eth0}\n  - {mode: tc, dev: eth0}\n",
	 "3:21: uplink eth0 exists already (another interface)"},
	{"NameTwice", kBlue + "  - vni: 101\n    encap: vxlan\n    name: blue\n",
	 "7:11: network \"blue\" exists already (another name)"},
	{"VniTwice", kBlue + "  - {name: red, encap: vxlan, vni: 0x64}\n",
	 "5:36: network \"blue\" has VNI 100 at dstport 4789 already (another VNI, dstport or local)"},
	{"LocalUnknown", kBlue + "    local: 10.0.0.9\n",
	 "5:12: local 10.0.0.9 of network \"blue\" is not a vtep (xovl vtep add 10.0.0.9)"},
	{"PortIsUplink", kFull + "  - {name: red, encap: vxlan, vni: 1, ports: [{dev: eth0}]}\n",
	 "8:53: eth0 cannot be an uplink and a port (one of them is another interface)"},
	{"PortTwice", kFull + "  - {name: red, encap: vxlan, vni: 1, ports: [{dev: x}, {vid: 100, dev: eth1}]}\n",
	 "8:73: port eth1 vid 100 exists already in network \"blue\" (another interface or VLAN)"},
	{"PortModeGiven", kFull + "  - {name: red, encap: vxlan, vni: 1, ports: [{dev: eth1, vid: 5, mode: tc}]}\n",
	 "8:73: another port of eth1 asks for mode auto and this one for tc (one mode for an interface)"},
	{"FloodTwice", kFull + "    flood:\n      - 10.0.0.2\n      - 10.0.0.3\n      - 10.0.0.2\n",
	 "11:9: 10.0.0.2 is on the flood list of network \"blue\" already (another peer)"},
	{"FloodWithoutVtep", kBlue + "    flood: [\"fd00::2\"]\n",
	 "5:13: peer fd00::2 of network \"blue\" needs an IPv6 vtep (xovl vtep add ADDRESS)"},
	{"FdbGroup", kFull + "    fdb:\n      - {mac: \"01:00:5e:00:00:01\", dst: 10.0.0.2}\n",
	 "9:15: MAC 01:00:5e:00:00:01 is a group address (a unicast address)"},
	{"FdbTwice",
	 kFull + "    fdb:\n      - {mac: 020000000001, dst: 10.0.0.2}\n      - {mac: 0200.0000.0001, dev: veth0}\n",
	 "10:15: MAC 02:00:00:00:00:01 is in network \"blue\" already (another MAC)"},
	{"FdbNeither", kFull + "    fdb:\n      - {mac: 020000000001}\n",
	 "9:9: MAC 02:00:00:00:00:01 has neither dst nor dev (either one)"},
	{"FdbVlanAlone", kFull + "    fdb:\n      - {mac: 020000000001, vid: 100}\n",
	 "9:9: MAC 02:00:00:00:00:01 has neither dst nor dev (either one)"},
	{"FdbVlanOfPeer", kFull + "    fdb:\n      - {mac: 020000000001, vid: 100, dst: 10.0.0.2}\n",
	 "9:9: a VLAN goes with dev, not with dst (dev and vid, or dst alone)"},
	{"FdbPort", kFull + "    fdb:\n      - {mac: 020000000001, dev: eth1}\n",
	 "9:34: eth1 is not a port of network \"blue\" (xovl port add eth1 net blue)"},
	{"GreDstport", "networks:\n  - {dstport: 4789, name: blue, encap: gre}\n",
	 "2:15: gre has no dstport (vxlan and geneve have)"},
	{"PolicyOfOtherKind", kBlue + "    csum: true\n", "5:11: csum is for gre, not vxlan (csum off)"},
	{"PortOptions", kBlue + "    ports: [{dev: p0, geneve-opt: \"1:2:\"}]\n",
	 "5:35: geneve-opt is for geneve, not vxlan (a port without it)"},
	{"PeerContradicts",
	 kFull + "    flood: [10.0.0.2, {dst: 10.0.0.3, encap: gre}]\n"
		 "    fdb: [{mac: 020000000001, dst: 10.0.0.3, encap: geneve}]\n",
	 "9:11: 10.0.0.3 is a gre peer of network \"blue\" already (one encapsulation for a peer)"},
	{"PeerViaAgain",
	 kFull + "    flood: [10.0.0.2, {dst: 10.0.0.3, via: kernel}]\n"
		 "    fdb: [{mac: 020000000001, dst: 10.0.0.3, via: auto}]\n",
	 "9:11: 10.0.0.3 is a peer with via kernel of network \"blue\" already (one via for a peer)"},
	{"NetworkViaOfGre", "networks:\n  - {name: blue, encap: gre, via: direct}\n",
	 "2:35: via is for vxlan or geneve, not gre (via auto)"},
	{"NetworkContradicts", kBlue + "    require: encrypted\n    via: direct\n",
	 "6:10: via direct excludes require encrypted of network \"blue\" (via kernel or auto)"},
	{"PeerViaOfGre", kFull + "    flood: [{dst: 10.0.0.3, encap: gre, via: kernel}]\n",
	 "8:46: via kernel is for vxlan or geneve, not for gre peer 10.0.0.3 (via direct)"},
	{"PeerViaOfGreIsTheNetworks", kFull + "    via: kernel\n    flood: [10.0.0.2, {dst: 10.0.0.3, encap: gre}]\n",
	 "9:23: via kernel is for vxlan or geneve, not for gre peer 10.0.0.3 (via direct)"},
	{"PeerRequireOfGreIsTheNetworks",
	 kFull + "    require: encrypted\n    flood: [10.0.0.2, {dst: 10.0.0.3, encap: nvgre, via: auto}]\n",
	 "9:23: require encrypted is for vxlan or geneve, not for nvgre peer 10.0.0.3 (require none)"},
	{"PeerViaInFdb",
	 kFull + "    flood: [{dst: 10.0.0.3, require: encrypted}]\n"
		 "    fdb: [{mac: 020000000001, dst: 10.0.0.3, via: direct}]\n",
	 "9:51: via direct excludes require encrypted of peer 10.0.0.3 (via kernel or auto)"},
	{"PeerDstport", kFull + "    flood: [{dst: 10.0.0.3, encap: gre, dstport: 4}]\n",
	 "8:50: gre has no dstport (vxlan and geneve have)"},
	{"PeerOfASecondEntry",
	 kFull + "    flood: [10.0.0.3]\n    fdb:\n      - {mac: 020000000001, dst: 10.0.0.3}\n"
		 "      - {mac: 020000000002, dst: 10.0.0.3, encap: gre, dstport: 4}\n",
	 "11:65: gre has no dstport (vxlan and geneve have)"},
	{"PeerOfTwoEntries",
	 kFull + "    flood: [{dst: 10.0.0.3, dstport: 4789}]\n"
		 "    fdb: [{mac: 020000000001, dst: 10.0.0.3, encap: geneve}]\n",
	 "9:53: dstport 4789 is for vxlan in network \"blue\" and cannot be for geneve (another dstport)"},
	{"DstportOfTwoEntries",
	 kFull + "    flood: [{dst: 10.0.0.3, dstport: 4}]\n"
		 "    fdb: [{mac: 020000000001, dst: 10.0.0.3, encap: gre}]\n",
	 "8:38: gre has no dstport (vxlan and geneve have)"},
	{"PeerThatSaysDstportOnly",
	 "networks:\n  - {name: red, encap: geneve, vni: 1}\n"
	 "  - {name: blue, encap: vxlan, vni: 2, flood: [10.0.0.4, {dst: 10.0.0.3, dstport: 6081}]}\n",
	 "3:58: dstport 6081 is for geneve in network \"red\" and cannot be for vxlan (another dstport)"},
	{"PeerContradictsAGrePeer",
	 kFull + "    flood: [{dst: 10.0.0.3, encap: gre}]\n"
		 "    fdb: [{mac: 020000000001, dst: 10.0.0.3, encap: vxlan}]\n",
	 "9:11: 10.0.0.3 is a gre peer of network \"blue\" already (one encapsulation for a peer)"},
	{"KindsOfOptions",
	 kGeneve + "    geneve-opt: [" + kinds(0, 16) +
		 "]\n    ports:\n"
		 "      - {dev: p0, geneve-opt: [\"1:7:\"]}\n      - {dev: p1, vid: 2, geneve-opt: [\"1:7:\", "
		 "\"1:16:\"]}\n",
	 "8:48: too many different GENEVE options in a network and its ports (at most 16)"},
	{"KindOfTheMatch", kGeneve + "    geneve-match: \"2:1:\"\n    geneve-opt: [" + kinds(0, 16) + "]\n",
	 "5:19: too many different GENEVE options in a network and its ports (at most 16)"},
	{"Vteps", "vtep:\n  local:\n" + vteps(65), "67:7: too many vteps (at most 64)"},
	{"Tunnels", "limits: {networks: 1}\nvtep: {local: [10.0.0.1]}\n" + kBlue + "    flood:\n" + peers(73),
	 "79:9: too many tunnels (of network, vtep and encapsulation) (at most 72)"},
	{"PeerPortOfOtherKind",
	 kFull + "    flood: [10.0.0.2]\n    fdb: [{mac: 020000000001, dst: 10.0.0.3, encap: geneve, dstport: 4789}]\n",
	 "9:53: dstport 4789 is for vxlan in network \"blue\" and cannot be for geneve (another dstport)"},
	{"ManyNetworks", "limits: {networks: 1}\n" + kBlue + "  - {name: red, encap: vxlan, vni: 1}\n",
	 "6:5: too many networks (at most 1)"},
};

class YamlMistakes : public testing::TestWithParam<Case> {};

} // namespace

TEST_P(YamlMistakes, SaysWhatAndWhere)
{
	EXPECT_EQ(complaint([] { parse_yaml(GetParam().text, "f.yaml", Limits{}); }),
		  std::string("f.yaml:") + GetParam().message);
}

#define MISTAKES(group)                                                            \
	INSTANTIATE_TEST_SUITE_P(group, YamlMistakes, testing::ValuesIn(k##group), \
				 [](const testing::TestParamInfo<Case> &info) { return info.param.name; })
MISTAKES(Syntax);
MISTAKES(Keys);
MISTAKES(Types);
MISTAKES(Values);
MISTAKES(Rules);
