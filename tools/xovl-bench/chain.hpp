// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Two clients, each behind a host:
//
//   c1                 h1                          h2                 c2
//   eth0 ──────── port0  up0 ────────────────── up0  port0 ──────── eth0
//   10.1.0.1             192.0.2.1        192.0.2.2                 10.1.0.2
//                        2001:db8::1    2001:db8::2
//
// h2 is the host under test, h1 its peer. Load programs run their client in c1 and their server in c2, so data to the
// server is received by h2.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "measure.hpp"
#include "overlays.hpp"
#include "process.hpp"
#include "streams.hpp"
#include "topology.hpp"

namespace xovl::bench {

/// Changes at the ends of the veth pairs, in the words of `ethtool -K`; empty: the defaults.
struct Links {
	std::string clients = {}; ///< eth0 of c1 and c2
	std::string ports = {};   ///< port0 of both hosts
	std::string uplinks = {}; ///< up0 of both hosts
	bool wire = false;        ///< a packet longer than the MTU between the hosts makes a sample invalid
};

/// All defaults: super-frames (GSO) stay whole from client to client.
Links super_frame_links();
/// Clients send complete checksums and no super-frames. GRO at the first port merges segments into super-frames.
Links merged_links();
/// The sender's host segments to the MTU before the underlay link and fills in checksums, as a network card would. The
/// receiver uses NAPI and GRO. clients: as in Links.
Links wire_links(const std::string &clients);

struct Layout {
	Links links = {};
	bool v6 = false; ///< the underlay is IPv6
	unsigned underlay_mtu = 1500;
	unsigned client_mtu = 1450;
};

class Chain {
public:
	Chain(const std::string &role, const Layout &layout);

	/// Joins port0 and up0 of both hosts, and checks that the clients reach each other. Afterwards neighbours and
	/// FDB entries are known. Call once.
	void join(const Overlay &h1, const Overlay &h2);

	// Each sample includes the mean length of the packets on the underlay link. Each throws Invalid if that link is
	// a wire and its MTU was exceeded.

	/// Returns the two quantities of tcp_stream().
	std::array<Sample, 2> tcp(const TcpLoad &load) const;
	Sample udp(const UdpLoad &load) const;
	/// Returns tcp_thousand_transactions().
	Sample transactions(unsigned seconds) const;

private:
	void add_client(const test::Netns &client, const test::Host &host, unsigned i) const;
	std::string vtep(unsigned i) const;
	Pair ends() const;
	/// Runs run() and returns the mean length of the packets on the underlay link meanwhile, in octets. For
	/// Direction::Both, of the direction with the longer packets.
	double packet_meanwhile(Direction direction, const std::function<void()> &run) const;

	Layout layout_;
	test::Netns c1_;
	test::Host h1_, h2_;
	test::Netns c2_;
	std::array<std::shared_ptr<void>, 2> overlays_;
	std::optional<test::Process> iperf_server_;
};

/// A subject: what joins the hosts of its chain.
struct Contender {
	std::string name;
	Overlay peer, measured; ///< for h1 and h2
};

/// Returns one chain for each contender.
std::vector<Candidate<Chain>> chains(const Layout &layout, const std::vector<Contender> &contenders);

/// One measurement gives two groups: the throughput of iperf3 (id), and the CPU time for it (cpu_id).
struct StreamGroups {
	std::string id, cpu_id;
	std::string title; ///< the conditions of the measurement
};
std::vector<Group> stream_groups(const StreamGroups &names, const std::vector<Candidate<Chain>> &chains,
				 const TcpLoad &load, const std::vector<Reference> &references);

} // namespace xovl::bench
