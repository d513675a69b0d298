// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The effect of IPsec policies, firewall rules and kernel tunnels on tunnel packets, as far as it needs no kernel.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "kernel/firewall.hpp"
#include "kernel/kernel_tunnels.hpp"
#include "kernel/xfrm.hpp"

using namespace xovl;

namespace {

Address address(const char *text)
{
	return Address::parse(text);
}

const TunnelFlow kVxlan{address("192.0.2.1"), address("192.0.2.2"), IPPROTO_UDP, 4789};
const TunnelFlow kGre{address("2001:db8::1"), address("2001:db8::2"), IPPROTO_GRE, 0};
const TunnelFlow kAnybody{address("192.0.2.1"), std::nullopt, IPPROTO_UDP, 4789};

/// A policy that blocks all outgoing packets.
XfrmPolicy block_all()
{
	XfrmPolicy policy{.out = true, .block = true};
	policy.selector.family = AF_INET;
	policy.selector.src = policy.selector.dst = address("0.0.0.0");
	return policy;
}

std::string obstacle(const XfrmPolicy &policy, const TunnelFlow &flow)
{
	return xfrm_obstacle({.policies = {policy}}, flow);
}

std::string rule(const std::string &expr)
{
	return R"({"nftables":[{"set":{"family":"inet","table":"t","name":"s","elem":["192.0.2.2",{"prefix":{"addr":"198.51.100.0","len":24}}]}},)"
	       R"({"rule":{"family":"inet","table":"t","chain":"c","expr":[)" +
	       expr + R"(,{"drop":null}]}}]})";
}

std::string match(const std::string &left, const std::string &right)
{
	return rule(R"({"match":{"op":"==","left":)" + left + R"(,"right":)" + right + "}}");
}

} // namespace

TEST(InPrefix, ComparesBitsOfOneFamily)
{
	EXPECT_TRUE(in_prefix(address("192.0.2.1"), address("192.0.2.0"), 24));
	EXPECT_TRUE(in_prefix(address("192.0.3.255"), address("192.0.2.0"), 23));
	EXPECT_FALSE(in_prefix(address("192.0.4.1"), address("192.0.2.0"), 23));
	EXPECT_FALSE(in_prefix(address("192.0.2.1"), address("192.0.2.2"), 32));
	EXPECT_TRUE(in_prefix(address("2001:db8::1"), address("2001:db8::"), 127));
	EXPECT_FALSE(in_prefix(address("2001:db8::2"), address("2001:db8::"), 127));
	EXPECT_FALSE(in_prefix(address("192.0.2.1"), address("::ffff"), 8));
	EXPECT_TRUE(in_prefix(address("192.0.2.1"), address("::"), 0));
}

TEST(XfrmObstacle, SelectorsOfPolicies)
{
	EXPECT_NE(obstacle(block_all(), kVxlan), "");
	EXPECT_EQ(obstacle(block_all(), kGre), "") << "the other family";
	EXPECT_EQ(obstacle(block_all(), kAnybody), "") << "names no port";
	XfrmPolicy policy = block_all();
	policy.selector.protocol = IPPROTO_UDP;
	policy.selector.dport = 4789;
	policy.selector.dport_mask = 0xffff;
	EXPECT_EQ(obstacle(policy, kVxlan), "out, block, 0.0.0.0/0 > 0.0.0.0/0 UDP dport 4789");
	EXPECT_NE(obstacle(policy, kAnybody), "");
	policy.selector.dport = 4790;
	EXPECT_EQ(obstacle(policy, kVxlan), "");
	policy = block_all();
	policy.selector.protocol = IPPROTO_TCP;
	EXPECT_EQ(obstacle(policy, kVxlan), "");
	policy = block_all();
	policy.selector.dst = address("192.0.2.1");
	policy.selector.dst_bits = 32;
	EXPECT_EQ(obstacle(policy, kVxlan), "") << "to us";
	policy.out = false;
	EXPECT_NE(obstacle(policy, kVxlan), "") << "the same inwards";
	policy = block_all();
	policy.block = false;
	EXPECT_EQ(obstacle(policy, kVxlan), "") << "lets them pass";
	policy.transforms = true;
	EXPECT_NE(obstacle(policy, kVxlan), "");
}

