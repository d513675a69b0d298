// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Shadow programs, with packets of every kind. Bench::run() compares their result with that of the real programs, and
// all maps before and after.
#include <net/if.h>

#include <algorithm>

#include "pmtu_fixture.hpp"

namespace xovl::test {

namespace {

class ShadowPrograms : public Pmtu {
protected:
	void SetUp() override
	{
		Pmtu::SetUp();
		bench_->run_shadow();
	}
	/// Runs the packet in the hook under test, then in TC. Paths are forgotten, because those of the real programs
	/// can be a moment old.
	void compare(const std::string &dev, const Bytes &packet)
	{
		for (const Hook at : {hook(), Hook::Tc}) {
			bench_->keep_confirmed();
			bench_->forget_paths();
			bench_->run(at, dev, packet);
		}
	}
	/// Returns the value of the last step of this kind, or nullopt if there is none.
	std::optional<uint64_t> step(xovl_step_kind kind) const
	{
		std::optional<uint64_t> value;
		for (const xovl_step &each : bench_->shadow_steps())
			if (each.kind == kind)
				value = each.value;
		return value;
	}
};

} // namespace

TEST_P(ShadowPrograms, TellWhatBecomesOfFramesFromPorts)
{
	const std::string unknown = "02:00:00:00:99:01", stranger = "02:00:00:00:99:02";
	for (const std::string &dst : {mac::kRemoteA, mac::kRemoteB, mac::kRemoteNoRoute, mac::kRemoteBeside,
				       mac::kTenant2, mac::kTagged, unknown, std::string("ff:ff:ff:ff:ff:ff")})
		for (const std::string &src : {mac::kTenant1, stranger})
			compare("port1", udp_frame(dst, src));
	compare("port1", udp_frame(mac::kRemoteA, "03:00:00:00:00:01"));
	compare("port1", udp_frame("01:80:c2:00:00:00", mac::kTenant1));
	compare("port1", frame_of(mac::kRemoteA, mac::kTenant1, 1514));
	compare("port1", frame_of(mac::kRemoteNarrow, mac::kTenant1, 1514));
	compare("port2", udp_frame(mac::kRemoteA, stranger)); // the MAC has moved
	compare("trunk", udp_frame(mac::kRemoteA, mac::kTenant1));
	for (const auto &[name, frame] : tenant_frames(mac::kRemoteA, mac::kTenant1))
		compare("port1", frame);
}

TEST_P(ShadowPrograms, TellWhatBecomesOfTunnelPackets)
{
	for (const std::string &peer : {ip().peer_a, ip().peer_b, ip().stranger})
		for (const std::string &src : {mac::kRemoteA, std::string("02:00:00:00:99:03")})
			compare("uplink", arriving(kBlueVni, udp_frame(mac::kTenant2, src), peer));
	compare("uplink", arriving(kBlueVni + 77, udp_frame(mac::kTenant2, mac::kRemoteA)));
	compare("uplink", arriving(kBlueVni, udp_frame("ff:ff:ff:ff:ff:ff", mac::kRemoteA)));
	compare("uplink", arriving(kBlueVni, udp_frame(mac::kRemoteB, mac::kRemoteA)));
	const Bytes sound = arriving(kBlueVni, udp_frame(mac::kTenant2, mac::kRemoteA));
	compare("uplink", truncated(sound, sound.size() - 4));
	compare("uplink", padded(sound, sound.size() + 4));
	compare("uplink", udp_frame(mac::kUplink, mac::kPeerA));
}

TEST_P(ShadowPrograms, CountNoSequenceNumbers)
{
	set_blue([](NetworkConfig &net) {
		net.encap = XOVL_ENCAP_GRE;
		net.dstport = 0;
		net.seq = GreSeq::Strict;
		net.csum = true;
	});
	const Gre gre{.key = kBlueVni, .seq = 5, .csum = true};
	compare("port1", out_);
	compare("uplink", from_a(gre / inner_));
}

TEST_P(ShadowPrograms, BelieveNoReports)
{
	compare("uplink", message(kPathMtu, quote()));
	compare("port1", large_frame());
}

TEST_P(ShadowPrograms, RecordTheSteps)
{
	bench_->run(Hook::Tc, "port1", udp_frame(mac::kRemoteA, "02:00:00:00:99:04"));
	EXPECT_TRUE(step(XOVL_STEP_LEARN).has_value());
	EXPECT_EQ(xovl_fdb_target(step(XOVL_STEP_DESTINATION).value_or(0)), XOVL_TARGET_PEER);
	EXPECT_EQ(step(XOVL_STEP_NEXTHOP), XOVL_NEXTHOP_OK);
	EXPECT_EQ(step(XOVL_STEP_HEADERS), outer_len());

	bench_->run(Hook::Tc, "port1", udp_frame(mac::kRemoteNoRoute, mac::kTenant1));
	EXPECT_EQ(step(XOVL_STEP_NEXTHOP), XOVL_NEXTHOP_NO_ROUTE);
	EXPECT_EQ(step(XOVL_STEP_OUTCOME), XOVL_REASON_NO_ROUTE);

	bench_->run(Hook::Tc, "port1", udp_frame("ff:ff:ff:ff:ff:ff", mac::kTenant1));
	const auto copies = std::ranges::count(bench_->shadow_steps(), XOVL_STEP_COPY, &xovl_step::kind);
	EXPECT_EQ(copies, 4); // port2, trunk, both peers
}

INSTANTIATE_TEST_SUITE_P(Modes, ShadowPrograms, every_setup(), setup_name);

} // namespace xovl::test
