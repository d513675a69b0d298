// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Commands that are killed: the next apply repairs the state they left. Direct underlay (see traffic_test.cpp).
#include <chrono>
#include <csignal>
#include <random>
#include <regex>
#include <thread>

#include "lifecycle_bench.hpp"

namespace xovl::test {

namespace {

class Kill : public Lifecycle {
protected:
	/// After an interrupted command on h1, apply restores the state of the file. Another apply changes nothing.
	void expect_made_good(const std::string &text, const std::string &saved) const
	{
		const Result again = h(1).apply(text);
		ASSERT_TRUE(again.ok()) << again.text();
		EXPECT_EQ(h(1).save(), saved);
		EXPECT_TRUE(pings(c(1), net_->tenant4(2), 2));
		EXPECT_EQ(h(1).apply(text).out, "");
	}
};

} // namespace

TEST_P(Kill, ApplyKilledAnywhereIsMadeGoodByApply)
{
	prepare(plan());
	ASSERT_TRUE(h(2).apply(net().config(2)).ok());
	const std::string text = big_config(net(), 1, 100);
	const TempFile file(text);
	const auto begin = std::chrono::steady_clock::now();
	ASSERT_TRUE(h(1).apply(text).ok());
	const auto whole =
		std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
	const std::string clean = h(1).save();

	std::mt19937 random(20261120);
	for (int round = 0; round < 8; round++) {
		if (round % 2 == 0)
			h(1).xovl_must("down");
		else
			h(1).apply(net().config(1));
		Process apply = h(1).start_xovl("apply " + file.path());
		std::this_thread::sleep_for(whole * std::uniform_real_distribution<>(0.02, 1.0)(random));
		apply.stop(SIGKILL);
		SCOPED_TRACE(testing::Message() << "round " << round);
		ASSERT_NO_FATAL_FAILURE(expect_made_good(text, clean));
	}
}

/* Apply is killed at 20 moments, from nothing and from a file with the port, VNI and MACs in another network. */
TEST_P(Kill, ApplyKilledAtEachOfItsStepsIsMadeGoodByApply)
{
	constexpr int kMoments = 20;
	prepare(plan());
	ASSERT_TRUE(h(2).apply(net().config(2)).ok());
	const std::string text = big_config(net(), 1, 10);
	const TempFile file(text);
	const std::string other =
		std::regex_replace(big_config(net(), 1, 5), std::regex("name: (blue|net)"), "name: x$1");
	for (bool from_nothing : {true, false}) {
		const auto back = [&] { return from_nothing ? h(1).xovl("down") : h(1).apply(other); };
		ASSERT_TRUE(back().ok());
		const auto begin = std::chrono::steady_clock::now();
		h(1).xovl_must("apply " + file.path());
		const auto whole = std::chrono::steady_clock::now() - begin;
		const std::string clean = h(1).save();
		for (int moment = 0; moment < kMoments; moment++) {
			SCOPED_TRACE(testing::Message() << "moment " << moment << ", from nothing: " << from_nothing);
			ASSERT_TRUE(back().ok());
			Process apply = h(1).start_xovl("apply " + file.path());
			std::this_thread::sleep_for(whole * moment / kMoments);
			apply.stop(SIGKILL);
			ASSERT_NO_FATAL_FAILURE(expect_made_good(text, clean));
		}
	}
}

TEST_P(Kill, KilledVerbsLeaveNothingHalfMade)
{
	build(plan());
	const std::string clean = h(1).save();
	std::mt19937 random(42);
	for (int round = 0; round < 10; round++) {
		Process process = h(1).start_xovl(round % 2 ? "port del port0" : "uplink del up0");
		std::this_thread::sleep_for(
			std::chrono::microseconds(std::uniform_int_distribution<>(500, 30000)(random)));
		process.stop(SIGKILL);
		SCOPED_TRACE(testing::Message() << "round " << round);
		ASSERT_NO_FATAL_FAILURE(expect_made_good(net().config(1), clean));
	}
}

INSTANTIATE_TEST_SUITE_P(Modes, Kill, testing::Values("native", "tc"), [](const auto &info) { return info.param; });

} // namespace xovl::test
