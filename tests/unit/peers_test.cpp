// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What is said of the peers of a network, and what a person is told of changes to them.
#include <gtest/gtest.h>

#include "config.hpp"
#include "expect_error.hpp"

using namespace xovl;

namespace {

const Address kA = Address::parse("10.0.0.2"), kB = Address::parse("10.0.0.3"), kC = Address::parse("10.0.0.4");
const PeerConfig kGeneveA{kA, XOVL_ENCAP_GENEVE, 6081};

/// vxlan at 4789.
NetworkConfig blue(std::vector<Address> flood = {}, std::vector<PeerConfig> peers = {})
{
	NetworkConfig net;
	net.name = "blue";
	net.flood = std::move(flood);
	net.peers = std::move(peers);
	return net;
}

PeerWords words(std::optional<xovl_encap> encap, std::optional<uint16_t> dstport = std::nullopt)
{
	return {encap, dstport};
}

std::vector<PeerConfig> peers_after(NetworkConfig net, const Address &dst, const PeerWords &words)
{
	set_peer(net, dst, words);
	return net.peers;
}

std::vector<std::string> changes(const NetworkConfig &before, const NetworkConfig &after)
{
	Config old, now;
	old.networks = {before};
	now.networks = {after};
	return describe_changes(old, now);
}

using Peers = std::vector<PeerConfig>;
using Lines = std::vector<std::string>;

} // namespace

TEST(Peer, IsAsItSaysOrAsTheNetworkDoes)
{
	NetworkConfig net = blue({kA, kB}, {kGeneveA});
	EXPECT_EQ(peer_of(net, kA), kGeneveA);
	EXPECT_EQ(peer_of(net, kB), (PeerConfig{kB, XOVL_ENCAP_VXLAN, 4789}));
	net.dstport = 4790;
	EXPECT_EQ(peer_of(net, kB), (PeerConfig{kB, XOVL_ENCAP_VXLAN, 4790}));
}

TEST(Peer, DefaultsOfWhatIsNotSaid)
{
	NetworkConfig net = blue();
	net.dstport = 4790;
	EXPECT_EQ(peers_after(net, kA, words({})), Peers{});
	EXPECT_EQ(peers_after(net, kA, words(XOVL_ENCAP_VXLAN)), Peers{}) << "the network's port";
	EXPECT_EQ(peers_after(net, kA, words({}, 4790)), Peers{});
	EXPECT_EQ(peers_after(net, kA, words(XOVL_ENCAP_GENEVE)), Peers{kGeneveA}) << "the kind's port";
	EXPECT_EQ(peers_after(net, kA, words(XOVL_ENCAP_GRE)), (Peers{{kA, XOVL_ENCAP_GRE, 0}}));
	EXPECT_EQ(peers_after(net, kA, words({}, 4789)), (Peers{{kA, XOVL_ENCAP_VXLAN, 4789}}));
	EXPECT_EQ(peers_after(net, kA, words(XOVL_ENCAP_GENEVE, 6082)), (Peers{{kA, XOVL_ENCAP_GENEVE, 6082}}));
}

TEST(Peer, StandsInOrder)
{
	NetworkConfig net = blue();
	for (const Address &dst : {kB, kC, kA})
		set_peer(net, dst, words(XOVL_ENCAP_NVGRE));
	EXPECT_EQ(net.peers, (Peers{{kA, XOVL_ENCAP_NVGRE, 0}, {kB, XOVL_ENCAP_NVGRE, 0}, {kC, XOVL_ENCAP_NVGRE, 0}}));
}

TEST(Peer, KnownOnesStayAsTheyAre)
{
	const NetworkConfig net = blue({kA, kB}, {kGeneveA, {kC, XOVL_ENCAP_VXLAN, 4790}});
	for (const auto &agreeing :
	     {words({}), words(XOVL_ENCAP_GENEVE), words({}, 6081), words(XOVL_ENCAP_GENEVE, 6081)})
		EXPECT_EQ(peers_after(net, kA, agreeing), net.peers);
	EXPECT_EQ(peers_after(net, kB, words(XOVL_ENCAP_VXLAN, 4789)), net.peers);
	EXPECT_EQ(peers_after(net, kC, words(XOVL_ENCAP_VXLAN)), net.peers);
	EXPECT_EQ(complaint([] {
			  peers_after(blue({kA}, {{kA, XOVL_ENCAP_GRE, 0}}), kA, words({}, 4789));
		  }),
		  "10.0.0.2 is a gre peer of network \"blue\" already (one encapsulation for a peer)")
		<< "which has no port";
	auto refused = [&](const Address &dst, const PeerWords &said) {
		return complaint([&] { peers_after(net, dst, said); });
	};
	EXPECT_EQ(refused(kA, words(XOVL_ENCAP_VXLAN)),
		  "10.0.0.2 is a geneve peer of network \"blue\" already (one encapsulation for a peer)");
	EXPECT_EQ(
		refused(kA, words({}, 6082)),
		"10.0.0.2 is a geneve peer at dstport 6081 of network \"blue\" already (one encapsulation for a peer)");
	EXPECT_EQ(refused(kB, words(XOVL_ENCAP_GRE)),
		  "10.0.0.3 is a vxlan peer of network \"blue\" already (one encapsulation for a peer)");
	EXPECT_EQ(
		refused(kC, words(XOVL_ENCAP_VXLAN, 4789)),
		"10.0.0.4 is a vxlan peer at dstport 4790 of network \"blue\" already (one encapsulation for a peer)");
}

