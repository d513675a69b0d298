// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/verdict.h: every frame that xovl takes is counted once, whatever its content. A frame that it leaves alone is not
// counted.
#include <map>
#include <random>

#include "fixture.hpp"

namespace xovl::test {

class Accounting : public DatapathTest {
protected:
	static constexpr unsigned kPackets = 1500;

	/// Sums of counters, grouped by the last word of their names.
	struct Sums {
		uint64_t taken = 0;   ///< taken by ports or peers, or refused as tunnel packets
		uint64_t settled = 0; ///< delivered, sent, flooded or dropped
	};

	static Sums sums(const Counts &counts)
	{
		Sums sum;
		for (const auto &[name, value] : counts) {
			const bool drop = name.starts_with("drop ") && name.ends_with(" packets");
			const bool outer = drop && !reason_in_network_by_name(name.substr(5, name.size() - 5 - 8));
			const bool object = name.starts_with("port ") || name.starts_with("peer ");
			if (outer || (object && name.ends_with(" rx_packets")))
				sum.taken += value;
			if (drop ||
			    (name.starts_with("net ") &&
			     (name.ends_with(" delivered") || name.ends_with(" sent") || name.ends_with(" flooded"))))
				sum.settled += value;
		}
		return sum;
	}

	static bool reason_in_network_by_name(const std::string &name)
	{
		for (int reason = XOVL_REASON_NONE + 1; reason < XOVL_REASON_MAX; reason++)
			if (reason_name(static_cast<xovl_reason>(reason)) == name)
				return reason_in_network(static_cast<xovl_reason>(reason));
		ADD_FAILURE() << "no reason is named " << name;
		return false;
	}

	/// Changes one to four of the first 110 octets, and sometimes truncates the packet.
	Bytes spoilt(Bytes packet)
	{
		const auto below = [&](size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); };
		for (size_t n = 1 + below(4); n; n--) {
			uint8_t &octet = packet[below(std::min<size_t>(packet.size(), 110))];
			octet = below(2) ? static_cast<uint8_t>(below(256))
					 : static_cast<uint8_t>(octet ^ 1 << below(8));
		}
		return below(4) ? packet : truncated(packet, 14 + below(packet.size() - 13));
	}

	/// Runs a packet as the machine does: XDP first if it is under test, then TC.
	void run(const std::string &dev, const Bytes &packet)
	{
		const Counts before = bench_->counts();
		RunResult result = {Verdict::Pass, 0, packet};
		try {
			if (hook() == Hook::Xdp)
				result = bench_->run(Hook::Xdp, dev, packet);
			if (result.verdict == Verdict::Pass) {
				ASSERT_EQ(hex_dump(result.packet), hex_dump(packet));
				ASSERT_EQ(bench_->counts(), before);
				result = bench_->run(Hook::Tc, dev, packet);
			}
		} catch (const std::system_error &) {
			return; /* the kernel runs no program on a truncated IP header */
		}
		const Sums was = sums(before), is = sums(bench_->counts());
		ASSERT_NE(result.verdict, Verdict::Other);
		ASSERT_EQ(is.taken - was.taken, result.verdict == Verdict::Pass ? 0u : 1u) << hex_dump(packet);
		ASSERT_EQ(is.settled - was.settled, is.taken - was.taken) << hex_dump(packet);
		if (result.verdict == Verdict::Pass) {
			ASSERT_EQ(hex_dump(result.packet), hex_dump(packet));
		}
	}

	std::mt19937 random_{4789};
};

INSTANTIATE_TEST_SUITE_P(, Accounting, each_mode(), setup_name);

TEST_P(Accounting, SpoiltTunnelPackets)
{
	const Bytes good = arriving(kBlueVni, udp_frame(mac::kTenant2, mac::kRemoteA));
	for (unsigned n = 0; n < kPackets && !HasFatalFailure(); n++)
		run("uplink", spoilt(good));
}

TEST_P(Accounting, SpoiltFramesOfTenants)
{
	const auto frames = tenant_frames(mac::kRemoteA, mac::kTenant1);
	for (unsigned n = 0; n < kPackets && !HasFatalFailure(); n++)
		run("port1", spoilt(padded(frames[n % frames.size()].second, 0)));
}

/* Drops are counted by network and by the port or peer that a frame came from or a copy was for. */
class DropPlaces : public DatapathTest {
protected:
	using Places = std::map<std::string, std::pair<uint64_t, uint64_t>>;

