// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Attach points themselves: what is left where the kernel refuses.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "attach.hpp"
#include "topology.hpp"
#include "xovl/learned.h"

#include "xdp.skel.h"

namespace xovl::test {

namespace {

/// Of the name of ours: what an earlier command attached.
Fd earlier_program()
{
	const bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 2 /* XDP_PASS */},
		{.code = BPF_JMP | BPF_EXIT},
	};
	return Fd(bpf_prog_load(BPF_PROG_TYPE_XDP, kXdpNames[0], "GPL", code, 2, nullptr));
}

/// No map has keys of no size: the kernel refuses to load it.
bpf_object *object_that_does_not_load()
{
	size_t size = 0;
	const void *elf = xovl_xdp__elf_bytes(&size);
	bpf_object *object = bpf_object__open_mem(elf, size, nullptr);
	bpf_map__set_key_size(bpf_object__find_map_by_name(object, "devices"), 0);
	return object;
}

using AttachRefused = testing::TestWithParam<xovl_mode>;

} // namespace

TEST_P(AttachRefused, AnEarlierProgramDoesNotStay)
{
	const Netns host("h"), tenant("t");
	veth(host, "port0", tenant, "eth0");
	in_netns(host.name(), [] {
		const LinkInfo link = find_link("port0").value();
		const Fd program = earlier_program();
		const unsigned int flags = GetParam() == XOVL_MODE_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
		ASSERT_EQ(bpf_xdp_attach(static_cast<int>(link.ifindex), program.get(), flags, nullptr), 0);
		ASSERT_EQ(xdp_attached(link.ifindex), GetParam());
		const XdpOutcome outcome = xdp_attach(link, GetParam(), kXdpNames[0], object_that_does_not_load);
		EXPECT_EQ(outcome.result, XdpResult::Unsupported);
		EXPECT_NE(outcome.text, "");
		EXPECT_EQ(xdp_attached(link.ifindex), XOVL_MODE_TC);
	});
}

INSTANTIATE_TEST_SUITE_P(Modes, AttachRefused, testing::Values(XOVL_MODE_NATIVE, XOVL_MODE_GENERIC),
			 [](const auto &info) { return info.param == XOVL_MODE_NATIVE ? "native" : "generic"; });

} // namespace xovl::test
