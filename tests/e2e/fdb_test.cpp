// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The FDB: learned, static, aged and moved entries, and flooding. Three hosts in a full mesh on a switched underlay
// (see traffic_test.cpp). Frames carry an experimental EtherType, so that nothing answers them.
#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

constexpr uint16_t kType = 0x88b5;
const std::string kMac = "02:00:00:00:0a:01";
const std::string kOther = "02:00:00:00:0a:02";
const std::string kBroadcast = "ff:ff:ff:ff:ff:ff";

bool is_test_frame(const Frame &frame)
{
	return !frame.outgoing && frame.ethertype() == kType;
}

Bytes frame(const std::string &dst, const std::string &src)
{
	return Ethernet{.dst = dst, .src = src, .type = kType} / Payload::of(60);
}

class Fdb : public OverlayTest, public testing::WithParamInterface<std::string> {
protected:
	void mesh(const std::string &network = {})
	{
		build({.port_mode = GetParam(),
		       .uplink_mode = GetParam(),
		       .underlay = Underlay::Switched,
		       .hosts = 3,
		       .network = network});
	}

	/// Sends a frame from a tenant. The test waits for its arrival before the next step.
	void send(unsigned from, const std::string &dst, const std::string &src) const
	{
		PacketSocket(c(from), "eth0").send(frame(dst, src));
	}

	/// "learned 192.0.2.2", "static port0", or "none"
	std::string entry(unsigned host, const std::string &mac) const
	{
		const auto found = h(host).fdb(mac);
		if (!found)
			return "none";
		return found->at("state").get<std::string>() + " " +
		       (found->contains("dst") ? found->at("dst") : found->at("dev")).get<std::string>();
	}

	bool becomes(unsigned host, const std::string &mac, const std::string &text) const
	{
		return wait_until([&] { return entry(host, mac) == text; }, 1s);
	}
};

using FdbTc = OverlayTest;

/// The elements of a map, in order.
std::vector<nlohmann::json> elements(const Host &host, const std::string &map)
{
	const std::string dump = must({"bpftool", "-j", "map", "dump", "pinned", host.pin_folder() + "/" + map});
	std::vector<nlohmann::json> list = nlohmann::json::parse(dump);
	std::ranges::sort(list);
	return list;
}

} // namespace

TEST_P(Fdb, LearnsFromPortsAndPeers)
{
	mesh();
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_EQ(entry(1, net().tenant_mac(1)), "learned port0");
	EXPECT_EQ(entry(1, net().tenant_mac(2)), "learned " + net().vtep(2));
	EXPECT_EQ(entry(2, net().tenant_mac(1)), "learned " + net().vtep(1));
	EXPECT_EQ(entry(2, net().tenant_mac(2)), "learned port0");
	const auto found = h(1).fdb(net().tenant_mac(1));
	EXPECT_EQ(found->at("net"), "blue");
	EXPECT_EQ(found->at("vid"), 0);
}

TEST_P(Fdb, LearnedEntryMovesWithTheFirstFrameFromElsewhere)
{
	mesh();
	send(2, kBroadcast, kMac);
	EXPECT_TRUE(becomes(1, kMac, "learned " + net().vtep(2))) << entry(1, kMac);
	send(3, kBroadcast, kMac);
	EXPECT_TRUE(becomes(1, kMac, "learned " + net().vtep(3))) << entry(1, kMac);
	send(1, kBroadcast, kMac);
	EXPECT_TRUE(becomes(1, kMac, "learned port0")) << entry(1, kMac);
	EXPECT_TRUE(becomes(2, kMac, "learned " + net().vtep(1))) << entry(2, kMac);
}

TEST_P(Fdb, StaticEntriesStay)
{
	mesh();
	h(1).xovl_must("fdb add " + kMac + " net blue dst " + net().vtep(3));
	h(1).xovl_must("fdb add " + kOther + " net blue dev port0");
	PacketSocket tap(c(1), "eth0");
	send(2, kBroadcast, kMac);
	send(2, kBroadcast, kOther);
	EXPECT_EQ(tap.collect(2, is_test_frame).size(), 2u) << "the frames themselves are delivered";
	EXPECT_EQ(entry(1, kMac), "static " + net().vtep(3));
	EXPECT_EQ(entry(1, kOther), "static port0");
}

