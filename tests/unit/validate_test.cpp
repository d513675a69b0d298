// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Every rule of validate(): one good configuration, and the one change to it that breaks the rule.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

#include "config.hpp"
#include "expect_error.hpp"

using namespace xovl;

namespace {

Address ip(const char *text)
{
	return Address::parse(text);
}

Mac mac(const char *text)
{
	return Mac::parse(text);
}

/// blue: 10.0.0.2, 10.0.0.3 and fd00::2 behind veth0 and eth1.100; red: the same VNI at the other local address.
Config good()
{
	Config config;
	config.vteps = {{ip("10.0.0.1")}, {ip("fd00::1")}, {ip("10.0.1.1"), true}};
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

struct Case {
	const char *name;
	std::function<void(Config &)> change;
	std::string path; ///< as where() gets it; empty: the change breaks nothing
	std::string message;
};

std::ostream &operator<<(std::ostream &out, const Case &c)
{
	return out << c.name;
}

std::string joined(const ConfigPath &path)
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

class Validate : public testing::TestWithParam<Case> {};

const Case kVteps[] = {
	{"VtepTwice",
	 [](Config &c) {
		 c.vteps.push_back({ip("10.0.0.1"), true});
	 },
	 "/vtep/local/3/ip", "vtep 10.0.0.1 exists already (another address)"},
	{"VtepMulticast", [](Config &c) { c.vteps[1].local = ip("ff02::1"); }, "/vtep/local/1/ip",
	 "ff02::1 is a multicast address (a unicast address that other machines can reach)"},
	{"VtepUnspecified4", [](Config &c) { c.vteps[0].local = ip("0.0.0.0"); }, "/vtep/local/0/ip",
	 "0.0.0.0 is the unspecified address (a unicast address that other machines can reach)"},
	{"VtepUnspecified6", [](Config &c) { c.vteps[1].local = ip("::"); }, "/vtep/local/1/ip",
	 ":: is the unspecified address (a unicast address that other machines can reach)"},
	{"VtepLoopback4", [](Config &c) { c.vteps[0].local = ip("127.1.2.3"); }, "/vtep/local/0/ip",
	 "127.1.2.3 is a loopback address (a unicast address that other machines can reach)"},
	{"VtepLoopback6", [](Config &c) { c.vteps[1].local = ip("::1"); }, "/vtep/local/1/ip",
	 "::1 is a loopback address (a unicast address that other machines can reach)"},
	{"VtepBroadcast", [](Config &c) { c.vteps[0].local = ip("255.255.255.255"); }, "/vtep/local/0/ip",
	 "255.255.255.255 is the broadcast address (a unicast address that other machines can reach)"},
	{"VtepLinkLocal", [](Config &c) { c.vteps[1].local = ip("fe80::1"); }, "/vtep/local/1/ip",
	 "fe80::1 is a link-local address (a unicast address that other machines can reach)"},
	{"VtepUsedAsLocalGone", [](Config &c) { c.vteps.erase(c.vteps.begin()); }, "/networks/0/local",
	 "local 10.0.0.1 of network \"blue\" is not a vtep (xovl vtep add 10.0.0.1)"},
	{"VtepOfPeerFamilyGone", [](Config &c) { c.vteps.erase(c.vteps.begin() + 1); }, "/networks/2/flood/1/dst",
	 "peer fd00::2 of network \"green\" needs an IPv6 vtep (xovl vtep add ADDRESS)"},
};

const Case kDevices[] = {
	{"UplinkTwice",
	 [](Config &c) {
		 c.uplinks.push_back({"eth0", 0, XOVL_MODE_TC});
	 },
	 "/uplinks/2/dev", "uplink eth0 exists already (another interface)"},
	{"UplinkName", [](Config &c) { c.uplinks[1].dev = "a/b"; }, "/uplinks/1/dev",
	 "\"a/b\" is not an interface name (1-15 printable characters, no space, '/' or ':')"},
	{"UplinkAsPort", [](Config &c) { c.networks[0].ports[1].dev = "eth0"; }, "/networks/0/ports/1/dev",
	 "eth0 cannot be an uplink and a port (one of them is another interface)"},
	{"UplinkVlan", [](Config &c) { c.uplinks[1].vid = 4095; }, "/uplinks/1/vid",
	 "VLAN 4095 is out of range (1-4094)"},
	{"UplinkTagged", [](Config &c) { c.uplinks[1].vid = 4094; }, "", ""},
	{"PortName", [](Config &c) { c.networks[0].ports[0].dev = ""; }, "/networks/0/ports/0/dev",
	 "\"\" is not an interface name (1-15 printable characters, no space, '/' or ':')"},
	{"PortVlan", [](Config &c) { c.networks[0].ports[1].vid = 4095; }, "/networks/0/ports/1/vid",
	 "VLAN 4095 is out of range (1-4094)"},
	{"PortTwiceInNetwork", [](Config &c) { c.networks[0].ports.push_back({"veth0"}); }, "/networks/0/ports/2/dev",
	 "port veth0 exists already in network \"blue\" (another interface or VLAN)"},
	{"PortTwiceInNetworks", [](Config &c) { c.networks[1].ports[0].vid = 100; }, "/networks/1/ports/0/dev",
	 "port eth1 vid 100 exists already in network \"blue\" (another interface or VLAN)"},
	{"PortUntaggedBesideVlans",
	 [](Config &c) {
		 c.networks[2].ports = {{"eth1", 0, XOVL_MODE_TC}};
	 },
	 "", ""},
	{"PortModesDiffer", [](Config &c) { c.networks[1].ports[0].mode = XOVL_MODE_AUTO; }, "/networks/1/ports/0/mode",
	 "another port of eth1 asks for mode tc and this one for auto (one mode for an interface)"},
};

const Case kNetworks[] = {
	{"NameTwice", [](Config &c) { c.networks[1].name = "blue"; }, "/networks/1/name",
	 "network \"blue\" exists already (another name)"},
	{"Name", [](Config &c) { c.networks[1].name = "-red"; }, "/networks/1/name",
	 "\"-red\" is not a network name (1-31 letters, digits, '.', '_' or '-', and no '-' first)"},
	{"Vni", [](Config &c) { c.networks[0].vni = 16777216; }, "/networks/0/vni",
	 "VNI 16777216 is out of range (0-16777215)"},
	{"VniLargest", [](Config &c) { c.networks[0].vni = 16777215; }, "", ""},
	{"Dstport", [](Config &c) { c.networks[0].dstport = 0; }, "/networks/0/dstport",
	 "dstport 0 is out of range (1-65535)"},
	{"Mtu", [](Config &c) { c.networks[0].mtu = 67; }, "/networks/0/mtu",
	 "MTU 67 is out of range (68-65535, or 0)"},
	{"MtuSmallest", [](Config &c) { c.networks[0].mtu = 68; }, "", ""},
	{"Ageing", [](Config &c) { c.networks[0].ageing = 1000001; }, "/networks/0/ageing",
	 "ageing 1000001 is out of range (0-1000000)"},
	{"AgeingNever", [](Config &c) { c.networks[0].ageing = 0; }, "", ""},
	{"LocalUnknown", [](Config &c) { c.networks[0].local = ip("10.0.0.9"); }, "/networks/0/local",
	 "local 10.0.0.9 of network \"blue\" is not a vtep (xovl vtep add 10.0.0.9)"},
	{"VniTwiceAtOneLocal", [](Config &c) { c.networks[1].local = ip("10.0.0.1"); }, "/networks/1/vni",
	 "network \"blue\" has VNI 100 at dstport 4789 already (another VNI, dstport or local)"},
	{"VniTwiceSecondWithoutLocal", [](Config &c) { c.networks[1].local.reset(); }, "/networks/1/vni",
	 "network \"blue\" has VNI 100 at dstport 4789 already (another VNI, dstport or local)"},
	{"VniTwiceFirstWithoutLocal", [](Config &c) { c.networks[0].local.reset(); }, "/networks/1/vni",
	 "network \"blue\" has VNI 100 at dstport 4789 already (another VNI, dstport or local)"},
	{"VniTwiceThirdMeetsSecond",
	 [](Config &c) {
		 c.networks[2].vni = 100;
		 c.networks[2].local = ip("10.0.1.1");
		 c.networks[2].flood.clear();
	 },
	 "/networks/2/vni", "network \"red\" has VNI 100 at dstport 4789 already (another VNI, dstport or local)"},
	{"VniTwiceAtOtherPort",
	 [](Config &c) {
		 c.networks[1].local.reset();
		 c.networks[1].dstport = 4790;
	 },
	 "", ""},
};

/// The network as another kind, with what goes with it.
void make(NetworkConfig &net, xovl_encap encap, std::optional<uint32_t> id)
{
	net.encap = encap;
	net.dstport = default_dstport(encap);
	net.vni = id;
}

const Case kTunnels[] = {
	{"GenevePort", [](Config &c) { make(c.networks[0], XOVL_ENCAP_GENEVE, 100); }, "", ""},
	{"GreWithDstport",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_GRE, 100);
		 c.networks[0].dstport = 4789;
	 },
	 "/networks/0/dstport", "gre has no dstport (vxlan and geneve have)"},
	{"NvgreWithDstport",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_NVGRE, 100);
		 c.networks[0].dstport = 1;
	 },
	 "/networks/0/dstport", "nvgre has no dstport (vxlan and geneve have)"},
	{"VniMissing", [](Config &c) { c.networks[0].vni.reset(); }, "/networks/0/vni",
	 "vxlan needs a VNI (vni 0-16777215)"},
	{"VsidMissing", [](Config &c) { make(c.networks[0], XOVL_ENCAP_NVGRE, std::nullopt); }, "/networks/0/vni",
	 "nvgre needs a VSID (vni 0-16777215)"},
	{"VsidLarge", [](Config &c) { make(c.networks[0], XOVL_ENCAP_NVGRE, 0x1000000); }, "/networks/0/vni",
	 "VSID 16777216 is out of range (0-16777215)"},
	{"KeyLargest", [](Config &c) { make(c.networks[0], XOVL_ENCAP_GRE, 0xffffffff); }, "", ""},
	{"KeyMissing", [](Config &c) { make(c.networks[0], XOVL_ENCAP_GRE, std::nullopt); }, "", ""},
	{"SameIdOfOtherKind",
	 [](Config &c) {
		 c.networks[0].local.reset();
		 make(c.networks[1], XOVL_ENCAP_GENEVE, 100);
		 make(c.networks[2], XOVL_ENCAP_GRE, 100);
	 },
	 "", ""},
	{"KeyTwice",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_GRE, 0xabcdef01);
		 make(c.networks[2], XOVL_ENCAP_GRE, 0xabcdef01);
	 },
	 "/networks/2/vni", "network \"blue\" has GRE key 2882400001 already (another GRE key or local)"},
	{"KeysThatDifferInTheLastOctet",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_GRE, 0xabcdef01);
		 make(c.networks[2], XOVL_ENCAP_GRE, 0xabcdef02);
	 },
	 "", ""},
	{"KeylessTwice",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_GRE, std::nullopt);
		 make(c.networks[2], XOVL_ENCAP_GRE, std::nullopt);
	 },
	 "/networks/2/vni", "network \"blue\" has no key already (another GRE key or local)"},
	{"KeylessTwiceAtOtherLocals",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_GRE, std::nullopt);
		 make(c.networks[1], XOVL_ENCAP_GRE, std::nullopt);
	 },
	 "", ""},
	{"KeylessBesideKeyZero",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_GRE, std::nullopt);
		 make(c.networks[2], XOVL_ENCAP_GRE, 0);
	 },
	 "", ""},
	{"VsidTwice",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_NVGRE, 7);
		 make(c.networks[2], XOVL_ENCAP_NVGRE, 7);
	 },
	 "/networks/2/vni", "network \"blue\" has VSID 7 already (another VSID or local)"},
	{"KeyLooksLikeVsid",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_NVGRE, 7);
		 make(c.networks[2], XOVL_ENCAP_GRE, 0x7ff);
	 },
	 "/networks/2/vni",
	 "network \"blue\" has VSID 7, and GRE key 2047 looks the same on the wire (another GRE key or local)"},
	{"VsidLooksLikeKey",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_GRE, 0x700);
		 make(c.networks[2], XOVL_ENCAP_NVGRE, 7);
	 },
	 "/networks/2/vni",
	 "network \"blue\" has GRE key 1792, and VSID 7 looks the same on the wire (another VSID or local)"},
	{"KeyAndVsidOfOneNumber",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_GRE, 7);
		 make(c.networks[2], XOVL_ENCAP_NVGRE, 7);
	 },
	 "", ""},
	{"KeyLooksLikeVsidAtOtherLocal",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_NVGRE, 7);
		 make(c.networks[1], XOVL_ENCAP_GRE, 0x7ff);
	 },
	 "", ""},
	{"PortOfTwoKinds",
	 [](Config &c) {
		 make(c.networks[1], XOVL_ENCAP_GENEVE, 7);
		 c.networks[1].dstport = 4789;
	 },
	 "/networks/1/vni", "dstport 4789 is for vxlan in network \"blue\" and cannot be for geneve (another dstport)"},
};

