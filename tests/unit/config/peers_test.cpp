// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The settings of a network's peers, and the lines that report changes of them.
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "expect_error.hpp"

using namespace xovl;

namespace {

const Address kA = Address::parse("10.0.0.2"), kB = Address::parse("10.0.0.3"), kC = Address::parse("10.0.0.4");
const PeerConfig kGeneveA{kA, XOVL_ENCAP_GENEVE, 6081};

/// A VXLAN network at port 4789.
NetworkConfig blue(std::vector<Address> flood = {}, std::vector<PeerConfig> peers = {})
{
	NetworkConfig net;
	net.name = "blue";
	net.flood = std::move(flood);
	net.peers = std::move(peers);
	return net;
}

PeerWords words(std::optional<xovl_encap> encap, std::optional<uint16_t> dstport = std::nullopt,
		std::optional<xovl_via> via = std::nullopt, std::optional<bool> encrypted = std::nullopt)
{
	return {encap, dstport, via, encrypted};
}

/// The words of a peer with nothing but via and require.
PeerWords carried(std::optional<xovl_via> via, std::optional<bool> encrypted = std::nullopt)
{
	return words({}, {}, via, encrypted);
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

TEST(Peer, IsCarriedAsItSaysOrAsTheNetworkDoes)
{
	NetworkConfig net = blue();
	EXPECT_EQ(peers_after(net, kA, carried(XOVL_VIA_AUTO, false)), Peers{});
	EXPECT_EQ(peers_after(net, kA, carried(XOVL_VIA_KERNEL)),
		  (Peers{{kA, XOVL_ENCAP_VXLAN, 4789, XOVL_VIA_KERNEL}}));
	EXPECT_EQ(peers_after(net, kA, carried({}, true)), (Peers{{kA, XOVL_ENCAP_VXLAN, 4789, XOVL_VIA_AUTO, true}}));
	net.via = XOVL_VIA_KERNEL;
	net.encrypted = true;
	EXPECT_EQ(peer_of(net, kA), (PeerConfig{kA, XOVL_ENCAP_VXLAN, 4789, XOVL_VIA_KERNEL, true}));
	EXPECT_EQ(peers_after(net, kA, carried(XOVL_VIA_KERNEL)), Peers{});
	EXPECT_EQ(peers_after(net, kA, carried({}, false)),
		  (Peers{{kA, XOVL_ENCAP_VXLAN, 4789, XOVL_VIA_KERNEL, false}}));
	EXPECT_EQ(peers_after(net, kA, carried(XOVL_VIA_AUTO)),
		  (Peers{{kA, XOVL_ENCAP_VXLAN, 4789, XOVL_VIA_AUTO, true}}));
	EXPECT_EQ(peers_after(net, kA, words(XOVL_ENCAP_GENEVE)),
		  (Peers{{kA, XOVL_ENCAP_GENEVE, 6081, XOVL_VIA_KERNEL, true}}))
		<< "another kind, too";
}

TEST(Peer, OnlyWhatDiffersIsSaid)
{
	NetworkConfig net = blue({kA, kB, kC});
	net.via = XOVL_VIA_KERNEL;
	net.peers = {{kA, XOVL_ENCAP_VXLAN, 4789, XOVL_VIA_AUTO},
		     {kB, XOVL_ENCAP_GENEVE, 6081, XOVL_VIA_KERNEL, true},
		     {kC, XOVL_ENCAP_GRE, 0, XOVL_VIA_DIRECT}};
	auto said = [&](const Address &dst) {
		const PeerWords words = words_for(net, net.peers, dst);
		return std::tuple(words.encap, words.dstport, words.via, words.encrypted);
	};
	EXPECT_EQ(said(kA), std::tuple(std::nullopt, std::nullopt, XOVL_VIA_AUTO, std::nullopt));
	EXPECT_EQ(said(kB), std::tuple(XOVL_ENCAP_GENEVE, std::nullopt, std::nullopt, true));
	EXPECT_EQ(said(kC), std::tuple(XOVL_ENCAP_GRE, std::nullopt, XOVL_VIA_DIRECT, std::nullopt));
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

TEST(Peer, KnownOnesAreCarriedAsBefore)
{
	const NetworkConfig net = blue({kA, kB}, {{kA, XOVL_ENCAP_GENEVE, 6081, XOVL_VIA_KERNEL, true}});
	for (const auto &agreeing : {carried(XOVL_VIA_KERNEL), carried({}, true), words(XOVL_ENCAP_GENEVE)})
		EXPECT_EQ(peers_after(net, kA, agreeing), net.peers);
	EXPECT_EQ(peers_after(net, kB, carried(XOVL_VIA_AUTO, false)), net.peers);
	auto refused = [&](const Address &dst, const PeerWords &said) {
		return complaint([&] { peers_after(net, dst, said); });
	};
	EXPECT_EQ(refused(kA, carried(XOVL_VIA_DIRECT, true)),
		  "10.0.0.2 is a geneve peer with via kernel of network \"blue\" already (one via for a peer)");
	EXPECT_EQ(refused(kA, carried({}, false)), "10.0.0.2 is a geneve peer with require encrypted of network "
						   "\"blue\" already (one require for a peer)");
	EXPECT_EQ(refused(kB, carried({}, true)),
		  "10.0.0.3 is a vxlan peer with require none of network \"blue\" already (one require for a peer)");
	EXPECT_EQ(refused(kB, words(XOVL_ENCAP_GRE, {}, XOVL_VIA_DIRECT)),
		  "10.0.0.3 is a vxlan peer of network \"blue\" already (one encapsulation for a peer)");
}

TEST(Peer, GoesWithItsNetwork)
{
	const NetworkConfig before = blue({}, {{kA, XOVL_ENCAP_GENEVE, 6081},
					       {kB, XOVL_ENCAP_VXLAN, 4789, XOVL_VIA_KERNEL},
					       {kC, XOVL_ENCAP_VXLAN, 4790, XOVL_VIA_DIRECT}});
	NetworkConfig after = before;
	after.via = XOVL_VIA_KERNEL;
	move_peers(after, before);
	EXPECT_EQ(after.peers, (Peers{{kA, XOVL_ENCAP_GENEVE, 6081, XOVL_VIA_KERNEL},
				      {kC, XOVL_ENCAP_VXLAN, 4790, XOVL_VIA_DIRECT}}))
		<< "and none that is as the network";

	after = before;
	after.dstport = 4800;
	after.encrypted = true;
	move_peers(after, before);
	EXPECT_EQ(after.peers, (Peers{{kA, XOVL_ENCAP_GENEVE, 6081, XOVL_VIA_AUTO, true},
				      {kB, XOVL_ENCAP_VXLAN, 4800, XOVL_VIA_KERNEL, true},
				      {kC, XOVL_ENCAP_VXLAN, 4790, XOVL_VIA_DIRECT, true}}));

	after = before;
	after.mtu = 1400;
	move_peers(after, before);
	EXPECT_EQ(after.peers, before.peers);
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

TEST(PeerStatements, WhoCarriesPackets)
{
	PeerStatements statements;
	statements.add("blue", kA, carried({}, true), {"flood", 0});
	statements.add("blue", kA, carried(XOVL_VIA_KERNEL), {"fdb", 0});
	statements.add("blue", kB, carried(XOVL_VIA_AUTO), {"fdb", 1});
	statements.add("blue", kC, words(XOVL_ENCAP_GENEVE), {"fdb", 2});
	NetworkConfig net = blue();
	net.via = XOVL_VIA_KERNEL;
	statements.into(net);
	EXPECT_EQ(net.peers, (Peers{{kA, XOVL_ENCAP_VXLAN, 4789, XOVL_VIA_KERNEL, true},
				    {kB, XOVL_ENCAP_VXLAN, 4789, XOVL_VIA_AUTO},
				    {kC, XOVL_ENCAP_GENEVE, 6081, XOVL_VIA_KERNEL}}));
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
	statements.add("blue", kC, carried(XOVL_VIA_DIRECT, false), {"flood", 2});
	EXPECT_EQ(complaint([&] {
			  statements.add("blue", kC, carried(XOVL_VIA_KERNEL), {"fdb", 2});
		  }),
		  "10.0.0.4 is a peer with via direct of network \"blue\" already (one via for a peer)");
	EXPECT_EQ(complaint([&] {
			  statements.add("blue", kC, carried({}, true), {"fdb", 2});
		  }),
		  "10.0.0.4 is a peer with require none of network \"blue\" already (one require for a peer)");
}

TEST(PeerStatements, WhoSaysWhat)
{
	PeerStatements statements;
	auto who = [&](const Address &dst, std::string_view key) {
		const EntryPosition entry = statements.who_says(dst, key);
		return std::string(entry.list) + " " + std::to_string(entry.index);
	};
	statements.add("blue", kA, words({}), {"flood", 0});
	statements.add("blue", kA, words(XOVL_ENCAP_GENEVE), {"flood", 1});
	EXPECT_EQ(who(kA, "encap"), "flood 1");
	EXPECT_EQ(who(kA, "dstport"), "flood 1") << "nobody has said the port";
	statements.add("blue", kA, words(XOVL_ENCAP_GENEVE, 6082), {"fdb", 2});
	EXPECT_EQ(who(kA, "encap"), "flood 1") << "the first";
	EXPECT_EQ(who(kA, "dstport"), "fdb 2");
	statements.add("blue", kB, words({}, 4790), {"fdb", 3});
	EXPECT_EQ(who(kB, "encap"), "fdb 3");
	EXPECT_EQ(who(kB, "dstport"), "fdb 3");
	EXPECT_EQ(who(kB, "via"), "fdb 3") << "nobody has said who carries its packets";
	statements.add("blue", kB, carried(XOVL_VIA_KERNEL), {"fdb", 4});
	statements.add("blue", kB, carried({}, true), {"fdb", 5});
	EXPECT_EQ(who(kB, "via"), "fdb 4");
	EXPECT_EQ(who(kB, "require"), "fdb 5");
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

TEST(Changes, OfWhoCarriesPackets)
{
	const PeerConfig kernel{kA, XOVL_ENCAP_VXLAN, 4789, XOVL_VIA_KERNEL, true};
	EXPECT_EQ(changes(blue({kA}), blue({kA}, {kernel})),
		  Lines{"~ net blue flood 10.0.0.2 via auto -> kernel, require none -> encrypted"});
	EXPECT_EQ(changes(blue({}, {kernel}), blue()),
		  Lines{"- net blue peer 10.0.0.2 via kernel -> auto, require encrypted -> none"});
	EXPECT_EQ(changes(blue({}, {kGeneveA}), blue({}, {{kA, XOVL_ENCAP_GENEVE, 6081, XOVL_VIA_DIRECT}})),
		  Lines{"~ net blue peer 10.0.0.2 via auto -> direct"});
}

TEST(Changes, OfTheNetworkAreNotThoseOfItsPeers)
{
	NetworkConfig before = blue({kA, kB}, {kGeneveA}), after = before;
	after.dstport = 4790;
	EXPECT_EQ(changes(before, after), Lines{"~ net blue dstport 4789 -> 4790"});
	EXPECT_EQ(changes(before, before), Lines{});
	after = before;
	after.via = XOVL_VIA_KERNEL;
	EXPECT_EQ(changes(before, after), Lines{"~ net blue via auto -> kernel"}) << "10.0.0.2 says auto now";
	move_peers(after, before);
	EXPECT_EQ(changes(before, after), Lines{"~ net blue via auto -> kernel"}) << "10.0.0.2 goes with the network";
	after.peers[0].via = XOVL_VIA_DIRECT;
	EXPECT_EQ(changes(before, after),
		  (Lines{"~ net blue via auto -> kernel", "~ net blue flood 10.0.0.2 via auto -> direct"}));
}
