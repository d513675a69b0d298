// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// After an upgrade: a version with another map layout loaded the running overlay. Direct underlay (see
// traffic_test.cpp).
#include <bpf/bpf.h>

#include <fstream>
#include <functional>
#include <string>

#include "topology.hpp"
#include "xovl/maps.h"

namespace xovl::test {

namespace {

class Upgrade : public OverlayTest, public testing::WithParamInterface<std::string> {
protected:
	void SetUp() override
	{
		prepare({.port_mode = GetParam(), .uplink_mode = GetParam()});
		forwarding_ = lo_forwarding();
		net().start();
	}

	/// Changes the settings of h1 into those of another version.
	void rewrite(const std::function<void(xovl_settings &)> &change) const
	{
		const Fd map(bpf_obj_get((h(1).pin_folder() + "/settings").c_str()));
		const uint32_t key = 0;
		xovl_settings settings{};
		ASSERT_EQ(bpf_map_lookup_elem(map.get(), &key, &settings), 0);
		change(settings);
		ASSERT_EQ(bpf_map_update_elem(map.get(), &key, &settings, BPF_ANY), 0);
	}

	std::string lo_forwarding() const
	{
		std::string both;
		in_netns(h(1).name(), [&] {
			for (const char *family : {"ipv4", "ipv6"}) {
				std::string value;
				std::ifstream("/proc/sys/net/" + std::string(family) + "/conf/lo/forwarding") >> value;
				both += value;
			}
		});
		return both;
	}

	std::string forwarding_; ///< before xovl
};

} // namespace

TEST_P(Upgrade, DownTakesDownAnotherLayout)
{
	rewrite([](xovl_settings &settings) { settings.layout = XOVL_LAYOUT + 40; });
	for (const char *line : {"net show", "net add red encap vxlan vni 7", "save"}) {
		const Result refused = h(1).xovl(line);
		EXPECT_EQ(refused.status, 2) << refused.text();
		EXPECT_NE(refused.err.find("(xovl down"), std::string::npos) << refused.err;
	}
	const Result down = h(1).xovl("down");
	EXPECT_TRUE(down.ok());
	EXPECT_EQ(down.out + down.err, "");
	EXPECT_EQ(h(1).down_and_check(), "");
	EXPECT_EQ(lo_forwarding(), forwarding_);
	EXPECT_TRUE(pings(h(1), net().vtep(2))) << "the underlay itself";

	ASSERT_TRUE(h(1).apply(net().config(1)).ok());
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
}

TEST_P(Upgrade, DownFindsProgramsThatNoRecordTellsOf)
{
	rewrite([](xovl_settings &settings) {
		settings.layout = XOVL_LAYOUT + 40;
		settings.netns_cookie = ~settings.netns_cookie; // another version may use the field differently
	});
	EXPECT_TRUE(h(1).xovl("down").ok());
	EXPECT_EQ(h(1).down_and_check(), "");
}

INSTANTIATE_TEST_SUITE_P(Modes, Upgrade, testing::Values("native", "generic", "tc"),
			 [](const auto &info) { return info.param; });

} // namespace xovl::test
