// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Two clients, each behind a host:
//
//   c1                 h1                          h2                 c2
//   eth0 ──────── port0  up0 ────────────────── up0  port0 ──────── eth0
//   10.1.0.1             192.0.2.1        192.0.2.2                 10.1.0.2
//   MTU 1450             MTU 1500, unless given                     MTU 1450
#pragma once

#include <array>
#include <optional>
#include <string>

#include "measure.hpp"
#include "process.hpp"
#include "streams.hpp"
#include "topology.hpp"
#include "tunnel.hpp"

namespace xovl::bench {

/// The modes of xovl's interfaces.
struct Modes {
	std::string uplink = "tc";
	std::string port = "tc";
};

enum class Links {
	Veth, ///< offloads as they are by default
	/// Frames come in as from a network card: no longer than the MTU, with complete checksums (`tx off` at the clients), and every
	/// interface has NAPI and GRO.
	Card,
};

class Chain {
public:
	/// megabytes: of one TCP measurement
	Chain(const std::string &role, Links links, unsigned megabytes, unsigned underlay_mtu = 1500);

	// Each joins port0 and up0 of both hosts, and checks that the clients reach each other. Neighbours and FDB entries are known
	// from then on.
	void join_by_bridge();
	void join_by_kernel();
	void join_by_xovl(const std::string &command, const Modes &modes, const Tunnel &tunnel = {});

	Pair ends() const;
	/// As tcp_stream().
	std::array<double, 2> tcp(unsigned streams) const;
	/// The two quantities of tcp(1).
	Both &one_stream() { return one_stream_; }

private:
	void add_client(const test::Netns &client, const test::Host &host, unsigned i) const;
	/// Pings, and starts iperf3's server.
	void start();

	test::Netns c1_;
	test::Host h1_, h2_;
	test::Netns c2_;
	unsigned megabytes_;
	Both one_stream_;
	std::optional<test::Process> iperf_server_;
};

} // namespace xovl::bench
