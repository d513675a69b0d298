// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The base of the tests of one tunnel header: network blue uses it, green stays VXLAN.
#pragma once

#include <net/if.h>

#include <functional>
#include <string>
#include <system_error>

#include "fixture.hpp"

namespace xovl::test {

class TunnelTest : public DatapathTest {
protected:
	using Edit = std::function<void(NetworkConfig &)>;

	const Packet inner_ = udp_frame(mac::kTenant2, mac::kRemoteA);
	const Packet out_ = udp_frame(mac::kRemoteA, mac::kTenant1);

	/// Edits blue and resolves all next hops again.
	void set_blue(const Edit &edit)
	{
		Config config = bench_->config();
		edit(*config.find_network("blue"));
		bench_->apply(config);
		for (const std::string &dst : {mac::kRemoteA, mac::kRemoteB, mac::kRemoteNarrow})
			bench_->run(Hook::Tc, "port1", udp_frame(dst, mac::kTenant1));
		bench_->overlay().fdb_flush({.net = "blue"});
	}

	/// Returns the octets of Ethernet and IP headers.
	size_t ip_end() const { return is_v4() ? 34 : 54; }

	/// Returns the part after IP of a peer's packet: UDP with any tunnel header.
	static Packet udp(uint16_t dport, const Packet &tunnel)
	{
		return UDP{.sport = 50000, .dport = dport, .checksum = 0} / tunnel;
	}
	Packet from(const std::string &peer, const Packet &below) const
	{
		return Ethernet{mac::kUplink, mac::kPeerA} / outer_ip(peer, ip().local) / below;
	}
	Packet from_a(const Packet &below) const { return from(ip().peer_a, below); }

	/// The packet arrives from peer A, and inner leaves at port2.
	void delivers(const Bytes &packet, const Bytes &inner)
	{
		finishes("uplink", packet,
			 {Verdict::Redirect, inner, delivered(ip().peer_a, "blue", "port2", inner.size())});
	}
	void refuses(const Bytes &packet, const std::string &reason)
	{
		finishes("uplink", packet, {Verdict::Drop, {}, dropped_outer(reason)});
	}
	void refuses_in_tc(const Bytes &packet, const std::string &reason)
	{
		finishes_in_tc("uplink", packet, {Verdict::Drop, {}, dropped_outer(reason)});
	}
	/// The packet is refused at any truncated length. least: octets needed to recognise it as a tunnel packet.
	void refuses_prefixes(const Bytes &whole, size_t least)
	{
		for (size_t length = 14; length < whole.size(); length++) {
			SCOPED_TRACE(length);
			const Bytes cut = truncated(whole, length);
			if (!runs(cut))
				continue;
			if (length >= least)
				refuses(cut, "outer_length");
			else
				passes("uplink", cut);
		}
	}

	/// Returns Ethernet and IP as xovl sends them. Flow-dependent fields are copied from made.
	Packet outer_sent(const std::string &peer, const std::string &peer_mac, const Bytes &inner,
			  const Bytes &made) const
	{
		const uint8_t ecn = ecn_of(inner);
		const Ethernet eth = {peer_mac, mac::kUplink};
		if (is_v4())
			return eth / IPv4{.src = ip().local, .dst = peer, .tos = ecn, .df = true};
		return eth / IPv6{.src = ip().local, .dst = peer, .traffic_class = ecn, .flow_label = flow_label(made)};
	}
	/// Returns the UDP tunnel packet to peer A that xovl makes of inner.
	Bytes udp_sent(uint16_t dport, const Packet &tunnel, const Packet &inner, const Bytes &made) const
	{
		EXPECT_GE(sport(made), 49152);
		return outer_sent(ip().peer_a, mac::kPeerA, inner, made) /
		       UDP{.sport = sport(made), .dport = dport, .checksum = 0} / tunnel / inner;
	}
	/// Returns the GRE packet to peer A that xovl makes of inner.
	Bytes gre_sent(const Gre &gre, const Packet &inner, const Bytes &made) const
	{
		return outer_sent(ip().peer_a, mac::kPeerA, inner, made) / gre / inner;
	}

