// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/l2/security.h: which frames a guarded, locked or isolated port accepts.
#include "path_fixture.hpp"

namespace xovl::test {

class Security : public Path {
protected:
	/// Edits port1, the port of tenant1.
	void guard(const std::function<void(PortConfig &)> &edit) { guard_dev("port1", edit); }

	void guard_dev(const std::string &dev, const std::function<void(PortConfig &)> &edit)
	{
		set_blue([&](NetworkConfig &blue) {
			for (PortConfig &port : blue.ports)
				if (port.dev == dev)
					edit(port);
		});
	}

	void guard_ip(const std::string &list)
	{
		guard([&](PortConfig &port) { port.prefixes = parse_prefix_list(list); });
	}

	static Packet ipv4(const std::string &src, const std::string &mac = mac::kTenant1)
	{
		return Ethernet{.dst = mac::kRemoteA, .src = mac} / IPv4{.src = src, .dst = "10.1.0.2"} /
		       UDP{1111, 2222} / Payload::of(20);
	}

	static Packet ipv6(const std::string &src, const Packet &rest = UDP{1111, 2222} / Payload::of(20))
	{
		return Ethernet{.dst = mac::kRemoteA, .src = mac::kTenant1} / IPv6{.src = src, .dst = "2001:db8:1::2"} /
		       rest;
	}

	static Packet dhcp(uint16_t sport, uint16_t dport, const std::string &src, uint8_t protocol = 17)
	{
		if (protocol == 6)
			return Ethernet{.dst = mac::kRemoteA, .src = mac::kTenant1} /
			       IPv4{.src = src, .dst = "10.1.0.2"} / TCP{sport, dport} / Payload::of(240);
		return Ethernet{.dst = mac::kRemoteA, .src = mac::kTenant1} / IPv4{.src = src, .dst = "10.1.0.2"} /
		       UDP{sport, dport} / Payload::of(240);
	}

	static Packet arp(const std::string &sha, const std::string &spa, uint16_t op = 2)
	{
		return Ethernet{.dst = mac::kRemoteA, .src = mac::kTenant1} /
		       ARP{.op = op, .sha = sha, .spa = spa, .tha = mac::kRemoteA, .tpa = "10.1.0.2"};
	}

	/// Returns a Neighbour Discovery message: 4 octets of flags, the target, and an option with a MAC.
	static Packet nd(uint8_t type, const std::string &target, uint8_t option, const std::string &mac)
	{
		Bytes body = address(target);
		const Bytes link = {option, 1};
		body.insert(body.end(), link.begin(), link.end());
		for (uint8_t octet : Mac::parse(mac).bytes())
			body.push_back(octet);
		return ICMP{.type = type, .code = 0, .rest = 0} / Payload{body};
	}

	static Bytes address(const std::string &text)
	{
		const xovl_addr raw = Address::parse(text).raw();
		return {raw.bytes, raw.bytes + 16};
	}

	/// TC drops the frame for this reason, and XDP leaves it to TC, with and without a path.
	void refuses(const Packet &frame, const std::string &reason)
	{
		for (int again = 0; again < 2; again++)
			finishes_in_tc("port1", frame,
				       {Verdict::Drop, {}, dropped_from_port("port1", reason, frame.bytes().size())});
	}

