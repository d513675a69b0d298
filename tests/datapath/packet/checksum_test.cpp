// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/packet/checksum.h: UDP checksums of packets from the underlay.
#include "fixture.hpp"

namespace xovl::test {

class Checksum : public DatapathTest {
protected:
	/// Returns a packet from peer A. checksum: of the outer UDP header; default: the right one.
	Packet summed(const Packet &inner, std::optional<uint16_t> checksum = {}) const
	{
		return Ethernet{mac::kUplink, mac::kPeerA} / outer_ip(ip().peer_a, ip().local) /
		       UDP{.sport = 50001, .dport = 4789, .checksum = checksum} / Vxlan{kBlueVni} / inner;
	}

	/// Returns the same packet with the sum of the pseudo-header as its checksum (RFC 768; RFC 8200, 8.1).
	Bytes opened(const Packet &inner) const
	{
		const Bytes packet = summed(inner, 0);
		const size_t address = is_v4() ? 4 : 16, udp_at = outer_len() - 16;
		Bytes pseudo(packet.begin() + static_cast<long>(udp_at - 2 * address),
			     packet.begin() + static_cast<long>(udp_at));
		pseudo.insert(pseudo.end(), {0, 17, packet[udp_at + 4], packet[udp_at + 5]});
		return summed(inner, static_cast<uint16_t>(~internet_checksum(pseudo)));
	}

	Outcome arrives(const Packet &inner) const
	{
		const Bytes frame = inner;
		return {Verdict::Redirect, frame, delivered(ip().peer_a, "blue", "port2", frame.size())};
	}

	Outcome refused(const std::string &reason) const { return {Verdict::Drop, {}, dropped_outer(reason)}; }

	/// Returns the packet with one bit of the octet at `at` inverted.
	static Bytes damaged(Bytes packet, size_t at, unsigned bit)
	{
		packet[at] ^= 1 << bit;
		return packet;
	}

