// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/l2/move.h: moves of learned MACs, sticky ports, and limits of MACs on a port.
#include "fixture.hpp"

namespace xovl::test {

class Move : public DatapathTest {
protected:
	/// Runs the hook under test, then TC if XDP passes the packet. Paths are forgotten first.
	RunResult arrive(const std::string &dev, const Bytes &packet)
	{
		bench_->forget_paths();
		const RunResult result = bench_->run(hook(), dev, packet);
		return result.verdict == Verdict::Pass ? bench_->run(Hook::Tc, dev, packet) : result;
	}

	RunResult from_port(const std::string &src, const std::string &dev)
	{
		return arrive(dev, udp_frame(mac::kRemoteA, src));
	}

	void from_peer(const std::string &src, const std::string &peer)
	{
		arrive("uplink", arriving(kBlueVni, udp_frame(mac::kTenant2, src), peer));
	}

	std::string place(const std::string &mac)
	{
		const auto entry = bench_->fdb("blue", mac);
		if (!entry)
			return "nowhere";
		return entry->dst ? entry->dst->str() : entry->dev;
	}

	xovl_learned_use use()
	{
		for (const NetworkStatus &net : bench_->overlay().networks())
			if (net.config.name == "blue")
				return net.learned;
		return {};
	}

	void edit_port(const std::string &dev, const std::function<void(PortConfig &)> &edit)
	{
		set_blue([&](NetworkConfig &blue) {
			for (PortConfig &port : blue.ports)
				if (port.dev == dev)
					edit(port);
		});
	}

