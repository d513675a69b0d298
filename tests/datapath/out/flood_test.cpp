// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/out/flood.h: broadcast, multicast and unknown unicast as real frames. Every copy at every far end is compared.
#include "fixture.hpp"

namespace xovl::test {

class Flood : public DatapathTest {
protected:
	static Packet rest() { return IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} / UDP{1111, 2222} / Payload::of(20); }

	/// Returns the counters of a frame from a port of blue to `ports` other ports and both peers.
	Counts flooded_from_port(const std::string &from, const std::vector<std::string> &ports, size_t len) const
	{
		Counts counts = {{"port " + from + " rx_packets", 1},
				 {"port " + from + " rx_bytes", len},
				 {"net blue flooded", 1},
				 {"net blue copies", ports.size() + 2},
				 {"net blue tx_packets", 2},
				 {"net blue tx_bytes", 2 * len}};
		for (const std::string &peer : {ip().peer_a, ip().peer_b})
			counts = counts +
				 Counts{{"peer " + peer + " tx_packets", 1}, {"peer " + peer + " tx_bytes", len}};
		return counts + to_ports(ports, len);
	}

	Counts flooded_from_peer(const std::vector<std::string> &ports, size_t len) const
	{
		return Counts{{"peer " + ip().peer_a + " rx_packets", 1},
			      {"peer " + ip().peer_a + " rx_bytes", len},
			      {"net blue rx_packets", 1},
			      {"net blue rx_bytes", len},
			      {"net blue flooded", 1},
			      {"net blue copies", ports.size()}} +
		       to_ports(ports, len);
	}

	static Counts to_ports(const std::vector<std::string> &ports, size_t len)
	{
		Counts counts;
		for (const std::string &port : ports)
			counts = counts +
				 Counts{{"port " + port + " tx_packets", 1}, {"port " + port + " tx_bytes", len}};
		return counts;
	}

	/// Returns both tunnel copies. The source port is that of same_flow.
	std::vector<std::pair<std::string, Bytes>> copies(const Packet &inner, const Packet &same_flow)
	{
		const Bytes made = made_of(same_flow);
		return {{"under", encapsulated(kBlueVni, inner, mac::kPeerA, ip().peer_a, made)},
			{"under", encapsulated(kBlueVni, inner, mac::kPeerB, ip().peer_b, made)}};
	}

	const Addresses &other_family() const { return addresses(is_v4() ? AF_INET6 : AF_INET); }

	/// Sets two flood peers of each family, alternating.
	void set_peers_of_both_families()
	{
		const Addresses &other = other_family();
		Config config = bench_->config();
		auto &flood = config.find_network("blue")->flood;
		flood.clear();
		for (const std::string &peer : {ip().peer_a, other.peer_b, ip().peer_b, other.peer_a})
			flood.push_back(Address::parse(peer));
		bench_->apply(config);
	}

	/// Floods a frame from port1 and returns a tunnel copy with this EtherType.
	Bytes flooded_copy(const Packet &inner, uint16_t type)
	{
		bench_->far("under").frames();
		bench_->far("tenant1").send(inner);
		const auto came = bench_->far("under").collect(1, [&](const Frame &frame) {
			return !frame.outgoing && frame.be16(0) == 0x0200 && frame.ethertype() == type;
		});
		return came.empty() ? Bytes() : came[0].bytes;
	}

