// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Coexistence: foreign XDP and TC programs on xovl's interfaces stay, and two overlays on one machine do not mix.
// Direct underlay (see traffic_test.cpp).
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "foreign.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

constexpr uint32_t kOurPriority = 0x786f; // of our clsact filters, "xo"

bool has_tcx(const Netns &netns)
{
	const Fd program = foreign_program(BPF_PROG_TYPE_SCHED_CLS, kTcxNext);
	Fd link;
	in_netns(netns.name(), [&] {
		link = Fd(
			bpf_link_create(program.get(), static_cast<int>(if_nametoindex("up0")), kTcxIngress, nullptr));
	});
	return static_cast<bool>(link);
}

class Coexist : public OverlayTest {
protected:
	void attach_foreign_xdp(const std::string &dev, uint32_t flags) const
	{
		const Fd program = foreign_program(BPF_PROG_TYPE_XDP, kXdpPass);
		in_netns(h(1).name(), [&] {
			const int ifindex = static_cast<int>(if_nametoindex(dev.c_str()));
			ASSERT_EQ(bpf_xdp_attach(ifindex, program.get(), flags | XDP_FLAGS_UPDATE_IF_NOEXIST, nullptr),
				  0);
		});
	}

	std::string xdp_of(const std::string &dev) const
	{
		const auto link = h(1).ip_show("link show dev " + dev).at(0);
		return link.contains("xdp") ? link.at("xdp").dump() : "";
	}

	/// Adds a promiscuous veth with this ifindex to h1, with clsact, an XDP program and a tcx link. Returns the tcx
	/// link, which is empty if the kernel has no tcx.
	Fd add_foreign_interface(const std::string &dev, int index) const
	{
		h(1).ip("link add " + dev + " index " + std::to_string(index) + " type veth peer name far-" + dev +
			"\nlink set " + dev + " up promisc on");
		h(1).must("tc qdisc add dev " + dev + " clsact");
		attach_foreign_xdp(dev, XDP_FLAGS_DRV_MODE);
		const Fd program = foreign_program(BPF_PROG_TYPE_SCHED_CLS, kTcxNext);
		Fd link;
		in_netns(h(1).name(), [&] { link = Fd(bpf_link_create(program.get(), index, kTcxIngress, nullptr)); });
		return link;
	}

	/// Everything that xovl could have changed at an interface of h1.
	std::string state_of(const std::string &dev) const
	{
		const auto link = h(1).ip_show("link show dev " + dev).at(0);
		uint32_t ids[8], n = 8;
		std::string programs;
		in_netns(h(1).name(), [&] {
			if (bpf_prog_query(link.at("ifindex"), kTcxIngress, 0, nullptr, ids, &n))
				n = 0;
		});
		for (uint32_t i = 0; i < n; i++)
			programs += " " + std::to_string(ids[i]);
		return link.at("flags").dump() + " promiscuity " + link.at("promiscuity").dump() + " xdp " +
		       xdp_of(dev) + " tcx" + programs + "\n" + h(1).must("tc qdisc show dev " + dev);
	}

	std::string config(const std::string &uplink_mode) const
	{
		std::string text = net_->config(1);
		const std::string tc = "up0, mode: tc";
		return text.replace(text.find(tc), tc.size(), "up0, mode: " + uplink_mode);
	}
};

bool namespace_has(ino_t inode)
{
	struct stat info = {};
	for (const auto &file : std::filesystem::directory_iterator("/run/netns"))
		if (!stat(file.path().c_str(), &info) && info.st_ino == inode)
			return true;
	return false;
}

/*
 * The kernel gives a new namespace, and the files in its /proc/net, the lowest free inode numbers. Each UTS namespace
 * held here takes one number.
 */
class LowNumbers {
public:
	void take(size_t count)
	{
		std::thread([&] {
			for (size_t i = 0; i < count && !unshare(CLONE_NEWUTS); i++)
				held_.emplace_back(open("/proc/thread-self/ns/uts", O_RDONLY | O_CLOEXEC));
		}).join();
	}

private:
	std::vector<Fd> held_;
};

} // namespace