	/// TC sends the frame to a peer, with and without a path.
	void accepts(const Packet &frame)
	{
		for (int again = 0; again < 2; again++)
			EXPECT_EQ(bench_->run(Hook::Tc, "port1", frame).verdict, Verdict::Redirect) << again;
	}
};

INSTANTIATE_TEST_SUITE_P(, Security, each_mode(), setup_name);

TEST_P(Security, MacGuard)
{
	guard([](PortConfig &port) { port.macs = parse_mac_list(mac::kTenant1 + ",02:00:00:00:00:77"); });
	accepts(ipv4("10.1.0.1"));
	accepts(ipv4("10.9.9.9"));
	accepts(ipv4("10.1.0.1", "02:00:00:00:00:77"));
	refuses(ipv4("10.1.0.1", mac::kUnknown), "mac_guard");
	EXPECT_FALSE(bench_->fdb("blue", mac::kUnknown)) << "not learned";
	refuses(arp(mac::kUnknown, "10.1.0.1"), "mac_guard");
	accepts(arp(mac::kTenant1, "10.9.9.9"));
	refuses(ipv6("2001:db8:1::1", nd(136, "2001:db8:1::1", 2, mac::kUnknown)), "mac_guard");
	accepts(ipv6("2001:db8:1::1", nd(136, "2001:db8:1::1", 2, mac::kTenant1)));
}

TEST_P(Security, IpGuardOverIPv4)
{
	guard_ip("10.1.0.1,10.2.0.0/16");
	accepts(ipv4("10.1.0.1"));
	accepts(ipv4("10.2.255.255"));
	refuses(ipv4("10.1.0.2"), "ip_guard");
	refuses(ipv4("10.3.0.0"), "ip_guard");
	refuses(ipv6("2001:db8:1::1"), "ip_guard");
	accepts(arp(mac::kTenant1, "10.1.0.1"));
	refuses(arp(mac::kTenant1, "0.0.0.0", 1), "ip_guard"); // a probe for 10.1.0.2
	refuses(arp(mac::kTenant1, "10.1.0.2"), "ip_guard");
	refuses(arp(mac::kUnknown, "10.1.0.1"), "mac_guard");
}

TEST_P(Security, IpGuardOverIPv6)
{
	guard_ip("2001:db8:1::1,fd00:1::/32");
	accepts(ipv6("2001:db8:1::1"));
	accepts(ipv6("fd00:1:2::3"));
	refuses(ipv6("fe80::ff:fe00:101"), "ip_guard"); // derived from 02:00:00:00:01:01; the tenant may choose it
	guard([](PortConfig &port) { port.macs = {Mac::parse(mac::kTenant1)}; });
	accepts(ipv6("fe80::ff:fe00:101"));
	refuses(ipv6("fe80::ff:fe00:102"), "ip_guard");
	refuses(ipv6("2001:db8:1::2"), "ip_guard");
	refuses(ipv6("::"), "ip_guard");
	refuses(ipv4("10.1.0.1"), "ip_guard");
}

/// A prefix allows addresses of its own family only, even with length 0.
TEST_P(Security, FamiliesAreApart)
{
	guard_ip("10.1.0.1,::/0");
	accepts(ipv4("10.1.0.1"));
	refuses(ipv4("10.1.0.2"), "ip_guard");
	refuses(arp(mac::kTenant1, "10.1.0.2"), "ip_guard");
	accepts(ipv6("2001:db8:1::1"));
	guard_ip("0.0.0.0/0");
	accepts(ipv4("10.1.0.2"));
	refuses(ipv6("2001:db8:1::1"), "ip_guard");
	Bytes mapped = ipv6("2001:db8:1::1"); // ::ffff:10.1.0.1
	const Bytes source = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 0, 1};
	std::ranges::copy(source, mapped.begin() + 14 + 8);
	EXPECT_EQ(bench_->run(Hook::Tc, "port1", mapped).verdict, Verdict::Drop);
}

TEST_P(Security, NeighbourDiscovery)
{
	guard_ip("2001:db8:1::1");
	guard([](PortConfig &port) { port.macs = {Mac::parse(mac::kTenant1)}; });
	const std::string own = "2001:db8:1::1", other = "2001:db8:1::2";
	accepts(ipv6(own, nd(135, other, 1, mac::kTenant1)));
	accepts(ipv6(own, nd(136, own, 2, mac::kTenant1)));
	refuses(ipv6(own, nd(136, other, 2, mac::kTenant1)), "ip_guard");
	refuses(ipv6(own, nd(136, own, 2, mac::kUnknown)), "mac_guard");
	refuses(ipv6(own, nd(135, other, 1, mac::kUnknown)), "mac_guard");
	// duplicate address detection claims the target
	accepts(ipv6("::", nd(135, own, 14, mac::kUnknown)));
	accepts(ipv6("::", nd(135, "fe80::ff:fe00:101", 14, mac::kUnknown)));
	refuses(ipv6("::", nd(135, other, 14, mac::kUnknown)), "ip_guard");
	refuses(ipv6("::", ICMP{.type = 128} / Payload::of(20)), "ip_guard");
	accepts(ipv6("::", ICMP{.type = 143} / Payload::of(20)));
	refuses(ipv6(own, ICMP{.type = 136} / Payload::of(8)), "guard_unreadable");
}