TEST(Peer, NormalOnesGo)
{
	NetworkConfig net = blue({}, {kGeneveA, {kB, XOVL_ENCAP_VXLAN, 4790}});
	normalize_peers(net);
	EXPECT_EQ(net.peers.size(), 2u);
	net.dstport = 4790;
	normalize_peers(net);
	EXPECT_EQ(net.peers, Peers{kGeneveA});
}

TEST(PeerStatements, AnyOrder)
{
	const PeerWords port = words({}, 6082), kind = words(XOVL_ENCAP_GENEVE), both = words(XOVL_ENCAP_GENEVE, 6082);
	for (const auto &order : {std::vector{port, kind}, {kind, port}, {both, port, kind}, {words({}), kind, both}}) {
		PeerStatements statements;
		statements.add("blue", kB, words(XOVL_ENCAP_VXLAN, 4789), {"fdb", 0});
		for (const auto &said : order)
			statements.add("blue", kA, said, {"fdb", 1});
		NetworkConfig net = blue();
		statements.into(net);
		EXPECT_EQ(net.peers, (Peers{{kA, XOVL_ENCAP_GENEVE, 6082}})) << "and none that is as the network";
	}
}

TEST(PeerStatements, Contradictions)
{
	PeerStatements statements;
	statements.add("blue", kA, words(XOVL_ENCAP_VXLAN), {"flood", 0});
	statements.add("blue", kB, words({}, 4790), {"flood", 1});
	EXPECT_EQ(complaint([&] {
			  statements.add("blue", kA, words(XOVL_ENCAP_GENEVE, 6081), {"fdb", 0});
		  }),
		  "10.0.0.2 is a vxlan peer of network \"blue\" already (one encapsulation for a peer)");
	EXPECT_EQ(complaint([&] {
			  statements.add("blue", kB, words(XOVL_ENCAP_VXLAN, 4789), {"fdb", 1});
		  }),
		  "10.0.0.3 is a peer at dstport 4790 of network \"blue\" already (one encapsulation for a peer)");
}

TEST(PeerStatements, WhoSaysWhat)
{
	PeerStatements statements;
	auto who = [&](const Address &dst, bool dstport) {
		const EntryPosition entry = statements.who_says(dst, dstport);
		return std::string(entry.list) + " " + std::to_string(entry.index);
	};
	statements.add("blue", kA, words({}), {"flood", 0});
	statements.add("blue", kA, words(XOVL_ENCAP_GENEVE), {"flood", 1});
	EXPECT_EQ(who(kA, false), "flood 1");
	EXPECT_EQ(who(kA, true), "flood 1") << "nobody has said the port";
	statements.add("blue", kA, words(XOVL_ENCAP_GENEVE, 6082), {"fdb", 2});
	EXPECT_EQ(who(kA, false), "flood 1") << "the first";
	EXPECT_EQ(who(kA, true), "fdb 2");
	statements.add("blue", kB, words({}, 4790), {"fdb", 3});
	EXPECT_EQ(who(kB, false), "fdb 3");
	EXPECT_EQ(who(kB, true), "fdb 3");
}

TEST(Changes, OfPeers)
{
	const PeerConfig other_port{kA, XOVL_ENCAP_GENEVE, 6082};
	EXPECT_EQ(changes(blue({kA}), blue({kA}, {kGeneveA})),
		  Lines{"~ net blue flood 10.0.0.2 encap vxlan -> geneve, dstport 4789 -> 6081"});
	EXPECT_EQ(changes(blue({kA}, {kGeneveA}), blue({kA})),
		  Lines{"~ net blue flood 10.0.0.2 encap geneve -> vxlan, dstport 6081 -> 4789"});
	EXPECT_EQ(changes(blue({kA}, {kGeneveA}), blue({kA}, {other_port})),
		  Lines{"~ net blue flood 10.0.0.2 dstport 6081 -> 6082"});
	EXPECT_EQ(changes(blue(), blue({kA}, {kGeneveA})), Lines{"+ net blue flood 10.0.0.2"});
	EXPECT_EQ(changes(blue({kA}, {kGeneveA}), blue()), Lines{"- net blue flood 10.0.0.2"});
	// only FDB entries lead there
	EXPECT_EQ(changes(blue(), blue({}, {kGeneveA})),
		  Lines{"+ net blue peer 10.0.0.2 encap vxlan -> geneve, dstport 4789 -> 6081"});
	EXPECT_EQ(changes(blue({}, {kGeneveA}), blue()),
		  Lines{"- net blue peer 10.0.0.2 encap geneve -> vxlan, dstport 6081 -> 4789"});
	EXPECT_EQ(changes(blue({}, {kGeneveA}), blue({}, {other_port})),
		  Lines{"~ net blue peer 10.0.0.2 dstport 6081 -> 6082"});
}

TEST(Changes, OfTheNetworkAreNotThoseOfItsPeers)
{
	NetworkConfig before = blue({kA, kB}, {kGeneveA}), after = before;
	after.dstport = 4790;
	EXPECT_EQ(changes(before, after), Lines{"~ net blue dstport 4789 -> 4790"});
	EXPECT_EQ(changes(before, before), Lines{});
}