/// blue's 10.0.0.3 is another kind, or at another port.
std::function<void(Config &)> mixed(xovl_encap encap, uint16_t dstport, std::function<void(Config &)> also = {})
{
	return [=](Config &c) {
		c.networks[0].peers = {{ip("10.0.0.3"), encap, dstport}};
		if (also)
			also(c);
	};
}

const Case kMixed[] = {
	{"Geneve", mixed(XOVL_ENCAP_GENEVE, 6081), "", ""},
	{"OtherPort", mixed(XOVL_ENCAP_VXLAN, 4790), "", ""},
	{"Gre", mixed(XOVL_ENCAP_GRE, 0), "", ""},
	{"GreAndNvgre", mixed(XOVL_ENCAP_GRE, 0, [](Config &c) { make(c.networks[0], XOVL_ENCAP_NVGRE, 0); }), "", ""},
	{"GreWithPort", mixed(XOVL_ENCAP_GRE, 4789), "/networks/0/flood/1/encap",
	 "gre has no dstport (vxlan and geneve have)"},
	{"GenevePortMissing", mixed(XOVL_ENCAP_GENEVE, 0), "/networks/0/flood/1/encap",
	 "dstport 0 is out of range (1-65535)"},
	{"PortOfTheNetworksOwnKind", mixed(XOVL_ENCAP_GENEVE, 4789), "/networks/0/flood/1/encap",
	 "dstport 4789 is for vxlan in network \"blue\" and cannot be for geneve (another dstport)"},
	{"KeyTooLarge",
	 mixed(XOVL_ENCAP_VXLAN, 4789, [](Config &c) { make(c.networks[0], XOVL_ENCAP_GRE, 0x1000000); }),
	 "/networks/0/flood/1/encap",
	 "vxlan peer 10.0.0.3 needs a VNI, but network \"blue\" has GRE key 16777216 (0-16777215)"},
	{"NoKey", mixed(XOVL_ENCAP_NVGRE, 0, [](Config &c) { make(c.networks[0], XOVL_ENCAP_GRE, std::nullopt); }),
	 "/networks/0/flood/1/encap", "nvgre peer 10.0.0.3 needs a VSID, but network \"blue\" has no key (0-16777215)"},
	{"OfAnFdbEntry",
	 [](Config &c) {
		 c.networks[1].peers = {{ip("10.0.0.2"), XOVL_ENCAP_GRE, 7}};
	 },
	 "/networks/1/fdb/0/encap", "gre has no dstport (vxlan and geneve have)"},
	{"OfNoEntryHere",
	 [](Config &c) {
		 c.networks[1].peers = {{ip("10.0.0.77"), XOVL_ENCAP_GRE, 7}};
	 },
	 "/networks/1", "gre has no dstport (vxlan and geneve have)"},
	{"MeetsOtherNetwork",
	 mixed(XOVL_ENCAP_GENEVE, 6081, [](Config &c) { make(c.networks[2], XOVL_ENCAP_GENEVE, 100); }),
	 "/networks/2/vni", "network \"blue\" has VNI 100 at dstport 6081 already (another VNI, dstport or local)"},
	{"MeetsPeerOfOtherNetwork",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_NVGRE, 7);
		 c.networks[2].vni = 0x701;
		 c.networks[2].peers = {{ip("fd00::2"), XOVL_ENCAP_GRE, 0}};
	 },
	 "/networks/2/flood/1/encap",
	 "network \"blue\" has VSID 7, and GRE key 1793 looks the same on the wire (another GRE key or local)"},
	{"EachHeaderIsAPeer",
	 [](Config &c) {
		 // 10.0.0.2 from 10.0.0.1: of vxlan in blue, of gre in green
		 c.networks[2].peers = {{ip("10.0.0.2"), XOVL_ENCAP_GRE, 0}};
		 c.limits = Limits{4, 3, 4, 3, 5};
	 },
	 "/networks/2/flood/1/dst", "too many peers (at most 4)"},
};

