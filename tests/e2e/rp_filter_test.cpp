// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Reverse path filtering at uplinks (RFC 3704): forged tunnel packets with the address of a peer. Topologies in
// traffic_test.cpp.
#include <string>
#include <thread>
#include <tuple>

#include <fmt/format.h>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

constexpr const char *kTenant = "02:00:00:00:00:66"; ///< source MAC of the forged frame

class RpFilter : public OverlayTest, public testing::WithParamInterface<std::tuple<std::string, bool>> {
protected:
	void build_as(Underlay underlay)
	{
		build({.port_mode = mode(), .uplink_mode = mode(), .v6 = v6(), .underlay = underlay});
	}

	/// Adds a second uplink, side0. The forger has its other end, side1.
	void add_side() const
	{
		h(1).ip("link add side0 type veth peer name side1\nlink set side0 up\nlink set side1 up");
		h(1).offload("side1", "gro on");
		h(1).xovl_must("uplink add side0 mode " + mode());
	}

	std::string mode() const { return std::get<0>(GetParam()); }
	bool v6() const { return std::get<1>(GetParam()); }

	/// True if a packet from side0 with the address of h2 reaches the tenant.
	bool forges() const
	{
		const Ethernet link{.dst = h(1).mac("side0"), .src = "02:00:00:00:00:67"};
		const Packet ip = v6() ? Packet(IPv6{.src = net_->vtep(2), .dst = net_->vtep(1)})
				       : Packet(IPv4{.src = net_->vtep(2), .dst = net_->vtep(1)});
		PacketSocket got(c(1), "eth0");
		PacketSocket(h(1), "side1")
			.send(link / ip / UDP{.sport = 50000, .dport = 4789, .checksum = 0} / Vxlan{100} /
			      Ethernet{.dst = net_->tenant_mac(1), .src = kTenant} / Payload::of(50));
		const auto ours = [](const Frame &frame) { return !frame.outgoing && frame.be16(10) == 0x66; };
		return !got.collect(1, ours, 300ms).empty();
	}

	std::string filter_of(const std::string &dev) const
	{
		for (const auto &uplink : h(1).xovl_show("uplink show"))
			if (uplink.at("dev") == dev)
				return uplink.at("rp_filter");
		return "no such uplink";
	}
};

class RpFilterWords : public OverlayTest {};

std::string mode_name(const testing::TestParamInfo<RpFilter::ParamType> &info)
{
	return std::get<0>(info.param) + (std::get<1>(info.param) ? "_v6" : "_v4");
}

} // namespace

TEST_P(RpFilter, ForgedSender)
{
	build_as(Underlay::Direct);
	add_side();
	h(1).xovl_must("uplink set side0 rp-filter off");
	EXPECT_TRUE(forges());
	h(1).xovl_must("uplink set side0 rp-filter loose");
	EXPECT_TRUE(forges()) << "there is a route to the peer";
	h(1).xovl_must("uplink set side0 rp-filter strict");
	EXPECT_EQ(filter_of("side0"), "strict");
	EXPECT_FALSE(forges());
	EXPECT_EQ(h(1).drops("rp_filter"), 1u);
	h(1).xovl_must("uplink set up0 rp-filter strict");
	EXPECT_TRUE(pings(c(1), net().tenant4(2), 5)) << "the peer itself";
	EXPECT_FALSE(forges()) << "also while the peer's paths are remembered";
	EXPECT_EQ(h(1).drops("rp_filter"), 2u);
}

TEST_P(RpFilter, IsThatOfTheInterface)
{
	build_as(Underlay::Direct);
	add_side();
	for (const char *dev : {"all", "side0"})
		h(1).sysctl(fmt::format("net/ipv4/conf/{}/rp_filter", dev), "0");
	EXPECT_EQ(filter_of("side0"), "off");
	EXPECT_TRUE(forges());
	h(1).sysctl("net/ipv4/conf/side0/rp_filter", "1");
	std::this_thread::sleep_for(600ms);
	EXPECT_EQ(filter_of("side0"), "strict");
	EXPECT_EQ(forges(), v6()) << "there is no such sysctl for IPv6";
	h(1).sysctl("net/ipv4/conf/all/rp_filter", "2");
	std::this_thread::sleep_for(600ms);
	EXPECT_EQ(filter_of("side0"), "loose");
	EXPECT_TRUE(forges());
}

TEST_P(RpFilter, EqualCostRoutes)
{
	build_as(Underlay::Multipath);
	for (const char *dev : {"up0", "up1"})
		h(1).xovl_must(fmt::format("uplink set {} rp-filter strict", dev));
	for (unsigned policy : {0, 1}) {
		for (const Netns *host : {static_cast<const Netns *>(&h(2)), &net().middle()})
			host->sysctl(fmt::format("net/ipv{}/fib_multipath_hash_policy", v6() ? 6 : 4),
				     std::to_string(policy));
		EXPECT_TRUE(pings(c(1), net().tenant4(2), 5));
		EXPECT_TRUE(pings(c(2), net().tenant6(1), 5));
	}
	EXPECT_EQ(h(1).drops("rp_filter"), 0u);
}

TEST_F(RpFilterWords, BadOnesChangeNothing)
{
	build({});
	const std::string before = h(1).save();
	for (const auto &[line, error] :
	     {std::pair{"uplink set up0 rp-filter on", "\"on\" is not a value of rp-filter (auto|strict|loose|off)"},
	      {"uplink set up7 rp-filter strict", "there is no uplink up7 (xovl uplink show)"},
	      {"uplink set up0", "KEY VALUE"}}) {
		SCOPED_TRACE(line);
		const Result result = h(1).xovl(line);
		EXPECT_EQ(result.status, 1);
		EXPECT_NE(result.err.find(error), std::string::npos) << result.err;
	}
	EXPECT_EQ(h(1).save(), before);
}

INSTANTIATE_TEST_SUITE_P(Modes, RpFilter, testing::Combine(testing::Values("native", "generic", "tc"), testing::Bool()),
			 mode_name);

} // namespace xovl::test
