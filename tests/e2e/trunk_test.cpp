// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Trunk ports: a list of VLANs of an interface, each in its own network. Two hosts (see traffic_test.cpp); frames are
// made by hand, because a tenant's kernel may have no VLAN devices.
#include <chrono>
#include <string>

#include <fmt/format.h>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

const std::string kBroadcast = "ff:ff:ff:ff:ff:ff";

class Trunk : public OverlayTest, public testing::WithParamInterface<std::tuple<std::string, bool>> {
protected:
	void SetUp() override
	{
		const auto &[mode, v6] = GetParam();
		prepare({.port_mode = mode, .uplink_mode = mode, .v6 = v6});
		for (unsigned i : {1, 2}) {
			h(i).xovl_must("vtep add " + net().vtep(i));
			h(i).xovl_must("uplink add up0 mode " + mode);
			h(i).xovl_must("port add port0 vids 10-12,300 vni-base 5000 native 7 flood " +
				       net().vtep(3 - i) + " mode " + mode);
		}
	}

	static Bytes frame(uint16_t vid, const std::string &dst)
	{
		Bytes payload = Payload::of(100).data;
		payload.back() = 0xee;
		const Ethernet head{.dst = dst, .src = Topology::tenant_mac(1)};
		return vid ? head / Vlan{.vid = vid} / Payload{payload} : head / Payload{payload};
	}

	/// Sends a frame from c1. Returns the frame that c2 receives, or nothing.
	Bytes carried(const Bytes &sent) const
	{
		PacketSocket tap(c(2), "eth0");
		PacketSocket(c(1), "eth0").send(sent);
		const auto is_ours = [](const Frame &got) {
			return !got.outgoing && got.bytes.size() > 100 && got.bytes.back() == 0xee;
		};
		const auto list = tap.collect(1, is_ours, 300ms);
		return list.empty() ? Bytes() : list.front().bytes;
	}
};

std::string name_of_setup(const testing::TestParamInfo<Trunk::ParamType> &info)
{
	return std::get<0>(info.param) + (std::get<1>(info.param) ? "V6" : "V4");
}

using TrunkTc = OverlayTest;

} // namespace

TEST_P(Trunk, EachVlanHasItsNetwork)
{
	for (uint16_t vid : {10, 12, 300, 0})
		for (const std::string &dst : {kBroadcast, Topology::tenant_mac(2)}) {
			EXPECT_EQ(carried(frame(vid, dst)), frame(vid, dst)) << vid;
			EXPECT_EQ(carried(frame(vid, dst)), frame(vid, dst)) << vid << ", again";
		}
	for (uint16_t vid : {9, 13, 7})
		EXPECT_EQ(carried(frame(vid, kBroadcast)), Bytes()) << vid << " is not in the list";
	const auto interfaces = h(1).xovl_show("stats").at("interfaces");
	ASSERT_EQ(interfaces.size(), 1u) << interfaces;
	EXPECT_EQ(interfaces[0].at("vlan_unknown"), 3);
	std::map<std::string, nlohmann::json> vids;
	for (const auto &row : h(1).xovl_show("port show"))
		vids[row.at("net")] = row.at("vid");
	EXPECT_EQ(vids.size(), 5u);
	EXPECT_EQ(vids["vni5010"], 10);
	EXPECT_EQ(vids["vni5300"], 300);
	EXPECT_TRUE(vids["vni5007"].is_null() || vids["vni5007"] == 0) << vids["vni5007"];
}

/// One network is VLAN 10 at one host and VLAN 20 at the other.
TEST_P(Trunk, TheTagIsTheHostsOwn)
{
	h(2).xovl_must("port del port0 vids 10-12,300");
	h(2).xovl_must("port add port0 vids 20-22 vni-base 4990 mode " + std::get<0>(GetParam()));
	EXPECT_EQ(carried(frame(10, kBroadcast)), frame(20, kBroadcast));
	EXPECT_EQ(carried(frame(12, kBroadcast)), frame(22, kBroadcast));
	EXPECT_EQ(carried(frame(300, kBroadcast)), Bytes());
}

INSTANTIATE_TEST_SUITE_P(Modes, Trunk, testing::Combine(testing::Values("native", "tc"), testing::Bool()),
			 name_of_setup);

TEST_F(TrunkTc, RefusedWithoutAChange)
{
	build({});
	const std::string before = h(1).save();
	for (const auto &[line, message] : {
		     std::pair{"port add port0 vids 10,10 vni-base 1", "VLAN 10 is given twice in vids (once)"},
		     {"port add port0 vids 10-20,15-30 vni-base 1", "VLAN 15 is given twice in vids (once)"},
		     {"port add port0 vids 4095 vni-base 1", "VLAN 4095 is out of range (1-4094)"},
		     {"port add port0 vids 10 vni-base 1 native 10", "native VLAN 10 is in vids, too"},
		     {"port add port0 vids 10 vni-base 16777215", "VNI 16777225 is out of range (0-16777215)"},
		     {"port add port0 vids 10", "vni-base"},
		     {"port add port0 vids 10 vni-base 1 net blue", "net"},
		     {"port add port0 vids 10 vni-base 1 native 5 mode tc",
		      "port port0 exists already in network \"blue\""},
		     {"port del port0 vids 10-12", "there is no port port0 vid 10 (xovl port show)"},
	     }) {
		const Result result = h(1).xovl(line);
		EXPECT_EQ(result.status, 1) << line;
		EXPECT_NE(result.err.find(message), std::string::npos) << line << "\n" << result.err;
		EXPECT_EQ(h(1).save(), before) << line;
	}
}

/// A file with all 4094 VLANs of a port is applied in seconds, and applying the saved file changes nothing.
TEST_F(TrunkTc, EveryVlanOfAFile)
{
	prepare({});
	const std::string file =
		fmt::format("limits: {{ports: 4200}}\nvtep: {{local: [{}]}}\nuplinks: [{{dev: up0, mode: tc}}]\n"
			    "trunks:\n  - {{dev: port0, vids: 1-4094, vni-base: 10000, mode: tc, flood: [{}]}}\n",
			    net().vtep(1), net().vtep(2));
	const auto begin = std::chrono::steady_clock::now();
	const Result result = h(1).apply(file);
	const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
	ASSERT_TRUE(result.ok()) << result.text();
	EXPECT_EQ(h(1).xovl_show("port show").size(), 4094u);
	EXPECT_EQ(h(1).apply(file).out, "") << "a second run changes nothing";
	EXPECT_EQ(h(1).apply(h(1).save()).out, "");
	RecordProperty("seconds", std::to_string(took.count()));
	EXPECT_LT(took.count(), 5) << "quiet machines need less than one second";
	fmt::print("4094 VLANs applied in {:.2f} s\n", took.count());
}

} // namespace xovl::test
