// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/out/flood.h: one network has peers of every encapsulation and both families. Every copy of a real frame is
// compared to the octet.
#include <algorithm>

#include "process.hpp"
#include "tunnel_fixture.hpp"

namespace xovl::test {

class FloodKinds : public TunnelTest {
protected:
	struct Peer {
		std::string address;
		std::string mac;
		xovl_encap encap;
	};

	/// The outer header fields that depend on a frame's flow.
	struct Entropy {
		uint16_t sport = 0;
		uint32_t flow_label = 0;
		uint8_t flow_id = 0; ///< for NVGRE
	};

	void SetUp() override
	{
		TunnelTest::SetUp();
		for (int family : {AF_INET6, AF_INET}) {
			const Addresses &ip = addresses(family);
			const std::string fourth = family == AF_INET ? "192.0.2.4" : "2001:db8::4";
			bench_->ip("neigh add " + fourth + " lladdr " + kFourth + " dev uplink nud permanent\n");
			/* the order of headroom would be GRE and NVGRE, VXLAN, GENEVE */
			peers_.push_back({ip.peer_b, mac::kPeerB, XOVL_ENCAP_GENEVE});
			peers_.push_back({ip.narrow, mac::kPeerB, XOVL_ENCAP_GRE});
			peers_.push_back({ip.peer_a, mac::kPeerA, XOVL_ENCAP_VXLAN});
			peers_.push_back({fourth, kFourth, XOVL_ENCAP_NVGRE});
		}
		join([](NetworkConfig &) {});
	}

	void join(const Edit &edit)
	{
		set_blue([&](NetworkConfig &net) {
			net.options = {{critical_.option_class, critical_.type, critical_.data}};
			net.flood.clear();
			net.peers.clear();
			for (const Peer &peer : peers_) {
				set_peer(net, Address::parse(peer.address), {.encap = peer.encap, .dstport = {}});
				net.flood.push_back(Address::parse(peer.address));
			}
			edit(net);
		});
		/* from now on all next hops are known */
		bench_->run(Hook::Tc, "port1", Ethernet{mac::kBroadcast, mac::kTenant1} / Payload::of(46));
	}

	/// Floods a frame from port1 and returns the entropy of its copies.
	Entropy entropy_of(const Packet &inner)
	{
		PacketSocket &under = bench_->far("under");
		under.frames();
		bench_->far("tenant1").send(inner);
		Entropy entropy;
		const auto is_copy = [](const Frame &frame) { return !frame.outgoing && frame.be16(6) == 0x0200; };
		for (const Frame &frame : under.collect(peers_.size(), is_copy)) {
			const bool ipv4 = frame.ethertype() == 0x0800;
			const uint8_t protocol = frame.bytes.at(ipv4 ? 23 : 20);
			if (!ipv4)
				entropy.flow_label = flow_label(frame.bytes);
			const size_t l4 = ipv4 ? 34 : 54;
			if (protocol == 17)
				entropy.sport = frame.be16(l4);
			else if (frame.be16(l4 + 4) == kBlueVni >> 8)
				entropy.flow_id = frame.bytes.at(l4 + 7);
		}
		return entropy;
	}

	Bytes copy(const Peer &peer, const Packet &inner, const Entropy &entropy, const std::vector<GeneveTlv> &options,
		   uint16_t id = 0) const
	{
		const bool ipv4 = peer.address.find(':') == std::string::npos;
		const std::string &local = addresses(ipv4 ? AF_INET : AF_INET6).local;
		const Packet ip =
			ipv4 ? Packet(IPv4{.src = local, .dst = peer.address, .id = id, .df = true})
			     : Packet(IPv6{.src = local, .dst = peer.address, .flow_label = entropy.flow_label});
		const Packet outer = Ethernet{peer.mac, mac::kUplink} / ip;
		const auto udp = [&](uint16_t dport) {
			return UDP{.sport = entropy.sport, .dport = dport, .checksum = 0};
		};
		switch (peer.encap) {
		case XOVL_ENCAP_GENEVE:
			return outer / udp(6081) / Geneve{.vni = kBlueVni, .options = options} / inner;
		case XOVL_ENCAP_GRE:
			return outer / Gre{.key = kBlueVni} / inner;
		case XOVL_ENCAP_NVGRE:
			return outer / Gre::nvgre(kBlueVni, entropy.flow_id) / inner;
		default:
			return outer / udp(4789) / Vxlan{kBlueVni} / inner;
		}
	}

	/// Clears UDP source port and flow label.
	static Bytes without_entropy(Bytes packet)
	{
		const bool ipv4 = packet.at(12) == 0x08;
		const size_t l4 = ipv4 ? 34 : 54;
		packet.at(l4) = packet.at(l4 + 1) = 0;
		if (!ipv4)
			packet.at(15) &= 0xf0, packet.at(16) = packet.at(17) = 0;
		return packet;
	}

	/// Makes an interface of the machine under test segment everything that leaves by it.
	static void takes_no_super_frames(const std::string &dev)
	{
		ASSERT_TRUE(run({"ethtool", "-K", dev, "tx", "off", "tso", "off", "gso", "off",
				 "tx-udp_tnl-segmentation", "off", "tx-udp_tnl-csum-segmentation", "off"})
				    .ok());
	}

