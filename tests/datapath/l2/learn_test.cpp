// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/l2/learn.h and userspace/state/learned.cpp: how many MACs a network may learn, and how room is made. The FDB of
// this bench has 256 entries.
#include <atomic>
#include <map>
#include <thread>

#include <fmt/format.h>

#include "fixture.hpp"
#include "pinned_map.hpp"
#include "xovl/learned.h"

namespace xovl::test {

namespace {

constexpr uint32_t kLimit = 256;
constexpr uint32_t kStatic = 9; ///< static entries of both networks

std::string tenant(unsigned n)
{
	return fmt::format("02:00:00:01:{:02x}:{:02x}", n >> 8 & 0xff, n & 0xff);
}

} // namespace

class Learned : public DatapathTest {
protected:
	void from_port(const std::string &src, const std::string &dev = "port1", const std::string &dst = mac::kRemoteA)
	{
		bench_->run(hook(), dev, udp_frame(dst, src));
	}
	/// Learns this many MACs in network green from tagged frames.
	void from_green(unsigned count)
	{
		const Packet rest = IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} / UDP{1, 2} / Payload::of(20);
		const uint64_t before = green_frames();
		for (unsigned n = 0; n < count; n++)
			bench_->far("tenants").send(Ethernet{mac::kGreen, tenant(n)} / Vlan{20} / rest);
		EXPECT_TRUE(wait_until([&] { return green_frames() == before + count; }));
	}
	uint64_t green_frames() const { return bench_->counts()["port trunk.20 rx_packets"]; }
	void learn(unsigned from, unsigned to)
	{
		for (unsigned n = from; n < to; n++)
			from_port(tenant(n));
	}
	void expire(unsigned from, unsigned to)
	{
		for (unsigned n = from; n < to; n++)
			bench_->age(tenant(n), 1000);
	}

	xovl_learned_use use(const std::string &net = "blue") const
	{
		for (const NetworkStatus &status : bench_->overlay().networks())
			if (status.config.name == net)
				return status.learned;
		throw std::runtime_error("no network " + net);
	}
	xovl_learned_all all() const
	{
		return PinnedMap<uint32_t, xovl_learned_all>(bench_->pin("learned_all")).get(0);
	}
	uint32_t learned(const std::string &net = "blue") const
	{
		const auto entries = bench_->overlay().fdb({.net = net});
		return static_cast<uint32_t>(std::ranges::count(entries, XOVL_FDB_LEARNED, &FdbEntry::state));
	}
	/// The account matches the FDB: every learned entry, expired or not, is stored once and counted once.
	void expect_account()
	{
		std::map<uint64_t, int> places;
		PinnedMap<uint32_t, xovl_learned_set>(bench_->pin("learned"))
			.for_each([&](uint32_t, const xovl_learned_set &set) {
				for (uint64_t key : set.keys)
					if (key)
						places[key]++;
			});
		std::map<uint64_t, int> entries;
		std::map<uint32_t, uint32_t> by_net, by_port, by_peer;
		uint32_t others = 0;
		PinnedMap<xovl_fdb_key, xovl_fdb>(bench_->pin("fdb"))
			.for_each([&](const xovl_fdb_key &key, const xovl_fdb &entry) {
				uint64_t word = 0;
				std::memcpy(&word, &key, sizeof(word));
				if (xovl_fdb_state_of(entry.dst) != XOVL_FDB_LEARNED) {
					others++;
					return;
				}
				entries[word]++;
				by_net[key.net]++;
				if (xovl_fdb_target(entry.dst) == XOVL_TARGET_PORT)
					by_port[xovl_fdb_index(entry.dst)]++;
				else
					by_peer[xovl_fdb_index(entry.dst)]++;
			});
		EXPECT_EQ(places, entries);
		PinnedMap<uint32_t, uint64_t>(bench_->pin("learned_ports"))
			.for_each([&](uint32_t port, uint64_t value) {
				EXPECT_EQ(value, by_port[port]) << "port " << port;
			});
		PinnedMap<uint32_t, uint64_t>(bench_->pin("learned_peers"))
			.for_each([&](uint32_t peer, uint64_t value) {
				EXPECT_EQ(value, by_peer[peer]) << "peer " << peer;
			});
		PinnedMap<uint32_t, xovl_learned_use>(bench_->pin("learned_uses"))
			.for_each([&](uint32_t net, const xovl_learned_use &value) {
				EXPECT_EQ(value.entries, by_net[net]) << "network " << net;
			});
		EXPECT_EQ(all().entries, entries.size());
		EXPECT_EQ(all().room, kLimit - others);
	}