GeneveOption option(size_t data)
{
	return {.option_class = 1, .type = 2, .data = std::vector<uint8_t>(data)};
}

void use_geneve(Config &c)
{
	make(c.networks[0], XOVL_ENCAP_GENEVE, 100);
}

const Case kPolicies[] = {
	{"OptionsOfVxlan", [](Config &c) { c.networks[0].options = {option(4)}; }, "/networks/0/geneve-opt",
	 "geneve-opt is for geneve, not vxlan (geneve-opt none)"},
	{"OptionsForAPeer", mixed(XOVL_ENCAP_GENEVE, 6081, [](Config &c) { c.networks[0].options = {option(4)}; }), "",
	 ""},
	{"OptionsForNoPeer", mixed(XOVL_ENCAP_GRE, 0, [](Config &c) { c.networks[0].options = {option(4)}; }),
	 "/networks/0/geneve-opt", "geneve-opt is for geneve, not vxlan or gre (geneve-opt none)"},
	{"MatchOfVxlan", [](Config &c) { c.networks[0].match = GeneveMatch::parse("1:2:"); },
	 "/networks/0/geneve-match", "geneve-match is for geneve, not vxlan (geneve-match none)"},
	{"OptionsJustFit",
	 [](Config &c) {
		 use_geneve(c);
		 c.networks[0].options = {option(28)};
		 c.networks[0].ports[1].options = {option(0), option(24)};
	 },
	 "", ""},
	{"OptionsTooLong",
	 [](Config &c) {
		 use_geneve(c);
		 c.networks[0].options = {option(60), option(0)};
	 },
	 "/networks/0/geneve-opt", "options of 68 octets, their headers included (at most 64)"},
	{"OptionsTooLongWithPort",
	 [](Config &c) {
		 use_geneve(c);
		 c.networks[0].options = {option(28)};
		 c.networks[0].ports[1].options = {option(0), option(28)};
	 },
	 "/networks/0/ports/1/geneve-opt",
	 "options of 68 octets, those of network \"blue\" and their headers included (at most 64)"},
	{"PortOptionsOfVxlan", [](Config &c) { c.networks[0].ports[0].options = {option(0)}; },
	 "/networks/0/ports/0/geneve-opt", "geneve-opt is for geneve, not vxlan (a port without)"},
	{"CsumOfVxlan", [](Config &c) { c.networks[0].csum = true; }, "/networks/0/csum",
	 "csum is for gre, not vxlan (csum off)"},
	{"CsumOfNvgre",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_NVGRE, 100);
		 c.networks[0].csum = true;
	 },
	 "/networks/0/csum", "csum is for gre, not nvgre (csum off)"},
	{"SeqOfNvgre",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_NVGRE, 100);
		 c.networks[0].seq = GreSeq::Strict;
	 },
	 "/networks/0/seq", "seq is for gre, not nvgre (seq off)"},
	{"SeqOfGre",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_GRE, 100);
		 c.networks[0].seq = GreSeq::Strict;
		 c.networks[0].csum = true;
	 },
	 "", ""},
	{"GbpOfGeneve",
	 [](Config &c) {
		 use_geneve(c);
		 c.networks[0].gbp = true;
	 },
	 "/networks/0/gbp", "gbp is for vxlan, not geneve (gbp off)"},
	{"ReservedOfGeneve",
	 [](Config &c) {
		 use_geneve(c);
		 c.networks[0].reserved_strict = true;
	 },
	 "/networks/0/reserved", "reserved is for vxlan, not geneve (reserved lenient)"},
	{"UdpcsumOfGre",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_GRE, 100);
		 c.networks[0].outer.udpcsum = true;
	 },
	 "/networks/0/udpcsum", "udpcsum is for vxlan or geneve, not gre (udpcsum off)"},
	{"UdpcsumOfAPeer",
	 mixed(XOVL_ENCAP_GENEVE, 6081,
	       [](Config &c) {
		       make(c.networks[0], XOVL_ENCAP_GRE, 100);
		       c.networks[0].outer.udpcsum = true;
	       }),
	 "", ""},
	{"ZeroChecksumsOfGre",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_GRE, 100);
		 c.networks[0].outer.udp6zerocsumrx = false;
	 },
	 "/networks/0/udp6zerocsumrx", "udp6zerocsumrx is for vxlan or geneve, not gre (udp6zerocsumrx on)"},
	{"SrcportOfNvgre",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_NVGRE, 100);
		 c.networks[0].outer.sport_max = 60000;
	 },
	 "/networks/0/srcport", "srcport is for vxlan or geneve, not nvgre (srcport 49152-65535)"},
	{"GroupWithoutGbp", [](Config &c) { c.networks[0].ports[1].group = 7; }, "/networks/0/ports/1/group",
	 "group is for networks with gbp on, not \"blue\" (xovl net set blue gbp on)"},
	{"GroupWithGbp",
	 [](Config &c) {
		 c.networks[0].gbp = true;
		 c.networks[0].ports[1].group = 0;
	 },
	 "", ""},
	{"TtlZero", [](Config &c) { c.networks[0].outer.ttl = 0; }, "/networks/0/ttl", "ttl 0 is out of range (1-255)"},
	{"DscpLarge", [](Config &c) { c.networks[0].outer.dscp = 64; }, "/networks/0/dscp",
	 "dscp 64 is out of range (0-63)"},
	{"FlowlabelLarge", [](Config &c) { c.networks[0].outer.flowlabel = 0x100000; }, "/networks/0/flowlabel",
	 "flowlabel 1048576 is out of range (0-1048575)"},
	{"SrcportZero", [](Config &c) { c.networks[0].outer.sport_min = 0; }, "/networks/0/srcport",
	 "srcport 0 is out of range (1-65535)"},
	{"SrcportBackwards", [](Config &c) { c.networks[0].outer.sport_max = 49151; }, "/networks/0/srcport",
	 "srcport 49151 is out of range (49152-65535)"},
	{"Inherit",
	 [](Config &c) {
		 c.networks[0].outer = {.ttl = {}, .dscp = {}, .df = {}};
		 c.networks[0].mss_clamp = true;
	 },
	 "", ""},
};

