// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/pmtu.h, bpf/pmtu_report.h: a router on the underlay says that a packet of ours was too large (RFC 1191, RFC 8201), or
// somebody does who wants us to believe it (RFC 5927). Messages quote packets that were really sent.
#include <functional>
#include <map>
#include <optional>
#include <thread>

#include <arpa/inet.h>
#include <bpf/bpf.h>

#include "tunnel_fixture.hpp"
#include "xovl/caches.h"

namespace xovl::test {

namespace {

/// What changes a quoted packet: its IP header and what follows.
using Change = std::function<void(Bytes &)>;

Change flip(size_t at, uint8_t bits = 0xff)
{
	return [=](Bytes &quote) { quote.at(at) ^= bits; };
}

Change put(size_t at, uint16_t value)
{
	return [=](Bytes &quote) {
		quote.at(at) = static_cast<uint8_t>(value >> 8);
		quote.at(at + 1) = static_cast<uint8_t>(value);
	};
}

} // namespace

class Pmtu : public TunnelTest {
protected:
	/// Within this time it must be followed.
	static constexpr Milliseconds kFollowed = 1s;
	static constexpr uint16_t kPathMtu = 1400;
	static constexpr size_t kEthernet = 14;
	/// Octets behind the IP header that are quoted at least: UDP and the tunnel header, whole.
	static constexpr size_t kUsualQuote = 16;

	size_t ip_len() const { return is_v4() ? 20 : 40; }
	std::string router() const { return is_v4() ? "198.18.0.1" : "2001:db8:5::1"; }

	/// The largest frame that fits an underlay of that MTU; overhead: octets of the outer headers.
	size_t largest(uint32_t mtu) const { return mtu + kEthernet - outer_; }
	Packet large_frame(const std::string &dst = mac::kRemoteA) const
	{
		return frame_of(dst, mac::kTenant1, largest(kUplinkMtu));
	}

	/// The IP header of a full-sized packet, and so many octets behind it. The packet was sent before its path became too narrow for
	/// it; one of its flow has just been sent.
	Bytes quote(size_t octets = kUsualQuote, const std::string &dst = mac::kRemoteA)
	{
		Bytes &sent = sent_[dst];
		if (sent.empty())
			sent = made_of(large_frame(dst));
		made_of(udp_frame(dst, mac::kTenant1));
		const auto begin = sent.begin() + kEthernet;
		return {begin, begin + static_cast<long>(ip_len() + octets)};
	}
	Bytes quote_with(const Change &change, size_t octets = kUsualQuote)
	{
		Bytes quoted = quote(octets);
		change(quoted);
		return quoted;
	}

	Packet from(const std::string &who) const
	{
		return Ethernet{mac::kUplink, mac::kPeerB} / outer_ip(who, ip().local);
	}
	ICMP too_big_icmp(uint32_t mtu) const
	{
		return is_v4() ? ICMP{.type = 3, .code = 4, .rest = mtu} : ICMP{.type = 2, .rest = mtu};
	}
	/// From a router beyond peer B's MAC, or whoever says that he is one.
	Packet message(uint32_t mtu, const Bytes &quoted) const
	{
		return from(router()) / too_big_icmp(mtu) / Payload{quoted};
	}

	/// What is kept about a peer, of VXLAN.
	std::optional<xovl_pmtu> kept(const std::string &remote, uint32_t service = xovl_service(17, htons(4789))) const
	{
		const Fd map = pinned(bench_->pin("pmtus"));
		const xovl_pmtu_key key = {Address::parse(remote).raw(), Address::parse(ip().local).raw(), service, 0};
		xovl_pmtu value;
		if (bpf_map_lookup_elem(map.get(), &key, &value) != 0)
			return std::nullopt;
		return value;
	}
	xovl_pmtu kept() const { return kept(ip().peer_a, service_).value_or(xovl_pmtu{}); }

