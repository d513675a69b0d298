// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/path/path.h: a frame with a remembered path is handled like one that is looked up, while the path lives.
#include "path_fixture.hpp"

namespace xovl::test {

/// Tests that depend on the headers of the underlay.
class PathUnderlay : public Path {};
/// Tests that wait for seconds.
class PathAgeing : public Path {};

INSTANTIATE_TEST_SUITE_P(, Path, each_mode(), setup_name);
INSTANTIATE_TEST_SUITE_P(, PathUnderlay, every_setup(), setup_name);
INSTANTIATE_TEST_SUITE_P(, PathAgeing, testing::Values(Setup{XOVL_MODE_NATIVE, AF_INET}, Setup{XOVL_MODE_TC, AF_INET6}),
			 setup_name);

TEST_P(PathUnderlay, EveryKindOfFrame)
{
	for (const auto &[name, inner] : tenant_frames(mac::kRemoteA, mac::kTenant1)) {
		SCOPED_TRACE(name);
		const size_t len = inner.bytes().size();
		const Bytes made = made_of(inner, Hook::Tc);
		const Outcome want = {Verdict::Redirect, encapsulated(kBlueVni, inner, mac::kPeerA, ip().peer_a, made),
				      sent("port1", "blue", ip().peer_a, len)};
		thrice([&, &inner = inner, &name = name] { finishes_frame(name, "port1", inner, want); });
	}
	for (const auto &[name, inner] : tenant_frames(mac::kTenant2, mac::kTenant1)) {
		SCOPED_TRACE(name);
		thrice([&, &inner = inner, &name = name] {
			finishes_frame(name, "port1", inner, to_port(inner, "port2"));
		});
	}
	for (const auto &[name, inner] : tenant_frames(mac::kTenant2, mac::kRemoteA)) {
		SCOPED_TRACE(name);
		thrice([&, &inner = inner, &name = name] {
			finishes_frame(name, "uplink", arriving(kBlueVni, inner), out_of_tunnel(inner, "port2"));
		});
	}
}

/* Frames of different size and content share a path. */
TEST_P(PathUnderlay, FramesOfOnePathDiffer)
{
	for (size_t len : {60, 1000, 42, 1400, 43}) {
		const Packet from_port = udp_frame(mac::kRemoteA, mac::kTenant1, len);
		const Packet from_peer = udp_frame(mac::kTenant2, mac::kRemoteA, len);
		finishes("port1", from_port, to_peer(from_port, ip().peer_a));
		finishes("uplink", arriving(kBlueVni, from_peer), out_of_tunnel(from_peer, "port2"));
	}
}

TEST_P(Path, VlanPorts)
{
	const Packet out = Ethernet{mac::kRemoteA, mac::kTagged} / rest();
	const Packet in = Ethernet{mac::kTagged, mac::kRemoteA} / rest();
	const Packet across = Ethernet{mac::kTagged, mac::kTenant2} / rest();
	const Bytes made = made_of(out, Hook::Tc);
	const auto tagged = [](const std::string &dst, const std::string &src) {
		return Ethernet{dst, src} / Vlan{10} / rest();
	};
	const size_t len = out.bytes().size();
	thrice([&] {
		wire("tenants", tagged(mac::kRemoteA, mac::kTagged),
		     {{"under", encapsulated(kBlueVni, out, mac::kPeerA, ip().peer_a, made)}},
		     sent("trunk.10", "blue", ip().peer_a, len));
		wire("under", arriving(kBlueVni, in), {{"tenants", tagged(mac::kTagged, mac::kRemoteA)}},
		     delivered(ip().peer_a, "blue", "trunk.10", len));
		wire("tenant2", across, {{"tenants", tagged(mac::kTagged, mac::kTenant2)}},
		     switched("port2", "trunk.10", "blue", len));
	});
}

TEST_P(Path, Drops)
{
	const Packet home = udp_frame(mac::kTenant2, mac::kTenant1);
	const Packet peer = udp_frame(mac::kRemoteB, mac::kRemoteA);
	const Bytes nowhere = udp_frame(mac::kRemoteNoRoute, mac::kTenant1);
	const Bytes large = frame_of(mac::kRemoteA, mac::kTenant1, 1514);
	const size_t len = nowhere.size();
	thrice([&] {
		finishes("port2", home, {Verdict::Drop, {}, dropped_from_port("port2", "same_port", len)});
		finishes("uplink", arriving(kBlueVni, peer),
			 {Verdict::Drop, {}, dropped_from_peer(ip().peer_a, "blue", "split_horizon", len)});
		finishes_in_tc("port1", nowhere, {Verdict::Drop, {}, dropped_from_port("port1", "no_route", len)});
		answers_too_big(large, "mtu_underlay", static_cast<uint32_t>(kUplinkMtu - outer_len()));
	});
}

/* A malformed packet is refused even if its path is known. */
TEST_P(PathUnderlay, MalformedPacketsOfAPath)
{
	const Packet inner = udp_frame(mac::kTenant2, mac::kRemoteA);
	const Packet good = arriving(kBlueVni, inner);
	const Packet outer = Ethernet{mac::kUplink, mac::kPeerA} / outer_ip(ip().peer_a, ip().local);
	const UDP udp = {.sport = 50000, .dport = 4789, .checksum = 0};
	const auto refuses = [&](const Bytes &packet, const std::string &reason) {
		SCOPED_TRACE(reason);
		everywhere([&] {
			finishes("uplink", good, out_of_tunnel(inner, "port2"));
			finishes("uplink", packet, {Verdict::Drop, {}, dropped_outer(reason)});
		});
	};
	set_blue([](NetworkConfig &net) { net.reserved_strict = true; });
	UDP longer = udp;
	longer.length = static_cast<uint16_t>(inner.bytes().size() + 17);
	refuses(outer / longer / Vxlan{kBlueVni} / inner, "udp_length");
	refuses(outer / udp / Vxlan{.vni = kBlueVni, .flags = 0} / inner, "vxlan_flags");
	refuses(outer / udp / Vxlan{.vni = kBlueVni, .flags = 0x88} / inner, "vxlan_reserved");
	refuses(outer / udp / Vxlan{.vni = kBlueVni, .reserved2 = 1} / inner, "vxlan_reserved");
	refuses(outer / udp / Vxlan{kBlueVni} / Payload{truncated(inner, 13)}, "vxlan_short");
	refuses(truncated(good, good.bytes().size() - 1), "outer_length");
	if (is_v4()) {
		Bytes spoilt = good;
		spoilt[24] ^= 1;
		refuses(spoilt, "outer_checksum");
		const IPv4 fragment = {.src = ip().peer_a, .dst = ip().local, .mf = true};
		refuses(Ethernet{mac::kUplink, mac::kPeerA} / fragment / udp / Vxlan{kBlueVni} / inner,
			"outer_fragment");
	}
	everywhere([&] {
		finishes("uplink", good, out_of_tunnel(inner, "port2"));
		finishes_in_tc("uplink", padded(good, 6), out_of_tunnel(inner, "port2"));
	});
}

/* Frames with the same MACs from different ports have separate paths. Learning is off, so that no MAC moves. */
TEST_P(PathUnderlay, SameAddressesFromElsewhere)
{
	Config config = bench_->config();
	for (const char *net : {"blue", "green"})
		network(config, net).learning = false;
	bench_->apply(config);
	const Packet out = udp_frame(mac::kRemoteA, mac::kUnknown);
	const Packet in = udp_frame(mac::kTenant2, mac::kUnknown);
	const Packet plain = Ethernet{mac::kRemoteA, mac::kUnknown} / rest();
	const Bytes made = made_of(plain);
	const size_t len = plain.bytes().size();
	const auto from_vlan = [&](uint16_t vid, const std::string &port, const std::string &net, uint32_t vni) {
		wire("tenants", Ethernet{mac::kRemoteA, mac::kUnknown} / Vlan{vid} / rest(),
		     {{"under", encapsulated(vni, plain, mac::kPeerA, ip().peer_a, made)}},
		     sent(port, net, ip().peer_a, len));
	};
	thrice([&] {
		for (const char *port : {"port1", "port2"})
			finishes(port, out, to_peer(out, ip().peer_a, port));
		for (const std::string &peer : {ip().peer_a, ip().peer_b})
			finishes("uplink", arriving(kBlueVni, in, peer),
				 {Verdict::Redirect, in, delivered(peer, "blue", "port2", in.bytes().size())});
		from_vlan(10, "trunk.10", "blue", kBlueVni);
		from_vlan(20, "trunk.20", "green", kGreenVni);
	});
}

/* The same frame of one peer belongs to four networks, by VNI, UDP port and local address. */
TEST_P(PathUnderlay, SameAddressesInOtherTunnels)
{
	const xovl_mode mode = GetParam().mode;
	const std::string second = is_v4() ? "192.0.2.201" : "2001:db8::201";
	const auto holder = [&](const std::string &name, const PortConfig &port, uint16_t dstport,
				const std::string &local) {
		return NetworkConfig{{.name = name,
				      .vni = kBlueVni,
				      .local = Address::parse(local),
				      .dstport = dstport,
				      .learning = false},
				     {port},
				     {Address::parse(ip().peer_a)},
				     {},
				     {{Mac::parse(mac::kTenant2), FdbPort(port.dev, port.vid)}}};
	};
	Config config = bench_->config();
	bench_->ip(fmt::format("addr add {}{} dev uplink", second, is_v4() ? "/24" : "/64 nodad"));
	config.vteps.push_back({Address::parse(second)});
	config.networks = {holder("blue", {"port2", 0, mode}, 4789, ip().local),
			   holder("green", {"port1", 0, mode}, 4789, ip().local),
			   holder("red", {"trunk", 30, mode}, 4790, ip().local),
			   holder("grey", {"trunk", 40, mode}, 4789, second)};
	network(config, "green").vni = kGreenVni;
	bench_->apply(config);

	const Packet inner = Ethernet{mac::kTenant2, mac::kRemoteA} / rest();
	const auto arrives = [&](const std::string &local, uint16_t dport, uint32_t vni, const std::string &dev,
				 const Bytes &frame, const std::string &net, const std::string &port) {
		SCOPED_TRACE(net);
		wire("under",
		     Ethernet{mac::kUplink, mac::kPeerA} / outer_ip(ip().peer_a, local) /
			     UDP{.sport = 50000, .dport = dport, .checksum = 0} / Vxlan{vni} / inner,
		     {{dev, frame}}, delivered(ip().peer_a, net, port, inner.bytes().size()));
	};
	const auto tagged = [](uint16_t vid) { return Ethernet{mac::kTenant2, mac::kRemoteA} / Vlan{vid} / rest(); };
	thrice([&] {
		arrives(ip().local, 4789, kBlueVni, "tenant2", inner, "blue", "port2");
		arrives(ip().local, 4789, kGreenVni, "tenant1", inner, "green", "port1");
		arrives(ip().local, 4790, kBlueVni, "tenants", tagged(30), "red", "trunk.30");
		arrives(second, 4789, kBlueVni, "tenants", tagged(40), "grey", "trunk.40");
	});
}

/* Frames that share a slot with a remembered path do not take that path. */
TEST_P(Path, OthersInTheSameSlot)
{
	const auto numbered = [](const char *format, unsigned n) {
		return fmt::format(fmt::runtime(format), n >> 8, n & 0xff);
	};
	std::vector<Bytes> from_many, to_many;
	for (unsigned n = 0; n < 100; n++) {
		const std::string mac = numbered("02:00:00:01:{:02x}:{:02x}", n);
		from_many.push_back(udp_frame(mac::kTenant2, mac));
		to_many.push_back(udp_frame(mac, mac::kTenant2));
	}
	none_goes("port1", from_many, 2000, [&](unsigned n) {
		return udp_frame(mac::kTenant2, numbered("03:00:00:01:{:02x}:{:02x}", n)).bytes();
	});
	none_goes("port2", to_many, 2000, [&](unsigned n) {
		return udp_frame(numbered("02:00:00:02:{:02x}:{:02x}", n), mac::kTenant2).bytes();
	});

	const Packet inner = udp_frame(mac::kTenant2, mac::kRemoteA);
	const Bytes packet = arriving(kBlueVni, inner);
	const char *strangers = is_v4() ? "192.0.{}.{}" : "2001:db8::1:{:x}:{:x}";
	none_goes("uplink", {packet}, 500,
		  [&](unsigned n) { return arriving(kBlueVni, inner, numbered(strangers, 1024 + n)).bytes(); });
	none_goes("uplink", {packet}, 10000, [&](unsigned n) { return arriving(1000 + n, inner).bytes(); });
	if (!is_v4())
		none_goes("uplink", {packet}, 1,
			  [&](unsigned) { return arriving(kBlueVni, inner, "2001:db8:77::2").bytes(); });
}

/* A path outlives its deleted FDB entry, but not for long. A busy machine may be too slow, so the test retries. */
TEST_P(Path, OutlivesALostEntryForAMoment)
{
	const Bytes frame = udp_frame(mac::kUnknown, mac::kTenant1);
	bool in_time = false;
	for (int attempt = 0; attempt < 20 && !in_time; attempt++) {
		learn(mac::kUnknown, "port2");
		bench_->forget_paths();
		const auto begin = Clock::now();
		EXPECT_TRUE(goes("port1", frame));
		bench_->lose(mac::kUnknown);
		const bool known = goes("port1", frame);
		in_time = Clock::now() - begin < 200ms;
		EXPECT_TRUE(known || !in_time);
	}
	EXPECT_TRUE(in_time);
	std::this_thread::sleep_for(300ms);
	floods("port1", frame);
}

/* A destination ages on time: frames to it do not renew it. */
TEST_P(PathAgeing, DestinationAgesOnTime)
{
	Config config = bench_->config();
	network(config, "blue").ageing = 1;
	bench_->apply(config);
	const Bytes frame = udp_frame(mac::kUnknown, mac::kTenant1);
	learn(mac::kUnknown, "port2");
	const auto begin = Clock::now();
	bool renewed = false;
	for (auto before = begin; before - begin < 1200ms; before = Clock::now()) {
		/* makes a new path shortly before the end */
		if (!renewed && before - begin > 880ms) {
			bench_->forget_paths();
			renewed = true;
		}
		everywhere([&] {
			const auto start = Clock::now();
			const bool known = goes("port1", frame);
			EXPECT_TRUE(known || Clock::now() - begin > 950ms);
			EXPECT_FALSE(known && start - begin > 1050ms);
		});
		std::this_thread::sleep_for(before - begin < 900ms ? 100ms : 20ms);
	}
	floods("port1", frame);
}

/* One frame every 100 ms keeps a source alive. The test retries on a machine that is too slow. */
TEST_P(PathAgeing, SourceStaysKnown)
{
	Config config = bench_->config();
	network(config, "blue").ageing = 1;
	bench_->apply(config);
	const Bytes from = udp_frame(mac::kTenant2, mac::kUnknown), to = udp_frame(mac::kUnknown, mac::kTenant2);
	const auto two_seconds = [&] {
		auto last = Clock::now();
		goes("port1", from);
		for (int frame = 0; frame < 20; frame++) {
			std::this_thread::sleep_for(100ms);
			const bool known = goes("port1", from) && goes("port2", to);
			const auto now = Clock::now();
			if (now - last > 180ms)
				return false;
			last = now;
			EXPECT_TRUE(known) << "after " << frame << " frames";
		}
		return true;
	};
	bool in_time = false;
	for (int attempt = 0; attempt < 10 && !in_time; attempt++)
		in_time = two_seconds();
	EXPECT_TRUE(in_time);
}

} // namespace xovl::test