const Case kPeers[] = {
	{"FloodTwice", [](Config &c) { c.networks[0].flood[1] = ip("10.0.0.2"); }, "/networks/0/flood/1/dst",
	 "10.0.0.2 is on the flood list of network \"blue\" already (another peer)"},
	{"FloodOtherFamilyThanLocal", [](Config &c) { c.networks[0].flood[1] = ip("fd00::2"); },
	 "/networks/0/flood/1/dst", "peer fd00::2 is IPv6, but network \"blue\" has local 10.0.0.1 (an IPv4 peer)"},
	{"FloodOwnVtep", [](Config &c) { c.networks[0].flood[1] = ip("10.0.1.1"); }, "/networks/0/flood/1/dst",
	 "10.0.1.1 is a vtep of this machine (the address of another one)"},
	{"FloodMulticast", [](Config &c) { c.networks[0].flood[1] = ip("239.1.1.1"); }, "/networks/0/flood/1/dst",
	 "239.1.1.1 is a multicast address (a unicast address that other machines can reach)"},
	{"FdbDstUnspecified", [](Config &c) { c.networks[0].fdb[0].target = ip("::"); }, "/networks/0/fdb/0/dst",
	 ":: is the unspecified address (a unicast address that other machines can reach)"},
	{"FdbDstOwnVtep", [](Config &c) { c.networks[0].fdb[0].target = ip("10.0.0.1"); }, "/networks/0/fdb/0/dst",
	 "10.0.0.1 is a vtep of this machine (the address of another one)"},
	{"FdbDstOtherFamily", [](Config &c) { c.networks[1].fdb[0].target = ip("fd00::2"); }, "/networks/1/fdb/0/dst",
	 "peer fd00::2 is IPv6, but network \"red\" has local 10.0.1.1 (an IPv4 peer)"},
};