	void set_limit(uint32_t limit)
	{
		set_blue([&](NetworkConfig &net) { net.mac_limit = limit; });
	}
	void add_static(unsigned n)
	{
		bench_->overlay().fdb_add("blue", {Mac::parse(tenant(n)), FdbPort("port2")}, false);
	}
};

INSTANTIATE_TEST_SUITE_P(, Learned, each_mode(), setup_name);

/* A network may learn four times as many MACs as stay free: 198 of the 247 entries that are not static. */
TEST_P(Learned, ANetworkHasAShare)
{
	learn(0, 300);
	EXPECT_EQ(learned(), 198u);
	EXPECT_EQ(use().entries, 198u);
	EXPECT_EQ(use().refused, 102u);
	expect_account();

	/* other networks can still learn */
	from_green(20);
	EXPECT_EQ(learned("green"), 20u);
	EXPECT_EQ(use("green").refused, 0u);
	expect_account();
}

TEST_P(Learned, KnownOnesMoveAndStayAtTheLimit)
{
	learn(0, 300);
	from_port(tenant(7), "port2");
	EXPECT_EQ(bench_->fdb("blue", tenant(7))->dev, "port2");
	bench_->age(tenant(8), 200);
	from_port(tenant(8));
	EXPECT_LT(bench_->fdb("blue", tenant(8))->age, 1);
	bench_->run(hook(), "uplink", arriving(kBlueVni, udp_frame(mac::kTenant2, tenant(9))));
	EXPECT_EQ(bench_->fdb("blue", tenant(9))->dst, Address::parse(ip().peer_a));
	EXPECT_EQ(use().entries, 198u);
	expect_account();
}

/* A frame whose source cannot be learned is still forwarded. */
TEST_P(Learned, RefusedFramesAreCarried)
{
	set_limit(1);
	learn(0, 1);
	const Bytes frame = udp_frame(mac::kTenant2, tenant(1));
	for (int i = 0; i < 2; i++)
		finishes("port1", frame, {Verdict::Redirect, {}, switched("port1", "port2", "blue", frame.size())});
	EXPECT_FALSE(bench_->fdb("blue", tenant(1)));
	EXPECT_GE(use().refused, 1u);
}

TEST_P(Learned, MacLimit)
{
	set_limit(10);
	learn(0, 20);
	EXPECT_EQ(learned(), 10u);
	EXPECT_EQ(use().refused, 10u);
	set_limit(15);
	learn(0, 20);
	EXPECT_EQ(learned(), 15u);
	set_limit(5); /* existing entries stay until they expire */
	learn(0, 20);
	EXPECT_EQ(learned(), 15u);
	bench_->overlay().fdb_flush({.net = "blue"});
	learn(0, 20);
	EXPECT_EQ(learned(), 5u);
	expect_account();
}

/* A network with its own limit can take all free entries. */
TEST_P(Learned, MacLimitAboveTheShare)
{
	set_limit(1000);
	learn(0, 300);
	EXPECT_EQ(learned(), kLimit - kStatic);
	expect_account();
}

