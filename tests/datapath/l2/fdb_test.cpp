// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/l2/fdb.h: how the datapath learns, moves and expires entries.
#include "fixture.hpp"

namespace xovl::test {

class Fdb : public DatapathTest {
protected:
	void from_port(const std::string &src, const std::string &dev = "port1")
	{
		bench_->run(hook(), dev, udp_frame(mac::kRemoteA, src));
	}

	void from_peer(const std::string &src, const std::string &peer)
	{
		bench_->run(hook(), "uplink", arriving(kBlueVni, udp_frame(mac::kTenant2, src), peer));
	}

	void expect_port(const std::string &mac, const std::string &dev, xovl_fdb_state state = XOVL_FDB_LEARNED)
	{
		const auto entry = bench_->fdb("blue", mac);
		ASSERT_TRUE(entry) << mac;
		EXPECT_EQ(entry->dev, dev);
		EXPECT_FALSE(entry->dst);
		EXPECT_EQ(entry->state, state);
	}

	void expect_peer(const std::string &mac, const std::string &dst, xovl_fdb_state state = XOVL_FDB_LEARNED)
	{
		const auto entry = bench_->fdb("blue", mac);
		ASSERT_TRUE(entry) << mac;
		EXPECT_EQ(entry->dst, Address::parse(dst));
		EXPECT_EQ(entry->dev, "");
		EXPECT_EQ(entry->state, state);
	}

	void set_network(bool learning, uint32_t ageing)
	{
		Config config = bench_->config();
		config.find_network("blue")->learning = learning;
		config.find_network("blue")->ageing = ageing;
		bench_->apply(config);
	}

	/// A frame to mac from port2 is delivered to port1.
	void expect_known(const std::string &mac)
	{
		const Bytes frame = udp_frame(mac, mac::kTenant2);
		finishes("port2", frame, {Verdict::Redirect, {}, switched("port2", "port1", "blue", frame.size())});
	}

	/// XDP leaves a frame to mac to TC, which floods it.
	void expect_unknown(const std::string &mac)
	{
		const Bytes frame = udp_frame(mac, mac::kTenant2);
		if (hook() == Hook::Xdp)
			finishes("port2", frame, {});
		const Counts before = bench_->counts();
		bench_->run(Hook::Tc, "port2", frame);
		const auto flooded = [](Counts counts) { return counts["net blue flooded"]; };
		EXPECT_EQ(flooded(bench_->counts()), flooded(before) + 1);
	}
};

INSTANTIATE_TEST_SUITE_P(, Fdb, each_mode(), setup_name);

TEST_P(Fdb, LearnsFromPorts)
{
	from_port(mac::kTenant1);
	expect_port(mac::kTenant1, "port1");
	EXPECT_LT(bench_->fdb("blue", mac::kTenant1)->age, 1);
	EXPECT_FALSE(bench_->fdb("green", mac::kTenant1));
	expect_known(mac::kTenant1);
}

TEST_P(Fdb, LearnsFromPeers)
{
	from_peer(mac::kUnknown, ip().peer_b);
	expect_peer(mac::kUnknown, ip().peer_b);
	const Packet inner = udp_frame(mac::kUnknown, mac::kTenant1);
	finishes("port1", inner,
		 {Verdict::Redirect, encapsulated(kBlueVni, inner, mac::kPeerB, ip().peer_b, made_of(inner)),
		  sent("port1", "blue", ip().peer_b, inner.bytes().size())});
}

TEST_P(Fdb, LearnsFromFloodedFrames)
{
	bench_->run(Hook::Tc, "port1", udp_frame(mac::kBroadcast, mac::kTenant1));
	expect_port(mac::kTenant1, "port1");
	bench_->run(Hook::Tc, "uplink", arriving(kBlueVni, udp_frame(mac::kBroadcast, mac::kUnknown)));
	expect_peer(mac::kUnknown, ip().peer_a);
}

TEST_P(Fdb, LearnedEntriesMove)
{
	from_port(mac::kUnknown, "port1");
	from_port(mac::kUnknown, "port2");
	expect_port(mac::kUnknown, "port2");
	from_peer(mac::kUnknown, ip().peer_a);
	expect_peer(mac::kUnknown, ip().peer_a);
	from_peer(mac::kUnknown, ip().peer_b);
	expect_peer(mac::kUnknown, ip().peer_b);
	from_port(mac::kUnknown, "port1");
	expect_port(mac::kUnknown, "port1");
}

TEST_P(Fdb, StaticEntriesNeverMove)
{
	from_port(mac::kRemoteB, "port1");
	expect_peer(mac::kRemoteB, ip().peer_b, XOVL_FDB_STATIC);
	from_peer(mac::kTenant2, ip().peer_a);
	expect_port(mac::kTenant2, "port2", XOVL_FDB_STATIC);
	from_peer(mac::kRemoteA, ip().peer_b);
	expect_peer(mac::kRemoteA, ip().peer_a, XOVL_FDB_STATIC);
}

TEST_P(Fdb, DroppedSourcesAreNotLearned)
{
	from_port("01:00:5e:00:00:01");
	EXPECT_FALSE(bench_->fdb("blue", "01:00:5e:00:00:01"));
	from_peer(mac::kUnknown, ip().stranger);
	EXPECT_FALSE(bench_->fdb("blue", mac::kUnknown));
}

TEST_P(Fdb, AgesAfterSilence)
{
	from_port(mac::kTenant1);
	bench_->age(mac::kTenant1, 299);
	expect_known(mac::kTenant1);
	bench_->age(mac::kTenant1, 2);
	expect_unknown(mac::kTenant1);
	EXPECT_FALSE(bench_->fdb("blue", mac::kTenant1));
}

TEST_P(Fdb, AFrameMakesItYoungAgain)
{
	from_port(mac::kTenant1);
	bench_->age(mac::kTenant1, 299);
	from_port(mac::kTenant1);
	EXPECT_LT(bench_->fdb("blue", mac::kTenant1)->age, 1);
	/* a move renews the entry, too */
	bench_->age(mac::kTenant1, 299);
	from_port(mac::kTenant1, "port2");
	EXPECT_LT(bench_->fdb("blue", mac::kTenant1)->age, 1);
	/* an expired entry is learned again */
	bench_->age(mac::kTenant1, 1000);
	from_port(mac::kTenant1);
	expect_known(mac::kTenant1);
}

TEST_P(Fdb, StaticEntriesDoNotAge)
{
	const Bytes frame = udp_frame(mac::kTenant2, mac::kTenant1);
	set_network(true, 1);
	finishes("port1", frame, {Verdict::Redirect, {}, switched("port1", "port2", "blue", frame.size())});
}

TEST_P(Fdb, AgeingOfTheNetwork)
{
	set_network(true, 10);
	from_port(mac::kTenant1);
	bench_->age(mac::kTenant1, 9);
	expect_known(mac::kTenant1);
	bench_->age(mac::kTenant1, 2);
	expect_unknown(mac::kTenant1);

	set_network(true, 0);
	from_port(mac::kTenant1);
	bench_->age(mac::kTenant1, 20);
	expect_known(mac::kTenant1);
}

TEST_P(Fdb, LearningOff)
{
	set_network(false, 300);
	from_port(mac::kTenant1);
	from_peer(mac::kUnknown, ip().peer_a);
	EXPECT_FALSE(bench_->fdb("blue", mac::kTenant1));
	EXPECT_FALSE(bench_->fdb("blue", mac::kUnknown));
}

} // namespace xovl::test