const Case kFdb[] = {
	{"FdbGroup", [](Config &c) { c.networks[0].fdb[1].mac = mac("03:00:00:00:00:01"); }, "/networks/0/fdb/1/mac",
	 "MAC 03:00:00:00:00:01 is a group address (a unicast address)"},
	{"FdbBroadcast", [](Config &c) { c.networks[0].fdb[1].mac = mac("ff:ff:ff:ff:ff:ff"); },
	 "/networks/0/fdb/1/mac", "MAC ff:ff:ff:ff:ff:ff is a group address (a unicast address)"},
	{"FdbZero", [](Config &c) { c.networks[0].fdb[1].mac = Mac(); }, "/networks/0/fdb/1/mac",
	 "MAC 00:00:00:00:00:00 is all zeros (a unicast address)"},
	{"FdbTwice", [](Config &c) { c.networks[0].fdb[1].mac = mac("02:00:00:00:00:01"); }, "/networks/0/fdb/1/mac",
	 "MAC 02:00:00:00:00:01 is in network \"blue\" already (another MAC)"},
	{"FdbPortOfNobody", [](Config &c) { c.networks[0].fdb[2].target = FdbPort("veth1"); }, "/networks/0/fdb/2/dev",
	 "veth1 is not a port of network \"blue\" (xovl port add veth1 net blue)"},
	{"FdbPortOfOtherVlan", [](Config &c) { c.networks[0].fdb[1].target = FdbPort("eth1", 200); },
	 "/networks/0/fdb/1/dev",
	 "eth1 vid 200 is not a port of network \"blue\" (xovl port add eth1 net blue vid 200)"},
};

