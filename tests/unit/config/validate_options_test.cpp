// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The rules for packet formats: GENEVE options, and the other policies of networks and ports.
#include "validate.hpp"

namespace xovl::test {

namespace {

using ValidateOptions = Validate;

GeneveOption option(size_t data)
{
	return {.option_class = 1, .type = 2, .data = std::vector<uint8_t>(data)};
}

/// Options of nr consecutive types from first on, 4 octets each.
std::vector<GeneveOption> kinds(uint8_t nr, uint8_t first)
{
	std::vector<GeneveOption> options;
	for (uint8_t i = 0; i < nr; i++)
		options.push_back({.option_class = 1, .type = static_cast<uint8_t>(first + i), .data = {}});
	return options;
}

void use_geneve(Config &c)
{
	make(c.networks[0], XOVL_ENCAP_GENEVE, 100);
}

const Rule kPolicies[] = {
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
	{"MostKindsOfOptions",
	 [](Config &c) {
		 use_geneve(c);
		 c.networks[0].options = kinds(8, 0);
		 c.networks[0].ports[0].options = kinds(8, 4);
		 c.networks[0].ports[1].options = kinds(8, 7);
		 c.networks[0].match = GeneveMatch::parse("1:15:");
	 },
	 "", ""},
	{"KindsOfOptionsOfAPort",
	 [](Config &c) {
		 use_geneve(c);
		 c.networks[0].options = kinds(8, 0);
		 c.networks[0].ports[1].options = kinds(8, 8);
		 c.networks[0].match = GeneveMatch::parse("2:0:");
	 },
	 "/networks/0/ports/1/geneve-opt/7",
	 "too many different GENEVE options in a network and its ports (at most 16)"},
	{"KindOfTheMatch",
	 [](Config &c) {
		 use_geneve(c);
		 c.networks[0].options = kinds(16, 0);
		 c.networks[0].match = GeneveMatch::parse("2:0:");
	 },
	 "/networks/0/geneve-match", "too many different GENEVE options in a network and its ports (at most 16)"},
	{"PortOptionsOfVxlan", [](Config &c) { c.networks[0].ports[0].options = {option(0)}; },
	 "/networks/0/ports/0/geneve-opt", "geneve-opt is for geneve, not vxlan (a port without it)"},
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
		 c.networks[0].gso = false;
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
		       c.networks[0].gso = false;
	       }),
	 "", ""},
	{"UdpcsumInModeTc",
	 [](Config &c) {
		 c.networks[0].outer.udpcsum = true;
		 c.networks[0].ports[0].mode = XOVL_MODE_NATIVE;
		 c.networks[0].ports[1].mode = XOVL_MODE_TC;
	 },
	 "", ""},
	{"CsumInModeAuto",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_GRE, 100);
		 c.networks[0].csum = true;
	 },
	 "/networks/0/ports/0/mode",
	 "mode auto of port veth0 cannot do csum of network \"blue\": it keeps super-frames whole (mode native; or gso "
	 "off, if the tenants' interfaces send none)"},
	{"SeqInModeGeneric",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_GRE, 100);
		 c.networks[0].seq = GreSeq::On;
		 c.networks[0].ports[0].mode = XOVL_MODE_GENERIC;
	 },
	 "/networks/0/ports/0/mode",
	 "mode generic of port veth0 cannot do seq of network \"blue\": it keeps super-frames whole (mode native; or "
	 "gso "
	 "off, if the tenants' interfaces send none)"},
	{"SeqInModeNative",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_GRE, 100);
		 c.networks[0].seq = GreSeq::On;
		 c.networks[0].ports[0].mode = XOVL_MODE_NATIVE;
		 c.networks[0].ports[1].mode = XOVL_MODE_NATIVE;
		 c.networks[1].ports[0].mode = XOVL_MODE_NATIVE;
	 },
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

} // namespace

TEST_P(ValidateOptions, HoldsTheRule)
{
	holds_the_rule();
}

RULES(ValidateOptions, Policies);

} // namespace xovl::test
