// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/pmtu.h: a router on the underlay says that a packet of ours was too large (RFC 1191, RFC 8201).
#include <thread>

#include <bpf/bpf.h>

#include "fixture.hpp"
#include "xovl/maps.h"

namespace xovl::test {

class Pmtu : public DatapathTest {
protected:
	/// Within this time it must be followed, or not.
	static constexpr Milliseconds kFollowed = 1s;
	static constexpr uint16_t kPathMtu = 1400;

	/// What a router quotes: our tunnel packet's first octets, IP and UDP header and 8 more.
	Packet quoted(const std::string &src, const std::string &dst, uint16_t dport = 4789) const
	{
		const UDP udp = {.sport = 50000, .dport = dport, .length = 1480, .checksum = 0};
		const Packet below = udp / Vxlan{kBlueVni};
		if (is_v4())
			return IPv4{.src = src, .dst = dst, .df = true, .protocol = 17, .total_length = 1500} / below;
		return IPv6{.src = src, .dst = dst, .next_header = 17, .payload_length = 1460} / below;
	}

	/// From a router beyond peer B's MAC, or whoever says that he is one.
	Packet message(uint32_t mtu, const Packet &quote) const { return from_router() / too_big_icmp(mtu) / quote; }
	Packet from_router() const
	{
		return Ethernet{mac::kUplink, mac::kPeerB} /
		       outer_ip(is_v4() ? "198.18.0.1" : "2001:db8:5::1", ip().local);
	}
	ICMP too_big_icmp(uint32_t mtu) const
	{
		return is_v4() ? ICMP{.type = 3, .code = 4, .rest = mtu} : ICMP{.type = 2, .rest = mtu};
	}
	Packet of_ours() const { return quoted(ip().local, ip().peer_a); }

	/// The largest frame that fits an underlay of that MTU.
	size_t largest(uint32_t mtu) const { return mtu - (outer_len() - 14); }

	/// Whether a frame from port1 is encapsulated.
	bool fits(const Bytes &frame)
	{
		return bench_->run(hook(), "port1", frame).packet.size() == outer_len() + frame.size();
	}

	/// Whether messages about that address are believed.
	bool is_known(const std::string &remote) const
	{
		const Fd map = pinned(bench_->pin("pmtus"));
		const xovl_pmtu_key key = {Address::parse(remote).raw(), Address::parse(ip().local).raw()};
		xovl_pmtu value;
		return bpf_map_lookup_elem(map.get(), &key, &value) == 0;
	}

	void is_followed(uint32_t mtu, const std::string &dst = mac::kRemoteA)
	{
		const Bytes frame = frame_of(dst, mac::kTenant1, largest(mtu) + 1);
		EXPECT_TRUE(wait_until([&] { return !fits(frame); }, kFollowed));
		answers_too_big(frame, "mtu_underlay", static_cast<uint32_t>(largest(mtu) - 14));
		EXPECT_TRUE(fits(frame_of(dst, mac::kTenant1, largest(mtu))));
	}

