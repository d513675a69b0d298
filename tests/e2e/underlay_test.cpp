// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The path to a peer: on-link, behind a router, over several links, and its changes while no xovl process runs.
// Topologies in traffic_test.cpp.
#include <string>
#include <thread>
#include <tuple>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

class UnderlayPath : public OverlayTest, public testing::WithParamInterface<std::tuple<std::string, bool>> {
protected:
	void build_as(Underlay underlay)
	{
		build({.port_mode = mode(), .uplink_mode = mode(), .v6 = v6(), .underlay = underlay});
	}

	std::string mode() const { return std::get<0>(GetParam()); }
	bool v6() const { return std::get<1>(GetParam()); }
	const char *family() const { return v6() ? "-6" : "-4"; }

	/// Pings from c1 to c2 every 10 ms. Returns the time until answers come again.
	Milliseconds time_to_resume(Milliseconds limit = 4s) const
	{
		const auto begin = std::chrono::steady_clock::now();
		EXPECT_TRUE(wait_until([&] { return c(1).run(quick_ping()).ok(); }, limit));
		return std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - begin);
	}

	std::string quick_ping() const { return "ping -q -c 3 -i 0.01 -W 0.2 " + Topology::tenant4(2); }

	uint64_t received(const std::string &dev) const
	{
		return net_->middle().ip_show("-s link show dev " + dev).at(0).at("stats64").at("rx").at("packets");
	}

	/// Sends datagrams of 64 flows from c1 to c2. Returns how many packets the router received by each link.
	std::pair<uint64_t, uint64_t> spread(unsigned each = 4) const
	{
		const uint64_t before0 = received("h1up0"), before1 = received("h1up1");
		const UdpSocket to(c(2), "0.0.0.0", 9000);
		for (uint16_t flow = 0; flow < 64; flow++) {
			const UdpSocket from(c(1), "0.0.0.0", static_cast<uint16_t>(20000 + flow));
			for (unsigned i = 0; i < each; i++)
				from.send(Topology::tenant4(2), 9000, Payload::of(100).data);
		}
		size_t arrived = 0;
		EXPECT_TRUE(wait_until([&] { return (arrived += to.drain()) == 64 * each; })) << arrived;
		return {received("h1up0") - before0, received("h1up1") - before1};
	}
};

using UnderlayRefusal = UnderlayPath;

std::string mode_name(const testing::TestParamInfo<UnderlayPath::ParamType> &info)
{
	return std::get<0>(info.param) + (std::get<1>(info.param) ? "_v6" : "_v4");
}

} // namespace

TEST_P(UnderlayPath, RoutedUnderlayCarriesEverything)
{
	build_as(Underlay::Routed);
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_TRUE(pings(c(2), net().tenant6(1)));
	EXPECT_TRUE(udp_both_ways(c(1), net().tenant4(1), c(2), net().tenant4(2)));
	EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant6(2)));
	EXPECT_TRUE(iperf(c(2), c(1), net().tenant4(1)));
}

TEST_P(UnderlayPath, EqualCostRoutesShareTheFlows)
{
	build_as(Underlay::Multipath);
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	const auto [first, second] = spread();
	// The kernel hashes flows with a random seed into 16 buckets. A link gets no bucket, or one with few flows,
	// once in thousands of boots.
	EXPECT_GT(first, 8u) << "of 256";
	EXPECT_GT(second, 8u) << "of 256";
	EXPECT_TRUE(iperf(c(1), c(2), net().tenant4(2)));
}

TEST_P(UnderlayPath, FollowsARouteToTheOtherLink)
{
	build_as(Underlay::Multipath);
	const std::string via0 = v6() ? "2001:db8:1:2::2" : "198.51.100.6";
	const std::string via1 = v6() ? "2001:db8:1:3::2" : "198.51.100.134";
	const std::string prefix = v6() ? "2001:db8::/64" : "192.0.2.0/24";
	h(1).must(std::string("ip ") + family() + " route replace " + prefix + " via " + via0);
	if (v6())
		h(1).run("ip -6 route del " + prefix + " via " + via1);
	std::this_thread::sleep_for(1100ms);
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_LE(spread().second, 8u) << "all by the first link";

	h(1).must(std::string("ip ") + family() + " route replace " + prefix + " via " + via1);
	std::this_thread::sleep_for(1100ms);
	EXPECT_LE(spread().first, 8u) << "all by the second link";
}

TEST_P(UnderlayPath, FollowsAReplacedNeighbour)
{
	build_as(Underlay::Direct);
	h(1).ip("neigh replace " + net().vtep(2) + " lladdr " + h(2).mac("up0") + " dev up0 nud permanent");
	ASSERT_TRUE(pings(c(1), net().tenant4(2), 10));
	const std::string mac = "02:00:00:00:0b:02";
	h(2).ip("link set up0 address " + mac);
	h(1).ip("neigh replace " + net().vtep(2) + " lladdr " + mac + " dev up0 nud permanent");
	EXPECT_LT(time_to_resume(), 1500ms);
	// each CPU looks up the next hop separately
	std::this_thread::sleep_for(1000ms);
	EXPECT_TRUE(pings(c(1), net().tenant4(2), 10));
}

