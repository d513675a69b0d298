// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/packet/flow.h: the outer source port follows the tenant's flow.
#include <set>

#include "fixture.hpp"

namespace xovl::test {

class Flow : public DatapathTest {
protected:
	static constexpr size_t kFlows = 256;

	uint16_t port_of(const Packet &inner)
	{
		const uint16_t port = sport(made_of(inner));
		EXPECT_GE(port, 49152);
		return port;
	}

	/// Similar flows must spread evenly over the ports and over the ports' low bits, which select paths.
	void expect_spread(const std::function<Packet(unsigned)> &flow)
	{
		std::set<uint16_t> ports;
		size_t low_bits[8] = {};
		for (unsigned n = 0; n < kFlows; n++) {
			const uint16_t port = port_of(flow(n));
			ports.insert(port);
			low_bits[port % 8]++;
		}
		EXPECT_GT(ports.size(), kFlows * 9 / 10);
		for (size_t count : low_bits)
			EXPECT_GT(count, kFlows / 8 / 3);
	}

	const Ethernet eth_ = {mac::kRemoteA, mac::kTenant1};
};

INSTANTIATE_TEST_SUITE_P(, Flow, each_mode(), setup_name);

TEST_P(Flow, OneFlowOnePort)
{
	const IPv4 v4 = {.src = "10.1.0.1", .dst = "10.1.0.2"};
	const IPv6 v6 = {.src = "fd00::1", .dst = "fd00::2"};
	const auto tcp4 = [&](uint32_t seq, size_t n) {
		return eth_ / v4 / TCP{.sport = 1000, .dport = 80, .seq = seq} / Payload::of(n);
	};
	const auto udp6 = [&](size_t n) { return eth_ / v6 / UDP{1000, 80} / Payload::of(n); };
	const uint16_t four = port_of(tcp4(1, 0)), six = port_of(udp6(0));
	for (size_t n = 1; n < 600; n += 97) {
		EXPECT_EQ(port_of(tcp4(static_cast<uint32_t>(n), n)), four);
		EXPECT_EQ(port_of(udp6(n)), six);
	}
	/* fields that routers or senders change within a flow have no effect */
	EXPECT_EQ(port_of(eth_ / IPv4{.src = "10.1.0.1", .dst = "10.1.0.2", .tos = 3, .id = 77, .ttl = 9} /
			  TCP{.sport = 1000, .dport = 80}),
		  four);
}

/* Fragments of one packet take one way: the hash ignores ports, which only the first fragment has. */
TEST_P(Flow, FragmentsOfOnePacketStayTogether)
{
	const IPv4 first = {.src = "10.1.0.1", .dst = "10.1.0.2", .id = 7, .mf = true};
	const IPv4 later = {.src = "10.1.0.1", .dst = "10.1.0.2", .id = 7, .offset = 10, .protocol = 17};
	EXPECT_EQ(port_of(eth_ / first / UDP{1111, 2222} / Payload::of(72)), port_of(eth_ / later / Payload::of(30)));
}

TEST_P(Flow, SpreadBySourcePort)
{
	expect_spread([&](unsigned n) {
		return eth_ / IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} / UDP{static_cast<uint16_t>(1000 + n), 80} /
		       Payload::of(4);
	});
	expect_spread([&](unsigned n) {
		return eth_ / IPv6{.src = "fd00::1", .dst = "fd00::2"} /
		       TCP{.sport = static_cast<uint16_t>(1000 + n), .dport = 80};
	});
}

TEST_P(Flow, SpreadByDestinationPort)
{
	expect_spread([&](unsigned n) {
		return eth_ / IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} /
		       TCP{.sport = 1000, .dport = static_cast<uint16_t>(1000 + n)};
	});
}

TEST_P(Flow, SpreadByAddress)
{
	expect_spread([&](unsigned n) {
		return eth_ / IPv4{.src = "10.1.0.1", .dst = "10.1.1." + std::to_string(n % 256)} / ICMP{};
	});
	expect_spread([&](unsigned n) {
		return eth_ / IPv6{.src = "fd00::1", .dst = "fd00::" + std::to_string(n)} / ICMP{.type = 128};
	});
}

TEST_P(Flow, SpreadByMacOfFramesThatAreNotIP)
{
	expect_spread([&](unsigned n) {
		char src[18];
		snprintf(src, sizeof(src), "02:00:00:00:11:%02x", n % 256);
		/* the FDB of this bench has 256 entries */
		bench_->overlay().fdb_flush({.net = "blue"});
		return Ethernet{mac::kRemoteA, src} / Payload::of(46);
	});
}

TEST_P(Flow, PartialChecksumsAreForTc)
{
	const Packet inner = eth_ / IPv4{"10.1.0.1", "10.1.0.2"} / TCP{.sport = 1000, .dport = 80, .partial = true} /
			     Payload::of(100);
	const RunResult made = bench_->run(Hook::Tc, "port1", inner);
	finishes_in_tc("port1", inner,
		       {Verdict::Redirect, encapsulated(kBlueVni, inner, mac::kPeerA, ip().peer_a, made.packet),
			sent("port1", "blue", ip().peer_a, inner.bytes().size())});
}

} // namespace xovl::test