	/// Floods a frame from port1 to ports and peers. Returns the source port of its flow.
	uint16_t to_both_families(const Packet &payload)
	{
		const Packet inner = Ethernet{mac::kBroadcast, mac::kTenant1} / payload;
		/* flow-dependent fields are copied from a captured copy */
		const Bytes sample = flooded_copy(inner, 0x86dd);
		const uint32_t label = flow_label(sample);
		const uint16_t sport = sample.size() < 56 ? 0 : static_cast<uint16_t>(sample[54] << 8 | sample[55]);
		const size_t len = inner.bytes().size();
		std::vector<std::pair<std::string, Bytes>> want = {
			{"tenant2", inner}, {"tenants", Ethernet{mac::kBroadcast, mac::kTenant1} / Vlan{10} / payload}};
		Counts counts = to_ports({"port2", "trunk.10"}, len) +
				Counts{{"port port1 rx_packets", 1}, {"port port1 rx_bytes", len},
				       {"net blue flooded", 1},      {"net blue copies", 6},
				       {"net blue tx_packets", 4},   {"net blue tx_bytes", 4 * len}};
		const auto add = [&](const Packet &outer, const std::string &peer_mac, const std::string &peer) {
			want.emplace_back("under", Ethernet{peer_mac, mac::kUplink} / outer /
							   UDP{.sport = sport, .dport = 4789, .checksum = 0} /
							   Vxlan{kBlueVni} / inner);
			counts = counts +
				 Counts{{"peer " + peer + " tx_packets", 1}, {"peer " + peer + " tx_bytes", len}};
		};
		const Addresses &v4 = addresses(AF_INET), &v6 = addresses(AF_INET6);
		add(IPv4{.src = v4.local, .dst = v4.peer_a, .df = true}, mac::kPeerA, v4.peer_a);
		add(IPv4{.src = v4.local, .dst = v4.peer_b, .df = true}, mac::kPeerB, v4.peer_b);
		add(IPv6{.src = v6.local, .dst = v6.peer_a, .flow_label = label}, mac::kPeerA, v6.peer_a);
		add(IPv6{.src = v6.local, .dst = v6.peer_b, .flow_label = label}, mac::kPeerB, v6.peer_b);
		wire("tenant1", inner, want, counts);
		return sport;
	}

	/// Returns broadcast, multicast and unknown unicast MACs.
	static std::vector<std::string> bum()
	{
		return {mac::kBroadcast, "01:00:5e:00:00:01", "33:33:00:00:00:fb", mac::kUnknown, "01:80:c2:00:00:10"};
	}
};

INSTANTIATE_TEST_SUITE_P(, Flood, every_setup(), setup_name);

TEST_P(Flood, FromAPort)
{
	const Packet known = Ethernet{mac::kRemoteA, mac::kTenant1} / rest();
	for (const std::string &dst : bum()) {
		SCOPED_TRACE(dst);
		const Packet inner = Ethernet{dst, mac::kTenant1} / rest();
		auto want = copies(inner, known);
		want.emplace_back("tenant2", inner);
		want.emplace_back("tenants", Ethernet{dst, mac::kTenant1} / Vlan{10} / rest());
		wire("tenant1", inner, want, flooded_from_port("port1", {"port2", "trunk.10"}, inner.bytes().size()));
	}
}

TEST_P(Flood, FromAVlanPort)
{
	const Packet inner = Ethernet{mac::kBroadcast, mac::kTagged} / rest();
	auto want = copies(inner, Ethernet{mac::kRemoteA, mac::kTagged} / rest());
	want.emplace_back("tenant1", inner);
	want.emplace_back("tenant2", inner);
	wire("tenants", Ethernet{mac::kBroadcast, mac::kTagged} / Vlan{10, 5} / rest(), want,
	     flooded_from_port("trunk.10", {"port1", "port2"}, inner.bytes().size()));
}

/* A flooded frame from a peer goes to ports only, never into another tunnel. */
TEST_P(Flood, FromAPeer)
{
	for (const std::string &dst : bum()) {
		SCOPED_TRACE(dst);
		const Packet inner = Ethernet{dst, mac::kRemoteA} / rest();
		wire("under", arriving(kBlueVni, inner),
		     {{"tenant1", inner},
		      {"tenant2", inner},
		      {"tenants", Ethernet{dst, mac::kRemoteA} / Vlan{10} / rest()}},
		     flooded_from_peer({"port1", "port2", "trunk.10"}, inner.bytes().size()));
	}
}