TEST_P(Security, DhcpServers)
{
	const Packet v6 = ipv6("fd00::1", UDP{547, 546} / Payload::of(40));
	accepts(dhcp(67, 68, "10.1.0.1"));
	guard_ip("10.1.0.1,fd00::1");
	accepts(dhcp(68, 67, "0.0.0.0"));
	refuses(dhcp(68, 67, "0.0.0.0", 6), "ip_guard"); // TCP with the same ports
	refuses(dhcp(67, 68, "0.0.0.0"), "dhcp_guard");
	refuses(dhcp(1111, 67, "0.0.0.0"), "ip_guard");
	accepts(dhcp(68, 67, "10.1.0.1"));
	refuses(dhcp(67, 68, "10.1.0.1"), "dhcp_guard");
	refuses(v6, "dhcp_guard");
	guard([](PortConfig &port) { port.dhcp_guard = XOVL_GUARD_OFF; });
	accepts(dhcp(67, 68, "10.1.0.1"));
	accepts(v6);
	guard([](PortConfig &port) {
		port.prefixes.clear();
		port.dhcp_guard = XOVL_GUARD_ON;
	});
	refuses(dhcp(67, 68, "10.1.0.1"), "dhcp_guard");
	accepts(ipv4("10.9.9.9"));
}

TEST_P(Security, RouterAdvertisements)
{
	const auto ra = [](uint8_t type) { return ipv6("fe80::1", ICMP{.type = type} / Payload::of(40)); };
	accepts(ra(134));
	guard([](PortConfig &port) { port.ra_guard = XOVL_GUARD_ON; });
	refuses(ra(134), "ra_guard");
	refuses(ra(137), "ra_guard");
	accepts(ra(133));
	guard([](PortConfig &port) { port.macs = {Mac::parse(mac::kTenant1)}; });
	refuses(ra(134), "ra_guard");
	guard([](PortConfig &port) { port.ra_guard = XOVL_GUARD_OFF; });
	accepts(ra(134));
}

/// RA guard finds or refuses messages after extension headers and in fragments (RFC 7113).
TEST_P(Security, BehindExtensionHeaders)
{
	guard([](PortConfig &port) { port.ra_guard = XOVL_GUARD_ON; });
	const Packet ra = ICMP{.type = 134} / Payload::of(40);
	const IPv6Ext hop{.protocol = 0, .body = {0, 1, 4, 0, 0, 0, 0}},
		options{.protocol = 60, .body = {0, 1, 4, 0, 0, 0, 0}};
	const auto fragment = [](uint16_t units, bool more) {
		const uint16_t word = units << 3 | more;
		return IPv6Ext{.protocol = 44,
			       .body = {0, static_cast<uint8_t>(word >> 8), static_cast<uint8_t>(word), 0, 0, 0, 1}};
	};
	refuses(ipv6("fe80::1", hop / ra), "ra_guard");
	refuses(ipv6("fe80::1", hop / options / ra), "ra_guard");
	refuses(ipv6("fe80::1", fragment(0, true) / ra), "guard_unreadable");
	refuses(ipv6("fe80::1", options / options / options / options / options / options / options / options / ra),
		"guard_unreadable");
	const Bytes whole = ipv6("fe80::1", fragment(0, true) / options / ra);
	const Bytes cut = truncated(whole, 14 + 40 + 8 + 4);
	EXPECT_EQ(bench_->run(Hook::Tc, "port1", cut).verdict, Verdict::Drop) << "a first fragment without its headers";
	accepts(ipv6("fe80::1", fragment(2, false) / Payload::of(40)));
	accepts(ipv6("fe80::1", hop / UDP{1, 2} / Payload::of(40)));
}

