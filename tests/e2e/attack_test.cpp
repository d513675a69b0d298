// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A tenant attacks the tables: other tenants keep their traffic and their entries. Two hosts (see traffic_test.cpp); network
// blue has the attacker behind h1, network green has the others.
#include <csignal>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

constexpr unsigned kMacs = 1'000'000;
constexpr unsigned kFdbLimit = 65536; // the default
const std::string kStatic = "02:00:00:00:0d:01";

class Attack : public OverlayTest, public testing::WithParamInterface<std::tuple<std::string, bool>> {
protected:
	void SetUp() override
	{
		const auto &[mode, v6] = GetParam();
		build({.port_mode = mode, .uplink_mode = mode, .v6 = v6});
		for (unsigned i : {1, 2}) {
			green_[i - 1] = net().add_tenant(fmt::format("g{}", i), i, "green0", 10 + i);
			h(i).xovl_must("net add green encap vxlan vni 200");
			h(i).xovl_must("port add green0 net green mode " + mode);
			h(i).xovl_must("flood add net green dst " + net().vtep(3 - i));
			h(i).xovl_must("fdb add " + kStatic + " net green dev green0");
		}
		ASSERT_TRUE(pings(*green_[0], net().tenant4(12)));
	}

	/// Frames of a million senders to a known destination.
	void flood_of_macs() const
	{
		Bytes frame = Ethernet{.dst = Topology::tenant_mac(2), .src = "06:00:00:00:00:00", .type = 0x88b5} /
			      Payload::of(46);
		const PacketSocket from(c(1), "eth0");
		for (unsigned n = 0; n < kMacs; n++) {
			for (unsigned octet = 0; octet < 4; octet++)
				frame[8 + octet] = static_cast<uint8_t>(n * 2654435761u >> 8 * octet);
			from.send(frame);
		}
	}

	std::unique_ptr<Netns> green_[2];
};

std::string name_of_setup(const testing::TestParamInfo<Attack::ParamType> &info)
{
	return std::get<0>(info.param) + (std::get<1>(info.param) ? "V6" : "V4");
}

} // namespace

TEST_P(Attack, AMillionMacsFromOnePort)
{
	Process ping = green_[0]->start("ping -i 0.02 -W 1 -c 100000 " + net().tenant4(12));
	flood_of_macs();
	const Result result = ping.stop(SIGINT);
	EXPECT_GT(ping_answers(result.out).size(), 100u);
	EXPECT_EQ(ping_answers(result.out).back(), ping_answers(result.out).size()) << "none is lost:\n"
										    << result.text();
	for (unsigned i : {1, 2}) {
		SCOPED_TRACE(testing::Message() << "host " << i);
		const auto blue = h(i).xovl_show("net show blue").at(0);
		EXPECT_GT(blue.at("learned"), kFdbLimit / 2);
		EXPECT_LE(blue.at("learned"), kFdbLimit * 4 / 5) << "a network's share";
		EXPECT_GT(blue.at("learn_refused"), 0u);
		EXPECT_EQ(h(i).xovl_show("net show green").at(0).at("learn_refused"), 0u);
		for (const std::string &mac : {Topology::tenant_mac(11), Topology::tenant_mac(12), kStatic})
			EXPECT_FALSE(h(i).xovl_show("fdb get " + mac + " net green").empty());
	}
	EXPECT_TRUE(pings(c(1), net().tenant4(2))) << "stations that were known before";
}

/// With a limit, the port takes no more than that from the table.
TEST_P(Attack, AMillionMacsFromAPortWithALimit)
{
	h(1).xovl_must("port set port0 mac-limit 16");
	flood_of_macs();
	EXPECT_LE(h(1).xovl_show("net show blue").at(0).at("learned"), 32u);
	EXPECT_TRUE(pings(*green_[0], net().tenant4(12)));
}

INSTANTIATE_TEST_SUITE_P(Modes, Attack, testing::Combine(testing::Values("native", "tc"), testing::Bool()),
			 name_of_setup);

} // namespace xovl::test
