// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/nexthop.h: the way to a peer is the kernel's, and follows its changes.
#include <thread>

#include <fmt/format.h>

#include "fixture.hpp"

namespace xovl::test {

class Nexthop : public DatapathTest {
protected:
	/// Within this time every change must be followed.
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

TEST_P(Nexthop, UnresolvedNeighbourIsAskedFor)
{
	bench_->ip(fmt::format("neigh del {} dev uplink", ip().peer_a));
	std::this_thread::sleep_for(600ms);
	bench_->far("under").frames();
	bench_->far("tenant1").send(inner_);
	const auto asks = [&](const Frame &frame) {
		if (frame.outgoing)
			return false;
		return is_v4() ? frame.ethertype() == 0x0806
			       : frame.ethertype() == 0x86dd && frame.bytes.size() > 54 && frame.bytes[54] == 135;
	};
	EXPECT_GE(bench_->far("under").collect(1, asks, 1s).size(), 1u);

	/* the answer comes, and what waited goes out */
	bench_->ip(fmt::format("neigh replace {} lladdr {} dev uplink nud reachable", ip().peer_a, mac::kPeerA));
	const auto tunnel = [&](const Frame &frame) { return !frame.outgoing && frame.be16(outer_len() - 14) == 4789; };
	const auto came = bench_->far("under").collect(1, tunnel, 1s);
	ASSERT_EQ(came.size(), 1u);
	EXPECT_EQ(hex_dump(came[0].bytes),
		  hex_dump(encapsulated(kBlueVni, inner_, mac::kPeerA, ip().peer_a, came[0].bytes)));
}

} // namespace xovl::test