TEST(XfrmObstacle, TheFirstOneDecides)
{
	XfrmPolicy allow = block_all();
	allow.block = false;
	EXPECT_EQ(xfrm_obstacle({.policies = {allow, block_all()}}, kVxlan), "");
	EXPECT_NE(xfrm_obstacle({.policies = {block_all(), allow}}, kVxlan), "");
	allow.selector.sport = 50000;
	allow.selector.sport_mask = 0xffff;
	EXPECT_NE(xfrm_obstacle({.policies = {allow, block_all()}}, kVxlan), "") << "one source port only";
	EXPECT_EQ(xfrm_obstacle({.policies = {}, .block_in = true}, kVxlan), "in, block, the default");
	EXPECT_EQ(xfrm_obstacle({.policies = {}, .block_out = true}, kGre), "out, block, the default");
}

TEST(NamedByRules, PortsAndAddresses)
{
	const TunnelFlows flows = {kVxlan};
	const std::string dport = R"({"payload":{"protocol":"udp","field":"dport"}})";
	const std::string saddr = R"({"payload":{"protocol":"ip","field":"saddr"}})";
	EXPECT_EQ(named_by_rules(match(dport, "4789"), flows), "UDP port 4789 (inet t c)");
	EXPECT_EQ(named_by_rules(match(dport, R"({"range":[4000,5000]})"), flows), "UDP port 4789 (inet t c)");
	EXPECT_EQ(named_by_rules(match(dport, R"({"set":[53,4789]})"), flows), "UDP port 4789 (inet t c)");
	EXPECT_EQ(named_by_rules(match(dport, "4790"), flows), "");
	EXPECT_EQ(named_by_rules(match(saddr, R"("192.0.2.2")"), flows), "192.0.2.2 (inet t c)");
	EXPECT_EQ(named_by_rules(match(saddr, R"({"prefix":{"addr":"192.0.0.0","len":8}})"), flows),
		  "192.0.2.1 (inet t c)");
	EXPECT_EQ(named_by_rules(match(saddr, R"("@s")"), flows), "192.0.2.2 (inet t c)");
	EXPECT_EQ(named_by_rules(match(saddr, R"("192.0.2.9")"), flows), "");
	EXPECT_EQ(named_by_rules(match(R"({"meta":{"key":"mark"}})", "4789"), flows), "") << "no port";
	const std::string both = R"({"concat":[)" + saddr + "," + dport + "]}";
	EXPECT_EQ(named_by_rules(match(both, R"({"set":[{"concat":["192.0.2.2",4789]}]})"), flows),
		  "192.0.2.2, UDP port 4789 (inet t c)");
	EXPECT_EQ(named_by_rules(match(R"({"meta":{"key":"l4proto"}})", R"("gre")"), {kGre}), "GRE (inet t c)");
	EXPECT_EQ(named_by_rules(match(R"({"meta":{"key":"l4proto"}})", R"("gre")"), flows), "");
	EXPECT_EQ(named_by_rules(match(R"({"meta":{"key":"l4proto"}})", R"("udp")"), flows), "");
	EXPECT_EQ(
		named_by_rules(
			rule(R"({"match":{"op":"==","left":{"meta":{"key":"l4proto"}},"right":"udp"}},{"xt":{"type":"match","name":"multiport"}})"),
			flows),
		"perhaps a UDP port (inet t c)");
	EXPECT_EQ(named_by_rules("", flows), "");
	EXPECT_EQ(named_by_rules("{}", flows), "");
}

