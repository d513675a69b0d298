// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/packet/vxlan.h: flags and reserved bits, the Group Policy extension in both directions, and several ports.
#include "tunnel_fixture.hpp"

namespace xovl::test {

class VxlanHeader : public TunnelTest {
protected:
	static constexpr uint16_t kPort = 4789;

	Bytes arriving(const Vxlan &vxlan, uint16_t dport = kPort) const { return from_a(udp(dport, vxlan / inner_)); }
	/// TC changes skb->mark from `before` to `after` for this header.
	void expect_mark(const Vxlan &vxlan, uint32_t before, uint32_t after)
	{
		const RunResult result = run_marked("uplink", arriving(vxlan), before);
		EXPECT_EQ(result.verdict, Verdict::Redirect);
		EXPECT_EQ(hex_dump(result.packet), hex_dump(inner_));
		EXPECT_EQ(result.mark, after);
	}
	/// TC sends a frame with this skb->mark under the expected header.
	void expect_header(uint32_t mark, const Vxlan &want)
	{
		SCOPED_TRACE(mark);
		const RunResult result = run_marked("port1", out_, mark);
		EXPECT_EQ(result.verdict, Verdict::Redirect);
		EXPECT_EQ(hex_dump(result.packet), hex_dump(udp_sent(kPort, want, out_, result.packet)));
	}
	void sends_header(const Vxlan &want)
	{
		sends([&](const Bytes &made) { return udp_sent(kPort, want, out_, made); });
	}
};

INSTANTIATE_TEST_SUITE_P(, VxlanHeader, every_setup(), setup_name);

/* Reserved bits are ignored (RFC 7348, section 5). */
TEST_P(VxlanHeader, ReservedBitsAreIgnored)
{
	for (int bit = 0; bit < 8; bit++)
		delivers(arriving({.vni = kBlueVni, .flags = static_cast<uint8_t>(0x08 | 1 << bit)}), inner_);
	for (int bit = 0; bit < 24; bit++)
		delivers(arriving({.vni = kBlueVni, .reserved1 = 1u << bit}), inner_);
	for (int bit = 0; bit < 8; bit++)
		delivers(arriving({.vni = kBlueVni, .reserved2 = static_cast<uint8_t>(1 << bit)}), inner_);
	for (uint8_t flags : {0x00, 0xf7})
		refuses(arriving({.vni = kBlueVni, .flags = flags}), "vxlan_flags");
}

TEST_P(VxlanHeader, StrictAboutReservedBits)
{
	set_blue([](NetworkConfig &net) { net.reserved_strict = true; });
	delivers(arriving({.vni = kBlueVni}), inner_);
	for (int bit = 0; bit < 8; bit++)
		if (bit != 3)
			refuses(arriving({.vni = kBlueVni, .flags = static_cast<uint8_t>(0x08 | 1 << bit)}),
				"vxlan_reserved");
	for (int bit = 0; bit < 24; bit++)
		refuses(arriving({.vni = kBlueVni, .reserved1 = 1u << bit}), "vxlan_reserved");
	for (int bit = 0; bit < 8; bit++)
		refuses(arriving({.vni = kBlueVni, .reserved2 = static_cast<uint8_t>(1 << bit)}), "vxlan_reserved");
	for (uint8_t flags : {0x00, 0xf7})
		refuses(arriving({.vni = kBlueVni, .flags = flags}), "vxlan_flags");
	delivers(arriving({.vni = kBlueVni}), inner_);
}

TEST_P(VxlanHeader, GroupFromTheMark)
{
	sends_header({.vni = kBlueVni});
	expect_header(0x1234, {.vni = kBlueVni});

	set_blue([](NetworkConfig &net) { net.gbp = true; });
	/* XDP leaves it to TC: an xdp_frame has no mark */
	finishes_in_tc("port1", out_,
		       {Verdict::Redirect, udp_sent(kPort, Vxlan{.vni = kBlueVni}, out_, made_of(out_, Hook::Tc)),
			sent("port1", "blue", ip().peer_a, out_.bytes().size())});
	expect_header(0x1234, Vxlan::gbp(kBlueVni, 0x1234));
	expect_header(0xffff, Vxlan::gbp(kBlueVni, 0xffff));
	expect_header(1, Vxlan::gbp(kBlueVni, 1));
	expect_header(0, {.vni = kBlueVni});
	/* the D and A bits are in the mark as in the kernel's vxlan */
	expect_header(0x00401234, Vxlan::gbp(kBlueVni, 0x1234, true));
	expect_header(0x00081234, Vxlan::gbp(kBlueVni, 0x1234, false, true));
	expect_header(0x00480001, Vxlan::gbp(kBlueVni, 1, true, true));
	/* other bits of the mark are ignored */
	expect_header(0xffb71234, Vxlan::gbp(kBlueVni, 0x1234));
}

TEST_P(VxlanHeader, GroupOfThePort)
{
	set_blue([](NetworkConfig &net) {
		net.gbp = true;
		net.ports[0].group = 0xabcd;
	});
	sends_header(Vxlan::gbp(kBlueVni, 0xabcd));
	expect_header(0x1234, Vxlan::gbp(kBlueVni, 0xabcd));
	set_blue([](NetworkConfig &net) { net.ports[0].group = 0; });
	sends_header({.vni = kBlueVni});
	expect_header(0x1234, {.vni = kBlueVni});
}

TEST_P(VxlanHeader, GroupOfASuperFrame)
{
	set_blue([](NetworkConfig &net) {
		net.gbp = true;
		net.ports[0].group = 0xabcd;
	});
	keeps_super_frames(ip_end() - 14 + 16, [&](const Packet &inner, const Bytes &made) {
		return udp_sent(kPort, Vxlan::gbp(kBlueVni, 0xabcd), inner, made);
	});
}

TEST_P(VxlanHeader, GroupToTheMark)
{
	set_blue([](NetworkConfig &net) { net.gbp = true; });
	for (int i = 0; i < 2; i++) {
		/* XDP leaves it to TC: an xdp_frame has no mark */
		finishes_in_tc(
			"uplink", arriving(Vxlan::gbp(kBlueVni, 0x1234)),
			{Verdict::Redirect, inner_, delivered(ip().peer_a, "blue", "port2", inner_.bytes().size())});
		expect_mark(Vxlan::gbp(kBlueVni, 0x1234), 0, 0x1234);
		expect_mark(Vxlan::gbp(kBlueVni, 0x4321), 0x55, 0x4321);
		expect_mark(Vxlan::gbp(kBlueVni, 0xffff, true, true), 0x55, 0x0048ffff);
		expect_mark(Vxlan::gbp(kBlueVni, 0), 0x55, 0);
		/* a packet without a group leaves the mark unchanged */
		delivers(arriving({.vni = kBlueVni}), inner_);
		expect_mark({.vni = kBlueVni}, 0x55, 0x55);
		/* without the G flag there is no group */
		expect_mark({.vni = kBlueVni, .reserved1 = 0x1234}, 0x55, 0x55);
	}
}

/* A source is not learned if the D bit is set (draft-smith-vxlan-group-policy-05). */
TEST_P(VxlanHeader, DontLearn)
{
	set_blue([](NetworkConfig &net) { net.gbp = true; });
	const Packet inner = udp_frame(mac::kTenant2, mac::kUnknown);
	const auto arrives = [&](bool dont_learn) {
		const Bytes packet = from_a(udp(kPort, Vxlan::gbp(kBlueVni, 1, dont_learn) / inner));
		EXPECT_EQ(run_marked("uplink", packet, 0).verdict, Verdict::Redirect);
		return bench_->fdb("blue", mac::kUnknown).has_value();
	};
	EXPECT_FALSE(arrives(true));
	EXPECT_TRUE(arrives(false));
}

TEST_P(VxlanHeader, GroupIsNotForEveryNetwork)
{
	delivers(arriving(Vxlan::gbp(kBlueVni, 0x1234)), inner_);
	expect_mark(Vxlan::gbp(kBlueVni, 0x1234), 0x55, 0x55);
}

TEST_P(VxlanHeader, StrictButForTheGroup)
{
	set_blue([](NetworkConfig &net) {
		net.gbp = true;
		net.reserved_strict = true;
	});
	expect_mark(Vxlan::gbp(kBlueVni, 0x1234, true, true), 0, 0x00481234);
	for (int bit = 16; bit < 24; bit++) {
		Vxlan vxlan = Vxlan::gbp(kBlueVni, 0x1234);
		vxlan.reserved1 ^= 1u << bit;
		if (bit == 19 || bit == 22) /* policy applied, don't learn */
			expect_mark(vxlan, 0, 0x1234u | 1u << bit);
		else
			refuses(arriving(vxlan), "vxlan_reserved");
	}
	for (int bit = 0; bit < 7; bit++) {
		Vxlan vxlan = Vxlan::gbp(kBlueVni, 0x1234);
		vxlan.flags ^= static_cast<uint8_t>(1 << bit);
		refuses(arriving(vxlan), bit == 3 ? "vxlan_flags" : "vxlan_reserved");
	}
}

/* One VNI belongs to different networks on different ports. A peer can have its own port. */
TEST_P(VxlanHeader, SeveralPorts)
{
	Config config = bench_->config();
	NetworkConfig &blue = *config.find_network("blue"), &green = *config.find_network("green");
	green.vni = kBlueVni;
	green.dstport = 8472;
	green.fdb = {{Mac::parse(mac::kTenant2), FdbPort("trunk", 20)},
		     {Mac::parse(mac::kRemoteA), Address::parse(ip().peer_a)}};
	std::erase(blue.flood, Address::parse(ip().peer_b));
	blue.peers = {{Address::parse(ip().peer_b), XOVL_ENCAP_VXLAN, 4800}};
	blue.flood.push_back(Address::parse(ip().peer_b));
	bench_->apply(config);
	set_blue([](NetworkConfig &) {});

	const Packet rest = IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} / UDP{1, 2} / Payload::of(20);
	const Packet green_frame = Ethernet{mac::kTenant2, mac::kRemoteA} / rest;
	for (int i = 0; i < 2; i++) {
		delivers(arriving({.vni = kBlueVni}), inner_);
		wire("under", from_a(udp(8472, Vxlan{kBlueVni} / green_frame)),
		     {{"tenants", Ethernet{mac::kTenant2, mac::kRemoteA} / Vlan{20} / rest}},
		     delivered(ip().peer_a, "green", "trunk.20", green_frame.bytes().size()));
		delivers(arriving({.vni = kBlueVni}, 4800), inner_);
		refuses(arriving({.vni = kBlueVni ^ 1}, 4800), "vni_unknown");
		refuses(arriving({.vni = kBlueVni ^ 1}, 8472), "vni_unknown");
		passes("uplink", arriving({.vni = kBlueVni}, 4790));
	}
	sends_header({.vni = kBlueVni});
	const Packet to_b = udp_frame(mac::kRemoteB, mac::kTenant1);
	const Bytes made = made_of(to_b);
	const Bytes want = outer_sent(ip().peer_b, mac::kPeerB, to_b, made) /
			   UDP{.sport = sport(made), .dport = 4800, .checksum = 0} / Vxlan{kBlueVni} / to_b;
	finishes("port1", to_b, {Verdict::Redirect, want, sent("port1", "blue", ip().peer_b, to_b.bytes().size())});
}

} // namespace xovl::test
