// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A tunnel address that this host does not have yet, or no longer has. Topologies in traffic_test.cpp.
#include <string>
#include <thread>
#include <tuple>

#include <fmt/format.h>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

class VtepAddress : public OverlayTest, public testing::WithParamInterface<std::tuple<std::string, bool>> {
protected:
	void prepare_as(Underlay underlay)
	{
		prepare({.port_mode = mode(), .uplink_mode = mode(), .v6 = v6(), .underlay = underlay});
		other_ = v6() ? "2001:db8::11" : "192.0.2.11";
	}

	void build_as(Underlay underlay)
	{
		prepare_as(underlay);
		net().start();
	}

	std::string mode() const { return std::get<0>(GetParam()); }
	bool v6() const { return std::get<1>(GetParam()); }
	std::string with_prefix(const std::string &address) const { return address + (v6() ? "/64" : "/24"); }

	/// Adds or deletes the vtep address of h1. Another address keeps the subnet on the interface.
	void address(const char *verb) const
	{
		h(1).ip(fmt::format("addr {} {} dev up0", verb, with_prefix(net_->vtep(1))));
		h(1).run(fmt::format("ip addr add {} dev up0", with_prefix(other_)));
	}

	std::string state(const Host &host) const { return host.xovl_show("vtep show").at(0).at("state"); }
	std::string quick_ping(unsigned to) const { return "ping -q -c 3 -i 0.05 -W 0.2 " + net_->tenant4(to); }

	std::string other_;
};

std::string mode_name(const testing::TestParamInfo<VtepAddress::ParamType> &info)
{
	return std::get<0>(info.param) + (std::get<1>(info.param) ? "_v6" : "_v4");
}

} // namespace

TEST_P(VtepAddress, GoneAndBack)
{
	build_as(Underlay::Direct);
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_EQ(state(h(1)), "local");

	// the peer keeps the MAC, as it does until its neighbour entry is stale
	h(2).ip(fmt::format("neigh replace {} lladdr {} dev up0 nud permanent", net().vtep(1), h(1).mac("up0")));
	c(2).ip(fmt::format("neigh replace {} lladdr {} dev eth0 nud permanent", net().tenant4(1),
			    net().tenant_mac(1)));
	c(1).ip(fmt::format("neigh replace {} lladdr {} dev eth0 nud permanent", net().tenant4(2),
			    net().tenant_mac(2)));
	address("del");
	std::this_thread::sleep_for(1100ms);
	EXPECT_EQ(state(h(1)), "absent");
	PacketSocket sent(h(2), "up0"), got(c(1), "eth0");
	const uint64_t before = h(1).drops("vtep_not_local");
	EXPECT_FALSE(c(1).run(quick_ping(2)).ok());
	EXPECT_FALSE(c(2).run(quick_ping(1)).ok());
	EXPECT_GE(h(1).drops("vtep_not_local"), before + 3);
	const size_t udp = v6() ? 54 : 34;
	const auto tunnel = [&](const Frame &frame) { return !frame.outgoing && frame.be16(udp + 2) == 4789; };
	EXPECT_EQ(sent.frames(tunnel).size(), 0u) << "nothing is sent from an address that is not ours";
	const auto icmp = [](const Frame &frame) { return !frame.outgoing && frame.ethertype() == 0x0800; };
	EXPECT_EQ(got.frames(icmp).size(), 0u) << "nothing is taken that is not for us";

	address("add");
	std::this_thread::sleep_for(550ms);
	EXPECT_TRUE(c(1).run(quick_ping(2)).ok()) << "within half a second";
	EXPECT_EQ(state(h(1)), "local");
}

TEST_P(VtepAddress, ComesAfterTheVtep)
{
	prepare_as(Underlay::Direct);
	address("del");
	const Result added = h(1).xovl("vtep add " + net().vtep(1));
	EXPECT_EQ(added.status, 0);
	EXPECT_EQ(added.err, fmt::format("xovl: vtep add: note: no interface has address {} (xovl waits for it)\n",
					 net().vtep(1)));
	const Result applied = h(1).apply(net().config(1));
	EXPECT_EQ(applied.status, 0);
	EXPECT_TRUE(applied.err.starts_with(
		fmt::format("xovl: apply: note: no interface has address {} (xovl waits for it)\n", net().vtep(1))))
		<< applied.err;
	ASSERT_TRUE(h(2).apply(net().config(2)).ok());
	EXPECT_FALSE(c(1).run(quick_ping(2)).ok());
	address("add");
	std::this_thread::sleep_for(550ms);
	EXPECT_TRUE(pings(c(1), net().tenant4(2), 10));
}

// The vtep address may be on an interface that is not an uplink.
TEST_P(VtepAddress, OnAnyInterface)
{
	build_as(Underlay::Direct);
	h(1).ip("link add spare0 type veth peer name spare1\nlink set spare1 up\nlink set spare0 up");
	// with IPv6, up0 does not answer for an address of spare0
	h(2).ip(fmt::format("neigh replace {} lladdr {} dev up0 nud permanent", net().vtep(1), h(1).mac("up0")));
	address("del");
	h(1).ip(fmt::format("addr add {}{} dev spare0", net().vtep(1), v6() ? "/128 nodad" : "/32"));
	std::this_thread::sleep_for(1100ms);
	EXPECT_TRUE(pings(c(1), net().tenant4(2), 10));
	EXPECT_EQ(state(h(1)), "local");
	h(1).ip("link del spare0");
	std::this_thread::sleep_for(1100ms);
	EXPECT_FALSE(c(1).run(quick_ping(2)).ok());
}

// The vtep address may be in a local route instead of on an interface (AnyIP).
TEST_P(VtepAddress, OfALocalPrefix)
{
	build_as(Underlay::Direct);
	address("del");
	h(1).must(
		fmt::format("ip -{} route add local {}{} dev lo", v6() ? 6 : 4, net().vtep(1), v6() ? "/128" : "/32"));
	h(2).ip(fmt::format("neigh replace {} lladdr {} dev up0 nud permanent", net().vtep(1), h(1).mac("up0")));
	std::this_thread::sleep_for(1100ms);
	EXPECT_TRUE(pings(c(1), net().tenant4(2), 10));
	EXPECT_EQ(state(h(1)), "local");
}

INSTANTIATE_TEST_SUITE_P(Modes, VtepAddress, testing::Combine(testing::Values("native", "tc"), testing::Bool()),
			 mode_name);

} // namespace xovl::test
