// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/path.h: a frame whose path is remembered is treated like one that is looked up, and a path is void with the next frame after
// what it stands for has changed. The cache is per CPU: a test stays on one, and asks on every one what must hold on all.
#include <sched.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "fixture.hpp"

namespace xovl::test {

namespace {

using Clock = std::chrono::steady_clock;

/// Keeps this thread on one CPU while it lives.
class OnCpu {
public:
	explicit OnCpu(int cpu)
	{
		sched_getaffinity(0, sizeof(before_), &before_);
		cpu_set_t one;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		EXPECT_EQ(sched_setaffinity(0, sizeof(one), &one), 0) << "CPU " << cpu;
	}
	OnCpu(const OnCpu &) = delete;
	OnCpu &operator=(const OnCpu &) = delete;
	~OnCpu() { sched_setaffinity(0, sizeof(before_), &before_); }

private:
	cpu_set_t before_;
};

std::vector<int> allowed_cpus()
{
	cpu_set_t set;
	std::vector<int> cpus;
	sched_getaffinity(0, sizeof(set), &set);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus.push_back(cpu);
	return cpus;
}

} // namespace

class Path : public DatapathTest {
protected:
	void SetUp() override
	{
		DatapathTest::SetUp();
		cpus_ = allowed_cpus();
		home_.emplace(cpus_.front());
		flow_ = made_of(udp_frame(mac::kRemoteA, mac::kTenant1));
	}

	static Packet rest() { return IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} / UDP{1111, 2222} / Payload::of(20); }

	/// Calls fn on every CPU.
	void everywhere(const std::function<void()> &fn) const
	{
		for (int cpu : cpus_) {
			SCOPED_TRACE(testing::Message() << "CPU " << cpu);
			const OnCpu on(cpu);
			fn();
		}
	}

	/// Nothing remembered, then something, then again.
	void thrice(const std::function<void()> &fn)
	{
		bench_->forget_paths();
		for (const char *frame : {"first", "second", "third"}) {
			SCOPED_TRACE(frame);
			fn();
		}
	}

	/// Makes the change while every CPU sends the packet over and over.
	void under_traffic(const std::string &dev, const Bytes &packet, const std::function<void()> &change)
	{
		std::atomic<bool> done = false;
		std::vector<std::thread> senders;
		for (int cpu : cpus_)
			senders.emplace_back([&, cpu] {
				const OnCpu on(cpu);
				while (!done)
					bench_->run(hook(), dev, packet);
			});
		change();
		done = true;
		for (std::thread &sender : senders)
			sender.join();
	}

	/// Whether the frame is sent to one peer or delivered to one port.
	bool goes(const std::string &dev, const Bytes &packet) const
	{
		return bench_->run(hook(), dev, packet).verdict == Verdict::Redirect;
	}

	/// On every CPU, and there twice: with what was remembered before, if anything, and with what is now.
	void becomes(const std::string &dev, const Bytes &packet, const Outcome &want)
	{
		everywhere([&] {
			finishes(dev, packet, want);
			finishes(dev, packet, want);
		});
	}

	/// On every CPU the frame's destination is unknown: XDP leaves it to TC, which floods it.
	void floods(const std::string &dev, const Bytes &packet)
	{
		const auto flooded = [&] { return bench_->counts()["net blue flooded"]; };
		everywhere([&] {
			if (hook() == Hook::Xdp)
				finishes(dev, packet, {});
			const uint64_t before = flooded();
			bench_->run(Hook::Tc, dev, packet);
			EXPECT_EQ(flooded(), before + 1);
		});
	}

	/// Of a frame of udp_frame()'s flow from a port to peer A or B.
	Outcome to_peer(const Packet &inner, const std::string &peer, const std::string &port = "port1",
			const std::string &net = "blue") const
	{
		const std::string &peer_mac = peer == ip().peer_a ? mac::kPeerA : mac::kPeerB;
		return {Verdict::Redirect,
			encapsulated(net == "green" ? kGreenVni : kBlueVni, inner, peer_mac, peer, flow_),
			sent(port, net, peer, inner.bytes().size())};
	}