TEST_P(Fdb, FramesFollowStaticEntries)
{
	mesh();
	PacketSocket tap2(c(2), "eth0"), tap3(c(3), "eth0");
	h(1).xovl_must("fdb add " + kMac + " net blue dst " + net().vtep(3));
	EXPECT_EQ(h(1).xovl("fdb add " + kMac + " net blue dst " + net().vtep(2)).status, 1) << "a duplicate";
	send(1, kMac, net().tenant_mac(1));
	EXPECT_EQ(tap3.collect(1, is_test_frame).size(), 1u);
	EXPECT_EQ(tap2.collect(1, is_test_frame, 100ms).size(), 0u);

	h(1).xovl_must("fdb replace " + kMac + " net blue dst " + net().vtep(2));
	send(1, kMac, net().tenant_mac(1));
	EXPECT_EQ(tap2.collect(1, is_test_frame).size(), 1u);
	EXPECT_EQ(tap3.collect(1, is_test_frame, 100ms).size(), 0u);
}

TEST_P(Fdb, EntriesAgeWithNoProcessAlive)
{
	mesh();
	for (unsigned i = 1; i <= 3; i++)
		h(i).xovl_must("net set blue ageing 2");
	PacketSocket tap3(c(3), "eth0");
	send(2, kBroadcast, kMac);
	ASSERT_EQ(tap3.collect(1, is_test_frame).size(), 1u);
	ASSERT_TRUE(becomes(1, kMac, "learned " + net().vtep(2)));
	send(1, kMac, kOther);
	EXPECT_EQ(tap3.collect(1, is_test_frame, 200ms).size(), 0u) << "known: to c2 only";

	std::this_thread::sleep_for(2500ms);
	EXPECT_EQ(entry(1, kMac), "none");
	send(1, kMac, kOther);
	EXPECT_EQ(tap3.collect(1, is_test_frame).size(), 1u) << "unknown again: flooded";
}

TEST_P(Fdb, NothingIsLearnedWithLearningOff)
{
	mesh("    learning: false\n");
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_TRUE(h(1).xovl_show("fdb show").empty());
	EXPECT_TRUE(h(2).xovl_show("fdb show").empty());
	EXPECT_EQ(h(1).xovl_show("net show").at(0).at("learning"), false);
}

TEST_P(Fdb, FloodReachesEachTenantOnce)
{
	mesh();
	PacketSocket tap1(c(1), "eth0"), tap2(c(2), "eth0"), tap3(c(3), "eth0");
	for (const char *dst : {"ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:42", "33:33:00:00:00:42", "02:00:00:00:0a:77"})
		tap1.send(frame(dst, net().tenant_mac(1)));
	EXPECT_EQ(tap2.collect(5, is_test_frame, 300ms).size(), 4u);
	EXPECT_EQ(tap3.collect(5, is_test_frame, 100ms).size(), 4u);
	EXPECT_EQ(tap1.collect(1, is_test_frame, 0ms).size(), 0u) << "not back to where it came from";
}

TEST_P(Fdb, PortsOfOneHostSwitchToEachOther)
{
	mesh();
	const auto local = net().add_tenant("c4", 1, "port1", 4);
	if (GetParam() == "native")
		local->offload("eth0", "gro on");
	h(1).xovl_must("port add port1 net blue mode " + GetParam());
	ASSERT_TRUE(pings(c(1), net().tenant4(4)));
	PacketSocket wire(h(1), "up0");
	EXPECT_TRUE(pings(c(1), net().tenant4(4), 5));
	EXPECT_TRUE(pings(*local, net().tenant6(1), 2));
	EXPECT_TRUE(tcp_content(c(1), *local, net().tenant4(4)));
	const auto to_tunnel = [](const Frame &f) { return f.outgoing && f.bytes.size() > 200; };
	EXPECT_EQ(wire.frames(to_tunnel).size(), 0u);
	EXPECT_TRUE(pings(*local, net().tenant4(2)));
	EXPECT_EQ(entry(1, net().tenant_mac(4)), "learned port1");

	PacketSocket tap1(c(1), "eth0"), tap2(c(2), "eth0");
	PacketSocket(*local, "eth0").send(frame(kBroadcast, kMac));
	EXPECT_EQ(tap1.collect(2, is_test_frame, 200ms).size(), 1u);
	EXPECT_EQ(tap2.collect(2, is_test_frame, 100ms).size(), 1u);
}

