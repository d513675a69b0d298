// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The base of the datapath tests. Each test runs in XDP and in TC, and checks a packet's verdict, its exact octets
// afterwards, and all counters that changed.
#pragma once

#include <sys/socket.h>

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "bench.hpp"
#include "cpus.hpp"
#include "packet.hpp"

namespace xovl::test {

struct Setup {
	xovl_mode mode; ///< applies to the uplink and all ports
	int family;     ///< address family of the underlay
};

std::ostream &operator<<(std::ostream &out, const Setup &setup);

/// The expected result for a packet. An empty `packet` means unchanged.
struct Outcome {
	Verdict verdict = Verdict::Pass;
	Bytes packet = {};
	Counts counts = {};
};

/// Returns the differences of the counters that changed.
Counts moved(const Counts &before, const Counts &after);

// The counters that change when one frame of len octets is handled. port: "port1" or "trunk.10".
Counts sent(const std::string &port, const std::string &net, const std::string &peer, size_t len);
Counts switched(const std::string &from, const std::string &to, const std::string &net, size_t len);
Counts delivered(const std::string &peer, const std::string &net, const std::string &port, size_t len);
Counts dropped_from_port(const std::string &port, const std::string &reason, size_t len);
Counts dropped_from_peer(const std::string &peer, const std::string &net, const std::string &reason, size_t len);
Counts dropped_outer(const std::string &reason);

class DatapathTest : public testing::TestWithParam<Setup> {
protected:
	/// Builds the bench. Every next hop is then known and confirmed, and the FDB holds static entries only. The
	/// test stays on one CPU.
	void SetUp() override;

	Hook hook() const { return GetParam().mode == XOVL_MODE_TC ? Hook::Tc : Hook::Xdp; }
	/// True if XDP leaves this frame of tenant_frames() to TC: on a veth it cannot tell if a checksum after
	/// extension headers is complete.
	bool is_left_to_tc(const std::string &name) const
	{
		return GetParam().mode != XOVL_MODE_TC && name == "IPv6 with extension header";
	}
	bool is_v4() const { return GetParam().family == AF_INET; }
	const Addresses &ip() const { return addresses(GetParam().family); }
	/// Returns the octets of the outer headers, including Ethernet.
	size_t outer_len() const { return is_v4() ? 50 : 70; }

	/// The hook under test handles the packet completely.
	void finishes(const std::string &dev, const Bytes &packet, const Outcome &want);
	/// TC handles the packet completely; XDP leaves it alone.
	void finishes_in_tc(const std::string &dev, const Bytes &packet, const Outcome &want);
	/// Calls finishes() or finishes_in_tc(), depending on the frame's name in tenant_frames().
	void finishes_frame(const std::string &name, const std::string &dev, const Bytes &packet, const Outcome &want);
	/// True if the kernel runs TC programs on the packet. Some kernels refuse a truncated IP header.
	bool runs(const Bytes &packet) const;
	/// xovl leaves the packet alone.
	void passes(const std::string &dev, const Bytes &packet);
	/// Sends a real frame from the far end `from`. want: the frames that come out at each far end, in any order.
	/// Far ends that are not named must stay silent.
	void wire(const std::string &from, const Bytes &packet, const std::vector<std::pair<std::string, Bytes>> &want,
		  const Counts &counts)
	{
		wire([&] { bench_->far(from).send(packet); }, want, counts);
	}
	/// Same, with a function that sends.
	void wire(const std::function<void()> &send, const std::vector<std::pair<std::string, Bytes>> &want,
		  const Counts &counts);

	/// Returns a tunnel packet from peer A as it arrives at the uplink.
	Packet arriving(uint32_t vni, const Packet &inner) const { return arriving(vni, inner, ip().peer_a); }
	Packet arriving(uint32_t vni, const Packet &inner, const std::string &peer) const;
	/// Returns the underlay IP layer with default values in all fields that peers may choose.
	Packet outer_ip(const std::string &src, const std::string &dst) const;
	/// Returns the expected tunnel packet for inner. Source port and flow label are copied from made; the port's
	/// range is checked.
	Bytes encapsulated(uint32_t vni, const Packet &inner, const std::string &peer_mac, const std::string &peer,
			   const Bytes &made) const;
	/// Returns the flow label of the outer IPv6 header.
	uint32_t flow_label(const Bytes &made) const;
	/// Returns the outer UDP source port.
	uint16_t sport(const Bytes &made) const;

	/// Returns the ICMP error for a frame that exceeds the MTU. l2_len: octets before the frame's IP header.
	static Bytes too_big(const Bytes &frame, uint32_t mtu, size_t l2_len = 14);
	/// A frame from port1 that is too large is counted as dropped for the reason, and answered.
	void answers_too_big(const Bytes &frame, const std::string &reason, uint32_t mtu, size_t l2_len = 14);
	/// Edits network blue.
	void set_blue(const std::function<void(NetworkConfig &)> &edit);

	/// Runs inner from port1 through a hook, which must redirect it. Returns the resulting packet.
	Bytes made_of(const Packet &inner, Hook hook);
	Bytes made_of(const Packet &inner) { return made_of(inner, hook()); }

	std::unique_ptr<Bench> bench_;
	std::optional<OnCpu> home_;

private:
	void check(Hook hook, const std::string &dev, const Bytes &packet, const Outcome &want);
	void confirm_peers();
};

// For INSTANTIATE_TEST_SUITE_P.
inline auto every_setup()
{
	return testing::Values(Setup{XOVL_MODE_NATIVE, AF_INET}, Setup{XOVL_MODE_NATIVE, AF_INET6},
			       Setup{XOVL_MODE_TC, AF_INET}, Setup{XOVL_MODE_TC, AF_INET6});
}

/// For tests that do not depend on the underlay.
inline auto each_mode()
{
	return testing::Values(Setup{XOVL_MODE_NATIVE, AF_INET}, Setup{XOVL_MODE_GENERIC, AF_INET},
			       Setup{XOVL_MODE_TC, AF_INET6});
}

std::string setup_name(const testing::TestParamInfo<Setup> &info);

/// Returns frames of every kind that a tenant may send, with their names.
std::vector<std::pair<std::string, Packet>> tenant_frames(const std::string &dst, const std::string &src);
/// Returns a UDP frame.
Packet udp_frame(const std::string &dst, const std::string &src, size_t payload = 20);
/// Returns an IPv4 frame of exactly len octets.
Packet frame_of(const std::string &dst, const std::string &src, size_t len);

} // namespace xovl::test