	static Outcome to_port(const Packet &inner, const std::string &port, const std::string &from = "port1",
			       const std::string &net = "blue")
	{
		return {Verdict::Redirect, inner, switched(from, port, net, inner.bytes().size())};
	}

	/// Of a frame from peer A.
	Outcome out_of_tunnel(const Packet &inner, const std::string &port, const std::string &net = "blue") const
	{
		return {Verdict::Redirect, inner, delivered(ip().peer_a, net, port, inner.bytes().size())};
	}

	void learn(const std::string &mac, const std::string &port)
	{
		EXPECT_TRUE(goes(port, udp_frame(mac::kRemoteA, mac)));
	}

	/// Runs so many other packets while those paths are remembered: none of them goes.
	void none_goes(const std::string &dev, const std::vector<Bytes> &remembered, unsigned count,
		       const std::function<Bytes(unsigned)> &other)
	{
		unsigned gone = 0;
		for (unsigned n = 0; n < count; n++) {
			for (size_t i = 0; n % 1000 == 0 && i < remembered.size(); i++)
				EXPECT_TRUE(goes(dev, remembered[i]));
			gone += goes(dev, other(n));
		}
		EXPECT_EQ(gone, 0u);
	}

	static NetworkConfig &network(Config &config, const std::string &name) { return *config.find_network(name); }

	/// A port and the static entries behind it leave a network.
	static void remove_port(NetworkConfig &net, const std::string &dev)
	{
		std::erase_if(net.ports, [&](const PortConfig &port) { return port.dev == dev; });
		std::erase_if(net.fdb, [&](const FdbConfig &entry) { return entry.dev == dev; });
	}

	static void set_fdb(NetworkConfig &net, const FdbConfig &wanted)
	{
		std::erase_if(net.fdb, [&](const FdbConfig &entry) { return entry.mac == wanted.mac; });
		net.fdb.push_back(wanted);
	}

	std::vector<int> cpus_;
	std::optional<OnCpu> home_;
	Bytes flow_; ///< a tunnel packet of udp_frame()'s flow
};

/// Where the headers of the underlay matter.
class PathUnderlay : public Path {};
/// Where it takes its time.
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

/* One path for frames of any size and content. */
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
		finishes_in_tc("port1", large,
			       {Verdict::Drop, {}, dropped_from_port("port1", "mtu_underlay", large.size())});
	});
}

/* What is wrong with a packet is found whatever path it would take. */
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

TEST_P(PathUnderlay, PeerLeaves)
{
	const Packet inner = udp_frame(mac::kTenant2, mac::kUnknown);
	const Packet packet = arriving(kBlueVni, inner, ip().peer_b);
	becomes("uplink", packet,
		{Verdict::Redirect, inner, delivered(ip().peer_b, "blue", "port2", inner.bytes().size())});
	Config config = bench_->config();
	std::erase(network(config, "blue").flood, Address::parse(ip().peer_b));
	std::erase_if(network(config, "blue").fdb,
		      [&](const FdbConfig &entry) { return entry.dst == Address::parse(ip().peer_b); });
	bench_->apply(config);
	becomes("uplink", packet, {Verdict::Drop, {}, dropped_outer("peer_unknown")});
}

/* While a peer goes its frames keep coming, and none of them brings back an entry that leads to it. */
TEST_P(PathUnderlay, PeerLeavesWhileItSends)
{
	const Address peer = Address::parse(ip().peer_b);
	const Bytes packet = arriving(kBlueVni, udp_frame(mac::kTenant2, mac::kUnknown), ip().peer_b);
	const Bytes answer = udp_frame(mac::kUnknown, mac::kTenant1);
	Config config = bench_->config();
	std::erase_if(network(config, "blue").fdb, [&](const FdbConfig &entry) { return entry.dst == peer; });
	bench_->apply(config);
	for (int round = 0; round < 10; round++) {
		under_traffic("uplink", packet, [&] {
			bench_->overlay().edit(
				[&](Config &running) { std::erase(network(running, "blue").flood, peer); });
		});
		const auto flooded = [&] { return bench_->counts()["net blue flooded"]; };
		const auto before = flooded();
		bench_->run(Hook::Tc, "port1", answer);
		EXPECT_EQ(flooded(), before + 1) << "round " << round;
		bench_->overlay().edit([&](Config &running) { network(running, "blue").flood.push_back(peer); });
	}
}