	void is_believed(const Bytes &packet, uint32_t mtu = kPathMtu)
	{
		const uint32_t before = kept().believed;
		passes("uplink", packet);
		EXPECT_EQ(kept().believed, before + 1);
		EXPECT_EQ(kept().mtu, mtu);
	}
	/// It is about a packet to a peer of ours, and is not believed.
	void is_refused(const Bytes &packet)
	{
		const xovl_pmtu before = kept();
		passes("uplink", packet);
		EXPECT_EQ(kept().refused, before.refused + 1);
		is_as_before(before);
	}
	/// It is none of those.
	void is_ignored(const Bytes &packet)
	{
		const xovl_pmtu before = kept();
		passes("uplink", packet);
		EXPECT_EQ(kept().refused, before.refused);
		is_as_before(before);
	}
	void is_as_before(const xovl_pmtu &before) const
	{
		EXPECT_EQ(kept().believed, before.believed);
		EXPECT_EQ(kept().mtu, before.mtu);
		EXPECT_EQ(kept().expires, before.expires);
		EXPECT_EQ(kept().lowered, before.lowered);
	}

	/// Whether a frame from port1 is encapsulated.
	bool fits(const Bytes &frame)
	{
		return bench_->run(hook(), "port1", frame).packet.size() == outer_ + frame.size();
	}
	void is_followed(uint32_t mtu, const std::string &dst = mac::kRemoteA)
	{
		const Bytes frame = frame_of(dst, mac::kTenant1, largest(mtu) + 1);
		EXPECT_TRUE(wait_until([&] { return !fits(frame); }, kFollowed));
		answers_too_big(frame, "mtu_underlay", static_cast<uint32_t>(largest(mtu) - kEthernet));
		EXPECT_TRUE(fits(frame_of(dst, mac::kTenant1, largest(mtu))));
	}
	void is_not_followed()
	{
		std::this_thread::sleep_for(kFollowed);
		EXPECT_TRUE(fits(large_frame()));
	}

	/// All vteps.
	void set_vteps(const std::function<void(VtepConfig &)> &edit)
	{
		Config config = bench_->config();
		for (VtepConfig &vtep : config.vteps)
			edit(vtep);
		bench_->apply(config);
	}

	/// Blue in another encapsulation, with so many octets of outer headers, Ethernet included.
	void use(
		xovl_encap encap, size_t outer, const Edit &more = [](NetworkConfig &) {})
	{
		outer_ = outer;
		const bool udp = encap == XOVL_ENCAP_GENEVE || encap == XOVL_ENCAP_VXLAN;
		service_ = udp ? xovl_service(17, htons(6081)) : xovl_service(47, 0);
		set_blue([&](NetworkConfig &net) {
			net.encap = encap;
			net.dstport = udp ? 6081 : 0;
			more(net);
		});
	}

	/// Blue's packets look different from now on.
	void set_blue(const Edit &edit)
	{
		sent_.clear();
		TunnelTest::set_blue(edit);
	}

