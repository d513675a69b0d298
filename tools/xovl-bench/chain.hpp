// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Two clients, each behind a host:
//
//   c1                 h1                          h2                 c2
//   eth0 ──────── port0  up0 ────────────────── up0  port0 ──────── eth0
//   10.1.0.1             192.0.2.1        192.0.2.2                 10.1.0.2
//                        2001:db8::1    2001:db8::2
//
// h2 is what is measured, h1 the peer. The client of what runs is in c1, its server in c2: data to the server is what h2 receives.
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

/// What is changed at the ends of the veth pairs, as `ethtool -K` has it; empty: as they are by default.
struct Links {
	std::string clients = {}; ///< eth0 of c1 and c2
	std::string ports = {};   ///< port0 of both hosts
	std::string uplinks = {}; ///< up0 of both hosts
	bool wire = false;        ///< packets longer than the MTU between the hosts make a sample invalid
};

/// All as it is by default: super-frames (GSO) stay whole from client to client.
Links super_frame_links();
/// Clients send complete checksums and no super-frames; GRO at the first port makes super-frames of it again.
Links merged_links();
/// The sender's host cuts packets to the MTU before they go on the underlay link, and fills checksums in, as a network card would;
/// NAPI and GRO take them in. clients: as in Links
Links wire_links(const std::string &clients);

struct Layout {
	Links links = {};
	bool v6 = false; ///< the underlay
	unsigned underlay_mtu = 1500;
	unsigned client_mtu = 1450;
};

class Chain {
public:
	Chain(const std::string &role, const Layout &layout);

	/// Joins port0 and up0 of both hosts, and checks that the clients reach each other. Neighbours and FDB entries are known from
	/// then on. Once.
	void join(const Overlay &h1, const Overlay &h2);

	// Each has the mean length of the packets on the underlay link with it, and throws Invalid where that is a wire and its MTU
	// was exceeded.

	/// The two quantities of tcp_stream().
	std::array<Sample, 2> tcp(const TcpLoad &load) const;
	Sample udp(const UdpLoad &load) const;
	/// tcp_thousand_transactions()
	Sample transactions(unsigned seconds) const;

private:
	void add_client(const test::Netns &client, const test::Host &host, unsigned i) const;
	std::string vtep(unsigned i) const;
	Pair ends() const;
	/// Mean octets of what the underlay link carries meanwhile. For Direction::Both that of the way with the longer packets.
	double packet_meanwhile(Direction direction, const std::function<void()> &run) const;

	Layout layout_;
	test::Netns c1_;
	test::Host h1_, h2_;
	test::Netns c2_;
	std::array<std::shared_ptr<void>, 2> overlays_;
	std::optional<test::Process> iperf_server_;
};

/// A subject, by what joins the hosts of its chain.
struct Contender {
	std::string name;
	Overlay peer, measured; ///< of h1, of h2
};

/// A chain for each.
std::vector<Candidate<Chain>> chains(const Layout &layout, const std::vector<Contender> &contenders);

/// One measurement by two groups: what iperf3 transports (id), and the CPU time for it (cpu_id).
struct StreamGroups {
	std::string id, cpu_id;
	std::string title; ///< the conditions
};
std::vector<Group> stream_groups(const StreamGroups &names, const std::vector<Candidate<Chain>> &chains,
				 const TcpLoad &load, const std::vector<Reference> &references);

} // namespace xovl::bench
