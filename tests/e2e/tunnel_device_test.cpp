// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The kernel's tunnel devices, one for each UDP port and for GRE: they merge tunnel packets from a wire and carry
// super-frames that TC cannot. Topologies in traffic_test.cpp.
#include <unistd.h>

#include <string>
#include <thread>
#include <tuple>

#include <fmt/format.h>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

constexpr const char *kDevice = "xovl-vx4789";

class TunnelDevice : public OverlayTest, public testing::WithParamInterface<bool> {
protected:
	bool v6() const { return GetParam(); }
	Plan plan() const { return {.v6 = v6()}; }

	/// As with network cards: h1 segments packets to its MTU before they leave, and h2 can merge them.
	void as_by_cards() const
	{
		h(2).offload("up0", "gro on");
		h(1).offload("up0",
			     "tso off gso off tx off tx-udp_tnl-segmentation off tx-udp_tnl-csum-segmentation off");
	}

	/// True if a TCP stream reaches the tenant in frames larger than the MTU.
	bool are_merged() const
	{
		PacketSocket tenant(c(2), "eth0");
		EXPECT_TRUE(tcp_content(c(1), c(2), net_->tenant4(2), 4 << 20));
		const auto super = [](const Frame &frame) { return !frame.outgoing && frame.bytes.size() > 3000; };
		return tenant.frames(super).size() > 10;
	}

	static bool has(const Host &host, const std::string &dev) { return host.run("ip link show dev " + dev).ok(); }
	uint64_t by_kernel(const Host &host) const
	{
		return host.xovl_show("stats net").at("networks").at(0).at("by_kernel");
	}
	std::string note(const Host &host) const { return host.xovl_show("uplink show").at(0).at("note"); }
};

/// Sends `count` datagrams in one UDP super-frame. Returns how many arrive.
size_t segmented(const Netns &from, const Netns &to, const std::string &address, size_t count)
{
	const std::string any = address.find(':') == std::string::npos ? "0.0.0.0" : "::";
	const UdpSocket sender(from, any, 4001), receiver(to, any, 4000);
	sender.segment(1000);
	sender.send(address, 4000, Bytes(count * 1000, 7));
	std::this_thread::sleep_for(300ms);
	return receiver.drain();
}

} // namespace

INSTANTIATE_TEST_SUITE_P(Underlays, TunnelDevice, testing::Bool(),
			 [](const auto &info) { return info.param ? "v6" : "v4"; });

TEST_P(TunnelDevice, PacketsFromAWireAreMerged)
{
	build(plan());
	as_by_cards();
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_TRUE(are_merged());
	h(2).xovl_must("uplink set up0 gro off");
	EXPECT_FALSE(has(h(2), kDevice));
	EXPECT_FALSE(are_merged());
	h(2).xovl_must("uplink set up0 gro auto");
	EXPECT_TRUE(are_merged());
	EXPECT_EQ(h(2).drops().size(), 0u) << h(2).drops();
}

TEST_P(TunnelDevice, SuperFramesOfUdp)
{
	build(plan());
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	ASSERT_TRUE(pings(c(1), net().tenant6(2)));
	EXPECT_EQ(segmented(c(1), c(2), net().tenant4(2), 40), 40u);
	EXPECT_EQ(segmented(c(1), c(2), net().tenant6(2), 40), 40u);
	EXPECT_GT(by_kernel(h(1)), 0u);
	EXPECT_GT(by_kernel(h(2)), 0u);
	EXPECT_EQ(h(1).drops().size() + h(2).drops().size(), 0u);
}

TEST_P(TunnelDevice, OuterChecksumsInModeTc)
{
	Plan with = plan();
	with.network = "    udpcsum: true\n";
	build(with);
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant4(2), 4 << 20));
	EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant6(2), 4 << 20));
	EXPECT_EQ(h(1).drops().size() + h(2).drops().size(), 0u);
}