/* Nothing moves here, so the paths stand side by side. */
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

/* By identifier, UDP port and local address: the same frame of the same peer, four networks. */
TEST_P(PathUnderlay, SameAddressesInOtherTunnels)
{
	const xovl_mode mode = GetParam().mode;
	const std::string second = is_v4() ? "192.0.2.201" : "2001:db8::201";
	const auto holder = [&](const std::string &name, const PortConfig &port, uint16_t dstport,
				const std::string &local) {
		return NetworkConfig{.name = name,
				     .vni = kBlueVni,
				     .local = Address::parse(local),
				     .dstport = dstport,
				     .learning = false,
				     .ports = {port},
				     .flood = {Address::parse(ip().peer_a)},
				     .fdb = {{.mac = Mac::parse(mac::kTenant2), .dev = port.dev, .vid = port.vid}}};
	};
	Config config = bench_->config();
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

/* There are far more addresses than slots: some of these share the slot of a path that is remembered. */
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

/* The cache is in use, and not for long. A machine that is busy elsewhere may take longer than a path lives: try again. */
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

TEST_P(Path, FdbIsEdited)
{
	const Packet out = udp_frame(mac::kTenant2, mac::kTenant1), in = udp_frame(mac::kTenant2, mac::kRemoteA);
	const FdbConfig at_peer = {.mac = Mac::parse(mac::kTenant2), .dst = Address::parse(ip().peer_b)};
	const FdbConfig at_port = {.mac = Mac::parse(mac::kTenant2), .dev = "port2"};
	Overlay &overlay = bench_->overlay();
	const auto behind_port = [&] {
		becomes("port1", out, to_port(out, "port2"));
		becomes("uplink", arriving(kBlueVni, in), out_of_tunnel(in, "port2"));
	};
	const auto behind_peer = [&] {
		becomes("port1", out, to_peer(out, ip().peer_b));
		const Counts counts = dropped_from_peer(ip().peer_a, "blue", "split_horizon", in.bytes().size());
		becomes("uplink", arriving(kBlueVni, in), {Verdict::Drop, {}, counts});
	};
	const auto unknown = [&] {
		floods("port1", out);
		floods("uplink", arriving(kBlueVni, in));
	};
	const Config whole = bench_->config();
	Config moved = whole;
	set_fdb(network(moved, "blue"), at_peer);
	const auto forget = [&] { overlay.fdb_del("blue", at_port.mac); };
	const auto learn_it = [&] { learn(mac::kTenant2, "port2"); };

	const std::vector<std::tuple<const char *, std::function<void()>, std::function<void()>>> steps = {
		{"at first", [] {}, behind_port},
		{"replace by a peer", [&] { overlay.fdb_add("blue", at_peer, true); }, behind_peer},
		{"replace by a port", [&] { overlay.fdb_add("blue", at_port, true); }, behind_port},
		{"del", forget, unknown},
		{"learned", learn_it, behind_port},
		{"add over what was learned", [&] { overlay.fdb_add("blue", at_peer, false); }, behind_peer},
		{"del again", forget, unknown},
		{"learned again", learn_it, behind_port},
		{"flush", [&] { overlay.fdb_flush("blue"); }, unknown},
		{"apply", [&] { bench_->apply(whole); }, behind_port},
		{"apply another file", [&] { bench_->apply(moved); }, behind_peer},
	};
	for (const auto &[name, change, expect] : steps) {
		SCOPED_TRACE(name);
		change();
		expect();
	}
}

/* What frames find while a change is made is void when it is done. */
TEST_P(Path, ChangesUnderTraffic)
{
	const Packet out = udp_frame(mac::kTenant2, mac::kTenant1), in = udp_frame(mac::kTenant2, mac::kRemoteA);
	const FdbConfig at_peer = {.mac = Mac::parse(mac::kTenant2), .dst = Address::parse(ip().peer_b)};
	const Bytes packet = arriving(kBlueVni, in);
	const Config whole = bench_->config();
	Config moved = whole;
	set_fdb(network(moved, "blue"), at_peer);
	for (int round = 0; round < 3; round++) {
		under_traffic("port1", out, [&] { bench_->apply(moved); });
		becomes("port1", out, to_peer(out, ip().peer_b));
		under_traffic("port1", out, [&] { bench_->apply(whole); });
		becomes("port1", out, to_port(out, "port2"));
		under_traffic("port1", out, [&] { bench_->overlay().fdb_add("blue", at_peer, true); });
		becomes("port1", out, to_peer(out, ip().peer_b));
		bench_->apply(whole);

		under_traffic("uplink", packet, [&] {
			bench_->overlay().edit([](Config &config) { network(config, "blue").vni = 77; });
		});
		becomes("uplink", packet, {Verdict::Drop, {}, dropped_outer("vni_unknown")});
		becomes("uplink", arriving(77, in), out_of_tunnel(in, "port2"));
		bench_->apply(whole);
		becomes("uplink", packet, out_of_tunnel(in, "port2"));
	}
}

/* Also back to a place from where its path is remembered. */
TEST_P(Path, LearnedMacMoves)
{
	struct Place {
		std::string dev;
		Packet sends;
		Outcome gets;
	};
	const auto alternates = [&](const std::string &dev, const Packet &frame, const Place &a, const Place &b) {
		for (const Place &place : {a, b, a, b, a}) {
			goes(place.dev, place.sends);
			everywhere([&] { finishes(dev, frame, place.gets); });
		}
		/* both at once, so that every frame but the first moves it */
		for (const Place &place : {a, b, a, b, a, b}) {
			EXPECT_TRUE(goes(place.dev, place.sends));
			finishes(dev, frame, place.gets);
		}
	};
	const Packet out = udp_frame(mac::kUnknown, mac::kTenant1), in = udp_frame(mac::kUnknown, mac::kRemoteA);
	const Packet home = udp_frame(mac::kRemoteA, mac::kUnknown);
	const Packet away = udp_frame(mac::kTenant2, mac::kUnknown);
	const Place peer_a = {"uplink", arriving(kBlueVni, away), to_peer(out, ip().peer_a)};
	const Place peer_b = {"uplink", arriving(kBlueVni, away, ip().peer_b), to_peer(out, ip().peer_b)};
	{
		SCOPED_TRACE("port to port");
		alternates("uplink", arriving(kBlueVni, in), {"port1", home, out_of_tunnel(in, "port1")},
			   {"port2", home, out_of_tunnel(in, "port2")});
	}
	{
		SCOPED_TRACE("port to peer");
		alternates("port1", out, {"port2", home, to_port(out, "port2")}, peer_b);
	}
	{
		SCOPED_TRACE("peer to peer");
		alternates("port1", out, peer_a, peer_b);
	}
}

TEST_P(Path, DestinationPortLeaves)
{
	const Packet out = udp_frame(mac::kUnknown, mac::kTenant1), in = udp_frame(mac::kUnknown, mac::kRemoteA);
	learn(mac::kUnknown, "port2");
	becomes("port1", out, to_port(out, "port2"));
	becomes("uplink", arriving(kBlueVni, in), out_of_tunnel(in, "port2"));
	Config config = bench_->config();
	remove_port(network(config, "blue"), "port2");
	bench_->apply(config);
	floods("port1", out);
	floods("uplink", arriving(kBlueVni, in));
}

TEST_P(Path, PortMovesToAnotherNetwork)
{
	const Packet out = udp_frame(mac::kRemoteA, mac::kTenant2), in = udp_frame(mac::kTenant2, mac::kRemoteA);
	const Packet across = udp_frame(mac::kTenant2, mac::kTenant1);
	becomes("port2", out, to_peer(out, ip().peer_a, "port2"));
	becomes("uplink", arriving(kBlueVni, in), out_of_tunnel(in, "port2"));
	becomes("port1", across, to_port(across, "port2"));

	const Config whole = bench_->config();
	Config config = whole;
	remove_port(network(config, "blue"), "port2");
	network(config, "green").ports.push_back({"port2", 0, GetParam().mode});
	set_fdb(network(config, "green"), {.mac = Mac::parse(mac::kTenant2), .dev = "port2"});
	bench_->apply(config);
	becomes("port2", out, to_peer(out, ip().peer_a, "port2", "green"));
	floods("uplink", arriving(kBlueVni, in));
	floods("port1", across);
	becomes("uplink", arriving(kGreenVni, in), out_of_tunnel(in, "port2", "green"));

	bench_->apply(whole);
	becomes("port2", out, to_peer(out, ip().peer_a, "port2"));
	becomes("uplink", arriving(kBlueVni, in), out_of_tunnel(in, "port2"));
}

/* Red has the identifier, the ports and the MACs of blue, at other places. */
TEST_P(Path, NetworkIsReplacedByAnother)
{
	const Packet out = udp_frame(mac::kRemoteA, mac::kTenant1), in = udp_frame(mac::kTenant2, mac::kRemoteA);
	const Packet home = udp_frame(mac::kTenant1, mac::kTenant2);
	const Config with_blue = bench_->config();
	Config without = with_blue, with_red = with_blue;
	without.networks.erase(without.networks.begin());
	network(with_red, "blue").name = "red";
	set_fdb(network(with_red, "red"), {.mac = Mac::parse(mac::kTenant2), .dev = "port1"});
	const Bytes packet = arriving(kBlueVni, in);
	const auto is_blue = [&] {
		becomes("uplink", packet, out_of_tunnel(in, "port2"));
		becomes("port1", out, to_peer(out, ip().peer_a));
	};
	const auto is_red = [&] {
		EXPECT_FALSE(bench_->fdb("red", mac::kTenant1)) << "what blue had learned is nothing to red";
		becomes("uplink", packet, out_of_tunnel(in, "port1", "red"));
		becomes("port1", out, to_peer(out, ip().peer_a, "port1", "red"));
	};
	is_blue();
	learn(mac::kTenant1, "port1");
	becomes("port2", home, to_port(home, "port1", "port2"));
	bench_->apply(with_red);
	is_red();
	bench_->apply(with_blue);
	is_blue();
	bench_->apply(without);
	becomes("uplink", packet, {Verdict::Drop, {}, dropped_outer("vni_unknown")});
	bench_->apply(with_red);
	is_red();
}

/* By the wire: only there does the kernel take the tag off for TC. */
TEST_P(Path, VlanPortTakesFramesFromAPlainOne)
{
	const Packet tagged = Ethernet{mac::kRemoteA, mac::kTagged} / Vlan{20} / rest();
	const Packet untagged = Ethernet{mac::kRemoteA, mac::kTagged} / rest();
	const Bytes made = made_of(untagged);
	const auto carried = [&](const Packet &inner, uint32_t vni, const std::string &port, const std::string &net) {
		SCOPED_TRACE(port);
		const Bytes packet = encapsulated(vni, inner, mac::kPeerA, ip().peer_a, made);
		everywhere([&] {
			for (int frame = 0; frame < 2; frame++)
				wire("tenants", tagged, {{"under", packet}},
				     sent(port, net, ip().peer_a, inner.bytes().size()));
		});
	};
	Config with_vlan = bench_->config();
	remove_port(network(with_vlan, "blue"), "trunk");
	network(with_vlan, "blue").ports.push_back({"trunk", 0, GetParam().mode});
	Config plain = with_vlan;
	remove_port(network(plain, "green"), "trunk");
	bench_->apply(plain);
	carried(tagged, kBlueVni, "trunk", "blue");
	bench_->apply(with_vlan);
	carried(untagged, kGreenVni, "trunk.20", "green");
	bench_->apply(plain);
	carried(tagged, kBlueVni, "trunk", "blue");
}

/* Frames to it do not keep it alive. */
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
		/* a path that is remembered shortly before */
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

/* One frame in 100 ms keeps it alive. On a machine that does not keep time, the seconds are tried again. */
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