	const Ethernet eth_ = {mac::kTenant2, mac::kRemoteA};
	const Packet inner_ = udp_frame(mac::kTenant2, mac::kRemoteA);
};

INSTANTIATE_TEST_SUITE_P(, Checksum, every_setup(), setup_name);

using ChecksumTc = Checksum;

INSTANTIATE_TEST_SUITE_P(, ChecksumTc, testing::Values(Setup{XOVL_MODE_TC, AF_INET}, Setup{XOVL_MODE_TC, AF_INET6}),
			 setup_name);

TEST_P(Checksum, GoodAndBad)
{
	for (const auto &[name, inner] : tenant_frames(mac::kTenant2, mac::kRemoteA)) {
		SCOPED_TRACE(name);
		const Bytes good = summed(inner);
		finishes_frame(name, "uplink", good, arrives(inner));
		finishes_in_tc("uplink", damaged(good, good.size() - 1, 0), refused("udp_checksum"));
		/* a path from a good packet changes nothing */
		finishes_frame(name, "uplink", good, arrives(inner));
		finishes_in_tc("uplink", damaged(good, outer_len() - 16, 7), refused("udp_checksum"));
	}
}

TEST_P(Checksum, EveryBitOfIt)
{
	const Bytes good = summed(inner_);
	for (unsigned bit = 0; bit < 16; bit++)
		finishes_in_tc("uplink", damaged(good, outer_len() - 10 + bit / 8, bit % 8), refused("udp_checksum"));
}

/* The checksum covers the addresses: with another peer's address it is wrong. */
TEST_P(Checksum, CoversThePseudoHeader)
{
	const Bytes good = summed(inner_);
	const size_t at = outer_len() - 10;
	const auto checksum = static_cast<uint16_t>(good[at] << 8 | good[at + 1]);
	const Packet from_another = Ethernet{mac::kUplink, mac::kPeerA} / outer_ip(ip().peer_b, ip().local) /
				    UDP{.sport = 50001, .dport = 4789, .checksum = checksum} / Vxlan{kBlueVni} / inner_;
	finishes_in_tc("uplink", from_another, refused("udp_checksum"));
}

TEST_P(Checksum, OfEveryLength)
{
	std::vector<size_t> lengths = {0, 1, 2, 3, 45, 46, 47, 48};
	for (size_t length = 180; length < 1500; length += 61)
		lengths.push_back(length);
	for (size_t length : lengths) {
		SCOPED_TRACE(length);
		const Packet inner = eth_ / Payload::of(length);
		const Bytes good = summed(inner);
		if (length >= 4) /* XDP may leave shorter packets to TC */
			finishes("uplink", good, arrives(inner));
		finishes_in_tc("uplink", damaged(good, good.size() - 1, 3), refused("udp_checksum"));
	}
}

/* The checksum of a jumbo frame is verified. TC only: native XDP does not allow this MTU on a veth. */
TEST_P(ChecksumTc, OfAJumboFrame)
{
	bench_->ip("link set uplink mtu 9216\nlink set port2 mtu 9216");
	bench_->far_ip("link set under mtu 9216\nlink set tenant2 mtu 9216");
	for (size_t length : {8999, 9000}) {
		SCOPED_TRACE(length);
		const Packet inner = eth_ / Payload::of(length);
		const Bytes good = summed(inner);
		wire("under", good, {{"tenant2", inner}}, arrives(inner).counts);
		wire("under", damaged(good, good.size() - 1, 0), {}, dropped_outer("udp_checksum"));
		wire("under", damaged(good, 5000, 0), {}, dropped_outer("udp_checksum"));
	}
}

/*
 * A super-frame counts as one frame; packets merged by GRO count as many. The kernel strips no super-frame of
 * BPF_PROG_TEST_RUN, as it has no GSO type. Interop tests cover real ones.
 */
TEST_P(ChecksumTc, OfAMergedPacket)
{
	const auto merged = [&](const Bytes &frames) {
		const auto count = [&] { return bench_->counts()["drop gro_merged packets"]; };
		const uint64_t before = count();
		bench_->run(Hook::Tc, "uplink", summed(Payload{frames}), 100);
		return count() - before;
	};
	const Packet segments = UDP{.sport = 5, .dport = 6} / Payload::of(1000);
	const Packet above[] = {eth_ / IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"},
				eth_ / IPv6{.src = "fd00:1::1", .dst = "fd00:1::2"},
				eth_ / Vlan{100} / Vlan{7} / IPv6{.src = "fd00:1::1", .dst = "fd00:1::2"}};
	for (const Packet &headers : above) {
		const Bytes one = headers / segments;
		const Bytes behind = Vxlan{kBlueVni} / (headers / segments);
		Bytes two = one;
		two.insert(two.end(), behind.begin(), behind.end());
		EXPECT_EQ(merged(one), 0u) << one.size();
		EXPECT_EQ(merged(two), 1u) << two.size();
	}
	EXPECT_EQ(merged(eth_ / Payload::of(1000)), 1u) << "nobody makes super-frames of that";
}

/* The checksum does not cover octets after the packet. */
TEST_P(Checksum, WithOctetsBehindThePacket)
{
	for (size_t octets : {1, 2, 18}) {
		Bytes behind = padded(summed(inner_), octets);
		behind.back() = 0x55;
		finishes_in_tc("uplink", behind, arrives(inner_));
	}
}

/* Zero means no checksum (RFC 768). Over IPv6 it is accepted unless the network forbids it (RFC 6935). */
TEST_P(Checksum, None)
{
	finishes("uplink", summed(inner_, 0), arrives(inner_));
	set_blue([](NetworkConfig &net) { net.outer.udp6zerocsumrx = false; });
	for (int i = 0; i < 2; i++) {
		finishes("uplink", summed(inner_, 0), is_v4() ? arrives(inner_) : refused("udp_no_checksum"));
		finishes("uplink", summed(inner_), arrives(inner_));
	}
	finishes_in_tc("uplink", damaged(summed(inner_), outer_len() + 30, 1), refused("udp_checksum"));
}

/* An outer checksum over an inner partial checksum is right for the completed packet, as on a veth. */
TEST_P(Checksum, OverAPartialChecksum)
{
	const Packet above = eth_ / IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"};
	const Packet above6 = eth_ / Vlan{100} / IPv6{.src = "fd00:1::1", .dst = "fd00:1::2"};
	for (const Packet &to : {above, above6})
		for (size_t length : {1, 20, 333}) {
			SCOPED_TRACE(length);
			const Packet partial = to / UDP{.sport = 5, .dport = 6, .partial = true} / Payload::of(length);
			const Bytes complete = summed(to / UDP{.sport = 5, .dport = 6} / Payload::of(length));
			const size_t at = outer_len() - 10;
			const auto checksum = static_cast<uint16_t>(complete[at] << 8 | complete[at + 1]);
			finishes_in_tc("uplink", summed(partial, checksum), arrives(partial));
			/* the last, reserved octet of the VXLAN header */
			finishes_in_tc("uplink", damaged(summed(partial, checksum), outer_len() - 1, 0),
				       refused("udp_checksum"));
		}
}

/*
 * A checksum that is only the sum of the pseudo-header, as a stack leaves it to the device, is wrong on the wire. XDP
 * cannot tell the two apart and leaves the packet to TC.
 */
TEST_P(Checksum, OfThePseudoHeaderAlone)
{
	for (const auto &[name, inner] : tenant_frames(mac::kTenant2, mac::kRemoteA)) {
		SCOPED_TRACE(name);
		const Bytes open = opened(inner);
		for (int i = 0; i < 2; i++) {
			finishes_in_tc("uplink", open, refused("udp_checksum"));
			finishes_frame(name, "uplink", summed(inner), arrives(inner));
		}
		wire("under", open, {}, dropped_outer("udp_checksum"));
	}
}

TEST_P(Checksum, LeftToTheDevice)
{
	const auto udp_at = static_cast<uint16_t>(outer_len() - 16);
	for (const Packet &inner : {inner_, eth_ / Payload::of(61)})
		wire([&] { bench_->far("under").send_partial(opened(inner), udp_at, 6); }, {{"tenant2", inner}},
		     arrives(inner).counts);
}

/* A packet is accepted if the sum of its pseudo-header happens to be the right checksum. */
TEST_P(Checksum, ThatLooksLeftOpenButIsRight)
{
	const auto with = [&](uint16_t word) {
		return eth_ / Payload::of(60) / Payload{{static_cast<uint8_t>(word >> 8), static_cast<uint8_t>(word)}};
	};
	const auto checksum = [&](const Bytes &packet) {
		return packet[outer_len() - 10] << 8 | packet[outer_len() - 9];
	};
	const uint32_t sum = (checksum(opened(with(0))) ^ 0xffff) + checksum(summed(with(0)));
	const Packet inner = with(static_cast<uint16_t>((sum & 0xffff) + (sum >> 16)));
	ASSERT_EQ(hex_dump(summed(inner)), hex_dump(opened(inner)));
	finishes_in_tc("uplink", summed(inner), arrives(inner));
}

TEST_P(Checksum, OnTheWire)
{
	const Bytes good = summed(inner_);
	wire("under", good, {{"tenant2", inner_}}, arrives(inner_).counts);
	wire("under", damaged(good, good.size() - 1, 0), {}, dropped_outer("udp_checksum"));
}

} // namespace xovl::test