TEST_P(TunnelDevice, IsOursAndSilent)
{
	build(plan());
	const auto link = h(1).ip_show(fmt::format("-d link show dev {}", kDevice)).at(0);
	EXPECT_EQ(link.at("ifalias"), "xovl " + h(1).pin_folder());
	EXPECT_EQ(link.at("linkinfo").at("info_data").at("external"), true);
	EXPECT_EQ(h(1).ip_show(fmt::format("addr show dev {}", kDevice)).at(0).at("addr_info").size(), 0u);
	h(1).ip(fmt::format("link del {}", kDevice));
	EXPECT_NE(note(h(1)).find("UDP port 4789"), std::string::npos) << note(h(1));
	h(1).xovl_must("fdb add 02:00:00:00:00:77 net blue dst " + net().vtep(2));
	EXPECT_TRUE(has(h(1), kDevice)) << "any change makes it again";
	EXPECT_EQ(note(h(1)).find("UDP port"), std::string::npos) << note(h(1));
	EXPECT_EQ(h(1).apply(net().config(1)).out.find("attached"), std::string::npos);
	h(1).xovl_must("net set blue dstport 4790");
	EXPECT_FALSE(has(h(1), kDevice));
	EXPECT_TRUE(has(h(1), "xovl-vx4790"));
	h(1).xovl_must("down");
	EXPECT_FALSE(has(h(1), "xovl-vx4790"));
}

TEST_P(TunnelDevice, WhatIsOfOthersStays)
{
	prepare(plan());
	h(1).ip(fmt::format("link add {} type veth peer name other", kDevice));
	const UdpSocket holder(h(2), v6() ? "::" : "0.0.0.0", 4789);
	const Result first = h(1).apply(net().config(1)), second = h(2).apply(net().config(2));
	ASSERT_TRUE(first.ok() && second.ok()) << first.text() << second.text();
	EXPECT_EQ(first.err,
		  fmt::format("xovl: apply: note: UDP port 4789: tunnel packets are not merged: the interface {} is "
			      "not xovl's\n",
			      kDevice));
	EXPECT_EQ(second.err,
		  "xovl: apply: note: UDP port 4789: tunnel packets are not merged: another socket has the port\n");
	EXPECT_FALSE(has(h(2), kDevice));
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant4(2), 1 << 20));
	h(1).xovl_must("down");
	EXPECT_TRUE(has(h(1), "other"));
	EXPECT_EQ(h(1).ip_show(fmt::format("-d link show dev {}", kDevice)).at(0).at("linkinfo").at("info_kind"),
		  "veth");
}

/* A frame that the device decapsulates and xovl drops does not reach the host's own stack. */
TEST_P(TunnelDevice, TheHostGetsNothingOfIt)
{
	build(plan());
	h(1).ip("addr add 10.77.0.1/24 dev lo");
	const auto mac = h(1).mac(kDevice);
	const Packet ip = v6() ? Packet(IPv6{.src = net().vtep(2), .dst = net().vtep(1)})
			       : Packet(IPv4{.src = net().vtep(2), .dst = net().vtep(1)});
	const UdpSocket host(h(1), "10.77.0.1", 5000);
	h(1).ip("link add side0 type veth peer name side1\nlink set side0 up\nlink set side1 up");
	const auto before = h(1).drops("vni_unknown");
	for (uint32_t vni : {100u, 555u})
		PacketSocket(h(1), "side1")
			.send(Ethernet{.dst = h(1).mac("side0"), .src = "02:00:00:00:00:67"} / ip /
			      UDP{.sport = 50000, .dport = 4789, .checksum = 0} / Vxlan{vni} /
			      Ethernet{.dst = mac, .src = "02:00:00:00:00:66"} /
			      IPv4{.src = "10.77.0.2", .dst = "10.77.0.1"} / UDP{.sport = 1, .dport = 5000} /
			      Payload::of(20));
	EXPECT_TRUE(wait_until([&] { return h(1).drops("vni_unknown") == before + 1; }, 1s));
	EXPECT_EQ(h(1).drops("not_by_uplink"), 1u);
	EXPECT_FALSE(host.receive(100ms));
}

