// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Effects of the rest of the host: kernel tunnels at the same address, IPsec policies, firewall rules, bridges, other
// interfaces that packets arrive by. Direct underlay (see traffic_test.cpp).
#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "topology.hpp"

namespace xovl::test {

namespace {

class Beside : public OverlayTest {
protected:
	/// Expects exit status 2 and one line on stderr, with the word.
	void expect_refused(const Result &result, const std::string &word) const
	{
		EXPECT_EQ(result.status, 2) << result.text();
		EXPECT_NE(result.err.find(word), std::string::npos) << result.err;
		EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
	}

	/// Expects success and one line on stderr, with the word.
	void expect_noted(const Result &result, const std::string &word) const
	{
		EXPECT_EQ(result.status, 0) << result.text();
		EXPECT_NE(result.err.find(word), std::string::npos) << result.err;
		EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
	}

	/// The configuration of h1 with further settings of its vtep.
	std::string config(const std::string &words) const
	{
		std::string text = net_->config(1);
		const std::string vtep = fmt::format("\"{}\"", net_->vtep(1));
		return text.replace(text.find(vtep), vtep.size(), fmt::format("{{ip: {}, {}}}", vtep, words));
	}

	/// Adds a VXLAN device of the kernel at host i, with the address 10.9.0.i.
	void kernel_vxlan(unsigned i, unsigned vni) const
	{
		h(i).ip(fmt::format(
			"link add vx{0} type vxlan id {0} local {1} remote {2} dstport 4789\nlink set vx{0} up\n"
			"addr add 10.9.0.{3}/24 dev vx{0}",
			vni, net_->vtep(i), net_->vtep(3 - i), i));
	}

