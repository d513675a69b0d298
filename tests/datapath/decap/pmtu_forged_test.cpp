// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/decap/pmtu_report.h: forged path MTU messages are not believed (RFC 5927).
#include "pmtu_fixture.hpp"

namespace xovl::test {

using PmtuForged = Pmtu;
using PmtuForgedIPv4 = Pmtu;

INSTANTIATE_TEST_SUITE_P(, PmtuForged, every_setup(), setup_name);
INSTANTIATE_TEST_SUITE_P(, PmtuForgedIPv4,
			 testing::Values(Setup{XOVL_MODE_NATIVE, AF_INET}, Setup{XOVL_MODE_TC, AF_INET}), setup_name);

/*
 * A quote without the tunnel header is refused (RFC 792 requires only 8 octets). The kernel's tunnels refuse it, too.
 */
TEST_P(PmtuForged, NotWithoutTheTunnelHeader)
{
	for (const size_t octets : {8u, 12u, 15u}) {
		SCOPED_TRACE(octets);
		is_refused(message(kPathMtu, quote(octets)));
		/* octets after the message do not extend the quote */
		Bytes longer = message(kPathMtu, quote(octets));
		const Bytes whole = message(kPathMtu, quote());
		longer.insert(longer.end(), whole.end() - static_cast<long>(kUsualQuote - octets), whole.end());
		is_refused(longer);
	}
	is_not_followed();
	is_believed(message(kPathMtu, quote()));
}

/* A forged message is dropped if the kernel has a tunnel device, which would believe it and narrow the route. */
TEST_P(PmtuForged, EndsHereWhereTheKernelHasTheDevice)
{
	const Bytes forged = message(kPathMtu, quote_with(flip(ip_len() + 14, 0x01))); // a VNI without a network
	const Bytes of_others = message(kPathMtu, quote_with(put(ip_len() + 2, 4790)));
	const Bytes right = message(kPathMtu, quote());
	const auto verdict = [&](const Bytes &packet) { return bench_->run(Hook::Tc, "uplink", packet).verdict; };
	EXPECT_EQ(verdict(forged), Verdict::Pass);
	use_tunnel_devices(true);
	EXPECT_EQ(verdict(forged), Verdict::Drop);
	EXPECT_EQ(verdict(of_others), Verdict::Pass);
	const uint32_t before = kept().believed;
	EXPECT_EQ(verdict(right), Verdict::Drop);
	EXPECT_EQ(kept().believed, before + 1);
}

/* A forger who knows only the addresses has to guess source port and VNI. */
TEST_P(PmtuForged, NotByGuessedPorts)
{
	const Bytes sent = quote();
	for (unsigned port = 49152; port < 65536; port += 512)
		is_refused(message(kPathMtu, quote_with(put(ip_len(), static_cast<uint16_t>(port)), 8)));
	is_believed(message(kPathMtu, quote()));
}

/* Each wrong field alone makes a message unbelievable. */
TEST_P(PmtuForged, OnlyWhatWeCanHaveSent)
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

TEST_P(PmtuForgedIPv4, OnlyWhatRoutersComplainAbout)
{
	/* routers do not report fragments or packets without DF: they fragment them */
	is_ignored(message(kPathMtu, quote_with(flip(6, 0x40))));
	is_ignored(message(kPathMtu, quote_with(flip(6, 0x20))));
	is_ignored(message(kPathMtu, quote_with(flip(7, 0x08))));
	/* xovl sends no IP options; a quote shorter than the UDP header matches nothing */
	is_ignored(message(kPathMtu, quote_with(flip(0, 0x03))));
	is_ignored(message(kPathMtu, quote_with(flip(0, 0x20))));
	is_ignored(message(kPathMtu, quote(7)));
	is_not_followed();
	is_believed(message(kPathMtu, quote()));
}

/* A quoted source port must be in the range of the network. */
TEST_P(PmtuForged, SourcePortsOfTheNetwork)
{
	set_blue([](NetworkConfig &net) { net.outer.sport_min = net.outer.sport_max = 1234; });
	is_refused(message(kPathMtu, quote_with(put(ip_len(), 50000))));
	is_believed(message(kPathMtu, quote()));
}

TEST_P(PmtuForged, NotForANetworkWithoutThatPeer)
{
	quote(kUsualQuote, mac::kRemoteB); // sends a packet to this peer
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

/* A message is refused if no packet was sent recently. */
TEST_P(PmtuForged, NotForOldPackets)
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

TEST_P(PmtuForged, OnlyFromWhoCanBeARouter)
{
	const std::vector<std::string> nobody =
		is_v4() ? std::vector<std::string>{"0.0.0.0",   "0.1.2.3",         "127.0.0.1", "224.0.0.1",
						   "240.0.0.1", "255.255.255.255", ip().local}
			: std::vector<std::string>{"::", "::1", "::ffff:198.18.0.1", "ff02::1", ip().local};
	for (const std::string &who : nobody) {
		SCOPED_TRACE(who);
		is_refused(from(who) / too_big_icmp(kPathMtu) / Payload{quote()});
	}
	/* the first router may have only a link-local address */
	is_believed(from(is_v4() ? "169.254.0.1" : "fe80::1") / too_big_icmp(kPathMtu) / Payload{quote()});
	EXPECT_EQ(Address(kept().from), Address::parse(is_v4() ? "169.254.0.1" : "fe80::1"));
}

TEST_P(PmtuForgedIPv4, NotWhatIPRefuses)
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

TEST_P(PmtuForged, NotForQuotesOfStrangers)
{
	const size_t src = is_v4() ? 12 : 8, dst = is_v4() ? 16 : 24, last = is_v4() ? 3 : 15;
	is_ignored(message(kPathMtu, quote_with(flip(src + last, 0x40))));
	is_ignored(message(kPathMtu, quote_with(flip(dst + last, 0x40))));
	is_ignored(message(kPathMtu, quote_with(put(ip_len() + 2, 4790))));
	/* nothing is kept about an address that was never sent to */
	EXPECT_FALSE(kept(ip().stranger));
	EXPECT_TRUE(kept(ip().peer_a));
	EXPECT_FALSE(kept(ip().peer_a, xovl_service(17, htons(4790))));
}

/* A message is ignored if its destination is not the source of the quoted packet. */
TEST_P(PmtuForged, NotToAnotherAddress)
{
	const std::string other = is_v4() ? "192.0.2.99" : "2001:db8::99";
	is_ignored(Ethernet{mac::kUplink, mac::kPeerB} / outer_ip(router(), other) / too_big_icmp(kPathMtu) /
		   Payload{quote()});
}

TEST_P(PmtuForged, NotForOtherProtocols)
{
	const size_t protocol = is_v4() ? 9 : 6;
	for (const uint8_t number : {1, 6, 47, 58})
		is_ignored(message(kPathMtu, quote_with([=](Bytes &quoted) { quoted[protocol] = number; })));
}

TEST_P(PmtuForged, NotForOtherMessages)
{
	for (uint8_t type : {0, 1, 3, 4, 8, 11, 12, 128})
		is_ignored(from(router()) / ICMP{.type = type, .code = 1, .rest = kPathMtu} / Payload{quote()});
	/* truncated within the quoted ports */
	is_ignored(message(kPathMtu, truncated(quote(), ip_len() + 3)));
	is_ignored(from(router()) / too_big_icmp(kPathMtu));
	is_believed(message(kPathMtu, quote()));
}

/* A truncated message is ignored if its IP length is that of the whole message. */
TEST_P(PmtuForged, NotPartsOfMessages)
{
	const Bytes whole = message(kPathMtu, quote());
	for (size_t length = 14; length < whole.size(); length++)
		if (runs(truncated(whole, length)))
			is_ignored(truncated(whole, length));
	is_believed(whole);
}

/* A message with another host's MAC is ignored. */
TEST_P(PmtuForged, NotForOtherHosts)
{
	Bytes packet = message(kPathMtu, quote());
	packet[5] ^= 0x40;
	is_ignored(packet);
}

TEST_P(PmtuForged, OfGeneve)
{
	use(XOVL_ENCAP_GENEVE, outer_, [](NetworkConfig &) {});
	const size_t tunnel = ip_len() + 8;
	is_refused(message(kPathMtu, quote_with(flip(tunnel, 0x40))));     // version
	is_refused(message(kPathMtu, quote_with(flip(tunnel + 1, 0x80)))); // O
	is_refused(message(kPathMtu, quote_with(flip(tunnel + 2))));       // protocol
	is_refused(message(kPathMtu, quote_with(flip(tunnel + 6, 0x01)))); // VNI
	is_refused(message(kPathMtu, quote_with(flip(tunnel + 7))));
	is_refused(message(kPathMtu, quote_with(put(ip_len(), 1))));
	is_refused(message(kPathMtu, quote(8)));
	is_refused(message(kPathMtu, quote(15)));
	is_believed(message(kPathMtu, quote()));
	is_followed(kPathMtu);
}

TEST_P(PmtuForged, OfGre)
{
	use(XOVL_ENCAP_GRE, outer_ - 8);
	const size_t gre = ip_len();
	is_refused(message(kPathMtu, quote_with(flip(gre, 0x10), 8)));     // S, without a sequence number
	is_refused(message(kPathMtu, quote_with(flip(gre, 0x40), 8)));     // routing
	is_refused(message(kPathMtu, quote_with(flip(gre + 1, 0x01), 8))); // version
	is_refused(message(kPathMtu, quote_with(flip(gre + 2), 8)));       // protocol
	is_refused(message(kPathMtu, quote_with(flip(gre + 7), 8)));       // key
	is_refused(message(kPathMtu, quote_with(flip(gre, 0x20), 8)));     // no key
	is_refused(message(kPathMtu, quote_with(flip(gre, 0x20), 4)));
	is_refused(message(kPathMtu, quote(4)));
	is_refused(message(kPathMtu, quote(7)));
	is_ignored(message(kPathMtu, quote(3)));
	is_believed(message(kPathMtu, quote(8)));
	is_followed(kPathMtu);
}

/* A GRE checksum moves the key by 4 octets. */
TEST_P(PmtuForged, OfGreWithChecksum)
{
	use(XOVL_ENCAP_GRE, outer_, [](NetworkConfig &net) {
		net.csum = true;
		net.seq = GreSeq::On;
	});
	is_refused(message(kPathMtu, quote_with(flip(ip_len() + 11))));
	for (const size_t octets : {4u, 8u, 11u})
		is_refused(message(kPathMtu, quote(octets)));
	is_believed(message(kPathMtu, quote(12)));
}

TEST_P(PmtuForged, OfGreWithoutKey)
{
	use(XOVL_ENCAP_GRE, outer_ - 12, [](NetworkConfig &net) { net.vni.reset(); });
	is_refused(message(kPathMtu, quote_with(flip(ip_len(), 0x20), 8)));
	is_refused(message(kPathMtu, quote_with(flip(ip_len(), 0x80), 4)));
	is_believed(message(kPathMtu, quote(4)));
	is_believed(message(kPathMtu, quote(8)));
}

TEST_P(PmtuForged, OfNvgre)
{
	use(XOVL_ENCAP_NVGRE, outer_ - 8);
	is_refused(message(kPathMtu, quote_with(flip(ip_len() + 6, 0x01), 8)));
	is_refused(message(kPathMtu, quote_with(flip(ip_len() + 7, 0x80), 8))); // no flow has this FlowID
	is_refused(message(kPathMtu, quote(4)));
	is_refused(message(kPathMtu, quote(7)));
	is_believed(message(kPathMtu, quote(8)));
	is_followed(kPathMtu);
}

} // namespace xovl::test