	size_t outer_ = outer_len();
	uint32_t service_ = xovl_service(17, htons(4789));
	std::map<std::string, Bytes> sent_; ///< by MAC
};

INSTANTIATE_TEST_SUITE_P(, Pmtu, every_setup(), setup_name);

using PmtuIPv4 = Pmtu;
using PmtuIPv6 = Pmtu;

INSTANTIATE_TEST_SUITE_P(, PmtuIPv4, testing::Values(Setup{XOVL_MODE_NATIVE, AF_INET}, Setup{XOVL_MODE_TC, AF_INET}),
			 setup_name);
INSTANTIATE_TEST_SUITE_P(, PmtuIPv6, testing::Values(Setup{XOVL_MODE_NATIVE, AF_INET6}, Setup{XOVL_MODE_TC, AF_INET6}),
			 setup_name);

TEST_P(Pmtu, IsFollowed)
{
	EXPECT_TRUE(fits(large_frame()));
	is_believed(message(kPathMtu, quote()));
	is_followed(kPathMtu);
	/* other peers are behind other routers */
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

/* Ethernet pads, and some put more behind an IP packet. */
TEST_P(Pmtu, WithOctetsBehindIt)
{
	is_believed(padded(message(kPathMtu, quote()), 40));
}

/* Who sent it may put options before it; the router may, too. */
TEST_P(PmtuIPv4, WithIPOptions)
{
	const IPv4 router = {.src = "198.18.0.1", .dst = ip().local, .options = {1, 1, 1, 0}};
	is_believed(Ethernet{mac::kUplink, mac::kPeerB} / router / too_big_icmp(kPathMtu) / Payload{quote()});
}

/* RFC 792: the IP header and eight octets, which say nothing of the tunnel. */
TEST_P(PmtuIPv4, ShortQuotes)
{
	for (const size_t octets : {8u, 12u, 15u})
		is_believed(message(kPathMtu, quote(octets)));
	is_followed(kPathMtu);
}

/* RFC 4443, 2.4: as much as fits 1280 octets. */
TEST_P(PmtuIPv6, NotShortQuotes)
{
	for (const size_t octets : {8u, 12u, 15u})
		is_refused(message(kPathMtu, quote(octets)));
	is_believed(message(kPathMtu, quote()));
}

/* A router has counted hops, and marked congestion. */
TEST_P(Pmtu, WhatRoutersChangeDoesNotMatter)
{
	is_believed(message(kPathMtu, quote_with(is_v4() ? flip(8, 0x07) : flip(7, 0x07))));
	is_believed(message(kPathMtu, quote_with(is_v4() ? flip(1, 0x03) : flip(1, 0x30))));
	if (is_v4())
		is_believed(message(kPathMtu, quote_with(flip(10))));
}

/* Everything that a stranger may get wrong, one thing at a time. */
TEST_P(Pmtu, OnlyWhatWeCanHaveSent)
{
	const size_t l4 = ip_len();
	const std::pair<const char *, Bytes> forged[] = {
		{"checksum", from(router()) /
				     [&] {
					     ICMP icmp = too_big_icmp(kPathMtu);
					     icmp.checksum = 0x1234;
					     return icmp;
				     }() /
				     Payload{quote()}},
		{"source port below the range", message(kPathMtu, quote_with(put(l4, 1)))},
		{"source port just below", message(kPathMtu, quote_with(put(l4, 49151)))},
		{"source port of no flow", message(kPathMtu, quote_with(flip(l4, 0x20)))},
		{"UDP length is less", message(kPathMtu, quote_with(put(l4 + 4, 100)))},
		{"UDP length is more", message(kPathMtu, quote_with(put(l4 + 4, 1500)))},
		{"VXLAN without VNI", message(kPathMtu, quote_with(flip(l4 + 8, 0x08)))},
		{"VXLAN with other flags", message(kPathMtu, quote_with(flip(l4 + 8, 0x80)))},
		{"VXLAN with reserved bits", message(kPathMtu, quote_with(flip(l4 + 15)))},
		{"VNI of nobody", message(kPathMtu, quote_with(flip(l4 + 14, 0x01)))},
		{"would have fitted", message(1500, quote())},
		{"would have fitted well", message(9000, quote())},
	};
	for (const auto &[what, packet] : forged) {
		SCOPED_TRACE(what);
		is_refused(packet);
	}
	is_not_followed();
	is_believed(message(kPathMtu, quote()));
}

TEST_P(PmtuIPv4, OnlyWhatWeCanHaveSentShort)
{
	is_refused(message(kPathMtu, quote_with(put(20, 1), 8)));
	is_refused(message(kPathMtu, quote_with(put(20, 49151), 8)));
	is_refused(message(kPathMtu, quote_with(flip(20, 0x20), 8)));
	is_refused(message(kPathMtu, quote_with(put(24, 100), 8)));
	/* what no router complains about: it fragments such packets */
	is_ignored(message(kPathMtu, quote_with(flip(6, 0x40))));
	is_ignored(message(kPathMtu, quote_with(flip(6, 0x20))));
	is_ignored(message(kPathMtu, quote_with(flip(7, 0x08))));
	/* we send no options, and less than UDP is nothing of ours */
	is_ignored(message(kPathMtu, quote_with(flip(0, 0x03))));
	is_ignored(message(kPathMtu, quote_with(flip(0, 0x20))));
	is_ignored(message(kPathMtu, quote(7)));
	is_not_followed();
	is_believed(message(kPathMtu, quote(8)));
}

/* Every network says which source ports it uses. */
TEST_P(Pmtu, SourcePortsOfTheNetwork)
{
	set_blue([](NetworkConfig &net) { net.outer.sport_min = net.outer.sport_max = 1234; });
	is_refused(message(kPathMtu, quote_with(put(ip_len(), 50000))));
	is_believed(message(kPathMtu, quote()));
	if (is_v4()) {
		/* of a short quote the network is not known: blue's or green's */
		is_believed(message(kPathMtu, quote(8)));
		is_refused(message(kPathMtu, quote_with(put(20, 1233), 8)));
	}
}

TEST_P(Pmtu, NotForANetworkWithoutThatPeer)
{
	quote(kUsualQuote, mac::kRemoteB); // it is sent to
	Bytes of_green = quote(kUsualQuote, mac::kRemoteB);
	const size_t vni = ip_len() + 8 + 4;
	of_green[vni] = 0;
	of_green[vni + 1] = 0;
	of_green[vni + 2] = kGreenVni;
	const uint32_t refused = kept(ip().peer_b)->refused;
	passes("uplink", message(kPathMtu, of_green));
	EXPECT_EQ(kept(ip().peer_b)->refused, refused + 1);
	EXPECT_EQ(kept(ip().peer_b)->mtu, 0u);
}

/* What was sent long ago is not what a router complains about now. */
TEST_P(Pmtu, NotForOldPackets)
{
	const Bytes quoted = quote();
	const Fd map = pinned(bench_->pin("pmtus"));
	const xovl_pmtu_key key = {Address::parse(ip().peer_a).raw(), Address::parse(ip().local).raw(), service_, 0};
	xovl_pmtu value = kept();
	for (uint32_t &asked : value.asked)
		asked = asked > 11 ? asked - 11 : 0;
	ASSERT_EQ(bpf_map_update_elem(map.get(), &key, &value, BPF_EXIST), 0);
	is_refused(message(kPathMtu, quoted));
}

TEST_P(Pmtu, OnlyFromWhoCanBeARouter)
{
	const std::vector<std::string> nobody =
		is_v4() ? std::vector<std::string>{"0.0.0.0",   "0.1.2.3",         "127.0.0.1", "224.0.0.1",
						   "240.0.0.1", "255.255.255.255", ip().local}
			: std::vector<std::string>{"::", "::1", "::ffff:198.18.0.1", "ff02::1", ip().local};
	for (const std::string &who : nobody) {
		SCOPED_TRACE(who);
		is_refused(from(who) / too_big_icmp(kPathMtu) / Payload{quote()});
	}
	/* the first router may have no other address */
	is_believed(from(is_v4() ? "169.254.0.1" : "fe80::1") / too_big_icmp(kPathMtu) / Payload{quote()});
	EXPECT_EQ(Address(kept().from), Address::parse(is_v4() ? "169.254.0.1" : "fe80::1"));
}

TEST_P(PmtuIPv4, NotWhatIPRefuses)
{
	const auto with = [&](const std::function<void(IPv4 &)> &edit) {
		IPv4 header = {.src = router(), .dst = ip().local};
		edit(header);
		return Ethernet{mac::kUplink, mac::kPeerB} / header / too_big_icmp(kPathMtu) / Payload{quote()};
	};
	is_ignored(with([](IPv4 &h) { h.checksum = 0x1234; }));
	is_ignored(with([](IPv4 &h) { h.mf = true; }));
	is_ignored(with([](IPv4 &h) { h.offset = 1; }));
	is_ignored(with([](IPv4 &h) { h.total_length = 2000; }));
	is_ignored(with([](IPv4 &h) { h.total_length = 28 + 27; }));
	is_believed(with([](IPv4 &) {}));
}

/* One message a second is enough to find the narrowest of several links, and too few to play with. */
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

/* RFC 1191, section 3; RFC 8201, section 4: it may grow by time only. */
TEST_P(Pmtu, NoMessageRaisesIt)
{
	is_believed(message(1360, quote()), 1360);
	const uint32_t expires = kept().expires;
	std::this_thread::sleep_for(1100ms);
	is_believed(message(kPathMtu, quote()), 1360);
	EXPECT_EQ(kept().expires, expires);
	/* the same again: it still holds */
	is_believed(message(1360, quote()), 1360);
	EXPECT_GT(kept().expires, expires);
	is_followed(1360);
}

/* IPv6 needs 1280 octets. */
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
	if (is_v4()) { /* routers of old leave it 0 (RFC 1191, section 5) */
		is_believed(message(0, quote()), floor);
		is_followed(floor);
	} else { /* RFC 8201, section 4: less is no MTU of IPv6 */
		is_refused(message(1279, quote()));
		is_refused(message(0, quote()));
		is_believed(message(1280, quote()), 1280);
	}
}

/* The floor is one for all networks that can have sent the packet: that of the longest headers. */
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

/* Static entries bring peers that nothing else names, reached in their own way. */
TEST_P(Pmtu, TheFloorOfPeersOfFdbEntries)
{
	set_blue([](NetworkConfig &net) {
		net.outer.sport_min = 1000;
		net.outer.sport_max = 2000;
	});
	bench_->overlay().fdb_add("blue", {Mac::parse(mac::kUnknown), Address::parse(ip().stranger)}, false,
				  {.encap = XOVL_ENCAP_GENEVE});
	const Fd map = pinned(bench_->pin("endpoints"));
	const xovl_endpoint_key key = {Address::parse(ip().local).raw(), xovl_service(17, htons(6081)), 0};
	xovl_endpoint endpoint{};
	ASSERT_EQ(bpf_map_lookup_elem(map.get(), &key, &endpoint), 0);
	EXPECT_EQ(endpoint.pmtu_floor, 1280 + outer_);
	EXPECT_EQ(endpoint.sport_min, 1000);
	EXPECT_EQ(endpoint.sport_max, 2000);
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

TEST_P(Pmtu, NotForQuotesOfStrangers)
{
	const size_t src = is_v4() ? 12 : 8, dst = is_v4() ? 16 : 24, last = is_v4() ? 3 : 15;
	is_ignored(message(kPathMtu, quote_with(flip(src + last, 0x40))));
	is_ignored(message(kPathMtu, quote_with(flip(dst + last, 0x40))));
	is_ignored(message(kPathMtu, quote_with(put(ip_len() + 2, 4790))));
	/* nothing is kept of whom we never sent to */
	EXPECT_FALSE(kept(ip().stranger));
	EXPECT_TRUE(kept(ip().peer_a));
	EXPECT_FALSE(kept(ip().peer_a, xovl_service(17, htons(4790))));
}

/* Who quotes our packet to another host, or from another one, is told what he did not see. */
TEST_P(Pmtu, NotToAnotherAddress)
{
	const std::string other = is_v4() ? "192.0.2.99" : "2001:db8::99";
	is_ignored(Ethernet{mac::kUplink, mac::kPeerB} / outer_ip(router(), other) / too_big_icmp(kPathMtu) /
		   Payload{quote()});
}

TEST_P(Pmtu, NotForOtherProtocols)
{
	const size_t protocol = is_v4() ? 9 : 6;
	for (const uint8_t number : {1, 6, 47, 58})
		is_ignored(message(kPathMtu, quote_with([=](Bytes &quoted) { quoted[protocol] = number; })));
}

TEST_P(Pmtu, NotForOtherMessages)
{
	for (uint8_t type : {0, 1, 3, 4, 8, 11, 12, 128})
		is_ignored(from(router()) / ICMP{.type = type, .code = 1, .rest = kPathMtu} / Payload{quote()});
	/* cut off within the quoted ports */
	is_ignored(message(kPathMtu, truncated(quote(), ip_len() + 3)));
	is_ignored(from(router()) / too_big_icmp(kPathMtu));
	is_believed(message(kPathMtu, quote()));
}

/* Cut off anywhere, by who does not change what IP says of its length. */
TEST_P(Pmtu, NotPartsOfMessages)
{
	const Bytes whole = message(kPathMtu, quote());
	for (size_t length = 14; length < whole.size(); length++)
		if (runs(truncated(whole, length)))
			is_ignored(truncated(whole, length));
	is_believed(whole);
}

/* Not addressed to us, it is not ours to read. */
TEST_P(Pmtu, NotForOtherHosts)
{
	Bytes packet = message(kPathMtu, quote());
	packet[5] ^= 0x40;
	is_ignored(packet);
}

TEST_P(Pmtu, OfGeneve)
{
	use(XOVL_ENCAP_GENEVE, outer_, [](NetworkConfig &) {});
	const size_t tunnel = ip_len() + 8;
	is_refused(message(kPathMtu, quote_with(flip(tunnel, 0x40))));     // version
	is_refused(message(kPathMtu, quote_with(flip(tunnel + 1, 0x80)))); // O
	is_refused(message(kPathMtu, quote_with(flip(tunnel + 2))));       // protocol
	is_refused(message(kPathMtu, quote_with(flip(tunnel + 6, 0x01)))); // VNI
	is_refused(message(kPathMtu, quote_with(flip(tunnel + 7))));
	is_refused(message(kPathMtu, quote_with(put(ip_len(), 1))));
	is_believed(message(kPathMtu, quote()));
	is_followed(kPathMtu);
}

TEST_P(Pmtu, OfGre)
{
	use(XOVL_ENCAP_GRE, outer_ - 8);
	const size_t gre = ip_len();
	is_refused(message(kPathMtu, quote_with(flip(gre, 0x10), 8)));     // a sequence number
	is_refused(message(kPathMtu, quote_with(flip(gre, 0x40), 8)));     // routing
	is_refused(message(kPathMtu, quote_with(flip(gre + 1, 0x01), 8))); // version
	is_refused(message(kPathMtu, quote_with(flip(gre + 2), 8)));       // protocol
	is_refused(message(kPathMtu, quote_with(flip(gre + 7), 8)));       // key
	is_refused(message(kPathMtu, quote_with(flip(gre, 0x20), 8)));     // no key
	is_believed(message(kPathMtu, quote(8)));
	is_followed(kPathMtu);
}

/* The checksum stands before the key: eight octets do not reach it. */
TEST_P(Pmtu, OfGreWithChecksum)
{
	use(XOVL_ENCAP_GRE, outer_, [](NetworkConfig &net) {
		net.csum = true;
		net.seq = GreSeq::On;
	});
	is_refused(message(kPathMtu, quote_with(flip(ip_len() + 11))));
	if (is_v4()) {
		is_refused(message(kPathMtu, quote_with(flip(ip_len() + 2), 8)));
		is_refused(message(kPathMtu, quote_with(flip(ip_len(), 0x40), 8)));
		is_believed(message(kPathMtu, quote(8)));
	}
	is_believed(message(kPathMtu, quote(12)));
}

TEST_P(Pmtu, OfGreWithoutKey)
{
	use(XOVL_ENCAP_GRE, outer_ - 12, [](NetworkConfig &net) { net.vni.reset(); });
	is_refused(message(kPathMtu, quote_with(flip(ip_len(), 0x20), 8)));
	is_believed(message(kPathMtu, quote(8)));
}

TEST_P(Pmtu, OfNvgre)
{
	use(XOVL_ENCAP_NVGRE, outer_ - 8);
	is_refused(message(kPathMtu, quote_with(flip(ip_len() + 6, 0x01), 8)));
	is_refused(message(kPathMtu, quote_with(flip(ip_len() + 7, 0x80), 8))); // FlowID of no flow
	is_believed(message(kPathMtu, quote(8)));
	is_followed(kPathMtu);
}

} // namespace xovl::test
