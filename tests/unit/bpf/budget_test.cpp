// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The number of instructions of each program. It is free of noise, so a stage that grows shows here first. A commit
// that raises a budget gives the reason and the result of tools/bench.
#include <bpf/libbpf.h>

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "xovl/learned.h"

#include "tc.skel.h"
#include "xdp.skel.h"

namespace xovl::test {

namespace {

/// Adds the size of every entry program as clang compiled it, without the functions that it calls.
template <typename Skeleton> void add_sizes(std::map<std::string, size_t> &sizes)
{
	Skeleton *skeleton = Skeleton::open();
	ASSERT_NE(skeleton, nullptr);
	bpf_program *program = nullptr;
	bpf_object__for_each_program (program, skeleton->obj)
		sizes[bpf_program__name(program)] = bpf_program__insn_cnt(program);
	Skeleton::destroy(skeleton);
}

} // namespace

TEST(Budget, InstructionsOfEachProgram)
{
	const std::map<std::string, size_t> budgets = {
		{"xovl_xdp_port", 2450},        {"xovl_xdp_uplink", 2450}, {"xovl_tc_port", 2100},
		{"xovl_tc_port_resolve", 3000}, {"xovl_tc_uplink", 1050},  {"xovl_tc_uplink_resolve", 1900},
		{"xovl_tc_report", 36},         {"xovl_tc_flood", 250},    {"xovl_tc_reply", 34},
		{"xovl_tc_tunnel", 1350},       {"xovl_tc_way", 100},      {"xovl_tc_guard", 120},
	};
	std::map<std::string, size_t> sizes;
	add_sizes<xovl_xdp>(sizes);
	add_sizes<xovl_tc>(sizes);
	ASSERT_EQ(sizes.size(), budgets.size());
	for (const auto &[program, budget] : budgets) {
		ASSERT_TRUE(sizes.contains(program)) << program;
		EXPECT_LE(sizes.at(program), budget) << program;
		EXPECT_GE(sizes.at(program), budget * 9 / 10) << program << ": lower its budget";
	}
}

} // namespace xovl::test
