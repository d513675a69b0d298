// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/underlay/pmtu.h, bpf/decap/pmtu_report.h: an underlay router reports that a tunnel packet was too large (RFC
// 1191, RFC 8201).
// pmtu_forged_test.cpp has the messages that are not believed.
#include <thread>

#include "pmtu_fixture.hpp"

namespace xovl::test {

INSTANTIATE_TEST_SUITE_P(, Pmtu, every_setup(), setup_name);

using PmtuIPv4 = Pmtu;

INSTANTIATE_TEST_SUITE_P(, PmtuIPv4, testing::Values(Setup{XOVL_MODE_NATIVE, AF_INET}, Setup{XOVL_MODE_TC, AF_INET}),
			 setup_name);

TEST_P(Pmtu, IsFollowed)
{
	EXPECT_TRUE(fits(large_frame()));
	is_believed(message(kPathMtu, quote()));
	is_followed(kPathMtu);
	/* the MTU of other peers stays */
	EXPECT_TRUE(fits(large_frame(mac::kRemoteB)));
	EXPECT_EQ(kept(ip().peer_b)->mtu, 0u);
}

TEST_P(Pmtu, OnTheWire)
{
	bench_->far("under").send(message(kPathMtu, quote()));
	is_followed(kPathMtu);
}

TEST_P(Pmtu, LongerQuotes)
{
	is_believed(message(kPathMtu, quote(is_v4() ? 500 : 1180)));
	is_followed(kPathMtu);
}

/* Octets after the IP packet, such as Ethernet padding, do not matter. */
TEST_P(Pmtu, WithOctetsBehindIt)
{
	is_believed(padded(message(kPathMtu, quote()), 40));
}

/* A message with IP options is believed. */
TEST_P(PmtuIPv4, WithIPOptions)
{
	const IPv4 router = {.src = "198.18.0.1", .dst = ip().local, .options = {1, 1, 1, 0}};
	is_believed(Ethernet{mac::kUplink, mac::kPeerB} / router / too_big_icmp(kPathMtu) / Payload{quote()});
}

/* TTL, ECN and header checksum of the quote may differ: routers change them. */
TEST_P(Pmtu, WhatRoutersChangeDoesNotMatter)
{
	is_believed(message(kPathMtu, quote_with(is_v4() ? flip(8, 0x07) : flip(7, 0x07))));
	is_believed(message(kPathMtu, quote_with(is_v4() ? flip(1, 0x03) : flip(1, 0x30))));
	if (is_v4())
		is_believed(message(kPathMtu, quote_with(flip(10))));
}

/* About one message a second is believed. That finds the narrowest link, and limits what an attacker can do. */
TEST_P(Pmtu, LoweredOnceASecond)
{
	constexpr unsigned steps = 10;
	const Bytes quoted = quote();
	for (unsigned i = 1; i <= steps; i++)
		passes("uplink", message(1490 - i, quoted));
	const xovl_pmtu after = kept();
	EXPECT_EQ(after.believed + after.refused, steps);
	EXPECT_LE(after.believed, steps / 2) << "it takes less than some seconds";
	EXPECT_GT(after.mtu, 1490 - steps);
	std::this_thread::sleep_for(1100ms);
	is_believed(message(1360, quote()), 1360);
	is_followed(1360);
}

/* A message never raises the path MTU; only time does (RFC 1191, section 3; RFC 8201, section 4). */
TEST_P(Pmtu, NoMessageRaisesIt)
{
	is_believed(message(1360, quote()), 1360);
	const uint32_t expires = kept().expires;
	std::this_thread::sleep_for(1100ms);
	is_believed(message(kPathMtu, quote()), 1360);
	EXPECT_EQ(kept().expires, expires);
	/* the same MTU again prolongs it */
	is_believed(message(1360, quote()), 1360);
	EXPECT_GT(kept().expires, expires);
	is_followed(1360);
}

/* The path MTU stays large enough for an inner IPv6 packet of 1280 octets. */
TEST_P(Pmtu, NotBelowTheFloor)
{
	const auto floor = static_cast<uint32_t>(1280 + outer_);
	is_believed(message(1290, quote()), floor);
	EXPECT_EQ(kept().reported, 1290u);
	is_followed(floor);
	const Packet ipv6 = Ethernet{mac::kRemoteA, mac::kTenant1} / IPv6{.src = "fd00:1::1", .dst = "fd00:1::2"} /
			    UDP{1111, 2222} / Payload::of(1280 - 48);
	EXPECT_TRUE(fits(ipv6));
}

TEST_P(Pmtu, TheFloorThatIsSet)
{
	set_vteps([](VtepConfig &vtep) { vtep.pmtu_floor = 576; });
	const auto floor = static_cast<uint32_t>(576 + outer_);
	is_believed(message(1300, quote()), 1300);
	std::this_thread::sleep_for(1100ms);
	if (is_v4()) { /* old routers set 0 (RFC 1191, section 5) */
		is_believed(message(0, quote()), floor);
		is_followed(floor);
	} else { /* below 1280 no IPv6 MTU is valid (RFC 8201, section 4) */
		is_refused(message(1279, quote()));
		is_refused(message(0, quote()));
		is_believed(message(1280, quote()), 1280);
	}
}

/* Networks that share an endpoint share the floor of the longest headers. */
TEST_P(Pmtu, TheFloorOfTheLongestHeaders)
{
	Config config = bench_->config();
	NetworkConfig *green = config.find_network("green");
	use(XOVL_ENCAP_GENEVE, outer_, [](NetworkConfig &) {});
	config = bench_->config();
	green = config.find_network("green");
	green->encap = XOVL_ENCAP_GENEVE;
	green->dstport = 6081;
	green->options = parse_options("0x0102:0x80:00010002");
	bench_->apply(config);
	is_believed(message(1290, quote()), static_cast<uint32_t>(1280 + outer_ + 8));
}

/* A static entry may name a new peer with another encapsulation. The floor includes its headers. */
TEST_P(Pmtu, TheFloorOfPeersOfFdbEntries)
{
	bench_->overlay().fdb_add("blue", {Mac::parse(mac::kUnknown), Address::parse(ip().stranger)}, false,
				  {.encap = XOVL_ENCAP_GENEVE});
	const Fd map = pinned(bench_->pin("endpoints"));
	const xovl_endpoint_key key = {Address::parse(ip().local).raw(), xovl_service(17, htons(6081)), 0};
	xovl_endpoint endpoint{};
	ASSERT_EQ(bpf_map_lookup_elem(map.get(), &key, &endpoint), 0);
	EXPECT_EQ(endpoint.pmtu_floor, 1280 + outer_);
}

TEST_P(Pmtu, NotWhereItIsNotTrusted)
{
	set_vteps([](VtepConfig &vtep) { vtep.pmtu_trust = false; });
	is_refused(message(kPathMtu, quote()));
	is_not_followed();
	set_vteps([](VtepConfig &vtep) { vtep.pmtu_trust = true; });
	is_believed(message(kPathMtu, quote()));
	is_followed(kPathMtu);
	set_vteps([](VtepConfig &vtep) { vtep.pmtu_trust = false; });
	is_not_followed();
}

} // namespace xovl::test