/* BPDUs are flooded: a network without spanning tree must not hide bridges from each other. */
TEST_P(Flood, Bpdus)
{
	Bytes bpdu = {0x42, 0x42, 0x03};
	bpdu.resize(46);
	const std::string dst = "01:80:c2:00:00:00";
	for (const Packet &payload : {Packet(Payload{bpdu}), Vlan{.vid = 7, .type = 38} / Payload{bpdu}}) {
		const bool tagged = payload.bytes().size() != bpdu.size();
		const auto type = tagged ? std::nullopt : std::optional<uint16_t>(38);
		const Packet inner = Ethernet{dst, mac::kTenant1, type} / payload;
		const Bytes made = flooded_copy(inner, is_v4() ? 0x0800 : 0x86dd);
		wire("tenant1", inner,
		     {{"under", encapsulated(kBlueVni, inner, mac::kPeerA, ip().peer_a, made)},
		      {"under", encapsulated(kBlueVni, inner, mac::kPeerB, ip().peer_b, made)},
		      {"tenant2", inner},
		      {"tenants", Ethernet{dst, mac::kTenant1} / Vlan{.vid = 10, .type = type} / payload}},
		     flooded_from_port("port1", {"port2", "trunk.10"}, inner.bytes().size()));
		const Packet remote = Ethernet{dst, mac::kRemoteA, type} / payload;
		wire("under", arriving(kBlueVni, remote),
		     {{"tenant1", remote},
		      {"tenant2", remote},
		      {"tenants", Ethernet{dst, mac::kRemoteA} / Vlan{.vid = 10, .type = type} / payload}},
		     flooded_from_peer({"port1", "port2", "trunk.10"}, remote.bytes().size()));
	}
}

/* All tags of a flooded frame are kept. */
TEST_P(Flood, ManyTags)
{
	Packet tags = Vlan{.vid = 1, .tpid = 0x88a8};
	for (uint16_t vid = 2; vid <= 6; vid++) {
		SCOPED_TRACE(vid);
		tags = tags / Vlan{.vid = vid, .pcp = 3};
		const Packet inner = Ethernet{mac::kBroadcast, mac::kTenant1} / tags / rest();
		const Bytes made = flooded_copy(inner, is_v4() ? 0x0800 : 0x86dd);
		wire("tenant1", inner,
		     {{"under", encapsulated(kBlueVni, inner, mac::kPeerA, ip().peer_a, made)},
		      {"under", encapsulated(kBlueVni, inner, mac::kPeerB, ip().peer_b, made)},
		      {"tenant2", inner},
		      {"tenants", Ethernet{mac::kBroadcast, mac::kTenant1} / Vlan{10} / tags / rest()}},
		     flooded_from_port("port1", {"port2", "trunk.10"}, inner.bytes().size()));
		const Packet remote = Ethernet{mac::kBroadcast, mac::kRemoteA} / tags / rest();
		wire("under", arriving(kBlueVni, remote),
		     {{"tenant1", remote},
		      {"tenant2", remote},
		      {"tenants", Ethernet{mac::kBroadcast, mac::kRemoteA} / Vlan{10} / tags / rest()}},
		     flooded_from_peer({"port1", "port2", "trunk.10"}, remote.bytes().size()));
	}
}

TEST_P(Flood, FramesThatAreNotIP)
{
	const Packet arp = ARP{.sha = mac::kTenant1, .spa = "10.1.0.1", .tpa = "10.1.0.2"} / Payload{Bytes(18)};
	const Packet inner = Ethernet{mac::kBroadcast, mac::kTenant1} / arp;
	const Bytes arp_made = made_of(Ethernet{mac::kRemoteA, mac::kTenant1} / arp);
	/* the flow hash uses the MACs, so the source port is copied from a captured copy */
	bench_->far("under").frames();
	bench_->far("tenant1").send(inner);
	const auto came = bench_->far("under").collect(
		2, [](const Frame &frame) { return !frame.outgoing && frame.be16(0) == 0x0200; });
	ASSERT_EQ(came.size(), 2u);
	EXPECT_EQ(sport(came[0].bytes), sport(came[1].bytes));
	for (const auto &[peer_mac, peer] :
	     {std::pair(mac::kPeerA, ip().peer_a), std::pair(mac::kPeerB, ip().peer_b)}) {
		const Bytes &frame = came[came[0].bytes[5] == (peer_mac == mac::kPeerA ? 2 : 3) ? 0 : 1].bytes;
		EXPECT_EQ(hex_dump(frame), hex_dump(encapsulated(kBlueVni, inner, peer_mac, peer, frame)));
	}
	EXPECT_EQ(arp_made.size(), came[0].bytes.size());
}