TEST_P(Learned, ExpiredOnesMakeRoom)
{
	learn(0, 300);
	expire(0, 50);
	const uint32_t hand = all().hand;
	unsigned attempts = 0;
	while (learned() == 148 && attempts < 1000)
		from_port(tenant(300 + attempts++));
	EXPECT_EQ(all().hand - hand, attempts) << "one set for each that is refused, whichever hook sees it";
	for (unsigned n = 0; n < 200; n++)
		from_port(tenant(300 + n));
	EXPECT_EQ(learned(), 198u);
	expect_account();
	for (unsigned n = 50; n < 198; n++)
		EXPECT_TRUE(bench_->fdb("blue", tenant(n))) << n;
}

/* Expired entries are not swept while there is room. */
TEST_P(Learned, NothingIsSweptWithoutNeed)
{
	const uint32_t hand = all().hand;
	learn(0, 100);
	expire(0, 100);
	learn(100, 150);
	EXPECT_EQ(all().hand, hand);
	EXPECT_EQ(use().entries, 150u);
}

TEST_P(Learned, NetworksShareTheHand)
{
	learn(0, 300);
	expire(0, 198);
	EXPECT_EQ(bench_->overlay().fdb_flush({.net = "blue"}), 198u);
	expect_account();
	EXPECT_EQ(use().entries, 0u);
	learn(0, 300);
	expire(0, 198);
	/* green needs more than the free room */
	from_green(150);
	EXPECT_GE(learned("green"), 100u);
	expect_account();
}

TEST_P(Learned, StaticEntriesAlwaysFindRoom)
{
	learn(0, 300);
	/* static entries replace learned entries of the same MACs */
	for (unsigned n = 0; n < 5; n++)
		add_static(n);
	EXPECT_EQ(use().entries, 193u);
	expect_account();
	for (unsigned n = 500; n < 544; n++)
		add_static(n);
	EXPECT_EQ(use().entries, 193u) << "there was room";
	for (unsigned n = 544; n < 560; n++)
		add_static(n);
	EXPECT_EQ(use().entries, kLimit - kStatic - 5 - 60) << "as few as need be";
	expect_account();
	for (unsigned n = 500; n < 560; n++)
		EXPECT_EQ(bench_->fdb("blue", tenant(n))->state, XOVL_FDB_STATIC) << n;

	Config config = bench_->config(); /* the configuration without the static entries added above */
	for (unsigned n = 0; n < 200; n++)
		config.find_network("blue")->fdb.push_back({Mac::parse(tenant(n)), FdbPort("port2")});
	bench_->apply(config);
	expect_account();
	EXPECT_EQ(all().room, kLimit - kStatic - 200);
	std::erase_if(config.find_network("blue")->fdb,
		      [](const FdbConfig &entry) { return entry.mac.str().starts_with("02:00:00:01"); });
	bench_->apply(config);
	expect_account();
}

/* A static entry replaces expired entries first. */
TEST_P(Learned, StaticEntriesTakeTheRoomOfExpiredOnes)
{
	set_limit(1000);
	learn(0, kLimit - kStatic);
	expire(100, 130);
	add_static(500);
	EXPECT_EQ(learned(), kLimit - kStatic - 30);
	EXPECT_EQ(use().entries, kLimit - kStatic - 30);
	expect_account();
}

TEST_P(Learned, CommandsKeepTheAccount)
{
	learn(0, 50);
	bench_->overlay().fdb_del("blue", Mac::parse(tenant(3)));
	expect_account();
	add_static(4);
	add_static(60);
	expect_account();
	bench_->overlay().fdb_del("blue", Mac::parse(tenant(4)));
	bench_->overlay().fdb_del("blue", Mac::parse(tenant(60)));
	expect_account();
	learn(0, 50);
	EXPECT_EQ(use().entries, 50u);
	EXPECT_EQ(bench_->overlay().fdb_flush({.net = "blue"}), 50u);
	EXPECT_EQ(use().entries, 0u);
	expect_account();

	learn(0, 50);
	for (unsigned n = 50; n < 60; n++)
		bench_->run(hook(), "uplink", arriving(kBlueVni, udp_frame(mac::kTenant2, tenant(n))));
	from_green(5);
	/* a port is removed with the entries behind it */
	Config config = bench_->config();
	std::erase_if(config.find_network("blue")->ports, [](const PortConfig &port) { return port.dev == "port1"; });
	const Config whole = bench_->config();
	bench_->apply(config);
	EXPECT_EQ(use().entries, 10u);
	expect_account();
	bench_->apply(whole);
	/* a network is removed, and a new one takes its place */
	config = whole;
	std::erase_if(config.networks, [](const NetworkConfig &net) { return net.name == "blue"; });
	bench_->apply(config);
	expect_account();
	bench_->apply(whole);
	EXPECT_EQ(use().entries, 0u);
	EXPECT_EQ(use().refused, 0u);
	EXPECT_EQ(use("green").entries, 5u);
	expect_account();
}