	static std::string nth(unsigned n) { return fmt::format("02:00:00:00:77:{:02x}", n); }
};

INSTANTIATE_TEST_SUITE_P(, Move, each_mode(), setup_name);

TEST_P(Move, IsCountedByNetworkAndEntry)
{
	from_port(mac::kUnknown, "port1");
	EXPECT_EQ(use().moves, 0u);
	from_port(mac::kUnknown, "port2");
	from_peer(mac::kUnknown, ip().peer_b);
	from_peer(mac::kUnknown, ip().peer_b);
	EXPECT_EQ(place(mac::kUnknown), ip().peer_b);
	EXPECT_EQ(use().moves, 2u);
	EXPECT_EQ(bench_->fdb("blue", mac::kUnknown)->moves, 2u);
	EXPECT_FALSE(bench_->fdb("blue", mac::kUnknown)->held);
}

TEST_P(Move, TooOftenIsHeldWhereItIs)
{
	set_blue([](NetworkConfig &blue) { blue.move_limit = MoveLimit{.moves = 2, .seconds = 60}; });
	from_port(mac::kUnknown, "port1");
	from_port(mac::kUnknown, "port2");
	from_port(mac::kUnknown, "port1");
	EXPECT_EQ(place(mac::kUnknown), "port1");
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(from_port(mac::kUnknown, "port2").verdict, Verdict::Redirect)
			<< "it is forwarded all the same";
	from_peer(mac::kUnknown, ip().peer_b);
	EXPECT_EQ(place(mac::kUnknown), "port1");
	EXPECT_TRUE(bench_->fdb("blue", mac::kUnknown)->held);
	EXPECT_EQ(use().moves, 2u);
	EXPECT_EQ(use().held, 4u);
	// other MACs still move
	from_port(mac::kTenant1, "port1");
	from_port(mac::kTenant1, "port2");
	EXPECT_EQ(place(mac::kTenant1), "port2");
}

TEST_P(Move, HeldNoLongerThanTheWindow)
{
	set_blue([](NetworkConfig &blue) { blue.move_limit = MoveLimit{.moves = 1, .seconds = 1}; });
	from_port(mac::kUnknown, "port1");
	from_port(mac::kUnknown, "port2");
	from_port(mac::kUnknown, "port1");
	EXPECT_EQ(place(mac::kUnknown), "port2");
	std::this_thread::sleep_for(std::chrono::milliseconds(1100));
	from_port(mac::kUnknown, "port1");
	EXPECT_EQ(place(mac::kUnknown), "port1");
}

/// The move of an expired entry does not count against the limit.
TEST_P(Move, OfAnExpiredEntryIsFree)
{
	set_blue([](NetworkConfig &blue) {
		blue.move_limit = MoveLimit{.moves = 1, .seconds = 600};
		blue.ageing = 20;
	});
	for (const char *dev : {"port1", "port2", "port1"}) {
		from_port(mac::kUnknown, dev);
		EXPECT_EQ(place(mac::kUnknown), dev);
		bench_->age(mac::kUnknown, 30);
	}
	EXPECT_EQ(use().moves, 0u);
}

TEST_P(Move, NotAwayFromAStickyPort)
{
	const Bytes frame = udp_frame(mac::kRemoteA, mac::kUnknown);
	edit_port("port1", [](PortConfig &port) { port.sticky = true; });
	from_port(mac::kUnknown, "port1");
	bench_->forget_paths();
	finishes_in_tc("port2", frame, {Verdict::Drop, {}, dropped_from_port("port2", "sticky", frame.size())});
	EXPECT_EQ(place(mac::kUnknown), "port1");
	const Packet inner = udp_frame(mac::kTenant2, mac::kUnknown);
	finishes_in_tc("uplink", arriving(kBlueVni, inner),
		       {Verdict::Drop, {}, dropped_from_peer(ip().peer_a, "blue", "sticky", inner.bytes().size())});
	EXPECT_EQ(use().held, 2u);
	// a MAC may move to a sticky port
	from_port(mac::kTenant1, "port2");
	from_port(mac::kTenant1, "port1");
	EXPECT_EQ(place(mac::kTenant1), "port1");
}

/// A MAC may leave a sticky port that has no link.
TEST_P(Move, StickyOnlyWithALink)
{
	edit_port("port1", [](PortConfig &port) { port.sticky = true; });
	from_port(mac::kUnknown, "port1");
	bench_->far_ip("link set tenant1 down");
	from_port(mac::kUnknown, "port2");
	EXPECT_EQ(place(mac::kUnknown), "port2");
}

TEST_P(Move, StickyOnlyWhileInUse)
{
	edit_port("port1", [](PortConfig &port) { port.sticky = true; });
	set_blue([](NetworkConfig &blue) { blue.ageing = 20; });
	from_port(mac::kUnknown, "port1");
	bench_->age(mac::kUnknown, 30);
	from_port(mac::kUnknown, "port2");
	EXPECT_EQ(place(mac::kUnknown), "port2");
}

TEST_P(Move, APortLearnsUpToItsLimit)
{
	bench_->overlay().fdb_flush({.net = "blue"});
	edit_port("port1", [](PortConfig &port) { port.mac_limit = 3; });
	for (unsigned n = 0; n < 10; n++)
		EXPECT_EQ(from_port(nth(n), "port1").verdict, Verdict::Redirect) << "forwarded all the same";
	EXPECT_EQ(place(nth(2)), "port1");
	EXPECT_EQ(place(nth(3)), "nowhere");
	EXPECT_EQ(use().entries, 3u);
	EXPECT_EQ(use().refused, 7u);
	from_port(nth(20), "port2");
	EXPECT_EQ(place(nth(20)), "port2") << "other ports have limits of their own";
	from_port(nth(20), "port1");
	EXPECT_EQ(place(nth(20)), "port2") << "a move to a full port";
	EXPECT_EQ(use().held, 1u);
	from_port(nth(0), "port2"); // when a MAC leaves, another may be learned
	from_port(nth(9), "port1");
	EXPECT_EQ(place(nth(9)), "port1");
	EXPECT_EQ(bench_->overlay().fdb_flush({.dev = "port1"}), 3u);
	for (unsigned n = 30; n < 40; n++)
		from_port(nth(n), "port1");
	EXPECT_EQ(bench_->overlay().fdb({.net = "blue", .dev = "port1", .state = XOVL_FDB_LEARNED}).size(), 3u);
}

/// Entries that expire or become static make room for others.
TEST_P(Move, ALimitCountsWhatIsThere)
{
	bench_->overlay().fdb_flush({.net = "blue"});
	edit_port("port1", [](PortConfig &port) { port.mac_limit = 2; });
	set_blue([](NetworkConfig &blue) { blue.ageing = 20; });
	from_port(nth(0), "port1");
	from_port(nth(1), "port1");
	from_port(nth(2), "port1");
	EXPECT_EQ(place(nth(2)), "nowhere");
	bench_->overlay().fdb_add("blue", {Mac::parse(nth(0)), FdbPort("port1")}, true);
	from_port(nth(2), "port1");
	EXPECT_EQ(place(nth(2)), "port1");
	from_port(nth(3), "port1");
	EXPECT_EQ(place(nth(3)), "nowhere");
	bench_->overlay().fdb_del("blue", Mac::parse(nth(1)));
	from_port(nth(3), "port1");
	EXPECT_EQ(place(nth(3)), "port1");
}

TEST_P(Move, APeerIsLearnedFromUpToItsLimit)
{
	bench_->overlay().fdb_flush({.net = "blue"});
	set_blue([](NetworkConfig &blue) { blue.peer_mac_limit = 2; });
	for (unsigned n = 0; n < 5; n++)
		from_peer(nth(n), ip().peer_a);
	from_peer(nth(9), ip().peer_b);
	EXPECT_EQ(place(nth(1)), ip().peer_a);
	EXPECT_EQ(place(nth(2)), "nowhere");
	EXPECT_EQ(place(nth(9)), ip().peer_b);
	EXPECT_EQ(use().refused, 3u);
	EXPECT_EQ(bench_->overlay().fdb_flush({.dst = Address::parse(ip().peer_a)}), 2u);
	from_peer(nth(2), ip().peer_a);
	EXPECT_EQ(place(nth(2)), ip().peer_a);
}

/// Expired entries at a full port make room at once, for new MACs and for MACs that move there.
TEST_P(Move, ALimitDoesNotCountWhatHasAged)
{
	bench_->overlay().fdb_flush({.net = "blue"});
	edit_port("port1", [](PortConfig &port) { port.mac_limit = 2; });
	set_blue([](NetworkConfig &blue) { blue.ageing = 20; });
	for (unsigned n : {0, 1, 2})
		from_port(nth(n), "port1");
	EXPECT_EQ(place(nth(2)), "nowhere");
	bench_->age(nth(0), 30);
	bench_->age(nth(1), 30);
	std::this_thread::sleep_for(std::chrono::milliseconds(20)); // at most one sweep runs in each jiffy
	from_port(nth(3), "port2");
	from_port(nth(3), "port1");
	EXPECT_EQ(place(nth(3)), "port1");
	from_port(nth(4), "port1");
	EXPECT_EQ(place(nth(4)), "port1");
}

TEST_P(Move, OnLimitDrop)
{
	const Bytes frame = udp_frame(mac::kRemoteA, nth(5));
	bench_->overlay().fdb_flush({.net = "blue"});
	set_blue([](NetworkConfig &blue) {
		blue.mac_limit = 1;
		blue.limit_drops = true;
	});
	EXPECT_EQ(from_port(nth(0), "port1").verdict, Verdict::Redirect);
	finishes("port1", frame, {Verdict::Drop, {}, dropped_from_port("port1", "mac_limit", frame.size())});
	EXPECT_EQ(from_port(nth(0), "port1").verdict, Verdict::Redirect);
	// a MAC known at another port moves to a full port
	edit_port("port2", [](PortConfig &port) { port.mac_limit = 1; });
	set_blue([](NetworkConfig &blue) { blue.mac_limit = 0; });
	from_port(nth(7), "port2");
	const Bytes moved = udp_frame(mac::kRemoteA, nth(0));
	finishes_in_tc("port2", moved, {Verdict::Drop, {}, dropped_from_port("port2", "mac_limit", moved.size())});
	EXPECT_EQ(from_port(mac::kTenant2, "port2").verdict, Verdict::Redirect)
		<< "static entries are no matter of limits";
}

} // namespace xovl::test
