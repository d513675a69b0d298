// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Live migration: a pinged guest moves to another host again and again, and keeps its MAC and IP address.
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

constexpr unsigned kMigrations = 100;
const std::string kMac = "02:00:00:00:0c:01";
const std::string kAddress = "10.1.0.200";

class Migration : public OverlayTest, public testing::WithParamInterface<std::string> {
protected:
	void SetUp() override
	{
		build({.port_mode = GetParam(), .uplink_mode = GetParam(), .underlay = Underlay::Switched, .hosts = 3});
		guest_ = std::make_unique<Netns>("guest");
		guest_->ip(
			fmt::format("link add br0 address {} type bridge\nlink set br0 up\naddress add {}/24 dev br0",
				    kMac, kAddress));
		for (unsigned host : {2, 3}) {
			veth(*guest_, fmt::format("at{}", host), h(host), "guest0");
			guest_->ip(fmt::format("link set at{} down\nlink set at{} master br0", host, host));
			h(host).xovl_must("port add guest0 net blue mode tc");
		}
	}

	/// Moves the guest to the other host and announces it by RARP, as hypervisors do.
	void migrate_to(unsigned host) const
	{
		guest_->ip(fmt::format("link set at{} down\nlink set at{} up", 5 - host, host));
		const Packet announcement = Ethernet{.dst = "ff:ff:ff:ff:ff:ff", .src = kMac, .type = 0x8035} /
					    ARP{.op = 3, .sha = kMac, .spa = "0.0.0.0", .tha = kMac, .tpa = "0.0.0.0"};
		const PacketSocket from(*guest_, fmt::format("at{}", host));
		EXPECT_TRUE(wait_until([&] {
			from.send(announcement);
			return h(1).fdb(kMac) && h(1).fdb(kMac)->at("dst") == net_->vtep(host);
		}));
	}

	std::unique_ptr<Netns> guest_;
};

} // namespace

/// With ten pings a second and a migration every 300 ms, no two pings in a row are lost.
TEST_P(Migration, AtMostOnePingIsLostEach)
{
	migrate_to(2);
	ASSERT_TRUE(pings(c(1), kAddress));
	Process ping = c(1).start("ping -i 0.1 -W 1 -c 100000 " + kAddress);
	auto next = std::chrono::steady_clock::now();
	for (unsigned n = 0; n < kMigrations; n++) {
		next += 300ms;
		migrate_to(3 - n % 2);
		std::this_thread::sleep_until(next);
	}
	ASSERT_TRUE(pings(c(1), kAddress)) << "in the end it is there";
	const Result result = ping.stop(SIGINT);
	const std::vector<unsigned> answered = ping_answers(result.out);
	ASSERT_GT(answered.size(), 2 * kMigrations) << result.text();
	for (size_t i = 1; i < answered.size(); i++)
		EXPECT_LE(answered[i] - answered[i - 1], 2u) << "after ping " << answered[i - 1];
	EXPECT_GE(h(1).xovl_show("net show blue").at(0).at("moves"), kMigrations);
}

INSTANTIATE_TEST_SUITE_P(Modes, Migration, testing::Values("native", "tc"),
			 [](const auto &info) { return std::string(info.param); });

} // namespace xovl::test
