// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One network whose sites use several encapsulations, and an underlay that is a VLAN. Switched underlay (see
 * traffic_test.cpp); frames are captured at mid.
 *
 *   h1, h2: VXLAN, between each other            h1 --- VXLAN --- h2
 *   h3:     another encapsulation or port           \           /
 *           towards both, and from both           GENEVE     GENEVE
 *                                                     \     /
 *                                                       h3
 * No host forwards from tunnel to tunnel (split horizon), so each has the other two as peers.
 */
#include <optional>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

constexpr uint8_t kUdp = 17, kGre = 47;

/// The outer headers of a frame on the underlay.
struct Outer {
	uint16_t vid = 0; ///< 0: no tag
	uint8_t protocol = 0;
	uint16_t dport = 0; ///< of UDP
	std::string dst;    ///< the last octet of the address: 1, 2 or 3

	bool tunnel() const { return protocol == kUdp || protocol == kGre; }
};

/// The outer headers of a frame; nullopt if it is not IP or too short.
std::optional<Outer> outer_of(const Frame &frame)
{
	const bool tagged = frame.ethertype() == 0x8100;
	const size_t ip = tagged ? 18 : 14;
	const bool v6 = frame.be16(ip - 2) == 0x86dd;
	const size_t payload = ip + (v6 ? 40 : 20);
	if ((!v6 && frame.be16(ip - 2) != 0x0800) || frame.bytes.size() < payload + 8)
		return std::nullopt;
	const uint8_t protocol = frame.bytes[ip + (v6 ? 6 : 9)];
	return Outer{.vid = static_cast<uint16_t>(tagged ? frame.be16(14) & 0xfff : 0),
		     .protocol = protocol,
		     .dport = protocol == kUdp ? frame.be16(payload + 2) : uint16_t(0),
		     .dst = std::to_string(frame.bytes[payload - 1])};
}

/// The tunnel packets that mid received by this link.
std::vector<Outer> tunnel_packets(PacketSocket &tap)
{
	std::vector<Outer> list;
	for (const Frame &frame : tap.frames([](const Frame &f) { return !f.outgoing; }))
		if (const auto outer = outer_of(frame); outer && outer->tunnel())
			list.push_back(*outer);
	return list;
}

/// The encapsulation of h3.
struct Site {
	const char *name;
	const char *encap;
	uint16_t dstport; ///< 0: none
	bool usual;       ///< the port is the default
};

std::ostream &operator<<(std::ostream &out, const Site &site)
{
	return out << site.name;
}

class MixedPeers : public OverlayTest, public testing::WithParamInterface<std::tuple<Site, std::string, bool>> {
protected:
	void SetUp() override
	{
		prepare({.port_mode = mode(),
			 .uplink_mode = mode(),
			 .v6 = std::get<2>(GetParam()),
			 .underlay = Underlay::Switched,
			 .hosts = 3});
		for (unsigned i = 1; i <= 3; i++) {
			const Result result = h(i).apply(config(i));
			ASSERT_TRUE(result.ok()) << "h" << i << ": " << result.text();
		}
	}

	static const Site &site() { return std::get<0>(GetParam()); }
	static const std::string &mode() { return std::get<1>(GetParam()); }

	/// The site's encapsulation in YAML (", encap: geneve, dstport: 6082") or as words of a command.
	static std::string words_of_site(const char *colon, const char *comma)
	{
		std::string text = fmt::format("{}encap{} {}", comma, colon, site().encap);
		if (!site().usual)
			text += fmt::format("{}dstport{} {}", comma, colon, site().dstport);
		return text;
	}

	std::string config(unsigned i) const
	{
		std::string flood;
		for (unsigned peer = 1; peer <= 3; peer++)
			if (peer != i)
				flood += fmt::format("      - {{dst: \"{}\"{}}}\n", net_->vtep(peer),
						     i != 3 && peer == 3 ? words_of_site(":", ", ") : "");
		return fmt::format("vtep: {{local: [\"{}\"]}}\n"
				   "uplinks: [{{dev: up0, mode: {}}}]\n"
				   "networks:\n"
				   "  - name: blue\n"
				   "    vni: 100\n"
				   "{}"
				   "    ports: [{{dev: port0, mode: {}}}]\n"
				   "    flood:\n{}",
				   net_->vtep(i), mode(),
				   i == 3 ? words_of_site(":", "\n    ").substr(1) + "\n" : "    encap: vxlan\n",
				   mode(), flood);
	}

	/// True if the packet has h3's encapsulation.
	static bool is_of_site(const Outer &outer)
	{
		return site().dstport ? outer.protocol == kUdp && outer.dport == site().dstport
				      : outer.protocol == kGre;
	}
	static bool is_vxlan(const Outer &outer) { return outer.protocol == kUdp && outer.dport == 4789; }
};

using MixedWire = MixedPeers;

