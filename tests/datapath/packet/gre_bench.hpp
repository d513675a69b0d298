// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The base of the GRE tests: network blue has a key. Helpers build packets of its peers.
#pragma once

#include "tunnel_fixture.hpp"

namespace xovl::test {

class GreHeader : public TunnelTest {
protected:
	void SetUp() override
	{
		TunnelTest::SetUp();
		set_gre([](NetworkConfig &) {});
	}
	void set_gre(const Edit &edit)
	{
		set_blue([&](NetworkConfig &net) {
			net.encap = XOVL_ENCAP_GRE;
			net.dstport = 0;
			net.vni = kKey;
			edit(net);
		});
	}

	Bytes arriving(const Gre &gre, const Packet &inner) const { return from_a(gre / inner); }
	Bytes arriving(const Gre &gre) const { return arriving(gre, inner_); }
	Bytes numbered(uint32_t number) const { return arriving({.key = kKey, .seq = number}); }

	/// Returns a packet from peer A with these octets as its GRE part.
	Bytes from_a_raw(const Bytes &octets) const
	{
		const Ethernet eth = {mac::kUplink, mac::kPeerA};
		if (is_v4())
			return eth / IPv4{.src = ip().peer_a, .dst = ip().local, .protocol = uint8_t(47)} /
			       Payload{octets};
		return eth / IPv6{.src = ip().peer_a, .dst = ip().local, .next_header = uint8_t(47)} / Payload{octets};
	}

	/// Returns the 32 bits at this offset of the GRE header of a sent packet.
	uint32_t word_at(const Bytes &made, size_t at) const
	{
		uint32_t word = 0;
		for (size_t i = 0; i < 4; i++)
			word = word << 8 | made.at(ip_end() + at + i);
		return word;
	}
	static uint16_t sum_of(const Bytes &made, size_t from)
	{
		return internet_checksum(Bytes(made.begin() + static_cast<ptrdiff_t>(from), made.end()));
	}

	static constexpr uint32_t kKey = 0xfedcba98; ///< uses all 32 bits
	static constexpr uint16_t kKeyed = 0x2000;
};

} // namespace xovl::test