TEST_F(Coexist, ForeignXdpProgramIsNeverEvicted)
{
	prepare({});
	ASSERT_TRUE(h(2).apply(net().config(2)).ok());
	attach_foreign_xdp("up0", XDP_FLAGS_DRV_MODE);
	const std::string foreign = xdp_of("up0");
	ASSERT_NE(foreign, "");
	for (const char *mode : {"native", "generic"}) {
		const Result refused = h(1).apply(config(mode));
		EXPECT_EQ(refused.status, 2) << mode << ": " << refused.text();
		EXPECT_NE(refused.err.find("up0"), std::string::npos) << refused.err;
		EXPECT_NE(refused.err.find("XDP"), std::string::npos) << refused.err;
		EXPECT_EQ(std::count(refused.err.begin(), refused.err.end(), '\n'), 1) << refused.err;
		EXPECT_TRUE(h(1).xovl_show("uplink show").empty()) << "nothing half-made";
		EXPECT_EQ(xdp_of("up0"), foreign);
	}
	for (const char *mode : {"auto", "tc"}) {
		const Result result = h(1).apply(config(mode));
		EXPECT_TRUE(result.ok()) << mode << ": " << result.text();
		const auto uplink = h(1).xovl_show("uplink show").at(0);
		EXPECT_EQ(uplink.at("mode"), "tc");
		EXPECT_TRUE(pings(c(1), net().tenant4(2)));
		EXPECT_EQ(xdp_of("up0"), foreign);
	}
	h(1).xovl_must("down");
	EXPECT_EQ(xdp_of("up0"), foreign);
	h(1).ip("link set up0 xdp off");
}

TEST_F(Coexist, RefusedModeLeavesARunningOverlayAsItWas)
{
	build({});
	h(1).xovl_must("fdb add 02:00:00:00:0a:01 net blue dst " + net().vtep(2));
	h(1).xovl_must("fdb add 02:00:00:00:0a:02 net blue dst 192.0.2.9"); // removed and restored, with its peer
	attach_foreign_xdp("up0", XDP_FLAGS_SKB_MODE);
	const std::string before = h(1).save();
	EXPECT_EQ(h(1).apply(config("native")).status, 2);
	EXPECT_EQ(h(1).save(), before);
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	h(1).ip("link set up0 xdp off\nlink set up0 xdpgeneric off");
}

TEST_F(Coexist, AForeignXdpProgramInThePlaceOfOursStopsNoChange)
{
	build({.port_mode = "tc", .uplink_mode = "native"});
	const std::string file = h(1).save();
	const Fd program = foreign_program(BPF_PROG_TYPE_XDP, kXdpPass);
	in_netns(h(1).name(), [&] {
		const int ifindex = static_cast<int>(if_nametoindex("up0"));
		ASSERT_EQ(bpf_xdp_attach(ifindex, program.get(), XDP_FLAGS_DRV_MODE, nullptr), 0);
	});
	const std::string foreign = xdp_of("up0");
	const auto note = [&]() -> std::string { return h(1).xovl_show("uplink show").at(0).at("note"); };
	const std::string busy = "native XDP program foreign is attached and cannot be joined";
	EXPECT_EQ(note(), "the XDP program was detached by somebody else: " + busy);
	bool is_first = true;
	for (const char *change : {"net set blue ttl 9", "fdb add 02:00:00:00:00:61 net blue dst 192.0.2.2",
				   "vtep set 192.0.2.1 pmtu trust off", "port del port0",
				   "port add port0 net blue mode tc", "net set blue ttl 64"}) {
		const Result result = h(1).xovl(change);
		EXPECT_TRUE(result.ok()) << change << ": " << result.text();
		EXPECT_EQ(result.err.find("up0: XDP: " + busy) != std::string::npos, is_first) << result.err;
		is_first = false;
		EXPECT_EQ(note().find(busy), 0u) << note();
	}
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_EQ(xdp_of("up0"), foreign);
	const std::string before = h(1).save();
	EXPECT_EQ(h(1).xovl("uplink set up0 mode generic").status, 2) << "newly asked for";
	EXPECT_EQ(h(1).save(), before);
	EXPECT_TRUE(h(1).apply(file).ok());
	h(1).xovl_must("uplink set up0 mode tc");
	EXPECT_EQ(h(1).xovl("uplink set up0 mode native").status, 2) << "newly asked for";
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_EQ(xdp_of("up0"), foreign);
	h(1).ip("link set up0 xdp off");
	h(1).xovl_must("uplink set up0 mode native");
	EXPECT_EQ(note(), "");
	EXPECT_EQ(h(1).xovl_show("uplink show").at(0).at("mode"), "native");
}

