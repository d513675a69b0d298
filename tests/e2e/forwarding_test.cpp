// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The kernel answers route look-ups of the datapath only while lo forwards, and an operator may change `sysctl
// ip_forward`. Topologies in traffic_test.cpp.
#include <string>
#include <thread>
#include <tuple>

#include <fmt/format.h>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

class Forwarding : public OverlayTest, public testing::WithParamInterface<std::tuple<std::string, bool>> {
protected:
	void prepare_as(Underlay underlay)
	{
		prepare({.port_mode = mode(), .uplink_mode = mode(), .v6 = v6(), .underlay = underlay});
	}

	void build_as(Underlay underlay)
	{
		prepare_as(underlay);
		net().start();
	}

	std::string mode() const { return std::get<0>(GetParam()); }
	bool v6() const { return std::get<1>(GetParam()); }

	std::string key(const std::string &dev) const
	{
		return fmt::format("net/ipv{}/conf/{}/forwarding", v6() ? 6 : 4, dev);
	}

	void set_all(const Host &host, const char *value) const { host.sysctl(key("all"), value); }
	std::string lo(const Host &host) const { return host.must("cat /proc/sys/" + key("lo")).substr(0, 1); }

	/// Switches forwarding on and off again on both hosts, as an operator may. Then waits until paths expire.
	void toggle() const
	{
		for (unsigned i : {1, 2}) {
			set_all(h(i), "1");
			set_all(h(i), "0");
			EXPECT_EQ(lo(h(i)), "0");
		}
		std::this_thread::sleep_for(1100ms);
	}

	void carries_everything() const
	{
		EXPECT_TRUE(pings(c(1), net_->tenant4(2), 10));
		EXPECT_TRUE(pings(c(2), net_->tenant6(1), 10));
		EXPECT_TRUE(udp_both_ways(c(1), net_->tenant4(1), c(2), net_->tenant4(2)));
		EXPECT_TRUE(tcp_content(c(1), c(2), net_->tenant6(2)));
		EXPECT_TRUE(iperf(c(2), c(1), net_->tenant4(1)));
		for (unsigned i : {1, 2})
			for (const char *reason : {"no_route", "not_uplink", "neighbour", "copy_failed"})
				EXPECT_EQ(h(i).drops(reason), 0u) << reason;
	}

	std::string note(const Host &host) const { return host.xovl_show("uplink show").at(0).at("note"); }
	std::string off_note() const { return fmt::format("IPv{} forwarding of lo is off", v6() ? 6 : 4); }

	/// Runs xovl with a read-only /proc/sys, as a systemd unit with ProtectKernelTunables does.
	Result hardened(const Host &host, const std::string &line) const
	{
		return run({"unshare", "-m", "sh", "-c",
			    fmt::format(
				    "mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys && exec {} "
				    "-n {} {}",
				    xovl_command(), host.name(), line)});
	}
};

class ForwardingIPv6 : public Forwarding {};

std::string mode_name(const testing::TestParamInfo<Forwarding::ParamType> &info)
{
	return std::get<0>(info.param) + (std::get<1>(info.param) ? "_v6" : "_v4");
}

} // namespace

TEST_P(Forwarding, SwitchedOffLosesNothing)
{
	build_as(Underlay::Direct);
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_EQ(note(h(1)).find(off_note()), std::string::npos);
	toggle();
	EXPECT_NE(note(h(1)).find(off_note()), std::string::npos) << note(h(1));
	carries_everything();
}

TEST_P(Forwarding, SwitchedOffAndTheNeighbourMoves)
{
	build_as(Underlay::Direct);
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	toggle();
	h(2).ip("link set up0 address 02:00:00:00:0b:02");
	h(1).ip("neigh flush all");
	EXPECT_TRUE(pings(c(1), net().tenant4(2), 10));
	c(1).ip("neigh flush all");
	EXPECT_TRUE(pings(c(1), net().tenant4(2), 10)) << "broadcasts, too";
}

TEST_P(Forwarding, SwitchedOffOverTwoUplinks)
{
	build_as(Underlay::Multipath);
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	toggle();
	carries_everything();
}

TEST_P(Forwarding, AnyCommandHealsIt)
{
	build_as(Underlay::Direct);
	for (const char *line : {"fdb flush net blue", "fdb add 02:00:00:00:77:01 net blue dev port0",
				 "fdb del 02:00:00:00:77:01 net blue", "net set blue ageing 200"}) {
		toggle();
		h(1).xovl_must(line);
		EXPECT_EQ(lo(h(1)), "1") << line;
		EXPECT_EQ(note(h(1)).find(off_note()), std::string::npos) << line;
	}
	EXPECT_TRUE(pings(c(1), net().tenant4(2), 10));
}

TEST_P(Forwarding, ReadOnlySysctls)
{
	prepare_as(Underlay::Direct);
	for (unsigned i : {1, 2}) {
		const TempFile file(net().config(i));
		const Result applied = hardened(h(i), "apply " + file.path());
		ASSERT_TRUE(applied.ok()) << applied.text();
		// IPv4 forwarding can be set by netlink, too
		EXPECT_EQ(lo(h(i)), v6() ? "0" : "1");
		EXPECT_EQ(note(h(i)).find(off_note()) != std::string::npos, v6()) << note(h(i));
	}
	carries_everything();
	toggle();
	carries_everything();
	const Result edited = hardened(h(1), "net set blue ageing 200");
	EXPECT_TRUE(edited.ok()) << edited.text();
	EXPECT_TRUE(pings(c(1), net().tenant4(2), 10));
	for (unsigned i : {1, 2}) {
		const Result down = hardened(h(i), "down");
		EXPECT_TRUE(down.ok()) << down.text();
		EXPECT_EQ(lo(h(i)), "0");
	}
}

// Routes use the second uplink, which no earlier look-up has returned. IPv6 only: netlink can set IPv4 forwarding.
TEST_P(ForwardingIPv6, ReadOnlySysctlsAndTheSecondUplink)
{
	prepare_as(Underlay::Multipath);
	for (unsigned i : {1, 2}) {
		h(i).run(fmt::format("ip -6 route del 2001:db8::/64 via 2001:db8:1:{}::2", 2 * i));
		const TempFile file(net().config(i));
		ASSERT_TRUE(hardened(h(i), "apply " + file.path()).ok());
		EXPECT_EQ(lo(h(i)), "0");
	}
	carries_everything();
}

TEST_P(Forwarding, DownLeavesWhatOthersSetMeanwhile)
{
	build_as(Underlay::Direct);
	EXPECT_EQ(lo(h(1)), "1");
	h(1).xovl_must("down");
	EXPECT_EQ(lo(h(1)), "0") << "as it was before";
	ASSERT_TRUE(h(1).apply(net().config(1)).ok());
	set_all(h(1), "1");
	h(1).xovl_must("down");
	EXPECT_EQ(lo(h(1)), "1") << "who switched forwarding on meant lo, too";
	ASSERT_TRUE(h(1).apply(net().config(1)).ok());
	set_all(h(1), "0");
	h(1).xovl_must("down");
	EXPECT_EQ(lo(h(1)), "0");
}

INSTANTIATE_TEST_SUITE_P(Modes, Forwarding, testing::Combine(testing::Values("native", "tc"), testing::Bool()),
			 mode_name);
INSTANTIATE_TEST_SUITE_P(Modes, ForwardingIPv6,
			 testing::Combine(testing::Values("native", "tc"), testing::Values(true)), mode_name);

} // namespace xovl::test