	/// "net kind object" -> packets and copies
	Places places(const std::string &reason) const
	{
		Places all;
		for (const DropCounters &drop : bench_->overlay().counters().drops)
			for (const auto &[place, stats] : drop.places) {
				if (reason_name(drop.reason) != reason)
					continue;
				auto &[packets, copies] = all[name_of(place)];
				for (const xovl_drop_stats &cpu : stats.cpu) {
					packets += cpu.packets;
					copies += cpu.copies;
				}
			}
		return all;
	}

	static std::string name_of(const DropPlace &place)
	{
		const std::string net = (place.net.empty() ? "-" : place.net) + " ";
		switch (place.kind) {
		case XOVL_PLACE_PORT:
			return net + "port " + place.dev + (place.vid ? "." + std::to_string(place.vid) : "");
		case XOVL_PLACE_PEER:
			return net + "peer " + place.peer->str();
		default:
			return net + "uplink " + place.dev;
		}
	}

	void drop_of_port1() { bench_->run(Hook::Tc, "port1", udp_frame(mac::kRemoteA, "01:00:00:00:00:00")); }
};

INSTANTIATE_TEST_SUITE_P(, DropPlaces, every_setup(), setup_name);

TEST_P(DropPlaces, OfPorts)
{
	for (int n = 0; n < 3; n++)
		bench_->run(hook(), "port1", udp_frame(mac::kRemoteA, "01:00:00:00:00:00"));
	bench_->run(hook(), "port2", udp_frame(mac::kRemoteA, "01:00:00:00:00:00"));
	bench_->far("tenants").send(Ethernet{mac::kRemoteA, "01:00:00:00:00:00"} / Vlan{20} / Payload::of(46));
	EXPECT_TRUE(wait_until([&] { return places("source_mac").size() == 3; }));
	EXPECT_EQ(places("source_mac"),
		  (Places{{"blue port port1", {3, 0}}, {"blue port port2", {1, 0}}, {"green port trunk.20", {1, 0}}}));
}

TEST_P(DropPlaces, OfPeersAndUplinks)
{
	const Packet reserved = Ethernet{"01:80:c2:00:00:0e", mac::kRemoteA} / Payload::of(46);
	bench_->run(hook(), "uplink", arriving(kBlueVni, reserved));
	bench_->run(hook(), "uplink", arriving(kBlueVni, reserved, ip().peer_b));
	EXPECT_EQ(places("reserved_mac"),
		  (Places{{"blue peer " + ip().peer_a, {1, 0}}, {"blue peer " + ip().peer_b, {1, 0}}}));
	bench_->run(hook(), "uplink", arriving(999, reserved));
	EXPECT_EQ(places("vni_unknown"), (Places{{"- uplink uplink", {1, 0}}}));
	bench_->run(hook(), "uplink", arriving(kBlueVni, reserved, is_v4() ? "198.18.7.7" : "2001:db8:bad::9"));
	EXPECT_EQ(places("peer_unknown"), (Places{{"blue uplink uplink", {1, 0}}}));
}

/* Only the copies for a peer without a route are dropped. */
TEST_P(DropPlaces, OfCopies)
{
	const std::string away = is_v4() ? "240.0.0.9" : "2001:db8:bad::9";
	set_blue([&](NetworkConfig &net) { net.flood.push_back(Address::parse(away)); });
	for (int n = 0; n < 2; n++)
		bench_->run(Hook::Tc, "port1", udp_frame(mac::kBroadcast, mac::kTenant1));
	EXPECT_EQ(places("no_route"), (Places{{"blue peer " + away, {0, 2}}}));
}

/* A new object does not inherit drops counted under its index, even if it is a former object added again. */
TEST_P(DropPlaces, OfNewObjects)
{
	const Config before = bench_->config();
	drop_of_port1();
	EXPECT_EQ(places("source_mac"), (Places{{"blue port port1", {1, 0}}}));
	set_blue([](NetworkConfig &net) {
		std::erase_if(net.ports, [](const PortConfig &port) { return port.dev == "port1"; });
	});
	EXPECT_EQ(places("source_mac"), Places());
	bench_->apply(before);
	EXPECT_EQ(places("source_mac"), Places());
	drop_of_port1();
	drop_of_port1();
	EXPECT_EQ(places("source_mac"), (Places{{"blue port port1", {2, 0}}}));
	/* a change that does not concern the port keeps its counters */
	set_blue([](NetworkConfig &net) { net.mtu = 1400; });
	EXPECT_EQ(places("source_mac"), (Places{{"blue port port1", {2, 0}}}));
}

} // namespace xovl::test
