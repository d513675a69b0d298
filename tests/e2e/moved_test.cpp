// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Interfaces that leave the host's network namespace, and others that get their ifindexes.
//
//   c(1) eth0 --- port0 h(1) up0 --- up0 h(2) port0 --- eth0 c(2)
//                       port1 --- eth0 d(3)          a second tenant of h(1)
//
// elsewhere_: the namespace that interfaces move to. Its strangers have ifindexes that are in use in h(1).
#include <fmt/format.h>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

constexpr Milliseconds kArrival = 300ms;
/// The lifetime of a path. XDP checks the port when it looks a path up, not each time it uses the path.
constexpr Milliseconds kPathLife = 250ms;

class Moved : public OverlayTest, public testing::WithParamInterface<const char *> {
protected:
	void SetUp() override
	{
		build({.port_mode = GetParam(), .uplink_mode = GetParam()});
		lost_ = h(1).has_tcx_link("port0") ? "the interface is in another network namespace"
						   : "the interface is missing";
		other_ = net().add_tenant("d", 1, "port1", 3);
		h(1).xovl_must(fmt::format("port add port1 net blue mode {}", GetParam()));
		ASSERT_TRUE(pings(c(1), net().tenant4(2)));
		ASSERT_TRUE(pings(c(1), net().tenant4(3)));
	}

	unsigned number(const std::string &dev) const { return h(1).ip_show("link show dev " + dev)[0]["ifindex"]; }

	/// Adds a foreign veth with this ifindex. Frames sent to it come out at "peer-DEV".
	static void stranger(const Netns &where, const std::string &dev, unsigned number)
	{
		where.ip(fmt::format("link add {0} index {1} type veth peer name peer-{0} index {2}\n"
				     "link set {0} up\nlink set peer-{0} up\n",
				     dev, number, number + 1000));
		where.offload("peer-" + dev, "gro on"); // lets XDP redirect to it
	}

	static bool has_xdp(const Netns &where, const std::string &dev)
	{
		return where.ip_show("-d link show dev " + dev)[0].contains("xdp");
	}

	/// The number of tenants' ICMP and ARP frames that come out at a stranger while action runs.
	static size_t leaked(const Netns &where, const std::string &dev, const std::function<void()> &action)
	{
		PacketSocket socket(where, "peer-" + dev);
		action();
		std::this_thread::sleep_for(kArrival);
		return socket.frames([](const Frame &frame) { return !frame.outgoing && frame.be16(12) != 0x86dd; })
			.size();
	}

	std::string note(const std::string &object, const std::string &dev) const
	{
		for (const auto &row : h(1).xovl_show(object + " show"))
			if (row["dev"] == dev)
				return row["note"];
		return "no row";
	}

	std::unique_ptr<Netns> other_;
	std::string lost_; ///< beginning of the note on a moved interface; depends on tcx
	Netns elsewhere_{"elsewhere"};
};

} // namespace

TEST_P(Moved, PortIsNoPortThere)
{
	stranger(elsewhere_, "name1", number("port1"));
	stranger(elsewhere_, "uplink", number("up0"));
	EXPECT_EQ(leaked(elsewhere_, "name1",
			 [&] {
				 h(1).ip(fmt::format("link set port0 netns {}", elsewhere_.name()));
				 elsewhere_.ip(fmt::format("link set port0 up\naddress add {}/24 dev port0\n",
							   net().tenant4(99)));
				 EXPECT_TRUE(pings(c(1), net().tenant4(99))) << "from its first frame";
				 pings(c(1), net().tenant4(3), 1);
				 pings(c(1), net().tenant4(2), 1);
			 }),
		  0u);
	EXPECT_EQ(note("port", "port0").rfind(lost_, 0), 0u) << note("port", "port0");
	EXPECT_TRUE(pings(*other_, net().tenant4(2))) << "the other port";

	EXPECT_EQ(h(1).down_and_check(), "");
	EXPECT_FALSE(has_xdp(elsewhere_, "port0"));
	EXPECT_TRUE(pings(c(1), net().tenant4(99)));
}

