// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The rules for encapsulations: identifiers and ports, peers of several kinds, via and require.
#include "validate.hpp"

namespace xovl::test {

namespace {

using ValidateTunnels = Validate;

const Rule kTunnels[] = {
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

const Rule kMixed[] = {
	{"Geneve", mixed(XOVL_ENCAP_GENEVE, 6081), "", ""},
	{"OtherPort", mixed(XOVL_ENCAP_VXLAN, 4790), "", ""},
	{"Gre", mixed(XOVL_ENCAP_GRE, 0), "", ""},
	{"GreAndNvgre", mixed(XOVL_ENCAP_GRE, 0, [](Config &c) { make(c.networks[0], XOVL_ENCAP_NVGRE, 0); }), "", ""},
	{"GreWithPort", mixed(XOVL_ENCAP_GRE, 4789), "/networks/0/peers/0/dstport",
	 "gre has no dstport (vxlan and geneve have)"},
	{"GenevePortMissing", mixed(XOVL_ENCAP_GENEVE, 0), "/networks/0/peers/0/dstport",
	 "dstport 0 is out of range (1-65535)"},
	{"PortOfTheNetworksOwnKind", mixed(XOVL_ENCAP_GENEVE, 4789), "/networks/0/peers/0/encap",
	 "dstport 4789 is for vxlan in network \"blue\" and cannot be for geneve (another dstport)"},
	{"KeyTooLarge",
	 mixed(XOVL_ENCAP_VXLAN, 4789, [](Config &c) { make(c.networks[0], XOVL_ENCAP_GRE, 0x1000000); }),
	 "/networks/0/peers/0/encap",
	 "vxlan peer 10.0.0.3 needs a VNI, but network \"blue\" has GRE key 16777216 (0-16777215)"},
	{"NoKey", mixed(XOVL_ENCAP_NVGRE, 0, [](Config &c) { make(c.networks[0], XOVL_ENCAP_GRE, std::nullopt); }),
	 "/networks/0/peers/0/encap", "nvgre peer 10.0.0.3 needs a VSID, but network \"blue\" has no key (0-16777215)"},
	{"Second",
	 [](Config &c) {
		 c.networks[1].peers = {{ip("10.0.0.2"), XOVL_ENCAP_GRE, 0}, {ip("10.0.0.77"), XOVL_ENCAP_GRE, 7}};
	 },
	 "/networks/1/peers/1/dstport", "gre has no dstport (vxlan and geneve have)"},
	{"MeetsOtherNetwork",
	 mixed(XOVL_ENCAP_GENEVE, 6081, [](Config &c) { make(c.networks[2], XOVL_ENCAP_GENEVE, 100); }),
	 "/networks/2/vni", "network \"blue\" has VNI 100 at dstport 6081 already (another VNI, dstport or local)"},
	{"MeetsPeerOfOtherNetwork",
	 [](Config &c) {
		 make(c.networks[0], XOVL_ENCAP_NVGRE, 7);
		 c.networks[2].vni = 0x701;
		 c.networks[2].peers = {{ip("fd00::2"), XOVL_ENCAP_GRE, 0}};
	 },
	 "/networks/2/peers/0/encap",
	 "network \"blue\" has VSID 7, and GRE key 1793 looks the same on the wire (another GRE key or local)"},
	{"EachHeaderIsAPeer",
	 [](Config &c) {
		 // 10.0.0.2 from 10.0.0.1: VXLAN in blue, GRE in green
		 c.networks[2].peers = {{ip("10.0.0.2"), XOVL_ENCAP_GRE, 0}};
		 c.limits = Limits{4, 3, 4, 3, 5};
	 },
	 "/networks/2/flood/1/dst", "too many peers (at most 4)"},
};

/// Gives blue's peer 10.0.0.3 this encapsulation, via and require.
std::function<void(Config &)> carried(xovl_encap encap, xovl_via via, bool encrypted = false,
				      const std::function<void(Config &)> &also = {})
{
	return [=](Config &c) {
		c.networks[0].peers = {{ip("10.0.0.3"), encap, default_dstport(encap), via, encrypted}};
		if (also)
			also(c);
	};
}

/// Gives blue this encapsulation, via and require.
std::function<void(Config &)> carrying(xovl_encap encap, xovl_via via, bool encrypted = false)
{
	return [=](Config &c) {
		make(c.networks[0], encap, 100);
		c.networks[0].via = via;
		c.networks[0].encrypted = encrypted;
	};
}

const Rule kCarriers[] = {
	{"Direct", carrying(XOVL_ENCAP_VXLAN, XOVL_VIA_DIRECT), "", ""},
	{"Kernel", carrying(XOVL_ENCAP_GENEVE, XOVL_VIA_KERNEL), "", ""},
	{"KernelEncrypted", carrying(XOVL_ENCAP_VXLAN, XOVL_VIA_KERNEL, true), "", ""},
	{"AutoEncrypted", carrying(XOVL_ENCAP_GENEVE, XOVL_VIA_AUTO, true), "", ""},
	{"DirectEncrypted", carrying(XOVL_ENCAP_VXLAN, XOVL_VIA_DIRECT, true), "/networks/0/via",
	 "via direct excludes require encrypted of network \"blue\" (via kernel or auto)"},
	{"AutoOfGre", carrying(XOVL_ENCAP_GRE, XOVL_VIA_AUTO), "", ""},
	{"DirectOfGre", carrying(XOVL_ENCAP_GRE, XOVL_VIA_DIRECT), "/networks/0/via",
	 "via is for vxlan or geneve, not gre (via auto)"},
	{"KernelOfNvgre", carrying(XOVL_ENCAP_NVGRE, XOVL_VIA_KERNEL), "/networks/0/via",
	 "via is for vxlan or geneve, not nvgre (via auto)"},
	{"EncryptedOfGre", carrying(XOVL_ENCAP_GRE, XOVL_VIA_AUTO, true), "/networks/0/require",
	 "require is for vxlan or geneve, not gre (require none)"},
	{"KernelOfGreWithOtherPeers",
	 carried(XOVL_ENCAP_VXLAN, XOVL_VIA_KERNEL, false, carrying(XOVL_ENCAP_GRE, XOVL_VIA_KERNEL)),
	 "/networks/0/via", "via is for vxlan or geneve, not gre (via auto)"},
	{"EncryptedOfGreWithOtherPeers",
	 carried(XOVL_ENCAP_GENEVE, XOVL_VIA_AUTO, true, carrying(XOVL_ENCAP_GRE, XOVL_VIA_AUTO, true)),
	 "/networks/0/require", "require is for vxlan or geneve, not gre (require none)"},
	{"PeerDirect", carried(XOVL_ENCAP_VXLAN, XOVL_VIA_DIRECT), "", ""},
	{"PeerKernelEncrypted", carried(XOVL_ENCAP_GENEVE, XOVL_VIA_KERNEL, true), "", ""},
	{"PeerKernelInGre", carried(XOVL_ENCAP_VXLAN, XOVL_VIA_KERNEL, true, carrying(XOVL_ENCAP_GRE, XOVL_VIA_AUTO)),
	 "", ""},
	{"PeerDirectEncrypted", carried(XOVL_ENCAP_VXLAN, XOVL_VIA_DIRECT, true), "/networks/0/peers/0/via",
	 "via direct excludes require encrypted of peer 10.0.0.3 (via kernel or auto)"},
	{"PeerDirectOfGre", carried(XOVL_ENCAP_GRE, XOVL_VIA_DIRECT), "", ""},
	{"PeerKernelOfGre", carried(XOVL_ENCAP_GRE, XOVL_VIA_KERNEL), "/networks/0/peers/0/via",
	 "via kernel is for vxlan or geneve, not for gre peer 10.0.0.3 (via direct)"},
	{"PeerEncryptedOfNvgre", carried(XOVL_ENCAP_NVGRE, XOVL_VIA_AUTO, true), "/networks/0/peers/0/require",
	 "require encrypted is for vxlan or geneve, not for nvgre peer 10.0.0.3 (require none)"},
	{"PeerDirectOfGreInKernel",
	 carried(XOVL_ENCAP_GRE, XOVL_VIA_DIRECT, false, carrying(XOVL_ENCAP_VXLAN, XOVL_VIA_KERNEL, true)), "", ""},
	{"PeerAutoOfGreInKernel",
	 carried(XOVL_ENCAP_GRE, XOVL_VIA_AUTO, false, carrying(XOVL_ENCAP_VXLAN, XOVL_VIA_KERNEL)), "", ""},
	{"EachWayIsAPeer",
	 [](Config &c) {
		 // 10.0.0.2 from 10.0.0.1: via auto in blue, via kernel in green
		 c.networks[2].peers = {{ip("10.0.0.2"), XOVL_ENCAP_VXLAN, 4789, XOVL_VIA_KERNEL}};
		 c.limits = Limits{4, 3, 4, 3, 5};
	 },
	 "/networks/2/flood/1/dst", "too many peers (at most 4)"},
	{"RequireIsAPeer",
	 [](Config &c) {
		 c.networks[2].encrypted = true;
		 c.limits = Limits{4, 3, 4, 3, 5};
	 },
	 "/networks/2/flood/1/dst", "too many peers (at most 4)"},
};

/// Adds nr peers to green, each at a port of its own.
std::function<void(Config &)> ports_of_green(uint16_t nr)
{
	return [=](Config &c) {
		for (uint16_t i = 0; i < nr; i++)
			c.networks[2].peers.push_back({ip(fmt::format("10.9.0.{}", i).c_str()), XOVL_ENCAP_VXLAN,
						       static_cast<uint16_t>(5000 + i)});
	};
}

/// The limit is 8 x 3 + 64 = 88 tunnels. blue and red have one each. green has no local address of its own, so each of
/// its ports takes three tunnels.
const Rule kRoom[] = {
	{"MostTunnels",
	 [](Config &c) {
		 ports_of_green(27)(c);
		 c.limits = Limits{.networks = 3};
	 },
	 "", ""},
	{"TooManyTunnels",
	 [](Config &c) {
		 ports_of_green(28)(c);
		 c.limits = Limits{.networks = 3};
	 },
	 "/networks/2/peers/27/encap", "too many tunnels (of network, vtep and encapsulation) (at most 88)"},
};

} // namespace

TEST_P(ValidateTunnels, HoldsTheRule)
{
	holds_the_rule();
}

RULES(ValidateTunnels, Tunnels);
RULES(ValidateTunnels, Mixed);
RULES(ValidateTunnels, Carriers);
RULES(ValidateTunnels, Room);

} // namespace xovl::test