TEST_P(Fdb, DelAndFlushForget)
{
	mesh();
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	h(1).xovl_must("fdb add " + kMac + " net blue dst " + net().vtep(3));
	h(1).xovl_must("fdb del " + net().tenant_mac(2) + " net blue");
	EXPECT_EQ(entry(1, net().tenant_mac(2)), "none");
	h(1).xovl_must("fdb flush net blue");
	EXPECT_EQ(entry(1, net().tenant_mac(1)), "none");
	EXPECT_EQ(entry(1, kMac), "static " + net().vtep(3)) << "flush is for learned entries";
	h(1).xovl_must("fdb del " + kMac + " net blue");
	EXPECT_EQ(entry(1, kMac), "none");
	EXPECT_EQ(h(1).xovl("fdb del " + kMac + " net blue").status, 1);
}

/* Static entries evict learned ones, but never each other. A refused entry leaves nothing in the maps. */
TEST_F(FdbTc, TableFullOfStaticEntries)
{
	prepare({});
	ASSERT_TRUE(h(2).apply(net().config(2)).ok());
	ASSERT_TRUE(h(1).apply("limits: {fdb: 4}\n" + net().config(1)).ok());
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_EQ(h(1).xovl_show("fdb show").size(), 2u);
	for (int n = 1; n <= 4; n++)
		h(1).xovl_must(fmt::format("fdb add 02:00:00:00:0b:0{} net blue dst 192.0.2.2", n));
	for (const auto &entry : h(1).xovl_show("fdb show"))
		EXPECT_EQ(entry.at("state"), "static") << entry;

	const std::string before = h(1).save();
	const auto members = elements(h(1), "members"), tunnels = elements(h(1), "tunnels");
	for (const char *place : {"dst 192.0.2.9", "dst 192.0.2.2", "dev port0"}) {
		const Result refused = h(1).xovl("fdb add " + kMac + " net blue " + place);
		EXPECT_EQ(refused.status, 1) << refused.text();
		EXPECT_EQ(refused.err, "xovl: fdb add: more than 4 static FDB entries (limits)\n");
		EXPECT_EQ(h(1).save(), before) << place;
		EXPECT_EQ(elements(h(1), "members"), members) << place;
		EXPECT_EQ(elements(h(1), "tunnels"), tunnels) << place;
		EXPECT_EQ(h(1).xovl_show("stats peer").at("peers").size(), 1u) << place;
	}
	h(1).xovl_must("fdb replace 02:00:00:00:0b:01 net blue dst 192.0.2.9");
	h(1).xovl_must("fdb del 02:00:00:00:0b:02 net blue");
	h(1).xovl_must("fdb add " + kMac + " net blue dst 192.0.2.9");
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
}

/* Entries of a plain file count as entries of the YAML file that names it, and `save --fdb` writes both files. */
TEST_F(FdbTc, PlainFile)
{
	prepare({});
	const TempFile entries(kMac + " net blue dst 192.0.2.2\n" + kOther + " net blue dev port0 # c1\n");
	const std::string config = "fdb_files: [\"" + entries.path() + "\"]\n" + net().config(1);
	ASSERT_TRUE(h(1).apply(config).ok());
	EXPECT_EQ(h(1).fdb(kMac)->at("dst"), "192.0.2.2");
	EXPECT_EQ(h(1).fdb(kOther)->at("dev"), "port0");
	EXPECT_EQ(h(1).apply(config).out, "");

	const std::string inline_save = h(1).save();
	const TempFile saved_entries("");
	const TempFile saved(h(1).xovl_must("save --fdb " + saved_entries.path()));
	EXPECT_EQ(h(1).xovl_must("apply " + saved.path()), "");
	h(1).xovl_must("down");
	h(1).xovl_must("apply " + saved.path());
	EXPECT_EQ(h(1).save(), inline_save);
}

