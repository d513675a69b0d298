// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Links of ports that fail and come back. A site is connected to two ports of h(1) with one MAC and IP address. It uses
// one link at a time and never sends first.
//
//   c(1) eth0 --- port0 h(1) up0 --- up0 h(2) port0 --- eth0 c(2)
//        eth1 --- port1
#include <fmt/format.h>

#include "topology.hpp"

namespace xovl::test {

namespace {

class PortLink : public OverlayTest, public testing::WithParamInterface<const char *> {
protected:
	void SetUp() override
	{
		build({.port_mode = GetParam(), .uplink_mode = GetParam()});
		veth(h(1), "port1", c(1), "eth1");
		for (const char *dev : {"eth0", "eth1"}) {
			c(1).sysctl(fmt::format("net/ipv6/conf/{}/disable_ipv6", dev), "1");
			c(1).offload(dev, "gro on");
		}
		h(1).sysctl("net/ipv6/conf/port1/disable_ipv6", "1");
		c(1).sysctl("net/ipv4/conf/all/arp_notify", "0");
		c(1).ip(fmt::format("link set eth1 down address {} mtu {}\n", Topology::tenant_mac(1),
				    net().tenant_mtu()));
		h(1).xovl_must(fmt::format("port add port1 net blue mode {}", GetParam()));
		c(2).ip(fmt::format("neigh replace {} lladdr {} dev eth0\n", net().tenant4(1),
				    Topology::tenant_mac(1)));
		ASSERT_TRUE(pings(c(2), net().tenant4(1)));
	}

	/// The site changes to the other link without sending a frame.
	void use(const std::string &dev, const std::string &instead_of)
	{
		c(1).ip(fmt::format(
			"address flush dev {}\nlink set {} down\nlink set {} up\naddress add {}/24 dev {}\n",
			instead_of, instead_of, dev, net().tenant4(1), dev));
		c(1).ip(fmt::format("neigh replace {} lladdr {} dev {}\n", net().tenant4(2), Topology::tenant_mac(2),
				    dev));
	}

	uint64_t delivered(const std::string &dev) const { return h(1).port_counter(dev, "tx_packets"); }
};

} // namespace

TEST_P(PortLink, OtherLinkIsFound)
{
	use("eth1", "eth0");
	std::this_thread::sleep_for(500ms);
	const uint64_t before = delivered("port0");
	EXPECT_TRUE(pings(c(2), net().tenant4(1), 10));
	EXPECT_EQ(delivered("port0"), before) << "nothing counts as delivered at a port without link";
}

TEST_P(PortLink, LinkThatCameBackHasNobodyBehindItYet)
{
	use("eth1", "eth0");
	c(1).ip("link set eth0 up\n"); // the site stays at eth1
	std::this_thread::sleep_for(500ms);
	EXPECT_TRUE(pings(c(2), net().tenant4(1), 10));
	use("eth0", "eth1");
	std::this_thread::sleep_for(500ms);
	EXPECT_TRUE(pings(c(2), net().tenant4(1), 10));
}

TEST_P(PortLink, InterfaceIsSetDown)
{
	h(1).ip("link set port0 down\n");
	use("eth1", "eth0");
	std::this_thread::sleep_for(500ms);
	EXPECT_TRUE(pings(c(2), net().tenant4(1), 10));
}

INSTANTIATE_TEST_SUITE_P(Modes, PortLink, testing::Values("tc", "generic", "native"),
			 [](const auto &info) { return info.param; });

} // namespace xovl::test
