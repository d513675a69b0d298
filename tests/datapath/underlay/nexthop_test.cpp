// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/underlay/nexthop.h: the next hop of a peer comes from the kernel and follows its changes.
#include <thread>

#include <fmt/format.h>

#include "fixture.hpp"

namespace xovl::test {

class Nexthop : public DatapathTest {
protected:
	/// Time limit for the datapath to follow a change.
	static constexpr Milliseconds kFollowed = 1s;

	void drops(const std::string &dst, const std::string &reason)
	{
		const Bytes frame = udp_frame(dst, mac::kTenant1);
		finishes_in_tc("port1", frame, {Verdict::Drop, {}, dropped_from_port("port1", reason, frame.size())});
	}

	std::string dst_mac(const Bytes &packet) const { return hex_dump(truncated(packet, 6)); }
	std::string mac_text(const std::string &mac) const
	{
		return hex_dump(truncated(Ethernet{mac, mac} / Payload{}, 6));
	}

	bool goes_to(const std::string &mac)
	{
		return dst_mac(bench_->run(hook(), "port1", inner_).packet) == mac_text(mac);
	}

	const Packet inner_ = udp_frame(mac::kRemoteA, mac::kTenant1);
};

INSTANTIATE_TEST_SUITE_P(, Nexthop, every_setup(), setup_name);

TEST_P(Nexthop, NoRoute)
{
	drops(mac::kRemoteNoRoute, "no_route");
}

TEST_P(Nexthop, NotAnUplink)
{
	drops(mac::kRemoteBeside, "not_uplink");
}

TEST_P(Nexthop, BlackholeRoute)
{
	bench_->ip(fmt::format("route add blackhole {}", ip().no_route));
	drops(mac::kRemoteNoRoute, "no_route");
}

TEST_P(Nexthop, BehindARouter)
{
	bench_->ip(fmt::format("route add {} via {}", ip().no_route, ip().peer_b));
	const Packet inner = udp_frame(mac::kRemoteNoRoute, mac::kTenant1);
	bench_->run(Hook::Tc, "port1", inner);
	finishes("port1", inner,
		 {Verdict::Redirect, encapsulated(kBlueVni, inner, mac::kPeerB, ip().no_route, made_of(inner)),
		  sent("port1", "blue", ip().no_route, inner.bytes().size())});
}

TEST_P(Nexthop, FollowsTheNeighbour)
{
	const std::string moved = "02:00:00:00:bb:77";
	EXPECT_TRUE(goes_to(mac::kPeerA));
	bench_->ip(fmt::format("neigh replace {} lladdr {} dev uplink nud permanent", ip().peer_a, moved));
	EXPECT_TRUE(wait_until([&] { return goes_to(moved); }, kFollowed));
}

TEST_P(Nexthop, FollowsTheRoute)
{
	EXPECT_TRUE(goes_to(mac::kPeerA));
	bench_->ip(fmt::format("route add {} via {} dev uplink", ip().peer_a, ip().peer_b));
	EXPECT_TRUE(wait_until([&] { return goes_to(mac::kPeerB); }, kFollowed));
}

TEST_P(Nexthop, FollowsTheMtuOfTheRoute)
{
	const Bytes large = frame_of(mac::kRemoteA, mac::kTenant1, 1400);
	EXPECT_EQ(bench_->run(hook(), "port1", large).verdict, Verdict::Redirect);
	bench_->ip(fmt::format("route add {} dev uplink mtu lock {}", ip().peer_a, kNarrowMtu));
	const auto grows = [&] { return bench_->run(hook(), "port1", large).packet.size() > large.size(); };
	EXPECT_TRUE(wait_until([&] { return !grows(); }, kFollowed));
	answers_too_big(large, "mtu_underlay", kNarrowMtu - (outer_len() - 14) - 14);
}

TEST_P(Nexthop, FollowsTheLink)
{
	EXPECT_TRUE(goes_to(mac::kPeerA));
	bench_->ip("link set uplink down");
	EXPECT_TRUE(wait_until([&] { return bench_->run(hook(), "port1", inner_).verdict != Verdict::Redirect; },
			       kFollowed));
	drops(mac::kRemoteA, "no_route");
}

/* Without forwarding the kernel answers no route lookup. It sends the packets itself. */
class NexthopUnforwarded : public Nexthop {
protected:
	void SetUp() override
	{
		Nexthop::SetUp();
		bench_->run(Hook::Tc, "port1", inner_); // resolves the MACs
		for (const char *value : {"1", "0"}) {
			bench_->sysctl("net/ipv4/ip_forward", value);
			bench_->sysctl("net/ipv6/conf/all/forwarding", value);
		}
		std::this_thread::sleep_for(600ms);
	}

	Bytes to_peer(const std::string &peer_mac, const std::string &peer)
	{
		return encapsulated(kBlueVni, inner_, peer_mac, peer, made_of(inner_, Hook::Tc));
	}
};

INSTANTIATE_TEST_SUITE_P(, NexthopUnforwarded, every_setup(), setup_name);

TEST_P(NexthopUnforwarded, TheKernelFindsTheWay)
{
	const size_t len = inner_.bytes().size();
	const Bytes made = to_peer(mac::kPeerA, ip().peer_a);
	finishes_in_tc("port1", inner_, {Verdict::Redirect, made, sent("port1", "blue", ip().peer_a, len)});
	wire("tenant1", inner_, {{"under", made}}, sent("port1", "blue", ip().peer_a, len));
}

TEST_P(NexthopUnforwarded, FollowsTheNeighbour)
{
	const std::string moved = "02:00:00:00:bb:77";
	bench_->ip(fmt::format("neigh replace {} lladdr {} dev uplink nud permanent", ip().peer_a, moved));
	wire("tenant1", inner_, {{"under", to_peer(moved, ip().peer_a)}},
	     sent("port1", "blue", ip().peer_a, inner_.bytes().size()));
}

TEST_P(NexthopUnforwarded, FramesThatAreNoIp)
{
	for (const auto &[name, frame] : tenant_frames(mac::kRemoteA, mac::kTenant1)) {
		SCOPED_TRACE(name);
		const RunResult made = bench_->run(Hook::Tc, "port1", frame);
		wire("tenant1", frame,
		     {{"under", encapsulated(kBlueVni, frame, mac::kPeerA, ip().peer_a, made.packet)}},
		     sent("port1", "blue", ip().peer_a, frame.bytes().size()));
	}
}

TEST_P(NexthopUnforwarded, HealsWithTheNextCommand)
{
	bench_->apply(bench_->config());
	EXPECT_TRUE(wait_until([&] { return bench_->run(hook(), "port1", inner_).verdict == Verdict::Redirect; },
			       kFollowed));
	finishes("port1", inner_,
		 {Verdict::Redirect, encapsulated(kBlueVni, inner_, mac::kPeerA, ip().peer_a, made_of(inner_)),
		  sent("port1", "blue", ip().peer_a, inner_.bytes().size())});
}

/* Floods take the detour, whose packets are captured as incoming on the uplink. */
TEST_P(NexthopUnforwarded, Floods)
{
	const Packet frame = udp_frame(mac::kBroadcast, mac::kTenant1);
	const auto tunnel = [&](const Frame &seen) { return !seen.outgoing && seen.be16(outer_len() - 14) == 4789; };
	bench_->far("under").frames();
	bench_->far("tenant1").send(frame);
	EXPECT_EQ(bench_->far("under").collect(2, tunnel, 1s).size(), 2u);
}

} // namespace xovl::test
