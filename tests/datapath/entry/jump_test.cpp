// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Tail calls whose target is gone, because somebody removed the pins of the running datapath.
#include <bpf/bpf.h>

#include "fixture.hpp"

namespace xovl::test {

namespace {

class Jump : public DatapathTest {
protected:
	/// Empties the program array, as the kernel does when nothing refers to it.
	void empty_jumps() const
	{
		const Fd jumps = pinned(bench_->pin("jumps"));
		uint32_t removed = 0;
		for (uint32_t index = 0; index < 16; index++)
			removed += bpf_map_delete_elem(jumps.get(), &index) == 0;
		ASSERT_GE(removed, 5u);
	}
};

} // namespace

TEST_P(Jump, FramesOfTenantsAreDropped)
{
	empty_jumps();
	bench_->forget_paths();
	for (const std::string &dst : {mac::kRemoteA, std::string("ff:ff:ff:ff:ff:ff")}) {
		const Counts before = bench_->counts();
		EXPECT_EQ(bench_->run(Hook::Tc, "port1", udp_frame(dst, mac::kTenant1)).verdict, Verdict::Drop);
		EXPECT_EQ(moved(before, bench_->counts()), dropped_outer("program_missing"));
	}
}

/* Packets from the underlay pass to the kernel: the uplink also carries the host's own traffic. */
TEST_P(Jump, PacketsFromTheUnderlayAreLeftToTheHost)
{
	empty_jumps();
	bench_->forget_paths();
	const Counts before = bench_->counts();
	const Bytes packet = arriving(kBlueVni, udp_frame(mac::kTenant2, mac::kRemoteA));
	EXPECT_EQ(bench_->run(Hook::Tc, "uplink", packet).verdict, Verdict::Pass);
	EXPECT_EQ(moved(before, bench_->counts()), Counts{});
}

INSTANTIATE_TEST_SUITE_P(Modes, Jump, each_mode(), setup_name);

} // namespace xovl::test