/// good() has 3 networks, 3 ports, 4 static entries and the members blue 2, red 1, green 2, whose peers are
/// 10.0.0.2 and 10.0.0.3 from 10.0.0.1, 10.0.0.2 from 10.0.1.1, and fd00::2.
const Case kLimits[] = {
	{"LimitsJustEnough",
	 [](Config &c) {
		 c.limits = Limits{4, 3, 4, 3, 5};
	 },
	 "", ""},
	{"LimitFdb",
	 [](Config &c) {
		 c.limits = Limits{3, 3, 4, 3, 5};
	 },
	 "/networks/1/fdb/0", "too many static FDB entries (at most 3)"},
	{"LimitNetworks",
	 [](Config &c) {
		 c.limits = Limits{4, 2, 4, 3, 5};
	 },
	 "/networks/2", "too many networks (at most 2)"},
	{"LimitPeers",
	 [](Config &c) {
		 c.limits = Limits{4, 3, 3, 3, 5};
	 },
	 "/networks/2/flood/1/dst", "too many peers (at most 3)"},
	{"LimitPorts",
	 [](Config &c) {
		 c.limits = Limits{4, 3, 4, 2, 5};
	 },
	 "/networks/1/ports/0", "too many ports (at most 2)"},
	{"LimitMembers",
	 [](Config &c) {
		 c.limits = Limits{4, 3, 4, 3, 4};
	 },
	 "/networks/2/flood/1/dst", "too many members (pairs of network and peer) (at most 4)"},
	{"LimitFdbZero", [](Config &c) { c.limits = Limits{.fdb = 0}; }, "/limits/fdb",
	 "fdb 0 is out of range (1-4294967295)"},
	{"LimitNetworksTooLarge", [](Config &c) { c.limits = Limits{.networks = 65536}; }, "/limits/networks",
	 "networks 65536 is out of range (1-65535)"},
	{"LimitNetworksLargest", [](Config &c) { c.limits = Limits{.networks = 65535}; }, "", ""},
	{"LimitPeersZero", [](Config &c) { c.limits = Limits{.peers = 0}; }, "/limits/peers",
	 "peers 0 is out of range (1-4294967295)"},
	{"LimitPortsZero", [](Config &c) { c.limits = Limits{.ports = 0}; }, "/limits/ports",
	 "ports 0 is out of range (1-4294967295)"},
	{"LimitMembersZero", [](Config &c) { c.limits = Limits{.members = 0}; }, "/limits/members",
	 "members 0 is out of range (1-4294967295)"},
	{"LimitPeersByDefault",
	 [](Config &c) {
		 for (uint32_t i = 0; i < 1024; i++)
			 c.networks[0].flood.push_back(ip(fmt::format("10.9.{}.{}", i / 256, i % 256).c_str()));
	 },
	 "/networks/0/flood/1024/dst", "too many peers (at most 1024)"},
	{"FloodListLongest",
	 [](Config &c) {
		 c.limits = Limits{.peers = 100000, .members = 100000};
		 for (uint32_t i = 2; i < 65536; i++)
			 c.networks[0].flood.push_back(ip(fmt::format("10.9.{}.{}", i / 256, i % 256).c_str()));
	 },
	 "/networks/0/flood/65535/dst", "too many peers on a flood list (at most 65535)"},
	{"PortsOfNetworkMost",
	 [](Config &c) {
		 c.limits = Limits{.ports = 100000};
		 for (uint32_t i = 2; i < 65536; i++)
			 c.networks[0].ports.push_back({fmt::format("v{}", i / 4094), uint16_t(i % 4094 + 1)});
	 },
	 "/networks/0/ports/65535", "too many ports in a network (at most 65535)"},
};

} // namespace

