// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Attach points: where the kernel refuses a program, no earlier one stays attached.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "bpf/attach.hpp"
#include "topology.hpp"
#include "xovl/learned.h"

#include "xdp.skel.h"

namespace xovl::test {

namespace {

/// A program with the name of xovl's, as an earlier command left it.
Fd earlier_program()
{
	const bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 2 /* XDP_PASS */},
		{.code = BPF_JMP | BPF_EXIT},
	};
	return Fd(bpf_prog_load(BPF_PROG_TYPE_XDP, kXdpNames[0], "GPL", code, 2, nullptr));
}

/// The kernel refuses to load this object, because a map has a key size of 0.
BpfObject object_that_does_not_load()
{
	size_t size = 0;
	const void *elf = xovl_xdp__elf_bytes(&size);
	BpfObject object(bpf_object__open_mem(elf, size, nullptr));
	bpf_map__set_key_size(bpf_object__find_map_by_name(object.get(), "devices"), 0);
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

/* The time to look up one interface does not grow with the number of interfaces. */
TEST(Look, DoesNotReadAllInterfaces)
{
	const Netns host("h");
	host.ip("link add port0 type veth peer name far0");
	const auto quickest = [&] {
		auto best = std::chrono::nanoseconds::max();
		in_netns(host.name(), [&] {
			const uint32_t ifindex = if_nametoindex("port0");
			for (int i = 0; i < 30; i++) {
				const auto start = std::chrono::steady_clock::now();
				EXPECT_EQ(xdp_attached(ifindex), XOVL_MODE_TC);
				best = std::min<std::chrono::nanoseconds>(best,
									  std::chrono::steady_clock::now() - start);
			}
		});
		return best;
	};
	const auto alone = quickest();
	std::string others;
	for (int i = 0; i < 150; i++)
		others += "link add other" + std::to_string(i) + " type veth\n";
	host.ip(others);
	EXPECT_LT(quickest(), 4 * alone);
}

TEST(Look, ALinkIsKnownUntilItIsForgotten)
{
	const Netns host("h");
	host.ip("link add port0 mtu 1400 type veth peer name far0");
	in_netns(host.name(), [&] {
		Links links;
		EXPECT_FALSE(links.find("port1"));
		const uint32_t ifindex = links.find("port0").value().ifindex;
		host.ip("link set port0 mtu 1300\nlink add port1 type veth peer name far1");
		EXPECT_EQ(links.find("port0").value().mtu, 1400u);
		EXPECT_EQ(links.find(ifindex).value().mtu, 1400u);
		EXPECT_TRUE(links.find("port1")) << "one that was missing";
		links.forget();
		EXPECT_EQ(links.find(ifindex).value().mtu, 1300u);
		host.ip("link del port0");
		links.forget();
		EXPECT_FALSE(links.find("port0"));
		EXPECT_FALSE(links.find(ifindex));
	});
}

} // namespace xovl::test