/* Thousands of entries are added, moved to another peer and deleted, in more than one batch. */
TEST_F(FdbTc, ManyEntries)
{
	prepare({});
	auto file = [](int count, int elsewhere) {
		std::string text;
		for (int i = 0; i < count; i++)
			text += fmt::format("0200{:08x} net blue dst 192.0.2.{}\n", i, i < elsewhere ? 3 : 2);
		return text;
	};
	auto apply = [&](const std::string &text) {
		const TempFile entries(text);
		const TempFile yaml("fdb_files: [\"" + entries.path() + "\"]\n" + net().config(1));
		return h(1).xovl_must("apply " + yaml.path());
	};
	EXPECT_NE(apply(file(10000, 0)).find("+ fdb 10000 static entries\n"), std::string::npos);
	EXPECT_EQ(apply(file(10000, 0)), "");
	EXPECT_EQ(apply(file(9000, 5000)), "- fdb 1000 static entries\n~ fdb 5000 static entries\n");
	EXPECT_EQ(h(1).xovl_show("fdb show").size(), 9000u);
	EXPECT_EQ(h(1).fdb("02:00:00:00:13:87")->at("dst"), "192.0.2.3");
	EXPECT_EQ(h(1).fdb("02:00:00:00:13:88")->at("dst"), "192.0.2.2");
	EXPECT_EQ(apply(""), "- fdb 9000 static entries\n");
}

/* Entries of a file evict learned ones, too. */
TEST_F(FdbTc, FileThatFillsTheTable)
{
	prepare({});
	const std::string limits = "limits: {fdb: 4}\n";
	ASSERT_TRUE(h(2).apply(net().config(2)).ok());
	ASSERT_TRUE(h(1).apply(limits + net().config(1)).ok());
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	ASSERT_EQ(h(1).xovl_show("fdb show").size(), 2u);
	std::string text = net().tenant_mac(2) + " net blue dst 192.0.2.2\n";
	for (int i = 1; i <= 3; i++)
		text += fmt::format("02000000000{} net blue dst 192.0.2.2\n", i);
	const TempFile entries(text);
	ASSERT_TRUE(h(1).apply("fdb_files: [\"" + entries.path() + "\"]\n" + limits + net().config(1)).ok());
	const auto shown = h(1).xovl_show("fdb show");
	EXPECT_EQ(shown.size(), 4u);
	for (const auto &entry : shown)
		EXPECT_EQ(entry.at("state"), "static") << entry;
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
}

/* A batch stops at the first line that fails. The lines before it keep their effect. */
TEST_F(FdbTc, BatchOfEntries)
{
	build({});
	std::string lines;
	for (int i = 0; i < 3000; i++)
		lines += fmt::format("fdb add 0200{:08x} net blue dst 192.0.2.{}\n", i, 2 + i % 100);
	const TempFile good(lines);
	h(1).xovl_must("-b " + good.path());
	EXPECT_EQ(h(1).xovl_show("fdb show").size(), 3000u);
	EXPECT_EQ(h(1).xovl_show("stats peer").at("peers").size(), 100u);
	const std::string before = h(1).save();
	const TempFile again("fdb add 02ff00000001 net blue dst 192.0.2.2\n" + lines);
	EXPECT_EQ(h(1).xovl("-b " + again.path()).err,
		  "xovl: " + again.path() +
			  ":2: fdb add: 02:00:00:00:00:00 is in network \"blue\" already (xovl fdb replace)\n");
	h(1).xovl_must("fdb del 02ff00000001 net blue");
	EXPECT_EQ(h(1).save(), before);
	const TempFile saved(before);
	EXPECT_EQ(h(1).xovl_must("apply " + saved.path()), "") << "members and peers are those of the file";
}