TEST(Config, Finds)
{
	Config config = good();
	EXPECT_EQ(config.find_network("red"), &config.networks[1]);
	EXPECT_EQ(std::as_const(config).find_network("red"), &config.networks[1]);
	EXPECT_EQ(config.find_network("re"), nullptr);
	EXPECT_EQ(config.find_network(""), nullptr);
}

TEST(Validate, TakesGoodAndEmpty)
{
	EXPECT_EQ(complaint([] { validate(good()); }), "no complaint");
	EXPECT_EQ(complaint([] { validate(Config()); }), "no complaint");
}

TEST(Validate, TakesTheLimitsInForceWhereThereAreNone)
{
	const Limits narrow{.ports = 2};
	Config config = good();
	EXPECT_EQ(complaint([&] { validate(config, narrow); }), "too many ports (at most 2)");
	config.limits = Limits{.ports = 3};
	EXPECT_EQ(complaint([&] { validate(config, narrow); }), "no complaint") << "its own come first";
}

TEST_P(Validate, HoldsTheRule)
{
	Config config = good();
	GetParam().change(config);
	const std::string message = complaint([&] { validate(config); });
	const std::string placed =
		complaint([&] { validate(config, [](const ConfigPath &p) { return joined(p) + ": "; }); });

	EXPECT_EQ(message, GetParam().path.empty() ? "no complaint" : GetParam().message);
	EXPECT_EQ(placed, GetParam().path.empty() ? "no complaint" : GetParam().path + ": " + GetParam().message);
}

#define RULES(group)                                                           \
	INSTANTIATE_TEST_SUITE_P(group, Validate, testing::ValuesIn(k##group), \
				 [](const testing::TestParamInfo<Case> &info) { return info.param.name; })
RULES(Vteps);
RULES(Devices);
RULES(Networks);
RULES(Tunnels);
RULES(Mixed);
RULES(Policies);
RULES(Peers);
RULES(Fdb);
RULES(Limits);