/// Octets after a first fragment's payload are not parsed as headers. Fragmented Neighbour Discovery is refused.
TEST_P(Security, FragmentsHideNothing)
{
	guard([](PortConfig &port) {
		port.macs = {Mac::parse(mac::kTenant1)};
		port.prefixes = parse_prefix_list("2001:db8:1::1");
	});
	const IPv6Ext first{.protocol = 44, .body = {0, 0, 1, 0, 0, 0, 1}};
	const IPv6Ext options{.protocol = 60, .body = {0, 1, 4, 0, 0, 0, 0}};
	const Packet harmless = ICMP{.type = 128} / Payload::of(20);
	const Packet head = Ethernet{.dst = mac::kRemoteA, .src = mac::kTenant1} /
			    IPv6{.src = "2001:db8:1::1", .dst = "2001:db8:1::2", .payload_length = 16};
	refuses(head / first / options / harmless, "guard_unreadable");
	refuses(ipv6("2001:db8:1::1", first / nd(136, "2001:db8:1::1", 2, mac::kTenant1)), "guard_unreadable");
	accepts(ipv6("2001:db8:1::1", first / harmless));
}

/// No Next Header is legal (RFC 8200, section 4.7).
TEST_P(Security, NothingNext)
{
	guard([](PortConfig &port) { port.ra_guard = XOVL_GUARD_ON; });
	accepts(Ethernet{.dst = mac::kRemoteA, .src = mac::kTenant1} /
		IPv6{.src = "2001:db8:1::1", .dst = "2001:db8:1::2", .next_header = 59} / Payload::of(20));
}

/// IPv6 after LLC/SNAP or after a tag of another type is refused.
TEST_P(Security, BehindOtherHeaders)
{
	guard([](PortConfig &port) { port.ra_guard = XOVL_GUARD_ON; });
	const auto with_type = [](uint16_t type, Bytes head) {
		head.resize(60);
		return Ethernet{.dst = mac::kRemoteA, .src = mac::kTenant1, .type = type} / Payload{head};
	};
	refuses(with_type(60, {0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd}), "guard_unreadable");
	refuses(with_type(0x9100, {0, 5, 0x86, 0xdd}), "guard_unreadable");
	accepts(with_type(60, {0x42, 0x42, 3}));
	accepts(with_type(0x8864, {0x11}));
}

/// IGMP from 0.0.0.0 is accepted (RFC 3376, section 4.2.13).
TEST_P(Security, IgmpFromNobody)
{
	guard_ip("10.1.0.1");
	accepts(Ethernet{.dst = mac::kRemoteA, .src = mac::kTenant1} /
		IPv4{.src = "0.0.0.0", .dst = "10.1.0.2", .protocol = 2} / Payload::of(20));
}

TEST_P(Security, BehindTags)
{
	guard_ip("10.1.0.1");
	const auto tagged = [](const std::string &src) {
		return Ethernet{.dst = mac::kRemoteA, .src = mac::kTenant1} / Vlan{.vid = 5} / Vlan{.vid = 6} /
		       IPv4{.src = src, .dst = "10.1.0.2"} / UDP{1111, 2222} / Payload::of(20);
	};
	accepts(tagged("10.1.0.1"));
	EXPECT_EQ(bench_->run(Hook::Tc, "port1", tagged("10.1.0.2")).verdict, Verdict::Drop);
	EXPECT_EQ(bench_->counts()["drop ip_guard packets"], 1u);
}

/// A path is valid only for the address that TC has checked. XDP follows no other.
TEST_P(Security, PathsAreBoundToTheAddress)
{
	guard_ip("10.1.0.1,10.1.0.3,2001:db8:1::1");
	bench_->run(Hook::Tc, "port1", ipv4("10.1.0.1"));
	for (int round = 0; round < 40; round++) {
		const Packet good = ipv4("10.1.0.1"), bad = ipv4("10.1.0.2");
		EXPECT_EQ(bench_->run(hook(), "port1", good).verdict, Verdict::Redirect) << round;
		finishes_in_tc("port1", bad,
			       {Verdict::Drop, {}, dropped_from_port("port1", "ip_guard", bad.bytes().size())});
		EXPECT_EQ(bench_->run(Hook::Tc, "port1", ipv4("10.1.0.3")).verdict, Verdict::Redirect) << round;
		EXPECT_EQ(bench_->run(Hook::Tc, "port1", good).verdict, Verdict::Redirect) << round;
	}
}

