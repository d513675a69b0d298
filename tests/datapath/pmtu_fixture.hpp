// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The base of the tests of path MTU messages. The messages quote packets that were really sent.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <thread>

#include <arpa/inet.h>
#include <bpf/bpf.h>

#include "tunnel_fixture.hpp"
#include "xovl/caches.h"

namespace xovl::test {

/// Changes a quoted packet, from its IP header on.
using Change = std::function<void(Bytes &)>;

inline Change flip(size_t at, uint8_t bits = 0xff)
{
	return [=](Bytes &quote) { quote.at(at) ^= bits; };
}

inline Change put(size_t at, uint16_t value)
{
	return [=](Bytes &quote) {
		quote.at(at) = static_cast<uint8_t>(value >> 8);
		quote.at(at + 1) = static_cast<uint8_t>(value);
	};
}

class Pmtu : public TunnelTest {
protected:
	void use_tunnel_devices(bool on)
	{
		Config config = bench_->config();
		config.uplinks[0].gro = on;
		bench_->apply(config);
	}

	/// Time limit for the datapath to follow a change.
	static constexpr Milliseconds kFollowed = 1s;
	static constexpr uint16_t kPathMtu = 1400;
	static constexpr size_t kEthernet = 14;
	/// Octets quoted after the IP header, at least: UDP and tunnel header.
	static constexpr size_t kUsualQuote = 16;

	size_t ip_len() const { return is_v4() ? 20 : 40; }
	std::string router() const { return is_v4() ? "198.18.0.1" : "2001:db8:5::1"; }

	/// Returns the size of the largest frame that fits this underlay MTU.
	size_t largest(uint32_t mtu) const { return mtu + kEthernet - outer_; }
	Packet large_frame(const std::string &dst = mac::kRemoteA) const
	{
		return frame_of(dst, mac::kTenant1, largest(kUplinkMtu));
	}

	/// Returns the IP header of a full-sized packet and this many octets after it. The packet was sent before its
	/// path became too narrow; another one of its flow has just been sent.
	Bytes quote(size_t octets = kUsualQuote, const std::string &dst = mac::kRemoteA)
	{
		Bytes &sent = sent_[dst];
		if (sent.empty())
			sent = made_of(large_frame(dst));
		made_of(udp_frame(dst, mac::kTenant1));
		const auto begin = sent.begin() + kEthernet;
		return {begin, begin + static_cast<long>(ip_len() + octets)};
	}
	Bytes quote_with(const Change &change, size_t octets = kUsualQuote)
	{
		Bytes quoted = quote(octets);
		change(quoted);
		return quoted;
	}

	Packet from(const std::string &who) const
	{
		return Ethernet{mac::kUplink, mac::kPeerB} / outer_ip(who, ip().local);
	}
	ICMP too_big_icmp(uint32_t mtu) const
	{
		return is_v4() ? ICMP{.type = 3, .code = 4, .rest = mtu} : ICMP{.type = 2, .rest = mtu};
	}
	/// Returns an ICMP error from a router behind peer B's MAC, or from a forger.
	Packet message(uint32_t mtu, const Bytes &quoted) const
	{
		return from(router()) / too_big_icmp(mtu) / Payload{quoted};
	}

	/// Returns the stored path MTU of a peer; default service: VXLAN.
	std::optional<xovl_pmtu> kept(const std::string &remote, uint32_t service = xovl_service(17, htons(4789))) const
	{
		const Fd map = pinned(bench_->pin("pmtus"));
		const xovl_pmtu_key key = {Address::parse(remote).raw(), Address::parse(ip().local).raw(), service, 0};
		xovl_pmtu value;
		if (bpf_map_lookup_elem(map.get(), &key, &value) != 0)
			return std::nullopt;
		return value;
	}
	xovl_pmtu kept() const { return kept(ip().peer_a, service_).value_or(xovl_pmtu{}); }

	void is_believed(const Bytes &packet, uint32_t mtu = kPathMtu)
	{
		const uint32_t before = kept().believed;
		passes("uplink", packet);
		EXPECT_EQ(kept().believed, before + 1);
		EXPECT_EQ(kept().mtu, mtu);
	}
	/// The message concerns a packet to a known peer, and is not believed.
	void is_refused(const Bytes &packet)
	{
		const xovl_pmtu before = kept();
		passes("uplink", packet);
		EXPECT_EQ(kept().refused, before.refused + 1);
		is_as_before(before);
	}
	/// The message concerns no packet to a known peer.
	void is_ignored(const Bytes &packet)
	{
		const xovl_pmtu before = kept();
		passes("uplink", packet);
		EXPECT_EQ(kept().refused, before.refused);
		is_as_before(before);
	}
	void is_as_before(const xovl_pmtu &before) const
	{
		EXPECT_EQ(kept().believed, before.believed);
		EXPECT_EQ(kept().mtu, before.mtu);
		EXPECT_EQ(kept().expires, before.expires);
		EXPECT_EQ(kept().lowered, before.lowered);
	}

	/// True if a frame from port1 is encapsulated.
	bool fits(const Bytes &frame)
	{
		return bench_->run(hook(), "port1", frame).packet.size() == outer_ + frame.size();
	}
	void is_followed(uint32_t mtu, const std::string &dst = mac::kRemoteA)
	{
		const Bytes frame = frame_of(dst, mac::kTenant1, largest(mtu) + 1);
		EXPECT_TRUE(wait_until([&] { return !fits(frame); }, kFollowed));
		answers_too_big(frame, "mtu_underlay", static_cast<uint32_t>(largest(mtu) - kEthernet));
		EXPECT_TRUE(fits(frame_of(dst, mac::kTenant1, largest(mtu))));
	}
	void is_not_followed()
	{
		std::this_thread::sleep_for(kFollowed);
		EXPECT_TRUE(fits(large_frame()));
	}

	/// Edits all vteps.
	void set_vteps(const std::function<void(VtepConfig &)> &edit)
	{
		Config config = bench_->config();
		for (VtepConfig &vtep : config.vteps)
			edit(vtep);
		bench_->apply(config);
	}

	/// Gives blue another encapsulation. outer: octets of its outer headers, including Ethernet.
	void use(
		xovl_encap encap, size_t outer, const Edit &more = [](NetworkConfig &) {})
	{
		outer_ = outer;
		const bool udp = encap == XOVL_ENCAP_GENEVE || encap == XOVL_ENCAP_VXLAN;
		service_ = udp ? xovl_service(17, htons(6081)) : xovl_service(47, 0);
		set_blue([&](NetworkConfig &net) {
			net.encap = encap;
			net.dstport = udp ? 6081 : 0;
			more(net);
		});
	}

	/// Edits blue and forgets the sent packets, which may now look different.
	void set_blue(const Edit &edit)
	{
		sent_.clear();
		TunnelTest::set_blue(edit);
	}

	size_t outer_ = outer_len();
	uint32_t service_ = xovl_service(17, htons(4789));
	std::map<std::string, Bytes> sent_; ///< by MAC
};

} // namespace xovl::test