TEST_F(Coexist, OursComesBackWhenTheForeignXdpProgramHasGone)
{
	build({.port_mode = "tc", .uplink_mode = "native"});
	const Fd program = foreign_program(BPF_PROG_TYPE_XDP, kXdpPass);
	in_netns(h(1).name(), [&] {
		const int ifindex = static_cast<int>(if_nametoindex("up0"));
		ASSERT_EQ(bpf_xdp_attach(ifindex, program.get(), XDP_FLAGS_DRV_MODE, nullptr), 0);
	});
	h(1).xovl_must("net set blue ttl 9");
	EXPECT_EQ(h(1).xovl_show("uplink show").at(0).at("mode"), "tc");
	h(1).ip("link set up0 xdp off");
	h(1).xovl_must("net set blue ttl 64");
	EXPECT_EQ(h(1).xovl_show("uplink show").at(0).at("mode"), "native");
	EXPECT_EQ(h(1).xovl_show("uplink show").at(0).at("note"), "");
}

TEST_F(Coexist, ForeignTcProgramStays)
{
	prepare({});
	const Fd program = foreign_program(BPF_PROG_TYPE_SCHED_CLS, kTcxNext);
	Fd link;
	int ifindex = 0;
	in_netns(h(1).name(), [&] {
		ifindex = static_cast<int>(if_nametoindex("up0"));
		link = Fd(bpf_link_create(program.get(), ifindex, kTcxIngress, nullptr));
	});
	if (!link)
		GTEST_SKIP() << "this kernel has no tcx";
	const auto count = [&] {
		uint32_t ids[8], n = 8;
		in_netns(h(1).name(), [&] { bpf_prog_query(ifindex, kTcxIngress, 0, nullptr, ids, &n); });
		return n;
	};
	net().start();
	EXPECT_EQ(count(), 2u);
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	h(1).xovl_must("down");
	EXPECT_EQ(count(), 1u);
}

TEST_F(Coexist, ForeignClsactQdiscStays)
{
	prepare({});
	h(1).must("tc qdisc add dev up0 clsact");
	net().start();
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	h(1).xovl_must("down");
	EXPECT_NE(h(1).must("tc qdisc show dev up0").find("clsact"), std::string::npos);
	h(1).must("tc qdisc del dev up0 clsact");
}

/*
 * A deleted port leaves state to undo: a bridge was promiscuous, and a veth has pins named by its ifindex. xovl undoes
 * nothing on a foreign interface that reuses the ifindex: not when the port leaves the file, not at `down`, and not
 * after that interface was a port itself.
 */
TEST_F(Coexist, InterfaceWithTheNumberOfOneThatHasGone)
{
	prepare({});
	ASSERT_TRUE(h(2).apply(net().config(2)).ok());
	for (const std::string kind : {"bridge", "veth peer name far1"})
		for (const std::string then : {"apply", "down", "apply with it"}) {
			SCOPED_TRACE(kind + ", " + then);
			ASSERT_TRUE(h(1).apply(net().config(1)).ok());
			h(1).ip("link add port1 type " + kind + "\nlink set port1 up");
			h(1).xovl_must("port add port1 net blue mode " +
				       std::string(kind == "bridge" ? "tc" : "native"));
			const int index = h(1).ip_show("link show dev port1").at(0).at("ifindex");
			h(1).ip("link del port1");
			const Fd link = add_foreign_interface("other1", index);
			const std::string before = state_of("other1");
			std::string text = net().config(1);
			if (then == "apply with it")
				text.replace(text.find("    flood:"), 0, "      - {dev: other1, mode: tc}\n");
			if (then != "down") {
				const Result result = h(1).apply(text);
				EXPECT_TRUE(result.ok()) << result.text();
				EXPECT_EQ(h(1).apply(text).out, "");
				EXPECT_EQ(state_of("other1") == before, then == "apply");
				EXPECT_TRUE(pings(c(1), net().tenant4(2)));
			}
			h(1).xovl_must("down");
			EXPECT_EQ(state_of("other1"), before);
			h(1).ip("link del other1");
		}
}