TEST_P(UnderlayPath, FollowsAnAnnouncedNeighbour)
{
	build_as(Underlay::Direct);
	ASSERT_TRUE(pings(c(1), net().tenant4(2), 10));
	std::this_thread::sleep_for(
		1100ms); // the kernel ignores an announcement within a second of the last (locktime)
	h(2).sysctl("net/ipv4/conf/up0/arp_notify", "1");
	h(2).sysctl("net/ipv6/conf/up0/ndisc_notify", "1");
	h(2).ip("link set up0 address 02:00:00:00:0b:02");
	EXPECT_LT(time_to_resume(), 1500ms);
}

// The peer's MAC changes without an announcement. The kernel has to notice, although XDP carries all traffic past it.
TEST_P(UnderlayPath, FollowsASilentlyMovedNeighbour)
{
	build_as(Underlay::Direct);
	const std::string keys = std::string("net/") + (v6() ? "ipv6" : "ipv4") + "/neigh/up0/";
	for (const auto &[key, value] : {std::pair{"base_reachable_time_ms", "500"},
					 {"delay_first_probe_time", "1"},
					 {"retrans_time_ms", "100"},
					 {"ucast_solicit", "1"}})
		h(1).sysctl(keys + key, value);
	h(1).ip("neigh flush all");
	ASSERT_TRUE(pings(c(1), net().tenant4(2), 20));
	h(2).ip("link set up0 address 02:00:00:00:0b:02");
	EXPECT_LT(time_to_resume(5s), 4000ms) << "the kernel alone needs about two seconds";
}

TEST_P(UnderlayPath, LeavesALinkThatFails)
{
	build_as(Underlay::Multipath);
	for (const char *key :
	     {"net/ipv4/conf/all/ignore_routes_with_linkdown", "net/ipv4/conf/up0/ignore_routes_with_linkdown",
	      "net/ipv6/conf/all/ignore_routes_with_linkdown", "net/ipv6/conf/up0/ignore_routes_with_linkdown"}) {
		h(1).sysctl(key, "1");
		h(2).sysctl(key, "1");
	}
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	spread();
	net().middle().ip("link set h1up0 down\nlink set h2up0 down");
	std::this_thread::sleep_for(1100ms);
	const auto [first, second] = spread();
	EXPECT_EQ(first, 0u);
	EXPECT_GE(second, 256u);
}

TEST_P(UnderlayPath, ResolvesTheNeighbourForTheFirstPacket)
{
	build_as(Underlay::Direct);
	for (int round = 0; round < 2; round++) {
		h(1).ip("neigh flush all");
		h(2).ip("neigh flush all");
		EXPECT_TRUE(pings(c(1), net().tenant4(2), 1)) << "nothing is lost while the neighbour is asked for";
	}
}

TEST_P(UnderlayRefusal, WithoutRouteDropsAndRecovers)
{
	build_as(Underlay::Routed);
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	const std::string prefix = v6() ? "2001:db8::/64" : "192.0.2.0/24";
	const std::string via = v6() ? "2001:db8:1:2::2" : "198.51.100.6";
	h(1).must(std::string("ip ") + family() + " route del " + prefix);
	std::this_thread::sleep_for(1100ms);
	const uint64_t before = h(1).drops("no_route");
	EXPECT_FALSE(c(1).run(quick_ping()).ok());
	EXPECT_GE(h(1).drops("no_route"), before + 3);
	h(1).must(std::string("ip ") + family() + " route add " + prefix + " via " + via);
	EXPECT_LT(time_to_resume(), 1500ms);
}

TEST_P(UnderlayRefusal, NeverLeavesByAnInterfaceThatIsNoUplink)
{
	build_as(Underlay::Multipath);
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	h(1).xovl_must("uplink del up1");
	const std::string via1 = v6() ? "2001:db8:1:3::2" : "198.51.100.134";
	const std::string host = net().vtep(2) + (v6() ? "/128" : "/32");
	h(1).must(std::string("ip ") + family() + " route add " + host + " via " + via1);
	std::this_thread::sleep_for(1100ms);
	EXPECT_FALSE(c(1).run(quick_ping()).ok());
	EXPECT_GE(h(1).drops("not_uplink"), 1u);
	h(1).must(std::string("ip ") + family() + " route del " + host);
}

INSTANTIATE_TEST_SUITE_P(Modes, UnderlayPath, testing::Combine(testing::Values("native", "tc"), testing::Bool()),
			 mode_name);
INSTANTIATE_TEST_SUITE_P(Modes, UnderlayRefusal,
			 testing::Values(std::make_tuple("native", false), std::make_tuple("tc", true)), mode_name);

} // namespace xovl::test
