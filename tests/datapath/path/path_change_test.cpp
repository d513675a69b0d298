// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/path/path.h: a change invalidates the paths that depend on it, from the next frame on.
#include "path_fixture.hpp"

namespace xovl::test {

class PathChange : public Path {};
/// Tests that depend on the headers of the underlay.
class PathChangeUnderlay : public Path {};

INSTANTIATE_TEST_SUITE_P(, PathChange, each_mode(), setup_name);
INSTANTIATE_TEST_SUITE_P(, PathChangeUnderlay, every_setup(), setup_name);

TEST_P(PathChangeUnderlay, PeerLeaves)
{
	const Packet inner = udp_frame(mac::kTenant2, mac::kUnknown);
	const Packet packet = arriving(kBlueVni, inner, ip().peer_b);
	becomes("uplink", packet,
		{Verdict::Redirect, inner, delivered(ip().peer_b, "blue", "port2", inner.bytes().size())});
	Config config = bench_->config();
	std::erase(network(config, "blue").flood, Address::parse(ip().peer_b));
	std::erase_if(network(config, "blue").fdb,
		      [&](const FdbConfig &entry) { return entry.target == FdbTarget(Address::parse(ip().peer_b)); });
	bench_->apply(config);
	becomes("uplink", packet, {Verdict::Drop, {}, dropped_outer("peer_unknown")});
}

/* While a peer is removed, its frames bring back no FDB entry that leads to it. */
TEST_P(PathChangeUnderlay, PeerLeavesWhileItSends)
{
	const Address peer = Address::parse(ip().peer_b);
	const Bytes packet = arriving(kBlueVni, udp_frame(mac::kTenant2, mac::kUnknown), ip().peer_b);
	const Bytes answer = udp_frame(mac::kUnknown, mac::kTenant1);
	Config config = bench_->config();
	std::erase_if(network(config, "blue").fdb,
		      [&](const FdbConfig &entry) { return entry.target == FdbTarget(peer); });
	bench_->apply(config);
	for (int round = 0; round < 10; round++) {
		under_traffic("uplink", packet, [&] {
			bench_->overlay().edit(
				[&](Config &running) { std::erase(network(running, "blue").flood, peer); });
		});
		const auto flooded = [&] { return bench_->counts()["net blue flooded"]; };
		const auto before = flooded();
		bench_->run(Hook::Tc, "port1", answer);
		EXPECT_EQ(flooded(), before + 1) << "round " << round;
		bench_->overlay().edit([&](Config &running) { network(running, "blue").flood.push_back(peer); });
	}
}

// One entry is edited step by step, so the steps are in one function.
TEST_P(PathChange, FdbIsEdited)
{
	const Packet out = udp_frame(mac::kTenant2, mac::kTenant1), in = udp_frame(mac::kTenant2, mac::kRemoteA);
	const FdbConfig at_peer = {Mac::parse(mac::kTenant2), Address::parse(ip().peer_b)};
	const FdbConfig at_port = {Mac::parse(mac::kTenant2), FdbPort("port2")};
	Overlay &overlay = bench_->overlay();
	const auto behind_port = [&] {
		becomes("port1", out, to_port(out, "port2"));
		becomes("uplink", arriving(kBlueVni, in), out_of_tunnel(in, "port2"));
	};
	const auto behind_peer = [&] {
		becomes("port1", out, to_peer(out, ip().peer_b));
		const Counts counts = dropped_from_peer(ip().peer_a, "blue", "split_horizon", in.bytes().size());
		becomes("uplink", arriving(kBlueVni, in), {Verdict::Drop, {}, counts});
	};
	const auto unknown = [&] {
		floods("port1", out);
		floods("uplink", arriving(kBlueVni, in));
	};
	const Config whole = bench_->config();
	Config moved = whole;
	set_fdb(network(moved, "blue"), at_peer);
	const auto forget = [&] { overlay.fdb_del("blue", at_port.mac); };
	const auto learn_it = [&] { learn(mac::kTenant2, "port2"); };

	const std::vector<std::tuple<const char *, std::function<void()>, std::function<void()>>> steps = {
		{"at first", [] {}, behind_port},
		{"replace by a peer", [&] { overlay.fdb_add("blue", at_peer, true); }, behind_peer},
		{"replace by a port", [&] { overlay.fdb_add("blue", at_port, true); }, behind_port},
		{"del", forget, unknown},
		{"learned", learn_it, behind_port},
		{"add over what was learned", [&] { overlay.fdb_add("blue", at_peer, false); }, behind_peer},
		{"del again", forget, unknown},
		{"learned again", learn_it, behind_port},
		{"flush", [&] { overlay.fdb_flush({.net = "blue"}); }, unknown},
		{"apply", [&] { bench_->apply(whole); }, behind_port},
		{"apply another file", [&] { bench_->apply(moved); }, behind_peer},
	};
	for (const auto &[name, change, expect] : steps) {
		SCOPED_TRACE(name);
		change();
		expect();
	}
}

/* Paths made during a change are void when the change is done. */
TEST_P(PathChange, ChangesUnderTraffic)
{
	const Packet out = udp_frame(mac::kTenant2, mac::kTenant1), in = udp_frame(mac::kTenant2, mac::kRemoteA);
	const FdbConfig at_peer = {Mac::parse(mac::kTenant2), Address::parse(ip().peer_b)};
	const Bytes packet = arriving(kBlueVni, in);
	const Config whole = bench_->config();
	Config moved = whole;
	set_fdb(network(moved, "blue"), at_peer);
	for (int round = 0; round < 3; round++) {
		under_traffic("port1", out, [&] { bench_->apply(moved); });
		becomes("port1", out, to_peer(out, ip().peer_b));
		under_traffic("port1", out, [&] { bench_->apply(whole); });
		becomes("port1", out, to_port(out, "port2"));
		under_traffic("port1", out, [&] { bench_->overlay().fdb_add("blue", at_peer, true); });
		becomes("port1", out, to_peer(out, ip().peer_b));
		bench_->apply(whole);

		under_traffic("uplink", packet, [&] {
			bench_->overlay().edit([](Config &config) { network(config, "blue").vni = 77; });
		});
		becomes("uplink", packet, {Verdict::Drop, {}, dropped_outer("vni_unknown")});
		becomes("uplink", arriving(77, in), out_of_tunnel(in, "port2"));
		bench_->apply(whole);
		becomes("uplink", packet, out_of_tunnel(in, "port2"));
	}
}

/* A frame follows a learned MAC that moves, even back to an earlier place. */
TEST_P(PathChange, LearnedMacMoves)
{
	struct Place {
		std::string dev;
		Packet sends;
		Outcome gets;
	};
	const auto alternates = [&](const std::string &dev, const Packet &frame, const Place &a, const Place &b) {
		for (const Place &place : {a, b, a, b, a}) {
			goes(place.dev, place.sends);
			everywhere([&] { finishes(dev, frame, place.gets); });
		}
		/* alternating, so that every frame but the first moves the MAC */
		for (const Place &place : {a, b, a, b, a, b}) {
			EXPECT_TRUE(goes(place.dev, place.sends));
			finishes(dev, frame, place.gets);
		}
	};
	const Packet out = udp_frame(mac::kUnknown, mac::kTenant1), in = udp_frame(mac::kUnknown, mac::kRemoteA);
	const Packet home = udp_frame(mac::kRemoteA, mac::kUnknown);
	const Packet away = udp_frame(mac::kTenant2, mac::kUnknown);
	const Place peer_a = {"uplink", arriving(kBlueVni, away), to_peer(out, ip().peer_a)};
	const Place peer_b = {"uplink", arriving(kBlueVni, away, ip().peer_b), to_peer(out, ip().peer_b)};
	{
		SCOPED_TRACE("port to port");
		alternates("uplink", arriving(kBlueVni, in), {"port1", home, out_of_tunnel(in, "port1")},
			   {"port2", home, out_of_tunnel(in, "port2")});
	}
	{
		SCOPED_TRACE("port to peer");
		alternates("port1", out, {"port2", home, to_port(out, "port2")}, peer_b);
	}
	{
		SCOPED_TRACE("peer to peer");
		alternates("port1", out, peer_a, peer_b);
	}
}

TEST_P(PathChange, DestinationPortLeaves)
{
	const Packet out = udp_frame(mac::kUnknown, mac::kTenant1), in = udp_frame(mac::kUnknown, mac::kRemoteA);
	learn(mac::kUnknown, "port2");
	becomes("port1", out, to_port(out, "port2"));
	becomes("uplink", arriving(kBlueVni, in), out_of_tunnel(in, "port2"));
	Config config = bench_->config();
	remove_port(network(config, "blue"), "port2");
	bench_->apply(config);
	floods("port1", out);
	floods("uplink", arriving(kBlueVni, in));
}

TEST_P(PathChange, PortMovesToAnotherNetwork)
{
	const Packet out = udp_frame(mac::kRemoteA, mac::kTenant2), in = udp_frame(mac::kTenant2, mac::kRemoteA);
	const Packet across = udp_frame(mac::kTenant2, mac::kTenant1);
	becomes("port2", out, to_peer(out, ip().peer_a, "port2"));
	becomes("uplink", arriving(kBlueVni, in), out_of_tunnel(in, "port2"));
	becomes("port1", across, to_port(across, "port2"));

	const Config whole = bench_->config();
	Config config = whole;
	remove_port(network(config, "blue"), "port2");
	network(config, "green").ports.push_back({"port2", 0, GetParam().mode});
	set_fdb(network(config, "green"), {Mac::parse(mac::kTenant2), FdbPort("port2")});
	bench_->apply(config);
	becomes("port2", out, to_peer(out, ip().peer_a, "port2", "green"));
	floods("uplink", arriving(kBlueVni, in));
	floods("port1", across);
	becomes("uplink", arriving(kGreenVni, in), out_of_tunnel(in, "port2", "green"));

	bench_->apply(whole);
	becomes("port2", out, to_peer(out, ip().peer_a, "port2"));
	becomes("uplink", arriving(kBlueVni, in), out_of_tunnel(in, "port2"));
}

/* Blue is replaced by red, which has the same VNI, ports and MACs in other places. */
TEST_P(PathChange, NetworkIsReplacedByAnother)
{
	const Packet out = udp_frame(mac::kRemoteA, mac::kTenant1), in = udp_frame(mac::kTenant2, mac::kRemoteA);
	const Packet home = udp_frame(mac::kTenant1, mac::kTenant2);
	const Config with_blue = bench_->config();
	Config without = with_blue, with_red = with_blue;
	without.networks.erase(without.networks.begin());
	network(with_red, "blue").name = "red";
	set_fdb(network(with_red, "red"), {Mac::parse(mac::kTenant2), FdbPort("port1")});
	const Bytes packet = arriving(kBlueVni, in);
	const auto is_blue = [&] {
		becomes("uplink", packet, out_of_tunnel(in, "port2"));
		becomes("port1", out, to_peer(out, ip().peer_a));
	};
	const auto is_red = [&] {
		EXPECT_FALSE(bench_->fdb("red", mac::kTenant1)) << "what blue had learned is nothing to red";
		becomes("uplink", packet, out_of_tunnel(in, "port1", "red"));
		becomes("port1", out, to_peer(out, ip().peer_a, "port1", "red"));
	};
	is_blue();
	learn(mac::kTenant1, "port1");
	becomes("port2", home, to_port(home, "port1", "port2"));
	bench_->apply(with_red);
	is_red();
	bench_->apply(with_blue);
	is_blue();
	bench_->apply(without);
	becomes("uplink", packet, {Verdict::Drop, {}, dropped_outer("vni_unknown")});
	bench_->apply(with_red);
	is_red();
}

/* Uses real frames: only then does the kernel strip the tag before TC. */
TEST_P(PathChange, VlanPortTakesFramesFromAPlainOne)
{
	const Packet tagged = Ethernet{mac::kRemoteA, mac::kTagged} / Vlan{20} / rest();
	const Packet untagged = Ethernet{mac::kRemoteA, mac::kTagged} / rest();
	const Bytes made = made_of(untagged);
	const auto carried = [&](const Packet &inner, uint32_t vni, const std::string &port, const std::string &net) {
		SCOPED_TRACE(port);
		const Bytes packet = encapsulated(vni, inner, mac::kPeerA, ip().peer_a, made);
		everywhere([&] {
			for (int frame = 0; frame < 2; frame++)
				wire("tenants", tagged, {{"under", packet}},
				     sent(port, net, ip().peer_a, inner.bytes().size()));
		});
	};
	Config with_vlan = bench_->config();
	remove_port(network(with_vlan, "blue"), "trunk");
	network(with_vlan, "blue").ports.push_back({"trunk", 0, GetParam().mode});
	Config plain = with_vlan;
	remove_port(network(plain, "green"), "trunk");
	bench_->apply(plain);
	carried(tagged, kBlueVni, "trunk", "blue");
	bench_->apply(with_vlan);
	carried(untagged, kGreenVni, "trunk.20", "green");
	bench_->apply(plain);
	carried(tagged, kBlueVni, "trunk", "blue");
}

} // namespace xovl::test
