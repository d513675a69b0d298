// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The rules for vteps, interfaces, networks, peers, entries and limits.
#include "validate.hpp"

namespace xovl::test {

namespace {

const Rule kVteps[] = {
	{"VtepTwice",
	 [](Config &c) {
		 c.vteps.push_back({ip("10.0.0.1"), XOVL_FOREIGN_PASS});
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
	{"VtepsMost",
	 [](Config &c) {
		 for (int i = 0; i < 61; i++)
			 c.vteps.push_back({ip(fmt::format("10.9.0.{}", i).c_str())});
	 },
	 "", ""},
	{"VtepsTooMany",
	 [](Config &c) {
		 for (int i = 0; i < 62; i++)
			 c.vteps.push_back({ip(fmt::format("10.9.0.{}", i).c_str())});
	 },
	 "/vtep/local/64/ip", "too many vteps (at most 64)"},
	{"VtepUsedAsLocalGone", [](Config &c) { c.vteps.erase(c.vteps.begin()); }, "/networks/0/local",
	 "local 10.0.0.1 of network \"blue\" is not a vtep (xovl vtep add 10.0.0.1)"},
	{"VtepOfPeerFamilyGone", [](Config &c) { c.vteps.erase(c.vteps.begin() + 1); }, "/networks/2/flood/1/dst",
	 "peer fd00::2 of network \"green\" needs an IPv6 vtep (xovl vtep add ADDRESS)"},
};

const Rule kDevices[] = {
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

const Rule kNetworks[] = {
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

const Rule kPeers[] = {
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

const Rule kFdb[] = {
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
const Rule kLimits[] = {
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
	EXPECT_EQ(complaint([] { validate(good(), Limits{}); }), "no complaint");
	EXPECT_EQ(complaint([] { validate(Config(), Limits{}); }), "no complaint");
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
	holds_the_rule();
}

RULES(Validate, Vteps);
RULES(Validate, Devices);
RULES(Validate, Networks);
RULES(Validate, Peers);
RULES(Validate, Fdb);
RULES(Validate, Limits);

} // namespace xovl::test