	/// What was sent changes nothing of what peer A gets.
	void is_not_followed()
	{
		std::this_thread::sleep_for(kFollowed);
		EXPECT_TRUE(fits(frame_of(mac::kRemoteA, mac::kTenant1, largest(kUplinkMtu))));
	}
};

INSTANTIATE_TEST_SUITE_P(, Pmtu, every_setup(), setup_name);

using PmtuIPv4 = Pmtu;

INSTANTIATE_TEST_SUITE_P(, PmtuIPv4, testing::Values(Setup{XOVL_MODE_NATIVE, AF_INET}, Setup{XOVL_MODE_TC, AF_INET}),
			 setup_name);

TEST_P(Pmtu, IsFollowed)
{
	EXPECT_TRUE(fits(frame_of(mac::kRemoteA, mac::kTenant1, largest(kUplinkMtu))));
	passes("uplink", message(kPathMtu, of_ours()));
	is_followed(kPathMtu);
	/* other peers are behind other routers */
	EXPECT_TRUE(fits(frame_of(mac::kRemoteB, mac::kTenant1, largest(kUplinkMtu))));
	/* still smaller, further on */
	passes("uplink", message(1300, of_ours()));
	is_followed(1300);
}

TEST_P(Pmtu, OnTheWire)
{
	bench_->far("under").send(message(kPathMtu, of_ours()));
	is_followed(kPathMtu);
}

TEST_P(Pmtu, LongerQuotes)
{
	passes("uplink", message(kPathMtu, of_ours() / udp_frame(mac::kRemoteA, mac::kTenant1, 400)));
	is_followed(kPathMtu);
}

/* Who sent it may put options before it; the router may, too. */
TEST_P(PmtuIPv4, WithIPOptions)
{
	const IPv4 router = {.src = "198.18.0.1", .dst = ip().local, .options = {1, 1, 1, 0}};
	passes("uplink", Ethernet{mac::kUplink, mac::kPeerB} / router / too_big_icmp(kPathMtu) / of_ours());
	is_followed(kPathMtu);
}

/* RFC 1191, section 3: routers of old leave it 0. The kernel's least (min_pmtu) is 552; of IPv6 links it is 1280. */
TEST_P(Pmtu, NotBelowTheLeast)
{
	passes("uplink", message(is_v4() ? 0 : 100, of_ours()));
	is_followed(is_v4() ? 552 : 1280);
}

/* RFC 1191, section 3; RFC 8201, section 4: it may grow by time only. */
TEST_P(Pmtu, NoMessageRaisesIt)
{
	passes("uplink", message(1300, of_ours()));
	is_followed(1300);
	passes("uplink", message(kPathMtu, of_ours()));
	std::this_thread::sleep_for(kFollowed);
	EXPECT_FALSE(fits(frame_of(mac::kRemoteA, mac::kTenant1, largest(1300) + 1)));
}

/* A path that becomes larger than its first link is none. */
TEST_P(Pmtu, NotAboveTheRoute)
{
	passes("uplink", message(9000, of_ours()));
	is_not_followed();
	const Bytes large = frame_of(mac::kRemoteA, mac::kTenant1, largest(kUplinkMtu) + 1);
	answers_too_big(large, "mtu_underlay", static_cast<uint32_t>(largest(kUplinkMtu) - 14));
}

TEST_P(Pmtu, NotForQuotesOfStrangers)
{
	passes("uplink", message(kPathMtu, quoted(ip().stranger, ip().peer_a)));
	passes("uplink", message(kPathMtu, quoted(ip().peer_a, ip().local)));
	passes("uplink", message(kPathMtu, quoted(ip().local, ip().stranger)));
	passes("uplink", message(kPathMtu, quoted(ip().local, ip().peer_a, 4790)));
	is_not_followed();
	/* nothing is kept of whom we never sent to */
	EXPECT_FALSE(is_known(ip().stranger));
	EXPECT_TRUE(is_known(ip().peer_a));
}

/* Who quotes our packet to another host, or from another one, is told what he did not see. */
TEST_P(Pmtu, NotToAnotherAddress)
{
	const std::string other = is_v4() ? "192.0.2.99" : "2001:db8::99";
	passes("uplink", Ethernet{mac::kUplink, mac::kPeerB} /
				 outer_ip(is_v4() ? "198.18.0.1" : "2001:db8:5::1", other) / too_big_icmp(kPathMtu) /
				 of_ours());
	is_not_followed();
}

TEST_P(Pmtu, NotForOtherProtocols)
{
	const Packet tcp = TCP{.sport = 50000, .dport = 4789} / Payload::of(8);
	passes("uplink", message(kPathMtu, outer_ip(ip().local, ip().peer_a) / tcp));
	const Packet icmp = ICMP{} / Payload{of_ours()};
	passes("uplink", message(kPathMtu, outer_ip(ip().local, ip().peer_a) / icmp));
	is_not_followed();
}

TEST_P(Pmtu, NotForOtherMessages)
{
	for (uint8_t type : {0, 1, 3, 4, 8, 11, 12, 128}) {
		passes("uplink", from_router() / ICMP{.type = type, .code = 1, .rest = kPathMtu} / of_ours());
	}
	/* cut off within the quoted ports */
	const Bytes whole = message(kPathMtu, of_ours());
	passes("uplink", from_router() / too_big_icmp(kPathMtu) / Payload{truncated(of_ours(), is_v4() ? 23 : 43)});
	passes("uplink", from_router() / too_big_icmp(kPathMtu));
	is_not_followed();
	passes("uplink", whole);
	is_followed(kPathMtu);
}

/* Not addressed to us, it is not ours to read. */
TEST_P(Pmtu, NotForOtherHosts)
{
	Bytes packet = message(kPathMtu, of_ours());
	packet[5] ^= 0x40;
	passes("uplink", packet);
	is_not_followed();
}

} // namespace xovl::test
