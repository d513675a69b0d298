// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/packet/gre.h, on the host: which sequence numbers are late.
#include <random>

#include <gtest/gtest.h>

#include "host/functions.h"

namespace xovl::test {

class SequenceOnHost : public testing::Test {
protected:
	bool is_late(uint32_t number, bool silent = false)
	{
		bool late = false;
		state_ = host_sequence_next_state(state_, number, silent, &late);
		return late;
	}

	void begin_at(uint32_t number) { state_ = static_cast<uint64_t>(number) << 32 | number; }

	uint64_t state_ = 0;
};

TEST_F(SequenceOnHost, InOrderAcrossTheWrap)
{
	begin_at(0xfffffff0);
	for (uint32_t i = 1; i < 100; i++)
		EXPECT_FALSE(is_late(0xfffffff0 + i)) << i;
}

TEST_F(SequenceOnHost, EachNumberOnce)
{
	begin_at(1000);
	EXPECT_FALSE(is_late(1001));
	EXPECT_TRUE(is_late(1001));
	EXPECT_FALSE(is_late(1010));
	for (uint32_t number = 1000; number <= 1010; number++)
		EXPECT_TRUE(is_late(number)) << number;
	EXPECT_FALSE(is_late(1011));
}

TEST_F(SequenceOnHost, AfterSilenceThePeerMayHaveStartedAgain)
{
	begin_at(5000);
	EXPECT_TRUE(is_late(1));
	begin_at(5000);
	EXPECT_FALSE(is_late(1, true));
	EXPECT_FALSE(is_late(2));
	EXPECT_TRUE(is_late(1));
}

/* One forged sequence number does not make the peer's next number late. */
TEST_F(SequenceOnHost, OneForgedNumber)
{
	std::mt19937 random(3);
	for (int i = 0; i < 100000; i++) {
		const uint32_t newest = random(), forged = random();
		begin_at(newest);
		is_late(forged);
		const bool is_far = forged - newest + 1024 > 2048;
		ASSERT_FALSE(is_far && is_late(newest + 1)) << newest << ' ' << forged;
	}
}

/* Two numbers in a row that are close to each other are accepted as a jump of the peer. */
TEST_F(SequenceOnHost, AJump)
{
	begin_at(100);
	is_late(900000);
	EXPECT_FALSE(is_late(900001));
	EXPECT_TRUE(is_late(900000));
	EXPECT_FALSE(is_late(900002));
}

} // namespace xovl::test