TEST_P(Moved, WhatHasItsNumberIsNoTarget)
{
	const unsigned port0 = number("port0");
	const auto tenant1 = [&](const std::string &dev) {
		h(1).xovl_must(fmt::format("fdb add {} net blue dev {}", Topology::tenant_mac(1), dev));
	};
	tenant1("port0");
	h(1).ip(fmt::format("link set port0 netns {}", elsewhere_.name()));
	stranger(h(1), "stranger", port0);
	const auto send = [&] {
		c(2).must("ip neigh replace " + net().tenant4(1) + " lladdr " + Topology::tenant_mac(1) + " dev eth0");
		pings(c(2), net().tenant4(1), 2);     // known, from the tunnel
		pings(*other_, net().tenant4(99), 2); // flooded, from a port
	};
	EXPECT_EQ(leaked(h(1), "stranger", send), 0u);
	h(1).xovl_must("fdb add 02:00:00:00:77:01 net blue dst " + net().vtep(2));
	h(1).xovl_must("net set blue ttl 60");
	EXPECT_EQ(leaked(h(1), "stranger", send), 0u) << "after commands";
	EXPECT_FALSE(has_xdp(elsewhere_, "port0")) << "a command takes off what was left there";
	EXPECT_TRUE(pings(*other_, net().tenant4(2)));
}

TEST_P(Moved, DeletedPort)
{
	const unsigned port0 = number("port0");
	h(1).ip("link del port0\n");
	stranger(h(1), "stranger", port0);
	EXPECT_EQ(leaked(h(1), "stranger", [&] { pings(*other_, net().tenant4(99), 2); }), 0u);
	h(1).xovl_must("net set blue ttl 60");
	EXPECT_EQ(leaked(h(1), "stranger", [&] { pings(*other_, net().tenant4(99), 2); }), 0u);
	EXPECT_TRUE(pings(*other_, net().tenant4(2)));
}

TEST_P(Moved, UplinkIsNoUplinkThere)
{
	const unsigned up0 = number("up0");
	h(1).ip(fmt::format("link set up0 netns {}", elsewhere_.name()));
	elsewhere_.ip(fmt::format("link set up0 up\naddress add {}/24 dev up0\n", net().vtep(1)));
	stranger(h(1), "stranger", up0);
	h(1).ip(fmt::format("address add {}/24 dev stranger\n", net().vtep(1)));
	h(1).ip(fmt::format("neigh replace {} lladdr 02:00:00:00:99:99 dev stranger nud permanent\n", net().vtep(2)));
	EXPECT_EQ(leaked(h(1), "stranger", [&] { EXPECT_FALSE(pings(c(1), net().tenant4(2), 1)); }), 0u);
	EXPECT_TRUE(pings(elsewhere_, net().vtep(2))) << "from there as any interface";
	EXPECT_EQ(note("uplink", "up0").rfind(lost_, 0), 0u) << note("uplink", "up0");
	EXPECT_EQ(h(1).down_and_check(), "");
	EXPECT_FALSE(has_xdp(elsewhere_, "up0"));
}

TEST_P(Moved, ComesBack)
{
	h(1).ip(fmt::format("link set port0 netns {}", elsewhere_.name()));
	elsewhere_.ip(fmt::format("link set port0 netns {}", h(1).name()));
	h(1).ip("link set port0 up\n");
	std::this_thread::sleep_for(2 * kPathLife);
	const uint64_t before = h(1).port_counter("port0", "rx_packets");
	EXPECT_FALSE(pings(c(1), net().tenant4(2), 1));
	EXPECT_EQ(h(1).port_counter("port0", "rx_packets"), before) << "no command has said that it is ours again";
	h(1).xovl_must("net set blue ttl 60");
	EXPECT_EQ(note("port", "port0"), "");
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_TRUE(pings(c(1), net().tenant4(3)));
}

INSTANTIATE_TEST_SUITE_P(Modes, Moved, testing::Values("tc", "generic", "native"),
			 [](const auto &info) { return info.param; });

} // namespace xovl::test