	/// Floods a super-frame from port1. Returns the counters from before, once all copies are counted.
	Counts floods_super_frame()
	{
		const Packet frame = Ethernet{mac::kUnknown, mac::kTenant1} /
				     IPv4{.src = "10.1.0.1", .dst = "10.1.0.2", .df = true} /
				     TCP{.sport = 40000, .dport = 80, .partial = true} / Payload::of(2000);
		Counts before = bench_->counts();
		const uint64_t flooded = before["net blue flooded"];
		bench_->far("tenant1").send_super(frame, 34, 54, 1000);
		EXPECT_TRUE(wait_until([&] { return bench_->counts()["net blue flooded"] > flooded; }, 2s));
		return before;
	}

	static Counts traffic(const std::string &object, const std::string &way, uint64_t packets, size_t len)
	{
		return {{object + " " + way + "_packets", packets}, {object + " " + way + "_bytes", packets * len}};
	}

	/// A flooded frame from port1 comes out at all other ports and all peers.
	void floods(const Packet &payload, const std::vector<GeneveTlv> &options)
	{
		const Packet inner = Ethernet{mac::kBroadcast, mac::kTenant1} / payload;
		const size_t len = inner.bytes().size();
		const Entropy entropy = entropy_of(inner);
		std::vector<std::pair<std::string, Bytes>> want = {
			{"tenant2", inner}, {"tenants", Ethernet{mac::kBroadcast, mac::kTenant1} / Vlan{10} / payload}};
		Counts counts = traffic("port port1", "rx", 1, len) + traffic("port port2", "tx", 1, len) +
				traffic("port trunk.10", "tx", 1, len) + traffic("net blue", "tx", peers_.size(), len) +
				Counts{{"net blue flooded", 1}, {"net blue copies", peers_.size() + 2}};
		for (const Peer &peer : peers_) {
			want.emplace_back("under", copy(peer, inner, entropy, options));
			counts = counts + traffic("peer " + peer.address, "tx", 1, len);
		}
		wire("tenant1", inner, want, counts);
	}

	static std::vector<std::pair<std::string, Packet>> payloads()
	{
		const IPv4 v4 = {.src = "10.1.0.1", .dst = "10.1.0.255"};
		const IPv6 v6 = {.src = "fd00:1::1", .dst = "ff02::1"};
		return {{"IPv4", v4 / UDP{1111, 2222} / Payload::of(20)},
			{"IPv4, large", v4 / UDP{1111, 2222} / Payload::of(1100)},
			{"IPv6", v6 / UDP{1111, 2222} / Payload::of(21)},
			{"ARP", ARP{.sha = mac::kTenant1, .spa = "10.1.0.1", .tpa = "10.1.0.2"} / Payload{Bytes(18)}},
			{"unknown EtherType", Payload::of(46)}};
	}

	inline static const std::string kFourth = "02:00:00:00:bb:04";
	const GeneveTlv critical_ = {0x0102, 0x80, {0, 1, 0, 2}};
	const GeneveTlv of_port_ = {0x0103, 0x01, {1, 2, 3, 4, 5, 6, 7, 8}};
	std::vector<Peer> peers_;
};

INSTANTIATE_TEST_SUITE_P(, FloodKinds, each_mode(), setup_name);

TEST_P(FloodKinds, EveryCopyIsExact)
{
	for (const auto &[name, payload] : payloads()) {
		SCOPED_TRACE(name);
		floods(payload, {critical_});
	}
}

TEST_P(FloodKinds, WithOptionsOfThePort)
{
	join([&](NetworkConfig &net) {
		net.ports[0].options = {{of_port_.option_class, of_port_.type, of_port_.data}};
	});
	for (const auto &[name, payload] : payloads()) {
		SCOPED_TRACE(name);
		floods(payload, {critical_, of_port_});
	}
}

class FloodKindsTc : public FloodKinds {
protected:
	void use_tunnel_devices(bool on)
	{
		Config config = bench_->config();
		config.uplinks[0].gro = on;
		bench_->apply(config);
	}