TEST(NamedByRules, OfOtherProtocols)
{
	const auto payload = [](const std::string &protocol, const std::string &field) {
		return R"({"payload":{"protocol":")" + protocol + R"(","field":")" + field + R"("}})";
	};
	const auto then_port = [&](const std::string &left, const std::string &op, const std::string &right) {
		return rule(R"({"match":{"op":")" + op + R"(","left":)" + left + R"(,"right":)" + right +
			    R"(}},{"match":{"op":"==","left":)" + payload("th", "dport") + R"(,"right":4789}})");
	};
	const std::string l4proto = R"({"meta":{"key":"l4proto"}})";
	const TunnelFlows flows = {kVxlan, kGre};
	for (const char *protocol : {"tcp", "sctp", "dccp", "udplite"})
		EXPECT_EQ(named_by_rules(match(payload(protocol, "dport"), "4789"), flows), "") << protocol;
	for (const std::string &left : {l4proto, payload("ip", "protocol"), payload("ip6", "nexthdr")}) {
		EXPECT_EQ(named_by_rules(then_port(left, "==", R"("tcp")"), flows), "") << left;
		EXPECT_EQ(named_by_rules(then_port(left, "==", R"({"set":["tcp",132]})"), flows), "") << left;
		for (const char *right : {R"("udp")", "17", R"({"set":["tcp","udp"]})", R"("@s")"})
			EXPECT_EQ(named_by_rules(then_port(left, "==", right), flows), "UDP port 4789 (inet t c)")
				<< left << right;
		EXPECT_EQ(named_by_rules(then_port(left, "!=", R"("tcp")"), flows), "UDP port 4789 (inet t c)") << left;
	}
	EXPECT_EQ(named_by_rules(then_port(R"({"meta":{"key":"protocol"}})", "==", R"("ip")"), flows),
		  "UDP port 4789 (inet t c)")
		<< "an EtherType";
	EXPECT_EQ(named_by_rules(then_port(payload("ip", "saddr"), "==", R"("192.0.2.2")"), flows),
		  "192.0.2.2, UDP port 4789 (inet t c)");
	EXPECT_EQ(named_by_rules(rule(R"({"match":{"op":"==","left":)" + payload("ip", "saddr") +
				      R"(,"right":"192.0.2.2"}},{"match":{"op":"==","left":)" +
				      payload("tcp", "dport") + R"(,"right":22}})"),
				 flows),
		  "")
		<< "of a peer, but no tunnel packet";
}

TEST(KernelTunnel, WhereItReceives)
{
	const auto endpoint = [](const char *local, uint32_t service) {
		return xovl_endpoint_key{.local = address(local).raw(), .service = service, .pad = 0};
	};
	const uint32_t gre = xovl_service(IPPROTO_GRE, 0);
	KernelTunnel tunnel{.name = "gre1",
			    .kind = "gretap",
			    .v4 = true,
			    .endpoint_service = gre,
			    .tunnel_service = xovl_service(IPPROTO_GRE, XOVL_GRE_KEY),
			    .id = htonl(7)};
	EXPECT_EQ(tunnel.str(), "gre1 (gretap, key 7)");
	EXPECT_TRUE(receives_at(tunnel, endpoint("192.0.2.1", gre)));
	EXPECT_FALSE(receives_at(tunnel, endpoint("2001:db8::1", gre)));
	EXPECT_FALSE(receives_at(tunnel, endpoint("192.0.2.1", xovl_service(IPPROTO_UDP, htons(4789)))));
	tunnel.local = address("192.0.2.9");
	EXPECT_FALSE(receives_at(tunnel, endpoint("192.0.2.1", gre)));
	EXPECT_EQ(key_of(tunnel, address("192.0.2.9").raw())->id, htonl(7));
	tunnel.id.reset();
	EXPECT_EQ(tunnel.str(), "gre1 (gretap, external)");
	EXPECT_FALSE(key_of(tunnel, address("192.0.2.9").raw()));
}
