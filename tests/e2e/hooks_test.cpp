// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Programs at the hooks of interfaces are shown in their order: xovl's, foreign ones, and those that somebody removed.
// Direct underlay (see traffic_test.cpp).
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <net/if.h>
#include <unistd.h>

#include <string>

#include <fmt/format.h>

#include "foreign.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

constexpr const char *kDetached = "the TC program was detached by somebody else (xovl apply attaches it again)";

class Hooks : public OverlayTest {
protected:
	nlohmann::json shown(const std::string &dev) const
	{
		for (const char *object : {"uplink show", "port show"})
			for (const auto &row : h(1).xovl_show(object))
				if (row.at("dev") == dev)
					return row;
		return {};
	}

	/// The programs at a hook, in order: "foreign,xovl_tc_uplink" at "tcx".
	std::string programs(const std::string &dev, const std::string &hook) const
	{
		std::string out;
		const nlohmann::json row = shown(dev);
		for (const auto &program : row.at("programs").at(hook))
			out += (out.empty() ? "" : ",") + program.at("program").get<std::string>();
		return out;
	}
};

} // namespace

TEST_F(Hooks, TheOrderIsShown)
{
	prepare({});
	const Fd first = foreign_program(BPF_PROG_TYPE_SCHED_CLS, kTcxNext, "first");
	const Fd later = foreign_program(BPF_PROG_TYPE_SCHED_CLS, kTcxNext, "later");
	const auto attach = [&](const Fd &program) {
		Fd link;
		in_netns(h(1).name(), [&] {
			link = Fd(bpf_link_create(program.get(), static_cast<int>(if_nametoindex("up0")), kTcxIngress,
						  nullptr));
		});
		return link;
	};
	const Fd before = attach(first);
	net().start();
	const Fd behind = attach(later);
	const Fd filter = foreign_program(BPF_PROG_TYPE_SCHED_CLS, kTcxNext, "filter");
	in_netns(h(1).name(), [&] {
		LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = static_cast<int>(if_nametoindex("up0")),
			    .attach_point = BPF_TC_INGRESS);
		LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = filter.get(), .handle = 1, .priority = 7);
		const int made = bpf_tc_hook_create(&hook);
		ASSERT_TRUE(!made || made == -EEXIST);
		ASSERT_EQ(bpf_tc_attach(&hook, &opts), 0);
	});
	EXPECT_EQ(programs("up0", "tcx"), before ? "first,xovl_tc_uplink,later" : "");
	EXPECT_EQ(programs("up0", "clsact"), before ? "filter" : "filter,xovl_tc_uplink");
	EXPECT_EQ(programs("up0", "xdp"), "");
	const nlohmann::json uplink = shown("up0");
	EXPECT_EQ(uplink.at("programs").at("clsact").at(0).at("priority"), 7);
	for (const auto &program : uplink.at("programs").at(before ? "tcx" : "clsact"))
		EXPECT_EQ(program.at("own"), program.at("program") == "xovl_tc_uplink") << program;
	EXPECT_EQ(uplink.at("note"), "");
	EXPECT_EQ(programs("port0", before ? "tcx" : "clsact"), "xovl_tc_port");
	const std::string text = h(1).xovl_must("uplink show");
	if (before) {
		EXPECT_NE(text.find("tcx first, xovl_tc_uplink, later; clsact 7 filter"), std::string::npos) << text;
	}
	h(1).must("tc filter del dev up0 ingress pref 7");
	if (before)
		h(1).must("tc qdisc del dev up0 clsact");
}

TEST_F(Hooks, XdpProgramsAreShown)
{
	build({.port_mode = "native", .uplink_mode = "generic"});
	EXPECT_EQ(programs("up0", "xdp"), "xovl_xdp_uplink");
	EXPECT_EQ(programs("port0", "xdp"), "xovl_xdp_port");
	EXPECT_EQ(shown("port0").at("programs").at("xdp").at(0).at("own"), true);
}

TEST_F(Hooks, ADetachedTcProgramIsSaidAndComesBackByApply)
{
	build({});
	for (const std::string dev : {"up0", "port0"}) {
		if (h(1).has_tcx_link("up0")) {
			const Fd link(bpf_obj_get(h(1).tc_pin(dev).c_str()));
			ASSERT_EQ(bpf_link_detach(link.get()), 0);
		} else {
			h(1).must("tc qdisc del dev " + dev + " clsact");
		}
		EXPECT_EQ(shown(dev).at("note"), kDetached);
		EXPECT_EQ(programs(dev, "tcx") + programs(dev, "clsact"), "");
		EXPECT_FALSE(c(1).run("ping -c 1 -W 0.3 " + net().tenant4(2)).ok());
		const Result again = h(1).apply(net().config(1));
		EXPECT_TRUE(again.ok()) << again.text();
		EXPECT_EQ(again.out, fmt::format("~ {} attached, mode tc\n", dev));
		EXPECT_EQ(shown(dev).at("note"), "");
		EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	}
}

TEST_F(Hooks, AReplacedTcProgramIsSaidAndComesBackByApply)
{
	build({});
	if (!h(1).has_tcx_link("up0"))
		GTEST_SKIP() << "this kernel has no tcx";
	const Fd other = foreign_program(BPF_PROG_TYPE_SCHED_CLS, kTcxNext, "xovl_tc_uplink");
	{
		const Fd link(bpf_obj_get(h(1).tc_pin("up0").c_str()));
		ASSERT_EQ(bpf_link_update(link.get(), other.get(), nullptr), 0);
	}
	EXPECT_EQ(shown("up0").at("note"), kDetached);
	EXPECT_EQ(shown("up0").at("programs").at("tcx").at(0).at("own"), false);
	EXPECT_EQ(h(1).apply(net().config(1)).out, "~ up0 attached, mode tc\n");
	EXPECT_EQ(shown("up0").at("note"), "");
	EXPECT_EQ(programs("up0", "tcx"), "xovl_tc_uplink");
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
}

} // namespace xovl::test