std::string site_name(const testing::TestParamInfo<MixedPeers::ParamType> &info)
{
	const auto &[site, mode, v6] = info.param;
	return site.name + ("_" + mode) + (v6 ? "_v6" : "_v4");
}

/// Every uplink is VLAN 200. Neighbours are set on up0 itself, because the kernel may have no VLAN devices.
class TaggedUnderlay : public OverlayTest,
		       public testing::WithParamInterface<std::tuple<std::string, std::string, bool>> {
protected:
	static constexpr uint16_t kVid = 200;

	void SetUp() override
	{
		const auto &[encap, mode, v6] = GetParam();
		prepare({.port_mode = mode,
			 .uplink_mode = mode,
			 .v6 = v6,
			 .underlay = Underlay::Switched,
			 .encap = encap,
			 .underlay_vid = kVid});
		for (unsigned i = 1; i <= 2; i++)
			h(i).ip(fmt::format("neigh replace {} lladdr {} dev up0 nud permanent", net().vtep(3 - i),
					    h(3 - i).mac("up0")));
		net().start();
	}

	/// A tunnel packet from h2 to h1 as h2 would send it, in this VLAN; 0: untagged.
	Packet outer(uint16_t vid) const
	{
		const auto &[encap, mode, v6] = GetParam();
		Packet packet = Ethernet{.dst = h(1).mac("up0"), .src = h(2).mac("up0")};
		if (vid)
			packet = packet / Vlan{.vid = vid};
		packet = v6 ? packet / IPv6{.src = net_->vtep(2), .dst = net_->vtep(1)}
			    : packet / IPv4{.src = net_->vtep(2), .dst = net_->vtep(1)};
		if (encap == "gre")
			return packet / Gre{.key = 100};
		if (encap == "geneve")
			return packet / UDP{50000, 6081} / Geneve{100};
		return packet / UDP{50000, 4789} / Vxlan{100};
	}

	/// True if c1 receives a frame in such a packet.
	bool arrives(uint16_t vid) const
	{
		const Packet inner = Ethernet{.dst = Topology::tenant_mac(1), .src = Topology::tenant_mac(2)} /
				     IPv4{.src = "10.1.0.2", .dst = "10.1.0.1"} / UDP{5, 9000} / Payload::of(50);
		const UdpSocket to(c(1), "0.0.0.0", 9000);
		PacketSocket(net_->middle(), "h1up0").send(outer(vid) / inner);
		return to.receive(200ms).has_value();
	}
};

using TaggedUnderlayFile = TaggedUnderlay;

std::string tagged_name(const testing::TestParamInfo<TaggedUnderlay::ParamType> &info)
{
	const auto &[encap, mode, v6] = info.param;
	return encap + "_" + mode + (v6 ? "_v6" : "_v4");
}

} // namespace

TEST_P(MixedPeers, AllThreeMeet)
{
	for (unsigned from = 1; from <= 3; from++) {
		for (unsigned to = 1; to <= 3; to++) {
			if (from == to)
				continue;
			SCOPED_TRACE(fmt::format("c{} to c{}", from, to));
			EXPECT_TRUE(pings(c(from), net().tenant4(to)));
			EXPECT_TRUE(pings(c(from), net().tenant6(to), 2, 1200));
			EXPECT_TRUE(tcp_content(c(from), c(to), net().tenant4(to)));
			EXPECT_TRUE(tcp_content(c(from), c(to), net().tenant6(to)));
			const auto learned = h(from).fdb(net().tenant_mac(to));
			ASSERT_TRUE(learned);
			EXPECT_EQ(learned->at("dst"), net().vtep(to));
		}
	}
}

TEST_P(MixedWire, EachGetsWhatItUnderstands)
{
	for (unsigned to = 2; to <= 3; to++)
		ASSERT_TRUE(pings(c(1), net().tenant4(to)));
	PacketSocket wire(net().middle(), "h1up0");
	for (unsigned to = 2; to <= 3; to++) {
		ASSERT_TRUE(pings(c(1), net().tenant4(to), 10));
		const auto sent = tunnel_packets(wire);
		EXPECT_GE(sent.size(), 10u);
		for (const Outer &outer : sent) {
			if (outer.dst == "2") {
				EXPECT_TRUE(is_vxlan(outer))
					<< "protocol " << int(outer.protocol) << ", port " << outer.dport;
			} else {
				EXPECT_TRUE(is_of_site(outer))
					<< "protocol " << int(outer.protocol) << ", port " << outer.dport;
			}
		}
	}
}