	/// Clears identification and checksum of an outer IPv4 header: the kernel chooses them.
	static Bytes without_identification(Bytes packet)
	{
		if (packet.at(12) == 0x08)
			for (const size_t at : {18, 19, 24, 25})
				packet.at(at) = 0;
		return packet;
	}
};

INSTANTIATE_TEST_SUITE_P(, FloodKindsTc, testing::Values(Setup{XOVL_MODE_TC, AF_INET}), setup_name);

/*
 * The kernel segments each copy of a super-frame if the interface takes none. The segments have the headers of their
 * own copy.
 */
TEST_P(FloodKindsTc, SuperFrames)
{
	constexpr uint16_t kSegment = 1000;
	std::erase_if(peers_, [](const Peer &peer) {
		return peer.encap != XOVL_ENCAP_VXLAN && peer.encap != XOVL_ENCAP_GENEVE;
	});
	join([](NetworkConfig &) {});
	takes_no_super_frames("uplink");
	const Bytes content = Packet(Payload::of(2 * kSegment)).bytes();
	for (const auto &[ipv4, by_kernel] : {std::pair{true, false}, {false, false}, {true, true}, {false, true}}) {
		SCOPED_TRACE(fmt::format("ipv4 {}, by the kernel's tunnel device {}", ipv4, by_kernel));
		use_tunnel_devices(by_kernel);
		const uint64_t before = bench_->counts()["net blue by_kernel"];
		const Ethernet eth = {mac::kUnknown, mac::kTenant1};
		const auto frame = [&](TCP tcp, uint16_t id, const Bytes &payload) {
			return ipv4 ? eth / IPv4{.src = "10.1.0.1", .dst = "10.1.0.2", .id = id, .df = true} / tcp /
					       Payload{payload}
				    : eth / IPv6{.src = "fd00:1::1", .dst = "fd00:1::2"} / tcp / Payload{payload};
		};
		const TCP whole = {.sport = 40000, .dport = 80, .flags = 0x18, .partial = true};
		const uint16_t start = ipv4 ? 34 : 54, headers = start + 20;
		PacketSocket &under = bench_->far("under");
		under.frames();
		bench_->far("tenant1").send_super(frame(whole, 0, content), start, headers, kSegment);
		const auto is_copy = [](const Frame &frame) { return !frame.outgoing && frame.be16(6) == 0x0200; };
		std::vector<std::string> got, want;
		for (const Frame &frame : under.collect(2 * peers_.size(), is_copy))
			got.push_back(hex_dump(without_identification(without_entropy(frame.bytes))));
		for (const Peer &peer : peers_)
			for (const uint16_t nth : {0, 1}) {
				TCP tcp = whole;
				tcp.partial = false;
				tcp.seq += nth * kSegment;
				tcp.flags = nth ? 0x18 : 0x10; /* the last segment has PSH */
				const auto from = content.begin() + nth * kSegment;
				const Packet inner = frame(tcp, nth, Bytes(from, from + kSegment));
				want.push_back(hex_dump(without_identification(
					without_entropy(copy(peer, inner, {}, {critical_}, nth)))));
			}
		std::ranges::sort(got);
		std::ranges::sort(want);
		EXPECT_EQ(got, want);
		// the kernel may have no GENEVE device
		const uint64_t carried = bench_->counts()["net blue by_kernel"] - before;
		EXPECT_TRUE(by_kernel ? carried >= 2 : carried == 0) << carried;
	}
}

/* A super-frame is flooded to UDP peers or to GRE peers, not both: the kernel accepts one kind of tunnel per skb. */
TEST_P(FloodKindsTc, SuperFramesToBoth)
{
	use_tunnel_devices(false);
	Counts before = floods_super_frame();
	EXPECT_EQ(bench_->counts()["drop gso_mixed copies"], 4u);
	EXPECT_EQ(bench_->counts()["net blue copies"], before["net blue copies"] + 4 + 2);
}

/* Peers whose policy forbids super-frames do not prevent copies for the others. */
TEST_P(FloodKindsTc, SuperFramesWithUdpChecksums)
{
	join([](NetworkConfig &net) { net.outer.udpcsum = true; });
	use_tunnel_devices(false);
	Counts before = floods_super_frame();
	EXPECT_EQ(bench_->counts()["drop gso_numbered copies"], 4u);
	EXPECT_EQ(bench_->counts()["drop gso_mixed copies"], 0u);
	EXPECT_EQ(bench_->counts()["net blue copies"], before["net blue copies"] + 4 + 2);
}

/* A flooded frame from any peer reaches the ports. */
TEST_P(FloodKinds, FromEveryPeer)
{
	const Packet rest = IPv4{.src = "10.1.0.2", .dst = "10.1.0.255"} / UDP{1, 2} / Payload::of(20);
	const Packet inner = Ethernet{mac::kBroadcast, mac::kRemoteA} / rest;
	const size_t len = inner.bytes().size();
	for (const Peer &peer : peers_) {
		SCOPED_TRACE(peer.address);
		Bytes packet = copy(peer, inner, {.sport = 50000, .flow_label = 1, .flow_id = 9}, {});
		/* swaps the addresses */
		const bool ipv4 = peer.address.find(':') == std::string::npos;
		const auto at = packet.begin() + (ipv4 ? 26 : 22);
		const ptrdiff_t octets = ipv4 ? 4 : 16;
		std::swap_ranges(at, at + octets, at + octets);
		std::swap_ranges(packet.begin(), packet.begin() + 6, packet.begin() + 6);
		Counts counts = traffic("peer " + peer.address, "rx", 1, len) + traffic("net blue", "rx", 1, len) +
				Counts{{"net blue flooded", 1}, {"net blue copies", 3}};
		for (const char *port : {"port1", "port2", "trunk.10"})
			counts = counts + traffic("port " + std::string(port), "tx", 1, len);
		wire("under", packet,
		     {{"tenant1", inner},
		      {"tenant2", inner},
		      {"tenants", Ethernet{mac::kBroadcast, mac::kRemoteA} / Vlan{10} / rest}},
		     counts);
	}
}

} // namespace xovl::test
