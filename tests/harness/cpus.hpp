// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Pins a test to one CPU. The datapath remembers routes, neighbours and paths per CPU.
#pragma once

#include <sched.h>

#include <vector>

#include <gtest/gtest.h>

namespace xovl::test {

/// Keeps the calling thread on one CPU while the object lives.
class OnCpu {
public:
	explicit OnCpu(int cpu) : cpu_(cpu)
	{
		sched_getaffinity(0, sizeof(before_), &before_);
		cpu_set_t one;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		EXPECT_EQ(sched_setaffinity(0, sizeof(one), &one), 0) << "CPU " << cpu;
	}
	OnCpu(const OnCpu &) = delete;
	OnCpu &operator=(const OnCpu &) = delete;
	~OnCpu() { sched_setaffinity(0, sizeof(before_), &before_); }

	int cpu() const { return cpu_; }

private:
	int cpu_;
	cpu_set_t before_;
};

inline std::vector<int> allowed_cpus()
{
	cpu_set_t set;
	std::vector<int> cpus;
	sched_getaffinity(0, sizeof(set), &set);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus.push_back(cpu);
	return cpus;
}

} // namespace xovl::test