/* Each peer gets one copy of a broadcast frame, in its own encapsulation. */
TEST_P(MixedWire, Flooding)
{
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	ASSERT_TRUE(pings(c(1), net().tenant4(3)));
	PacketSocket tap2(c(2), "eth0"), tap3(c(3), "eth0");
	const Packet frame = Ethernet{.dst = "ff:ff:ff:ff:ff:ff", .src = net().tenant_mac(1)} / Payload::of(80);
	const auto ours = [](const Frame &f) { return !f.outgoing && f.ethertype() == 0x88b5; };
	for (int round = 0; round < 3; round++) {
		PacketSocket(c(1), "eth0").send(frame);
		for (PacketSocket *tap : {&tap2, &tap3}) {
			const auto got = tap->collect(1, ours);
			ASSERT_EQ(got.size(), 1u);
			EXPECT_EQ(hex_dump(got[0].bytes), hex_dump(frame));
		}
	}
	EXPECT_TRUE(tap2.collect(1, ours, 100ms).empty()) << "once";
	EXPECT_TRUE(tap3.collect(1, ours, 100ms).empty()) << "once";
}

TEST_P(MixedWire, SavedAndSaidByCommands)
{
	const std::string saved = h(1).save();
	const Result again = h(1).apply(saved);
	EXPECT_TRUE(again.ok()) << again.text() << saved;
	EXPECT_EQ(again.out, "") << "nothing has changed";
	EXPECT_EQ(h(1).save(), saved);

	h(1).xovl_must("flood del net blue dst " + net().vtep(3));
	h(1).xovl_must("flood add net blue dst " + net().vtep(3) + words_of_site("", " "));
	EXPECT_EQ(h(1).save(), saved);
	h(1).xovl_must(fmt::format("fdb replace {} net blue dst {}", net().tenant_mac(3), net().vtep(3)));
	EXPECT_TRUE(pings(c(1), net().tenant4(3))) << "an entry need not say what is known of the peer";
	const Result other = h(1).xovl(
		fmt::format("fdb add 02:00:00:00:00:77 net blue dst {} encap vxlan dstport 4799", net().vtep(3)));
	EXPECT_EQ(other.status, 1) << other.text();
	EXPECT_NE(other.err.find(net().vtep(3)), std::string::npos) << other.err;
}

const Site kSites[] = {
	{"geneve", "geneve", 6081, true},     {"geneve_port", "geneve", 6082, false},
	{"vxlan_port", "vxlan", 8472, false}, {"gre", "gre", 0, true},
	{"nvgre", "nvgre", 0, true},
};

INSTANTIATE_TEST_SUITE_P(Sites, MixedPeers,
			 testing::Combine(testing::ValuesIn(kSites), testing::Values("native", "tc"), testing::Bool()),
			 site_name);
INSTANTIATE_TEST_SUITE_P(Native, MixedWire,
			 testing::Combine(testing::ValuesIn(kSites), testing::Values("native"), testing::Values(true)),
			 site_name);
INSTANTIATE_TEST_SUITE_P(Tc, MixedWire,
			 testing::Combine(testing::ValuesIn(kSites), testing::Values("tc"), testing::Values(false)),
			 site_name);

TEST_P(TaggedUnderlay, CarriesEverythingTagged)
{
	PacketSocket wire1(net().middle(), "h1up0"), wire2(net().middle(), "h2up0");
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_TRUE(pings(c(2), net().tenant6(1)));
	EXPECT_TRUE(pings(c(1), net().tenant4(2), 2, net().tenant_mtu() - 28)) << "the tag is not part of the MTU";
	EXPECT_TRUE(udp_both_ways(c(1), net().tenant4(1), c(2), net().tenant4(2)));
	for (PacketSocket *wire : {&wire1, &wire2}) {
		const auto packets = tunnel_packets(*wire);
		EXPECT_GE(packets.size(), 10u);
		for (const Outer &outer : packets)
			EXPECT_EQ(outer.vid, kVid);
	}
	EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant4(2), 4 << 20));
	EXPECT_TRUE(tcp_content(c(2), c(1), net().tenant6(1), 4 << 20));
	for (unsigned i = 1; i <= 2; i++)
		EXPECT_TRUE(h(i).drops().empty()) << h(i).drops().dump(1);
}

TEST_P(TaggedUnderlay, OtherVlansAreNotOurs)
{
	ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	EXPECT_TRUE(arrives(kVid));
	EXPECT_FALSE(arrives(0));
	EXPECT_FALSE(arrives(kVid + 1));
	EXPECT_TRUE(arrives(kVid));
}

TEST_P(TaggedUnderlayFile, IsSaved)
{
	const std::string saved = h(1).save();
	EXPECT_NE(saved.find("vid: 200"), std::string::npos) << saved;
	const Result again = h(1).apply(saved);
	EXPECT_TRUE(again.ok()) << again.text();
	EXPECT_EQ(again.out, "") << "nothing has changed";
}

INSTANTIATE_TEST_SUITE_P(Kinds, TaggedUnderlay,
			 testing::Combine(testing::Values("vxlan", "geneve", "gre"),
					  testing::Values("native", "generic", "tc"), testing::Bool()),
			 tagged_name);
INSTANTIATE_TEST_SUITE_P(Once, TaggedUnderlayFile, testing::Values(std::make_tuple("vxlan", "tc", false)), tagged_name);

} // namespace xovl::test