/* Wrong counts and busy keys, left by a killed command, are repaired. */
TEST_P(Learned, CountsHeal)
{
	learn(0, 50);
	const PinnedMap<uint32_t, xovl_learned_use> uses(bench_->pin("learned_uses"));
	const PinnedMap<uint32_t, xovl_learned_all> whole(bench_->pin("learned_all"));
	xovl_learned_use use = uses.get(0);
	xovl_learned_all sum = all();
	use.entries += 20;
	sum.entries -= 7;
	uses.set(0, use);
	whole.set(0, sum);
	bench_->apply(bench_->config());
	expect_account();

	/* a key that a killed command was deleting */
	const PinnedMap<uint32_t, xovl_learned_set> sets(bench_->pin("learned"));
	bool held = false;
	sets.for_each([&](uint32_t index, xovl_learned_set set) {
		for (auto &key : set.keys)
			if (key && !held) {
				held = true;
				key |= XOVL_LEARNED_BUSY;
				sets.set(index, set);
			}
	});
	EXPECT_TRUE(held);
	bench_->apply(bench_->config());
	expect_account();

	for (unsigned n = 0; n < 20; n++)
		bench_->lose(tenant(n));
	EXPECT_EQ(bench_->overlay().fdb_flush({.net = "blue"}), 30u);
	EXPECT_EQ(this->use().entries, 20u) << "their keys are still there";
	learn(100, 400); /* their keys are found when they are needed */
	learn(100, 400);
	EXPECT_EQ(learned(), 198u);
	expect_account();
}

/* The account stays right while two CPUs learn, commands add, delete and flush, and entries expire. */
TEST_P(Learned, UnderRaces)
{
	set_blue([](NetworkConfig &net) {
		net.ageing = 1;
		net.mac_limit = 1000;
	});
	std::atomic<bool> stop = false;
	std::vector<std::thread> tenants;
	home_.reset();
	for (unsigned seed = 1; seed <= 2; seed++)
		tenants.emplace_back([&, seed] {
			uint32_t n = seed;
			while (!stop) {
				n = n * 1664525 + 1013904223;
				from_port(tenant(n >> 16 & 0x1ff), seed == 1 ? "port1" : "port2");
			}
		});
	const auto end = std::chrono::steady_clock::now() + 3s;
	for (unsigned i = 0; std::chrono::steady_clock::now() < end; i++) {
		const unsigned n = i % 0x1ff;
		bench_->overlay().fdb_add("blue", {Mac::parse(tenant(n)), FdbPort("port2")}, true);
		if (i % 3)
			bench_->overlay().fdb_del("blue", Mac::parse(tenant(n)));
		else
			EXPECT_EQ(bench_->fdb("blue", tenant(n))->state, XOVL_FDB_STATIC);
		if (i % 50 == 0)
			bench_->overlay().fdb_flush({.net = "blue"});
		if (i % 60 == 59)
			bench_->apply(bench_->config()); /* the configuration without the static entries added above */
	}
	stop = true;
	for (std::thread &thread : tenants)
		thread.join();
	expect_account();
}

} // namespace xovl::test
