// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The number of slots in tables that the datapath indexes by CPU number.
#include <gtest/gtest.h>

#include "bpf/datapath.hpp"

namespace xovl::test {

TEST(Cpus, TheHighestNumberCounts)
{
	EXPECT_EQ(cpu_numbers("0"), 1u);
	EXPECT_EQ(cpu_numbers("0-1\n"), 2u);
	EXPECT_EQ(cpu_numbers("0-3,8-11\n"), 12u);
	EXPECT_EQ(cpu_numbers("0-3,8\n"), 9u);
	EXPECT_THROW(cpu_numbers("\n"), Error);
}

} // namespace xovl::test