/// Entries are shown and flushed by network, interface, peer and state.
TEST_P(Fdb, ShownAndFlushedByWhatIsAskedFor)
{
	mesh();
	const std::string local = "02:00:00:00:0a:11", remote = "02:00:00:00:0a:12", fixed = "02:00:00:00:0a:13";
	const auto shown = [&](const std::string &filter, const std::string &mac) {
		for (const auto &row : h(1).xovl_show("fdb show " + filter))
			if (row.at("mac") == mac)
				return true;
		return false;
	};
	const auto learn = [&] {
		send(1, kBroadcast, local);
		send(2, kBroadcast, remote);
		return becomes(1, local, "learned port0") && becomes(1, remote, "learned 192.0.2.2");
	};
	h(1).xovl_must("fdb add " + fixed + " net blue dev port0");
	ASSERT_TRUE(learn());
	EXPECT_TRUE(shown("", local) && shown("net blue", remote));
	EXPECT_TRUE(shown("dev port0", local) && shown("dev port0", fixed) && !shown("dev port0", remote));
	EXPECT_FALSE(shown("dev port0 vid 7", local));
	EXPECT_TRUE(shown("dst 192.0.2.2", remote) && !shown("dst 192.0.2.2", local));
	EXPECT_FALSE(shown("dst 192.0.2.3", remote));
	EXPECT_TRUE(shown("state learned", local) && !shown("state learned", fixed));
	EXPECT_TRUE(shown("state static net blue dev port0", fixed));

	const auto got = h(1).xovl_show("fdb get " + local + " net blue");
	ASSERT_EQ(got.size(), 1u);
	EXPECT_EQ(got[0].at("dev"), "port0");
	EXPECT_EQ(got[0].at("state"), "learned");
	EXPECT_EQ(got[0].at("moves"), 0);
	EXPECT_EQ(got[0].at("held"), false);
	const Result none = h(1).xovl("fdb get " + kOther + " net blue");
	EXPECT_EQ(none.status, 1);
	EXPECT_NE(none.err.find(kOther + " is not in network \"blue\" (xovl fdb show net blue)"), std::string::npos);

	h(1).xovl_must("fdb flush dst 192.0.2.2");
	EXPECT_TRUE(!shown("", remote) && shown("", local));
	h(1).xovl_must("fdb flush dev port0");
	EXPECT_TRUE(!shown("", local) && shown("", fixed)) << "static entries stay";
	ASSERT_TRUE(learn());
	h(1).xovl_must("fdb flush learned");
	EXPECT_TRUE(!shown("", local) && !shown("", remote) && shown("", fixed));
	ASSERT_TRUE(learn());
	h(1).xovl_must("fdb flush net blue");
	EXPECT_TRUE(!shown("", local) && !shown("", remote) && shown("", fixed));
	EXPECT_NE(h(1).xovl("fdb flush").err.find("(net NAME, dev DEV, dst IP, or learned for all)"),
		  std::string::npos);
}

TEST_P(Fdb, MovesAreCountedAndCanBeLimited)
{
	mesh("    move-limit: 3/60\n");
	for (unsigned n = 0; n < 6; n++) {
		send(2 + n % 2, kBroadcast, kMac);
		ASSERT_TRUE(
			becomes(1, kMac, n < 4 ? fmt::format("learned 192.0.2.{}", 2 + n % 2) : "learned 192.0.2.3"))
			<< n;
	}
	const auto net = h(1).xovl_show("net show blue").at(0);
	EXPECT_EQ(net.at("moves"), 3);
	EXPECT_EQ(net.at("moves_held"), 1);
	const auto entry = h(1).xovl_show("fdb get " + kMac + " net blue").at(0);
	EXPECT_EQ(entry.at("moves"), 3);
	EXPECT_EQ(entry.at("held"), true);
}

INSTANTIATE_TEST_SUITE_P(Modes, Fdb, testing::Values("native", "tc"), [](const auto &info) { return info.param; });

} // namespace xovl::test