TEST_P(Security, XdpFollowsWhatTcHasChecked)
{
	guard_ip("10.1.0.1");
	const Packet good = ipv4("10.1.0.1");
	bench_->run(Hook::Tc, "port1", good);
	finishes("port1", good, to_peer(good, ip().peer_a));
}

TEST_P(Security, ChangesTakeEffectAtOnce)
{
	guard_ip("10.1.0.1");
	accepts(ipv4("10.1.0.1"));
	guard_ip("10.1.0.2");
	refuses(ipv4("10.1.0.1"), "ip_guard");
	accepts(ipv4("10.1.0.2"));
	guard_ip("none");
	accepts(ipv4("10.1.0.1"));
}

TEST_P(Security, OtherPortsAreNotGuarded)
{
	guard_ip("10.1.0.1");
	EXPECT_EQ(bench_->run(Hook::Tc, "port2", ipv4("10.9.9.9", mac::kTenant2)).verdict, Verdict::Redirect);
}

TEST_P(Security, Locked)
{
	const Packet frame = ipv4("10.1.0.1", mac::kUnknown);
	guard([](PortConfig &port) { port.locked = true; });
	const Outcome refused{Verdict::Drop, {}, dropped_from_port("port1", "port_locked", frame.bytes().size())};
	thrice([&] { finishes("port1", frame, refused); });
	EXPECT_FALSE(bench_->fdb("blue", mac::kUnknown)) << "not learned";
	set_blue([](NetworkConfig &blue) { set_fdb(blue, {Mac::parse(mac::kUnknown), FdbPort("port2")}); });
	thrice([&] { finishes("port1", frame, refused); });
	set_blue([](NetworkConfig &blue) { set_fdb(blue, {Mac::parse(mac::kUnknown), FdbPort("port1")}); });
	thrice([&] { finishes("port1", frame, to_peer(frame, ip().peer_a)); });
}

/// A learned entry does not unlock a port.
TEST_P(Security, LockedAfterLearning)
{
	const Packet frame = ipv4("10.1.0.1");
	bench_->run(Hook::Tc, "port1", frame);
	ASSERT_TRUE(bench_->fdb("blue", mac::kTenant1));
	guard([](PortConfig &port) { port.locked = true; });
	finishes("port1", frame, {Verdict::Drop, {}, dropped_from_port("port1", "port_locked", frame.bytes().size())});
}

TEST_P(Security, IsolatedPortsDoNotReachEachOther)
{
	const Packet frame = udp_frame(mac::kTenant2, mac::kTenant1);
	guard([](PortConfig &port) { port.isolated = true; });
	thrice([&] { finishes("port1", frame, to_port(frame, "port2")); });
	guard_dev("port2", [](PortConfig &port) { port.isolated = true; });
	thrice([&] {
		finishes("port1", frame,
			 {Verdict::Drop, {}, dropped_from_port("port1", "isolated", frame.bytes().size())});
	});
	const Packet out = ipv4("10.1.0.1");
	thrice([&] { finishes("port1", out, to_peer(out, ip().peer_a)); });
	const Packet in = udp_frame(mac::kTenant2, mac::kRemoteA);
	thrice([&] { finishes("uplink", arriving(kBlueVni, in), out_of_tunnel(in, "port2")); });
}

TEST_P(Security, FloodsLeaveOutIsolatedPorts)
{
	const Bytes frame = udp_frame(mac::kBroadcast, mac::kTenant1);
	const auto copies = [&] {
		const uint64_t before = bench_->counts()["port port2 tx_packets"];
		bench_->run(Hook::Tc, "port1", frame);
		return bench_->counts()["port port2 tx_packets"] - before;
	};
	EXPECT_EQ(copies(), 1u);
	guard([](PortConfig &port) { port.isolated = true; });
	EXPECT_EQ(copies(), 1u);
	guard_dev("port2", [](PortConfig &port) { port.isolated = true; });
	EXPECT_EQ(copies(), 0u);
}

/// A flooded frame is checked before it is copied.
TEST_P(Security, FloodsAreChecked)
{
	guard_ip("10.1.0.9");
	const Bytes frame = udp_frame(mac::kBroadcast, mac::kTenant1);
	finishes_in_tc("port1", frame, {Verdict::Drop, {}, dropped_from_port("port1", "ip_guard", frame.size())});
}

} // namespace xovl::test