	std::string vtep_note() const { return h(1).xovl_show("vtep show").at(0).at("note"); }
};

} // namespace

TEST_F(Beside, KernelTunnelsAreNotSilenced)
{
	prepare({});
	ASSERT_TRUE(h(2).apply(net().config(2)).ok());
	kernel_vxlan(1, 7);
	expect_refused(h(1).apply(net().config(1)), "vx7 (vxlan, VNI 7)");
	EXPECT_EQ(h(1).save(), "{}\n");
	h(1).xovl_must("vtep add 192.0.2.1");
	const std::string before = h(1).save();
	expect_refused(h(1).xovl("net add blue encap vxlan vni 100"), "vx7 (vxlan, VNI 7)");
	EXPECT_EQ(h(1).save(), before);
	EXPECT_EQ(h(1).xovl("net add other encap vxlan vni 100 dstport 4790").status, 0) << "another port";
	EXPECT_EQ(h(1).xovl("net add green encap nvgre vni 100").status, 0) << "another encapsulation";
	expect_refused(h(1).xovl("flood add net green dst 192.0.2.2 encap vxlan"), "vx7 (vxlan, VNI 7)");
	expect_refused(h(1).xovl("fdb add 02:00:00:00:00:77 net green dst 192.0.2.2 encap vxlan"),
		       "vx7 (vxlan, VNI 7)");
	h(1).xovl_must("vtep set 192.0.2.1 foreign drop");
	h(1).xovl_must("net add blue encap vxlan vni 100");
	EXPECT_NE(h(1).save().find("foreign: drop"), std::string::npos);
	EXPECT_EQ(h(1).xovl("vtep set 192.0.2.9 foreign drop").status, 1);
	EXPECT_EQ(h(1).xovl("vtep set 192.0.2.1 foreign maybe").status, 1);
}

TEST_F(Beside, KernelTunnelGoesOnWithForeignPass)
{
	prepare({});
	for (unsigned i : {1, 2}) {
		kernel_vxlan(i, 7);
		std::string text = net().config(i);
		const std::string vtep = fmt::format("\"{}\"", net().vtep(i));
		text.replace(text.find(vtep), vtep.size(), fmt::format("{{ip: {}, foreign: pass}}", vtep));
		const Result result = h(i).apply(text);
		EXPECT_TRUE(result.ok()) << result.text();
		EXPECT_EQ(result.err, "");
		EXPECT_EQ(h(i).apply(h(i).save()).out, "");
	}
	EXPECT_TRUE(pings(h(1), "10.9.0.2"));
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	h(1).xovl_must("vtep set 192.0.2.1 foreign drop");
	EXPECT_FALSE(h(1).run("ping -c 1 -W 0.3 10.9.0.2").ok());
	h(1).xovl_must("vtep set 192.0.2.1 foreign pass");
	EXPECT_TRUE(pings(h(1), "10.9.0.2"));
	expect_noted(h(1).xovl("net add red encap vxlan vni 7"), "vx7 (vxlan, VNI 7)");
}

TEST_F(Beside, ExternalTunnelsAndThoseThatAreDown)
{
	prepare({});
	h(1).ip("link add vxe type vxlan external dstport 4789\nlink set vxe up");
	expect_refused(h(1).apply(net().config(1)), "vxe (vxlan, external)");
	h(1).ip("link set vxe down");
	const Result applied = h(1).apply(net().config(1));
	EXPECT_TRUE(applied.ok()) << applied.text();
	EXPECT_NE(applied.err.find(
			  "vxe (vxlan, external) of the kernel receives nothing at 192.0.2.1 (xovl vtep set 192.0.2.1 "
			  "foreign pass"),
		  std::string::npos)
		<< applied.err;
	h(1).xovl_must("down");
	h(1).ip("link del vxe\nlink add vx9 type vxlan id 9 local 192.0.2.77 remote 192.0.2.2 dstport 4789\nlink set "
		"vx9 up");
	EXPECT_EQ(h(1).apply(net().config(1)).err, "") << "at another address";
}

TEST_F(Beside, KernelTunnelsThatComeLaterAreShown)
{
	build({});
	EXPECT_EQ(vtep_note(), "") << "what xovl made itself does not count";
	h(1).xovl_must("uplink set up0 gro off"); // frees the UDP port
	h(1).ip("link add vx7 type vxlan id 7 local 192.0.2.1 dstport 4789");
	const std::string lost =
		"vx7 (vxlan, VNI 7) of the kernel receives nothing at 192.0.2.1 (xovl vtep set 192.0.2.1 "
		"foreign pass leaves it what no network has)";
	EXPECT_EQ(vtep_note(), lost) << "down";
	EXPECT_EQ(h(1).xovl("net set blue ttl 9").err, "") << "it is not new";
	h(1).ip("link set vx7 up\nlink add vx9 type vxlan id 9 local 192.0.2.9 dstport 4789");
	EXPECT_EQ(vtep_note(), lost) << "up; the other is at another address";
	h(1).xovl_must("vtep set 192.0.2.1 foreign drop");
	EXPECT_EQ(vtep_note(), lost);
	h(1).xovl_must("vtep set 192.0.2.1 foreign pass");
	EXPECT_EQ(vtep_note(), "");
	h(1).xovl_must("net add green encap vxlan vni 7");
	EXPECT_EQ(vtep_note(), "vx7 (vxlan, VNI 7): its packets go to a network of xovl");
}

class BesideXfrm : public Beside, public testing::WithParamInterface<bool> {
protected:
	std::string local() const { return GetParam() ? "2001:db8::1" : "192.0.2.1"; }
	std::string remote() const { return GetParam() ? "2001:db8::2" : "192.0.2.2"; }
	/// Not via auto, where the kernel applies the policies: see by_kernel_test.cpp.
	Plan plan() const { return {.v6 = GetParam(), .network = "    via: direct\n"}; }
	std::string any() const { return GetParam() ? "::/0" : "0.0.0.0/0"; }
	bool xfrm(const std::string &words) const { return h(1).run("ip xfrm " + words).ok(); }
};

TEST_P(BesideXfrm, PoliciesAreNotPassedBySilently)
{
	prepare(plan());
	if (!xfrm("policy list"))
		GTEST_SKIP() << "this kernel has no XFRM";
	const std::string to = "src " + local() + " dst " + remote(), from = "src " + remote() + " dst " + local();
	const std::string esp = " tmpl proto esp mode transport";
	for (const std::string &policy : {
		     "dir out " + to + " proto udp dport 4789 action block",
		     "dir in " + from + " proto udp dport 4789 action block",
		     "dir out " + to + esp,
		     "dir in " + from + esp,
		     "dir out src " + any() + " dst " + remote() + " action block",
	     }) {
		SCOPED_TRACE(policy);
		ASSERT_TRUE(xfrm("policy add " + policy));
		expect_refused(h(1).apply(net().config(1)), "xfrm ignore");
		EXPECT_EQ(h(1).save(), "{}\n");
		const Result accepted = h(1).apply(config("xfrm: ignore"));
		EXPECT_TRUE(accepted.ok()) << accepted.text();
		EXPECT_EQ(h(1).apply(h(1).save()).out, "");
		h(1).xovl_must("down");
		ASSERT_TRUE(xfrm("policy flush"));
	}
	for (const std::string &policy : {
		     "dir out " + to + " proto udp dport 4790 action block",
		     "dir out " + to + " proto tcp action block",
		     "dir fwd " + to + " action block",
		     "dir in " + to + " action block", // the wrong direction
		     "dir out " + to + " proto udp dport 4789 action allow",
	     }) {
		SCOPED_TRACE(policy);
		ASSERT_TRUE(xfrm("policy add " + policy));
		const Result result = h(1).apply(net().config(1));
		EXPECT_TRUE(result.ok()) << result.text();
		EXPECT_EQ(result.err, "");
		h(1).xovl_must("down");
		ASSERT_TRUE(xfrm("policy flush"));
	}
}

TEST_P(BesideXfrm, EveryCommandThatBringsANewTunnel)
{
	prepare(plan());
	if (!xfrm("policy list"))
		GTEST_SKIP() << "this kernel has no XFRM";
	const std::string block = "policy add dir out src " + any() + " dst " + remote() + " action block";
	h(1).xovl_must("vtep add " + local());
	h(1).xovl_must("net add blue encap vxlan vni 100 via direct");
	ASSERT_TRUE(xfrm(block));
	expect_refused(h(1).xovl("flood add net blue dst " + remote()), "xfrm ignore");
	expect_refused(h(1).xovl("fdb add 02:00:00:00:00:77 net blue dst " + remote()), "xfrm ignore");
	ASSERT_TRUE(xfrm("policy flush"));
	h(1).xovl_must("flood add net blue dst " + remote());
	ASSERT_TRUE(xfrm(block));
	expect_refused(h(1).xovl("uplink add up0 mode tc"), "xfrm ignore");
	expect_refused(h(1).xovl("net set blue dstport 4790"), "xfrm ignore");
	EXPECT_NE(vtep_note().find("IPsec"), std::string::npos) << "what came later is shown";
	h(1).xovl_must("port add port0 net blue mode tc");
	h(1).xovl_must("vtep set " + local() + " xfrm ignore");
	h(1).xovl_must("uplink add up0 mode tc");
	EXPECT_EQ(vtep_note(), "");
	expect_refused(h(1).xovl("vtep set " + local() + " xfrm refuse"), "xfrm ignore");
}

TEST_P(BesideXfrm, ThePolicyThatComesFirstDecides)
{
	prepare(plan());
	if (!xfrm("policy list"))
		GTEST_SKIP() << "this kernel has no XFRM";
	const std::string tunnel = "src " + local() + " dst " + remote();
	ASSERT_TRUE(xfrm("policy add dir out src " + any() + " dst " + any() + " priority 100 action block"));
	ASSERT_TRUE(xfrm("policy add dir out " + tunnel + " proto udp dport 4789 priority 10 action allow"));
	EXPECT_EQ(h(1).apply(net().config(1)).err, "");
	h(1).xovl_must("down");
	ASSERT_TRUE(xfrm("policy update dir out " + tunnel + " proto udp dport 4789 priority 200 action allow"));
	expect_refused(h(1).apply(net().config(1)), "xfrm ignore");
}

TEST_P(BesideXfrm, TheDefaultPolicy)
{
	prepare(plan());
	if (!xfrm("policy setdefault out block"))
		GTEST_SKIP() << "this kernel or ip has no default policy";
	expect_refused(h(1).apply(net().config(1)), "xfrm ignore");
}

INSTANTIATE_TEST_SUITE_P(Family, BesideXfrm, testing::Bool(),
			 [](const auto &info) { return info.param ? "v6" : "v4"; });

TEST_F(Beside, FirewallRulesThatNameTheTunnel)
{
	prepare({});
	const auto nft = [&](const std::string &rule) {
		return run({"nft", "-f", "-"}, {.netns = h(1).name(),
						.input = "flush ruleset\ntable inet t {\nset s { type ipv4_addr; "
							 "elements = { 192.0.2.2 } ; }\n"
							 "chain c {\ntype filter hook input priority 0\n" +
							 rule + "\n}\n}\n"})
			.ok();
	};
	if (!nft("accept"))
		GTEST_SKIP() << "nft does not work here";
	for (const char *rule : {"udp dport 4789 drop", "ip saddr 192.0.2.2 drop", "ip saddr 192.0.2.0/24 drop",
				 "udp dport 4000-5000 drop", "udp dport { 53, 4789 } drop", "ip saddr @s drop",
				 "udp dport vmap { 4789 : drop }", "th sport 4789 drop"}) {
		ASSERT_TRUE(nft(rule)) << rule;
		expect_noted(h(1).apply(net().config(1)), "inet t c");
		h(1).xovl_must("down");
	}
	for (const char *rule : {"tcp dport 22 accept", "tcp dport 4789 drop", "meta l4proto tcp th dport 4789 drop",
				 "ip saddr 198.51.100.7 drop", "udp dport 4790 drop", "drop"}) {
		ASSERT_TRUE(nft(rule)) << rule;
		EXPECT_EQ(h(1).apply(net().config(1)).err, "") << rule;
		h(1).xovl_must("down");
	}
}

TEST_F(Beside, PortOfABridge)
{
	prepare({});
	h(1).ip("link add virbr0 type bridge\nlink set virbr0 up\nlink set port0 master virbr0");
	h(1).xovl_must("vtep add 192.0.2.1");
	h(1).xovl_must("uplink add up0");
	h(1).xovl_must("net add blue encap vxlan vni 100");
	expect_noted(h(1).xovl("port add port0 net blue"), "in bridge virbr0");
	EXPECT_NE(h(1).xovl_show("port show").at(0).at("note").get<std::string>().find("in bridge virbr0"),
		  std::string::npos);
	EXPECT_EQ(h(1).xovl("net set blue ageing 7").err, "") << "it is said once";
	h(1).ip("link del virbr0"); // the bridge made port0 promiscuous
}

TEST_F(Beside, UplinkBelowWhatHasTheAddress)
{
	for (const std::string kind : {"bridge", "macvlan"}) {
		SCOPED_TRACE(kind);
		prepare({});
		h(1).ip("addr flush dev up0\nlink add v0 " +
			(kind == "bridge" ? std::string("type bridge\nlink set up0 master v0")
					  : std::string("link up0 type macvlan mode bridge")) +
			"\nlink set v0 up\naddr add 192.0.2.1/24 dev v0");
		h(1).xovl_must("vtep add 192.0.2.1");
		h(1).xovl_must("net add blue encap vxlan vni 100");
		h(1).xovl_must("flood add net blue dst 192.0.2.2");
		const Result result = h(1).xovl("uplink add up0");
		EXPECT_EQ(result.status, 0) << result.text();
		for (const char *line :
		     {"uplink up0: ", "vtep 192.0.2.1: an address of ", "peer 192.0.2.2: its route leads to "})
			EXPECT_NE(result.err.find(line), std::string::npos) << line << result.err;
		EXPECT_NE(result.err.find("xovl uplink add v0"), std::string::npos) << result.err;
		EXPECT_NE(h(1).xovl_show("uplink show").at(0).at("note"), "");
		EXPECT_NE(vtep_note(), "");
		EXPECT_NE(h(1).xovl_show("flood show").at(0).at("note"), "");
		h(1).xovl_must("uplink del up0");
		EXPECT_EQ(h(1).xovl("uplink add v0").err, "");
		EXPECT_EQ(h(1).xovl_show("uplink show").at(0).value("note", "").find("v0"), std::string::npos);
		EXPECT_EQ(vtep_note(), "");
		EXPECT_EQ(h(1).xovl_show("flood show").at(0).at("note"), "");
		h(1).xovl_must("down");
		h(1).ip("link del v0"); // v0 made up0 promiscuous
		TearDown();
	}
}

TEST_F(Beside, AnotherWayInToAnAddressOfLo)
{
	prepare({.underlay = Underlay::Multipath});
	for (const char *line : {"vtep add 192.0.2.1", "net add blue encap vxlan vni 100"})
		h(1).xovl_must(line);
	expect_noted(h(1).xovl("uplink add up0"), "packets for it that arrive by up1 go to the kernel");
	EXPECT_NE(vtep_note().find("up1"), std::string::npos);
	EXPECT_EQ(h(1).xovl("uplink add up1").err, "");
	EXPECT_EQ(vtep_note(), "");
}

} // namespace xovl::test