/// Parameters: encap, and true for an IPv6 underlay.
class GreDevice : public OverlayTest, public testing::WithParamInterface<std::tuple<std::string, bool>> {
protected:
	void SetUp() override
	{
		if (access(v6() ? "/sys/module/ip6_gre" : "/sys/module/ip_gre", F_OK) != 0)
			GTEST_SKIP() << "the kernel has no GRE devices (modprobe ip_gre ip6_gre)";
	}

	bool v6() const { return std::get<1>(GetParam()); }
	Plan plan() const { return {.v6 = v6(), .network = "    gso: off\n", .encap = std::get<0>(GetParam())}; }
	std::string device() const { return v6() ? "xovl-gre6" : "xovl-gre"; }
	uint64_t by_kernel(unsigned host) const
	{
		return h(host).xovl_show("stats net").at("networks").at(0).at("by_kernel");
	}
	bool has_device(const Host &host) const { return host.run("ip link show dev " + device()).ok(); }
};

INSTANTIATE_TEST_SUITE_P(Underlays, GreDevice, testing::Combine(testing::Values("gre", "nvgre"), testing::Bool()),
			 [](const auto &info) {
				 return std::get<0>(info.param) + (std::get<1>(info.param) ? "V6" : "V4");
			 });

TEST_P(GreDevice, SuperFramesOfUdp)
{
	build(plan());
	ASSERT_TRUE(has_device(h(1)));
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	ASSERT_TRUE(pings(c(1), net().tenant6(2)));
	EXPECT_EQ(segmented(c(1), c(2), net().tenant4(2), 40), 40u);
	EXPECT_EQ(segmented(c(1), c(2), net().tenant6(2), 40), 40u);
	EXPECT_EQ(by_kernel(1) > 0, !v6()) << "over IPv6 TC sends them";
	EXPECT_GT(by_kernel(2), 0u);
	EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant4(2), 4 << 20));
	EXPECT_EQ(h(1).drops().size() + h(2).drops().size(), 0u) << h(1).drops() << h(2).drops();
	h(1).xovl_must("uplink set up0 gro off");
	EXPECT_FALSE(has_device(h(1)));
}

TEST_P(GreDevice, AnotherOneStays)
{
	prepare(plan());
	h(1).ip(fmt::format("link add other type {} external", v6() ? "ip6gretap" : "gretap"));
	const Result first = h(1).apply(net().config(1)), second = h(2).apply(net().config(2));
	ASSERT_TRUE(first.ok() && second.ok()) << first.text() << second.text();
	EXPECT_NE(first.err.find(
			  "GRE: super-frames cannot go through the kernel: another device receives all GRE packets"),
		  std::string::npos)
		<< first.err;
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	h(1).xovl_must("down");
	h(2).xovl_must("down");
	EXPECT_TRUE(h(1).run("ip link show dev other").ok());
	EXPECT_FALSE(has_device(h(2)));
}

/// A network setting that GRE has and NVGRE lacks.
class GreSetting : public OverlayTest, public testing::WithParamInterface<std::string> {};

INSTANTIATE_TEST_SUITE_P(Underlays, GreSetting, testing::Values("csum: true", "seq: on"),
			 [](const auto &info) { return info.param.substr(0, info.param.find(':')); });

/* Such super-frames do not go to the kernel: it would omit checksums and number the packets of all peers together. */
TEST_P(GreSetting, SuperFramesAreNotTheKernels)
{
	build({.network = "    gso: off\n    " + GetParam() + "\n", .encap = "gre", .options = 4});
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_EQ(segmented(c(1), c(2), net().tenant4(2), 40), 0u);
	EXPECT_EQ(h(1).xovl_show("stats net").at("networks").at(0).at("by_kernel"), 0);
	EXPECT_GT(h(1).drops("gso_numbered"), 0u);
}

} // namespace xovl::test
