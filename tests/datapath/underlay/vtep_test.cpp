// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/underlay/vtep.h: nothing is sent from, or received at, a tunnel address that is not on this host.
#include <thread>

#include <fmt/format.h>

#include "fixture.hpp"

namespace xovl::test {

class Vtep : public DatapathTest {
protected:
	void SetUp() override
	{
		DatapathTest::SetUp();
		// a second address keeps the subnet's route when the first one is removed
		bench_->sysctl("net/ipv4/conf/uplink/promote_secondaries", "1");
		bench_->ip(fmt::format("addr add {} dev uplink", with_prefix(is_v4() ? "192.0.2.50" : "2001:db8::50")));
	}

	std::string with_prefix(const std::string &address) const { return address + (is_v4() ? "/24" : "/64 nodad"); }

	void take_away()
	{
		bench_->ip(fmt::format("addr del {}{} dev uplink", ip().local, is_v4() ? "/24" : "/64"));
		std::this_thread::sleep_for(600ms);
	}

	void bring_back()
	{
		bench_->ip(fmt::format("addr add {} dev uplink", with_prefix(ip().local)));
		std::this_thread::sleep_for(500ms);
	}

	const Packet out_ = udp_frame(mac::kRemoteA, mac::kTenant1);
	const Packet in_ = udp_frame(mac::kTenant2, mac::kRemoteA);
};

INSTANTIATE_TEST_SUITE_P(, Vtep, every_setup(), setup_name);

TEST_P(Vtep, SendsNothingFromAnAddressThatIsGone)
{
	const size_t len = out_.bytes().size();
	bench_->run(hook(), "port1", out_);
	take_away();
	finishes_in_tc("port1", out_, {Verdict::Drop, {}, dropped_from_port("port1", "vtep_not_local", len)});
	bring_back();
	finishes("port1", out_,
		 {Verdict::Redirect, encapsulated(kBlueVni, out_, mac::kPeerA, ip().peer_a, made_of(out_)),
		  sent("port1", "blue", ip().peer_a, len)});
}

TEST_P(Vtep, CopiesOfAFlood)
{
	take_away();
	const uint64_t before = bench_->counts()["drop vtep_not_local copies"];
	bench_->run(Hook::Tc, "port1", udp_frame(mac::kBroadcast, mac::kTenant1));
	EXPECT_EQ(bench_->counts()["drop vtep_not_local copies"], before + 2);
}

TEST_P(Vtep, TakesNothingAtAnAddressThatIsGone)
{
	const Outcome taken = {Verdict::Redirect, in_, delivered(ip().peer_a, "blue", "port2", in_.bytes().size())};
	finishes("uplink", arriving(kBlueVni, in_), taken);
	take_away();
	passes("uplink", arriving(kBlueVni, in_));
	passes("uplink", arriving(0x777, in_)); // packets with an unknown VNI pass, too
	bring_back();
	finishes("uplink", arriving(kBlueVni, in_), taken);
}

TEST_P(Vtep, IsOnAnyInterface)
{
	take_away();
	bench_->ip(fmt::format("addr add {}{} dev side", ip().local, is_v4() ? "/32" : "/128 nodad"));
	std::this_thread::sleep_for(500ms);
	finishes("uplink", arriving(kBlueVni, in_),
		 {Verdict::Redirect, in_, delivered(ip().peer_a, "blue", "port2", in_.bytes().size())});
	EXPECT_EQ(bench_->run(hook(), "port1", out_).verdict, Verdict::Redirect);
}

} // namespace xovl::test