TEST_F(Coexist, ForeignFilterInOurPlaceAndByOurNameStays)
{
	prepare({});
	h(1).must("tc qdisc add dev up0 clsact");
	const Fd program = foreign_program(BPF_PROG_TYPE_SCHED_CLS, kTcxNext, "xovl_tc_uplink");
	const auto filter_id = [&]() -> uint32_t {
		uint32_t id = 0;
		in_netns(h(1).name(), [&] {
			LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = static_cast<int>(if_nametoindex("up0")),
				    .attach_point = BPF_TC_INGRESS);
			LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = kOurPriority);
			id = bpf_tc_query(&hook, &opts) ? 0 : opts.prog_id;
		});
		return id;
	};
	in_netns(h(1).name(), [&] {
		LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = static_cast<int>(if_nametoindex("up0")),
			    .attach_point = BPF_TC_INGRESS);
		LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = program.get(), .handle = 1, .priority = kOurPriority);
		ASSERT_EQ(bpf_tc_attach(&hook, &opts), 0);
	});
	const uint32_t before = filter_id();
	ASSERT_NE(before, 0u);

	const Result result = h(1).apply(net().config(1));
	// with tcx xovl attaches beside the filter; without tcx the place is taken
	EXPECT_EQ(result.status, has_tcx(h(1)) ? 0 : 2) << result.text();
	EXPECT_EQ(filter_id(), before);
	h(1).xovl_must("down");
	EXPECT_EQ(filter_id(), before);
	h(1).must("tc qdisc del dev up0 clsact");
}

TEST_F(Coexist, OverlaysOfTwoNamespacesDoNotMeet)
{
	build({});
	const Topology *first = &net();
	EXPECT_NE(h(1).pin_folder(), h(2).pin_folder());
	h(1).xovl_must("net add red encap vxlan vni 200");
	EXPECT_EQ(h(2).xovl_show("net show").size(), 1u);
	h(1).xovl_must("down");
	EXPECT_EQ(h(2).xovl_show("net show").size(), 1u);
	ASSERT_TRUE(h(1).apply(first->config(1)).ok());
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
}

// Pins are named by the inode number of their namespace. A later namespace with the same number does not adopt them.
TEST_F(Coexist, StateOfARemovedNamespaceIsNotAdopted)
{
	ino_t inode = 0;
	std::string folder;
	{
		const Host gone("gone");
		gone.xovl_must("net add red encap vxlan vni 7");
		inode = gone.inode();
		folder = gone.pin_folder();
		must({"ip", "netns", "del", gone.name()});
	}
	std::unique_ptr<Host> next;
	LowNumbers lower;
	const bool reused = wait_until(
		[&] {
			const size_t below = next && next->inode() < inode ? inode - next->inode() : 0;
			next.reset();
			std::this_thread::sleep_for(300ms); // the kernel frees the numbers with a delay
			lower.take(below);
			next = std::make_unique<Host>("next");
			return next->inode() == inode;
		},
		20s);
	if (!reused) {
		if (!namespace_has(inode))
			std::filesystem::remove_all(folder);
		GTEST_SKIP() << "no namespace got the inode number " << inode;
	}
	EXPECT_EQ(next->xovl_show("net show").dump(), "[]");
	next->xovl_must("net add blue encap vxlan vni 7");
	EXPECT_EQ(next->xovl_show("net show").size(), 1u);
	EXPECT_EQ(next->down_and_check(), "");
}

} // namespace xovl::test