	/// Sends every frame of tenant_frames() to peer A. want: returns the expected packet, with flow-dependent
	/// fields of made.
	void sends_every_kind(const std::function<Bytes(const Packet &inner, const Bytes &made)> &want)
	{
		for (const auto &[name, inner] : tenant_frames(mac::kRemoteA, mac::kTenant1)) {
			SCOPED_TRACE(name);
			const Bytes made = made_of(inner, is_left_to_tc(name) ? Hook::Tc : hook());
			finishes_frame(name, "port1", inner,
				       {Verdict::Redirect, want(inner, made),
					sent("port1", "blue", ip().peer_a, inner.bytes().size())});
		}
	}
	/// Receives every frame of tenant_frames() from peer A at port2. packet: returns the tunnel packet of a frame.
	void receives_every_kind(const std::function<Bytes(const Packet &inner)> &packet)
	{
		for (const auto &[name, inner] : tenant_frames(mac::kTenant2, mac::kRemoteA)) {
			SCOPED_TRACE(name);
			const Bytes frame = inner;
			finishes_frame(
				name, "uplink", packet(inner),
				{Verdict::Redirect, frame, delivered(ip().peer_a, "blue", "port2", frame.size())});
		}
	}
	/// Sends out_ from port1 to peer A.
	void sends(const std::function<Bytes(const Bytes &made)> &want)
	{
		finishes("port1", out_,
			 {Verdict::Redirect, want(made_of(out_)),
			  sent("port1", "blue", ip().peer_a, out_.bytes().size())});
	}

	/// Returns a TCP super-frame from port1.
	static Packet super_frame()
	{
		return Ethernet{mac::kRemoteA, mac::kTenant1} / IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} /
		       TCP{.sport = 40000, .dport = 80} / Payload::of(3000);
	}
	/// TC sends a super-frame whole if its segments fit. overhead: octets of the outer headers, without Ethernet.
	void keeps_super_frames(size_t overhead,
				const std::function<Bytes(const Packet &inner, const Bytes &made)> &want)
	{
		const auto largest = static_cast<uint32_t>(kUplinkMtu - overhead - 14 - 20 - 20);
		const RunResult fits = bench_->run(Hook::Tc, "port1", super_frame(), largest);
		EXPECT_EQ(fits.verdict, Verdict::Redirect);
		EXPECT_EQ(hex_dump(fits.packet), hex_dump(want(super_frame(), fits.packet)));
		bench_->run(Hook::Tc, "port1", super_frame(), largest + 1); // the sender is told (out/too_big.h)
		EXPECT_EQ(bench_->counts()["drop mtu_underlay packets"], 1u);
	}
	void refuses_super_frames()
	{
		const uint64_t before = bench_->counts()["drop gso_numbered packets"];
		EXPECT_EQ(bench_->run(Hook::Tc, "port1", super_frame(), 1000).verdict, Verdict::Drop);
		EXPECT_EQ(bench_->counts()["drop gso_numbered packets"], before + 1);
	}

	/// Runs the TC program of dev on a packet with this mark.
	RunResult run_marked(const std::string &dev, const Bytes &packet, uint32_t mark) const
	{
		const Fd prog = pinned(bench_->pin(dev == "uplink" ? "xovl_tc_uplink" : "xovl_tc_port"));
		return prog_run(Hook::Tc, prog.get(),
				{.ifindex = if_nametoindex(dev.c_str()), .packet = packet, .mark = mark});
	}

private:
	/// Returns the ECN field of an untagged frame, or 0 without IP.
	static uint8_t ecn_of(const Bytes &frame)
	{
		if (frame.size() < 16)
			return 0;
		const int type = frame[12] << 8 | frame[13];
		return type == 0x0800 ? frame[15] & 3 : type == 0x86dd ? frame[15] >> 4 & 3 : 0;
	}
};

} // namespace xovl::test
