// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/out/too_big.h: the sender of a too large frame gets an ICMP error (RFC 1191, RFC 4443), compared to the octet.
#include <algorithm>
#include <chrono>
#include <thread>

#include "fixture.hpp"

namespace xovl::test {

class TooBig : public DatapathTest {
protected:
	/// Returns the size of the largest inner IP packet to peer A.
	uint32_t mtu() const { return static_cast<uint32_t>(kUplinkMtu - (outer_len() - 14) - 14); }

	/// A frame from port1 is dropped without an answer.
	void is_not_answered(const Bytes &frame)
	{
		finishes_in_tc("port1", frame,
			       {Verdict::Drop, {}, dropped_from_port("port1", "mtu_underlay", frame.size())});
	}

	static Packet large(const Packet &above) { return above / UDP{1111, 2222} / Payload::of(1452); }

	static inline const Ethernet kEth = {mac::kRemoteA, mac::kTenant1};
	const IPv4 v4_ = {.src = "10.1.0.1", .dst = "10.1.0.2", .tos = 0x29, .id = 0x4711, .df = true, .ttl = 3};
	const IPv6 v6_ = {.src = "fd00:1::1", .dst = "fd00:1::2", .traffic_class = 0x29, .flow_label = 0x12345};
};

INSTANTIATE_TEST_SUITE_P(, TooBig, every_setup(), setup_name);

TEST_P(TooBig, IPv4)
{
	answers_too_big(large(kEth / v4_), "mtu_underlay", mtu());
	answers_too_big(kEth / v4_ / TCP{.sport = 40000, .dport = 80} / Payload::of(1460), "mtu_underlay", mtu());
	answers_too_big(kEth / v4_ / Payload::of(1480), "mtu_underlay", mtu());
	answers_too_big(kEth / v4_ / ICMP{.type = 8} / Payload::of(1472), "mtu_underlay", mtu());
	answers_too_big(kEth / v4_ / ICMP{.type = 0} / Payload::of(1472), "mtu_underlay", mtu());
	IPv4 options = v4_;
	options.options = {148, 4, 0, 0, 1, 1, 1, 0};
	answers_too_big(large(kEth / options), "mtu_underlay", mtu());
	IPv4 first_fragment = v4_;
	first_fragment.df = false;
	first_fragment.mf = true;
	answers_too_big(large(kEth / first_fragment), "mtu_underlay", mtu());
}

TEST_P(TooBig, IPv6)
{
	const Packet above = kEth / v6_;
	answers_too_big(large(above), "mtu_underlay", mtu());
	answers_too_big(above / TCP{.sport = 40000, .dport = 80} / Payload::of(1440), "mtu_underlay", mtu());
	answers_too_big(above / ICMP{.type = 128} / Payload::of(1452), "mtu_underlay", mtu());
	answers_too_big(above / ICMP{.type = 129} / Payload::of(1452), "mtu_underlay", mtu());
	answers_too_big(above / IPv6Ext{60, {0, 1, 4, 0, 0, 0, 0}} / UDP{1, 2} / Payload::of(1440), "mtu_underlay",
			mtu());
}

/* A small IPv4 packet is quoted whole, whatever its length. A too large IPv6 packet is never that small. */
TEST_P(TooBig, QuotedWhole)
{
	set_blue([](NetworkConfig &net) { net.mtu = 300; });
	for (size_t more : {1, 2, 3, 248, 249}) {
		SCOPED_TRACE(more);
		answers_too_big(kEth / v4_ / UDP{1111, 2222} / Payload::of(300 - 28 + more), "mtu_network", 300);
	}
}

/* No answer has an IPv6 MTU below 1280: hosts do not believe it (RFC 8201, section 4). */
TEST_P(TooBig, NoLessThanEveryIPv6Link)
{
	const Packet large = kEth / v6_ / UDP{1111, 2222} / Payload::of(1300);
	set_blue([](NetworkConfig &net) { net.mtu = 1280; });
	answers_too_big(large, "mtu_network", 1280);
	set_blue([](NetworkConfig &net) { net.mtu = 1279; });
	finishes_in_tc("port1", large,
		       {Verdict::Drop, {}, dropped_from_port("port1", "mtu_network", large.bytes().size())});
}

TEST_P(TooBig, TheSmallerOfBothMtus)
{
	for (const uint32_t set : {mtu() - 1, mtu(), mtu() + 1}) {
		SCOPED_TRACE(set);
		set_blue([&](NetworkConfig &net) { net.mtu = static_cast<uint16_t>(set); });
		const Bytes frame = large(kEth / v4_);
		answers_too_big(frame, "mtu_network", std::min(set, mtu()));
	}
}

/* The tags of a tenant's frame lower the reported MTU. */
TEST_P(TooBig, TaggedFrames)
{
	answers_too_big(large(kEth / Vlan{100, 5} / v4_), "mtu_underlay", mtu() - 4, 18);
	answers_too_big(large(kEth / Vlan{100, 5, false, 0x88a8} / Vlan{7} / v6_), "mtu_underlay", mtu() - 8, 22);
}

/* The VLAN tag of the port does not lower the MTU. The answer carries that tag. */
TEST_P(TooBig, OnAVlanPort)
{
	for (const Packet &rest : {large(v4_), large(v6_)}) {
		const Bytes bare = Ethernet{mac::kRemoteA, mac::kTagged} / rest;
		Bytes answer = too_big(bare, mtu());
		const Bytes tag = {0x81, 0x00, 0x00, 10};
		answer.insert(answer.begin() + 12, tag.begin(), tag.end());
		wire("tenants", Ethernet{mac::kRemoteA, mac::kTagged} / Vlan{10} / rest, {{"tenants", answer}},
		     dropped_from_port("trunk.10", "mtu_underlay", bare.size()));
	}
}

TEST_P(TooBig, OnTheWire)
{
	for (const Packet &frame : {large(kEth / v4_), large(kEth / v6_)})
		wire("tenant1", frame, {{"tenant1", too_big(frame, mtu())}},
		     dropped_from_port("port1", "mtu_underlay", frame.bytes().size()));
	const Bytes tagged = kEth / Vlan{100, 5} / v4_ / UDP{1, 2} / Payload::of(1460);
	wire("tenant1", tagged, {{"tenant1", too_big(tagged, mtu() - 4, 18)}},
	     dropped_from_port("port1", "mtu_underlay", tagged.size()));
}

/* A partial checksum is completed over the quote when the answer leaves. The ICMP checksum is right after that. */
TEST_P(TooBig, QuotedPartialChecksum)
{
	const size_t check_in_udp = 6;
	for (const bool ipv6 : {false, true}) {
		const Packet above = ipv6 ? Packet(kEth / v6_) : Packet(kEth / v4_);
		const size_t ip_len = ipv6 ? 40 : 20, most = ipv6 ? 1280 - 48 : 576 - 28;
		const Bytes frame = above / UDP{.sport = 5, .dport = 6, .partial = true} / Payload::of(1460);
		Bytes answer = too_big(frame, mtu());

		Bytes later = frame;
		const Bytes segment(frame.begin() + 14 + static_cast<long>(ip_len),
				    frame.begin() + 14 + static_cast<long>(most));
		const uint16_t check = internet_checksum(segment);
		later[14 + ip_len + check_in_udp] = static_cast<uint8_t>(check >> 8);
		later[14 + ip_len + check_in_udp + 1] = static_cast<uint8_t>(check);
		const Bytes answer_later = too_big(later, mtu());
		const size_t icmp_check = 14 + ip_len + 2;
		answer[icmp_check] = answer_later[icmp_check];
		answer[icmp_check + 1] = answer_later[icmp_check + 1];
		finishes_in_tc("port1", frame,
			       {Verdict::Redirect, answer, dropped_from_port("port1", "mtu_underlay", frame.size())});
	}
}

/* IPv4 packets that get no ICMP error (RFC 1122, section 3.2.2). */
TEST_P(TooBig, WhoIsNotToldIPv4)
{
	for (uint8_t type : {3, 4, 5, 11, 12}) {
		SCOPED_TRACE(int(type));
		is_not_answered(kEth / v4_ / ICMP{.type = type} / Payload::of(1472));
	}
	IPv4 later_fragment = v4_;
	later_fragment.df = false;
	later_fragment.offset = 185;
	is_not_answered(large(kEth / later_fragment));
	for (const char *src : {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"}) {
		SCOPED_TRACE(src);
		is_not_answered(large(kEth / IPv4{.src = src, .dst = "10.1.0.2"}));
	}
	for (const char *dst : {"224.0.0.1", "239.1.1.1", "255.255.255.255"}) {
		SCOPED_TRACE(dst);
		is_not_answered(large(kEth / IPv4{.src = "10.1.0.1", .dst = dst}));
	}
}

/* IPv6 packets that get no ICMP error (RFC 4443, section 2.4 (e)). */
TEST_P(TooBig, WhoIsNotToldIPv6)
{
	for (uint8_t type : {1, 2, 3, 4, 127}) {
		SCOPED_TRACE(int(type));
		is_not_answered(kEth / v6_ / ICMP{.type = type} / Payload::of(1452));
	}
	for (const char *src : {"::", "ff02::1"}) {
		SCOPED_TRACE(src);
		is_not_answered(large(kEth / IPv6{.src = src, .dst = "fd00:1::2"}));
	}
	is_not_answered(large(kEth / IPv6{.src = "fd00:1::1", .dst = "ff02::1"}));
}

TEST_P(TooBig, WhatIsNotIP)
{
	is_not_answered(kEth / Payload::of(1500));
	is_not_answered(kEth / Vlan{100} / Payload::of(1500));
	is_not_answered(Ethernet{mac::kRemoteA, mac::kTenant1, 0x0806} / Payload::of(1500));
}

/* A flooded frame that is too large for the tunnel is not answered. */
TEST_P(TooBig, NotForWhatIsFlooded)
{
	const Bytes frame = Ethernet{mac::kUnknown, mac::kTenant1} / v4_ / UDP{1, 2} / Payload::of(1472);
	bench_->far("tenant1").frames();
	bench_->far("tenant1").send(frame);
	const auto came = bench_->far("tenant1").collect(
		1, [](const Frame &answer) { return !answer.outgoing && answer.ethertype() == 0x0800; }, 200ms);
	EXPECT_TRUE(came.empty());
	EXPECT_EQ(bench_->counts()["drop mtu_underlay copies"], 2u);
}

/* Each port gets at most a hundred answers a second. */
TEST_P(TooBig, NotTooOften)
{
	using Clock = std::chrono::steady_clock;
	const Bytes frame = large(kEth / v4_);
	const auto told = [&](const std::string &dev, int frames) {
		int answers = 0;
		for (int i = 0; i < frames; i++)
			answers += bench_->run(Hook::Tc, dev, frame).verdict == Verdict::Redirect;
		return answers;
	};
	const auto start = Clock::now();
	const int answers = told("port1", 150);
	const int of_another = told("port2", 1);
	if (Clock::now() - start > 900ms)
		GTEST_SKIP() << "the machine is too slow to send 150 frames in a second";
	EXPECT_EQ(answers, 100);
	EXPECT_EQ(of_another, 1);
	EXPECT_EQ(bench_->counts()["drop mtu_underlay packets"], 151u);
	std::this_thread::sleep_for(1100ms);
	EXPECT_EQ(told("port1", 1), 1);
}

} // namespace xovl::test