/* A frame too large for the tunnel still reaches the other ports. */
TEST_P(Flood, CopiesThatDoNotFit)
{
	const Bytes inner = frame_of(mac::kBroadcast, mac::kTenant1, 1514);
	Bytes tagged = inner;
	const Bytes tag = {0x81, 0x00, 0, 10};
	tagged.insert(tagged.begin() + 12, tag.begin(), tag.end());
	wire("tenant1", inner, {{"tenant2", inner}, {"tenants", tagged}},
	     Counts{{"port port1 rx_packets", 1},
		    {"port port1 rx_bytes", inner.size()},
		    {"net blue flooded", 1},
		    {"net blue copies", 2},
		    {"drop mtu_underlay copies", 2}} +
		     to_ports({"port2", "trunk.10"}, inner.size()));
}

TEST_P(Flood, PeerWithoutRoute)
{
	Config config = bench_->config();
	config.find_network("blue")->flood = {Address::parse(ip().no_route), Address::parse(ip().peer_a),
					      Address::parse(ip().beside)};
	bench_->apply(config);
	const Packet inner = Ethernet{mac::kBroadcast, mac::kTenant1} / rest();
	const auto want = copies(inner, Ethernet{mac::kRemoteA, mac::kTenant1} / rest());
	const size_t len = inner.bytes().size();
	wire("tenant1", inner,
	     {want[0], {"tenant2", inner}, {"tenants", Ethernet{mac::kBroadcast, mac::kTenant1} / Vlan{10} / rest()}},
	     Counts{{"port port1 rx_packets", 1},
		    {"port port1 rx_bytes", len},
		    {"net blue flooded", 1},
		    {"net blue copies", 3},
		    {"net blue tx_packets", 1},
		    {"net blue tx_bytes", len},
		    {"peer " + ip().peer_a + " tx_packets", 1},
		    {"peer " + ip().peer_a + " tx_bytes", len},
		    {"drop no_route copies", 1},
		    {"drop not_uplink copies", 1}} +
		     to_ports({"port2", "trunk.10"}, len));
}

/* A port that is down gets no copy; the other ports do. */
TEST_P(Flood, PortThatIsDown)
{
	bench_->ip("link set port2 down");
	const Packet inner = Ethernet{mac::kBroadcast, mac::kRemoteA} / rest();
	const Counts counts = flooded_from_peer({"trunk.10"}, inner.bytes().size());
	wire("under", arriving(kBlueVni, inner),
	     {{"tenant1", inner}, {"tenants", Ethernet{mac::kBroadcast, mac::kRemoteA} / Vlan{10} / rest()}},
	     counts + to_ports({"port1"}, inner.bytes().size()) + Counts{{"net blue copies", 1}});
}

TEST_P(Flood, PeersOfBothFamilies)
{
	set_peers_of_both_families();
	const Bytes made = made_of(Ethernet{mac::kRemoteA, mac::kTenant1} / rest());
	EXPECT_EQ(to_both_families(rest()), sport(made));
}

/*
 * Non-IP frames reach peers of both families. For these the kernel does not change headroom for tunnels, so headers are
 * fitted in another way.
 */
TEST_P(Flood, FramesThatAreNotIPToPeersOfBothFamilies)
{
	set_peers_of_both_families();
	const Packet arp = ARP{.sha = mac::kTenant1, .spa = "10.1.0.1", .tpa = "10.1.0.2"} / Payload{Bytes(18)};
	for (const Packet &payload : {arp, Packet(Payload::of(46)), Packet(Payload::of(1000))})
		to_both_families(payload);
}

TEST_P(Flood, NobodyElseIsThere)
{
	Config config = bench_->config();
	config.find_network("green")->flood.clear();
	bench_->apply(config);
	const Packet inner = Ethernet{mac::kBroadcast, mac::kGreen} / rest();
	wire("tenants", Ethernet{mac::kBroadcast, mac::kGreen} / Vlan{20} / rest(), {},
	     dropped_from_port("trunk.20", "no_target", inner.bytes().size()));

	config.find_network("green")->ports.clear();
	config.find_network("green")->fdb = {{Mac::parse(mac::kRemoteA), Address::parse(ip().peer_a)}};
	bench_->apply(config);
	wire("under", arriving(kGreenVni, inner), {},
	     dropped_from_peer(ip().peer_a, "green", "no_target", inner.bytes().size()));
}

} // namespace xovl::test
