// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A configuration that has every encapsulation and every key that packets of them can have.
#pragma once

#include "config/config.hpp"

namespace xovl::test {

inline NetworkConfig every_geneve_key()
{
	NetworkConfig net;
	net.name = "blue";
	net.encap = XOVL_ENCAP_GENEVE;
	net.dstport = 6081;
	net.vni = 100;
	net.outer = {.ttl = {},
		     .dscp = 10,
		     .df = false,
		     .udpcsum = true,
		     .udp6zerocsumrx = false,
		     .sport_min = 50000,
		     .sport_max = 50100,
		     .flowlabel = 0};
	net.gso = false;
	net.mss_clamp = true;
	net.mac_limit = 1000;
	net.peer_mac_limit = 500;
	net.limit_drops = true;
	net.move_limit = MoveLimit{.moves = 5, .seconds = 180};
	net.via = XOVL_VIA_KERNEL;
	net.encrypted = true;
	net.bpdu = Bpdu::Drop;
	net.options = {{0x0102, 0x80, {0, 1, 0, 2}}, {1, 2, {}}};
	net.match = {{0x0102, 0x80, {0, 1, 0, 2}}, {0xff, 0xff, 0, 0}};
	net.ports = {{"p0", 5, XOVL_MODE_TC, {{1, 3, {}}, {1, 4, {}}}}};
	return net;
}

/// A VXLAN network with every key, and with peers of other encapsulations.
inline NetworkConfig every_vxlan_key()
{
	auto ip = [](const char *text) { return Address::parse(text); };
	NetworkConfig net;
	net.name = "red";
	net.vni = 200;
	net.gbp = true;
	net.bpdu = Bpdu::Punt;
	net.reserved_strict = true;
	net.ports = {{"p1"}};
	net.ports[0].group = 7;
	net.flood = {ip("10.0.0.2"), ip("10.0.0.3"), ip("10.0.0.4"), ip("10.0.0.5")};
	net.peers = {{ip("10.0.0.3"), XOVL_ENCAP_GENEVE, 6082},
		     {ip("10.0.0.4"), XOVL_ENCAP_VXLAN, 4790, XOVL_VIA_DIRECT},
		     {ip("10.0.0.5"), XOVL_ENCAP_NVGRE, 0},
		     {ip("10.0.0.6"), XOVL_ENCAP_GENEVE, 6081, XOVL_VIA_KERNEL, true}};
	net.fdb = {{Mac::parse("02:00:00:00:00:01"), ip("10.0.0.3")},
		   {Mac::parse("02:00:00:00:00:02"), ip("10.0.0.6")}};
	return net;
}

inline NetworkConfig gre_network(const char *name, std::optional<uint32_t> key)
{
	NetworkConfig net;
	net.name = name;
	net.encap = XOVL_ENCAP_GRE;
	net.dstport = 0;
	net.vni = key;
	net.csum = true;
	net.seq = key ? GreSeq::Strict : GreSeq::On;
	return net;
}

inline Config every_kind()
{
	Config config;
	config.vteps = {{Address::parse("10.0.0.1"), XOVL_FOREIGN_DROP, true}};
	config.uplinks = {{"eth0", 200, XOVL_MODE_TC}};
	config.networks = {every_geneve_key(), every_vxlan_key(), gre_network("green", std::nullopt),
			   gre_network("off", 0xffffffff)};
	NetworkConfig &grey = config.networks.emplace_back();
	grey.name = "grey";
	grey.encap = XOVL_ENCAP_NVGRE;
	grey.dstport = 0;
	grey.vni = 5;
	return config;
}

/// The same configuration as to_yaml() prints it.
inline constexpr const char *kEveryKind = R"(vtep: {local: [{ip: 10.0.0.1, foreign: drop, xfrm: ignore}]}
uplinks:
  - {dev: eth0, vid: 200, mode: tc}
networks:
  - name: blue
    encap: geneve
    vni: 100
    mac-limit: 1000
    peer-mac-limit: 500
    on-limit: drop
    move-limit: 5/180
    via: kernel
    require: encrypted
    ttl: inherit
    dscp: 10
    df: unset
    udpcsum: true
    udp6zerocsumrx: false
    srcport: 50000-50100
    flowlabel: 0
    gso: false
    mss: clamp
    bpdu: drop
    geneve-opt: ["0x0102:0x80:00010002", "0x0001:0x02:"]
    geneve-match: "0x0102:0x80:00010002/ffff0000"
    ports:
      - {dev: p0, vid: 5, mode: tc, geneve-opt: ["0x0001:0x03:", "0x0001:0x04:"]}
  - name: red
    encap: vxlan
    vni: 200
    bpdu: punt
    gbp: true
    reserved: strict
    ports:
      - {dev: p1, group: 7}
    flood: [10.0.0.2, {dst: 10.0.0.3, encap: geneve, dstport: 6082}, {dst: 10.0.0.4, dstport: 4790, via: direct}, {dst: 10.0.0.5, encap: nvgre}]
    fdb:
      - {mac: "02:00:00:00:00:01", dst: 10.0.0.3}
      - {mac: "02:00:00:00:00:02", dst: 10.0.0.6, encap: geneve, via: kernel, require: encrypted}
  - name: green
    encap: gre
    csum: true
    seq: true
  - name: "off"
    encap: gre
    vni: 4294967295
    csum: true
    seq: strict
  - name: grey
    encap: nvgre
    vni: 5
)";

} // namespace xovl::test
