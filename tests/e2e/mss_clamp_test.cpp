// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// `mss clamp`: the MSS in tenants' TCP SYNs is lowered to fit the overlay. The tenants' MTU is 1500 here.
#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "pmtu_bench.hpp"

namespace xovl::test {

namespace {

using MssClamp = Pmtu;

/// The MSS of a received SYN; nullopt if the frame is no SYN.
std::optional<uint16_t> mss_of_syn(const Frame &frame)
{
	constexpr uint8_t tcp_protocol = 6, syn = 0x02;
	const Bytes &b = frame.bytes;
	const size_t tcp = kEthernet + (is_ipv4(frame) ? 20 : 40);
	const size_t protocol = kEthernet + (is_ipv4(frame) ? 9 : 6);
	if (frame.outgoing || b.size() < tcp + 20 || b[protocol] != tcp_protocol || !(b[tcp + 13] & syn))
		return std::nullopt;
	const size_t end = tcp + (b[tcp + 12] >> 4) * 4;
	for (size_t i = tcp + 20; i + 4 <= end && end <= b.size() && b[i] != 0;) {
		if (b[i] == 2)
			return frame.be16(i + 2);
		i += b[i] == 1 ? 1 : std::max<size_t>(b[i + 1], 2);
	}
	return 0;
}

std::vector<uint16_t> mss_seen(PacketSocket &tap)
{
	std::vector<uint16_t> list;
	for (const Frame &frame : tap.frames())
		if (const auto mss = mss_of_syn(frame))
			list.push_back(*mss);
	return list;
}

} // namespace

TEST_P(MssClamp, BothDirectionsAndFamilies)
{
	build_wide();
	h(1).xovl_must("net set blue mss clamp");
	const auto mss4 = static_cast<uint16_t>(net().tenant_mtu() - 40);
	const auto mss6 = static_cast<uint16_t>(net().tenant_mtu() - 60);
	for (unsigned from = 1; from <= 2; from++) {
		const unsigned to = 3 - from;
		for (const bool inner6 : {false, true}) {
			SCOPED_TRACE(fmt::format("from c{}, {}", from, inner6 ? "IPv6" : "IPv4"));
			PacketSocket near_tap(c(from), "eth0"), far_tap(c(to), "eth0");
			EXPECT_TRUE(tcp_content(c(from), c(to), inner6 ? net().tenant6(to) : net().tenant4(to)));
			const std::vector<uint16_t> clamped = {inner6 ? mss6 : mss4};
			EXPECT_EQ(mss_seen(far_tap), clamped) << "of the SYN";
			EXPECT_EQ(mss_seen(near_tap), clamped) << "of its answer";
		}
	}
}

TEST_P(MssClamp, FollowsTheMtuAndNeverRaises)
{
	build_wide();
	const auto seen = [&] {
		forget_pmtu(c(1)); // a cached path MTU would be in its SYNs
		PacketSocket tap(c(2), "eth0");
		EXPECT_TRUE(tcp_content(c(1), c(2), net().tenant4(2)));
		return mss_seen(tap);
	};
	EXPECT_EQ(seen(), std::vector<uint16_t>{1460}) << "not asked for";
	h(1).xovl_must("net set blue mss clamp mtu 1300");
	EXPECT_EQ(seen(), std::vector<uint16_t>{1260});
	c(1).must("ip route change 10.1.0.0/24 dev eth0 proto kernel src 10.1.0.1 advmss 700");
	EXPECT_EQ(seen(), std::vector<uint16_t>{700}) << "smaller already";
	c(1).must("ip route change 10.1.0.0/24 dev eth0 proto kernel src 10.1.0.1");
	h(1).xovl_must("net set blue mss off");
	EXPECT_EQ(seen(), std::vector<uint16_t>{1460}) << "no more";
}

INSTANTIATE_TEST_SUITE_P(Modes, MssClamp, testing::Combine(testing::Values("native", "tc"), testing::Bool()),
			 mode_name);

} // namespace xovl::test
