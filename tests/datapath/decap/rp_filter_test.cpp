// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/decap/rp_filter.h: a peer's packets that arrive on an interface other than that of the kernel's route to it.
#include <thread>

#include <fmt/format.h>

#include "fixture.hpp"

namespace xovl::test {

class RpFilter : public DatapathTest {
protected:
	void set(xovl_rp_filter filter)
	{
		Config config = bench_->config();
		for (auto &uplink : config.uplinks)
			uplink.rp_filter = filter;
		bench_->apply(config);
	}

	/// Makes side a second uplink with the MAC of the first, so that a packet can arrive on either.
	void make_side_an_uplink(xovl_rp_filter filter)
	{
		bench_->ip("link set side address " + mac::kUplink);
		Config config = bench_->config();
		config.uplinks.push_back({.dev = "side", .mode = GetParam().mode, .gro = false});
		bench_->apply(config);
		set(filter);
	}

	void route(const std::string &peer, const std::string &ways)
	{
		bench_->ip(fmt::format("route replace {} {}", peer, ways));
		std::this_thread::sleep_for(600ms);
	}

	std::string by_both() const
	{
		return fmt::format("nexthop via {} dev uplink nexthop via {} dev side", ip().peer_b, ip().beside);
	}

	void takes(const std::string &peer, const std::string &uplink = "uplink")
	{
		finishes(uplink, arriving(kBlueVni, inner_, peer),
			 {Verdict::Redirect, inner_, delivered(peer, "blue", "port2", inner_.bytes().size())});
	}

	void refuses(const std::string &peer, const std::string &uplink = "uplink")
	{
		finishes(uplink, arriving(kBlueVni, inner_, peer), {Verdict::Drop, {}, dropped_outer("rp_filter")});
	}

	const Packet inner_ = udp_frame(mac::kTenant2, mac::kRemoteA);
};

INSTANTIATE_TEST_SUITE_P(, RpFilter, every_setup(), setup_name);

TEST_P(RpFilter, Off)
{
	set(XOVL_RP_FILTER_OFF);
	takes(ip().peer_a);
	takes(ip().beside);
	takes(ip().no_route);
}

TEST_P(RpFilter, LooseAsksForARoute)
{
	set(XOVL_RP_FILTER_LOOSE);
	takes(ip().peer_a);
	takes(ip().beside);
	refuses(ip().no_route);
	bench_->ip(fmt::format("route add blackhole {}", ip().no_route));
	refuses(ip().no_route);
}

TEST_P(RpFilter, StrictAsksForARouteByTheUplink)
{
	set(XOVL_RP_FILTER_STRICT);
	takes(ip().peer_a);
	takes(ip().narrow);
	refuses(ip().beside);
	refuses(ip().no_route);
}

TEST_P(RpFilter, FollowsTheRoute)
{
	set(XOVL_RP_FILTER_STRICT);
	takes(ip().peer_a);
	route(ip().peer_a, "dev side");
	refuses(ip().peer_a);
	route(ip().peer_a, "dev uplink");
	takes(ip().peer_a);
}

TEST_P(RpFilter, NeighbourNeedNotBeKnown)
{
	set(XOVL_RP_FILTER_STRICT);
	bench_->ip(fmt::format("neigh del {} dev uplink", ip().peer_a));
	takes(ip().peer_a);
}

/* `auto` follows the kernel's rp_filter sysctl, which exists for IPv4 only. */
TEST_P(RpFilter, AutoIsAsTheSysctl)
{
	const char *keys[] = {"net/ipv4/conf/all/rp_filter", "net/ipv4/conf/uplink/rp_filter"};
	const auto sysctls = [&](const char *all, const char *own) {
		bench_->sysctl(keys[0], all);
		bench_->sysctl(keys[1], own);
		std::this_thread::sleep_for(600ms);
	};
	const auto expect = [&](bool beside, bool no_route) {
		takes(ip().peer_a);
		beside || !is_v4() ? takes(ip().beside) : refuses(ip().beside);
		no_route || !is_v4() ? takes(ip().no_route) : refuses(ip().no_route);
	};
	sysctls("0", "0");
	expect(true, true);
	sysctls("0", "1");
	expect(false, false);
	sysctls("1", "0");
	expect(false, false);
	sysctls("2", "1");
	expect(true, false);
	sysctls("0", "2");
	expect(true, false);
	set(XOVL_RP_FILTER_OFF);
	takes(ip().no_route);
}

/* Without forwarding the kernel answers no route lookup, so no packet is refused. */
TEST_P(RpFilter, NothingIsRefusedWithoutForwarding)
{
	set(XOVL_RP_FILTER_STRICT);
	refuses(ip().beside);
	for (const char *value : {"1", "0"}) {
		bench_->sysctl("net/ipv4/ip_forward", value);
		bench_->sysctl("net/ipv6/conf/all/forwarding", value);
	}
	std::this_thread::sleep_for(600ms);
	takes(ip().peer_a);
	takes(ip().beside);
}

/* A remembered path is valid only on the uplink where it was made. */
TEST_P(RpFilter, EachUplinkHasItsOwnAnswer)
{
	make_side_an_uplink(XOVL_RP_FILTER_STRICT);
	for (int i = 0; i < 2; i++) {
		takes(ip().peer_a, "uplink");
		refuses(ip().peer_a, "side");
		takes(ip().beside, "side");
		refuses(ip().beside, "uplink");
	}
}

/* Every next hop of an equal-cost route is accepted, whether the kernel hashes addresses only or ports, too. */
TEST_P(RpFilter, EveryWayOfAnEqualCostRoute)
{
	make_side_an_uplink(XOVL_RP_FILTER_STRICT);
	for (const char *policy : {"0", "1"}) {
		SCOPED_TRACE(policy);
		bench_->sysctl("net/ipv4/fib_multipath_hash_policy", policy);
		bench_->sysctl("net/ipv6/fib_multipath_hash_policy", policy);
		for (const std::string &peer : {ip().peer_a, ip().no_route}) {
			route(peer, by_both());
			takes(peer, "uplink");
			takes(peer, "side");
		}
	}
}

} // namespace xovl::test
