// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Delivery into the other end of a port's veth (deliver peer). Topologies in traffic_test.cpp.
#include <string>

#include <fmt/format.h>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

class DeliverPeer : public OverlayTest, public testing::WithParamInterface<bool> {
protected:
	void SetUp() override
	{
		build({.v6 = GetParam()});
		other_ = net().add_tenant("d", 1, "port1", 3);
		h(1).xovl_must("port add port1 net blue deliver peer");
		for (unsigned i : {1, 2}) {
			h(i).xovl_must("port del port0");
			h(i).xovl_must("port add port0 net blue deliver peer");
		}
	}

	/// The TX packets of an interface. Frames delivered straight into its other end do not count.
	static uint64_t sent_by(const Netns &netns, const std::string &dev)
	{
		return netns.ip_show("-s link show dev " + dev).at(0).at("stats64").at("tx").at("packets");
	}

	std::string note(const std::string &dev) const
	{
		for (const auto &row : h(1).xovl_show("port show"))
			if (row.at("dev") == dev)
				return row.at("note");
		return "no row";
	}

	std::unique_ptr<Netns> other_;
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Underlays, DeliverPeer, testing::Bool(),
			 [](const auto &info) { return info.param ? "v6" : "v4"; });

TEST_P(DeliverPeer, EveryKindOfFrameArrives)
{
	EXPECT_TRUE(pings(c(1), net().tenant4(2))) << "out of the tunnel, ARP first";
	EXPECT_TRUE(pings(c(2), net().tenant6(1)));
	EXPECT_TRUE(pings(c(1), net().tenant4(3))) << "from another port";
	EXPECT_TRUE(pings(*other_, net().tenant6(1)));
	EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant4(2), 4 << 20));
	EXPECT_TRUE(tcp_content(c(2), c(1), net().tenant6(1), 4 << 20));
	EXPECT_TRUE(tcp_content(c(1), *other_, net().tenant4(3), 4 << 20));
	EXPECT_EQ(h(1).drops().size() + h(2).drops().size(), 0u) << h(1).drops() << h(2).drops();
}

TEST_P(DeliverPeer, SmallFramesPassTheDeviceBy)
{
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	const auto through_device = [&](const std::string &to) {
		const uint64_t before = sent_by(h(1), "port0");
		EXPECT_TRUE(pings(c(1), to, 20));
		return sent_by(h(1), "port0") - before;
	};
	EXPECT_LT(through_device(net().tenant4(2)), GetParam() ? 100u : 10u);
	EXPECT_LT(through_device(net().tenant4(3)), 10u);
	h(1).xovl_must("port del port0");
	h(1).xovl_must("port add port0 net blue");
	EXPECT_GE(through_device(net().tenant4(2)), 20u);
	EXPECT_EQ(h(1).port_counter("port0", "tx_packets") > 0, true);
}

TEST_P(DeliverPeer, AnEndInTheSameNamespace)
{
	EXPECT_EQ(note("port0").find("deliver peer"), std::string::npos) << note("port0");
	h(1).ip("link add near0 type veth peer name near1\nlink set near0 up\nlink set near1 up\n");
	h(1).xovl_must("port add near0 net blue deliver peer");
	EXPECT_NE(note("near0").find("deliver peer"), std::string::npos) << note("near0");
	h(1).xovl_must("fdb add 02:00:00:00:00:55 net blue dev near0");
	PacketSocket near(h(1), "near1");
	c(1).must("ip neigh replace " + net().tenant4(99) + " lladdr 02:00:00:00:00:55 dev eth0");
	pings(c(1), net().tenant4(99), 2);
	EXPECT_GE(near.frames([](const Frame &frame) { return !frame.outgoing && frame.ethertype() == 0x0800; }).size(),
		  2u);
}

} // namespace xovl::test
