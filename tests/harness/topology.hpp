// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The networks that end-to-end tests run on: hosts with xovl, tenants behind them, an underlay between. The pictures are in
// tests/e2e/traffic_test.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "netns.hpp"
#include "process.hpp"
#include "traffic.hpp"

namespace xovl::test {

/// A namespace in which a user runs `xovl -n NAME`.
class Host : public Netns {
public:
	using Netns::Netns;
	~Host();

	Result xovl(const std::string &line) const;
	/// Throws unless the status is 0. Returns stdout.
	std::string xovl_must(const std::string &line) const;
	/// `xovl -j LINE`, parsed.
	nlohmann::json xovl_show(const std::string &line) const;
	/// `xovl apply` of this text.
	Result apply(const std::string &yaml) const;
	std::string save() const { return xovl_must("save"); }
	Process start_xovl(const std::string &line) const;

	/// The element of `fdb show` for a MAC; nullopt when there is none.
	std::optional<nlohmann::json> fdb(const std::string &mac) const;
	/// Packets dropped for a reason so far.
	uint64_t drops(const std::string &reason) const;
	/// The reasons that occurred, as `stats drop` has them.
	nlohmann::json drops() const;
	/// A counter of `stats` at a port, by device: "rx_packets" and so on.
	uint64_t port_counter(const std::string &dev, const std::string &key) const;

	std::string pin_folder() const;
	/// Of the tcx link at an interface. Without tcx (before Linux 6.6) there is no such file.
	std::string tc_pin(const std::string &dev) const;
	bool has_tcx_link(const std::string &dev) const;
	/// `xovl down`, then everything that it must not have left, one line each; empty when clean.
	std::string down_and_check() const;
};

enum class Underlay {
	Direct,    ///< one veth between two hosts
	Switched,  ///< a bridge between all hosts
	Routed,    ///< a router with a link to each host
	Multipath, ///< a router with two links to each host, equal-cost routes over both
};

struct Plan {
	std::string port_mode = "tc";
	std::string uplink_mode = "tc";
	bool v6 = false; ///< the underlay
	Underlay underlay = Underlay::Direct;
	unsigned hosts = 2;
	std::string network = {}; ///< further lines of the network, "    learning: false\n"
	std::string encap = "vxlan";
	std::optional<uint32_t> vni = 100; ///< none: GRE without key
	unsigned options = 0;              ///< octets that GENEVE options, GRE checksum and sequence number add
	uint16_t underlay_vid = 0;         ///< the uplinks' VLAN
	/// gro on at both ends of every veth: then a redirect into it works, as it does into a NIC
	bool napi = true;
};

/// Hosts h1, h2 …, tenants c1, c2 …, numbered from 1. Nothing of xovl runs until start().
class Topology {
public:
	explicit Topology(const Plan &plan);

	const Host &host(unsigned i) const { return *hosts_.at(i - 1); }
	const Netns &tenant(unsigned i) const { return *tenants_.at(i - 1); }
	/// The bridge of Switched, the router of Routed and Multipath.
	const Netns &middle() const { return *middle_; }
	unsigned count() const { return plan_.hosts; }

	std::string vtep(unsigned i) const;
	static std::string tenant4(unsigned i);
	static std::string tenant6(unsigned i);
	static std::string tenant_mac(unsigned i);
	/// What fits the underlay MTU of 1500: 1450 for VXLAN over IPv4.
	unsigned tenant_mtu() const { return 1500 - overhead(); }
	/// Octets that an inner IP packet gets: outer IP, tunnel and inner Ethernet header.
	unsigned overhead() const;

	/// The file of host i: network blue, port `port0`, every other host on the flood list.
	std::string config(unsigned i) const;
	/// Applies config() everywhere.
	void start() const;

	/// A further tenant of host i, with `dev` as its end at the host; the tenant's own end is eth0, as address number n.
	std::unique_ptr<Netns> add_tenant(const std::string &role, unsigned i, const std::string &dev,
					  unsigned n) const;
	/// Checks that `down` leaves nothing on any host; call it before the end.
	void check_clean() const;

private:
	void connect_direct();
	void connect_switched();
	void connect_routed(unsigned links);
	void routed_host(unsigned i, unsigned links);
	void all_gro_on() const;

	Plan plan_;
	std::vector<std::unique_ptr<Host>> hosts_;
	std::vector<std::unique_ptr<Netns>> tenants_;
	std::unique_ptr<Netns> middle_;
};

/// Base of fixtures: a topology, clean-up checked.
class OverlayTest : public testing::Test {
protected:
	/// Builds and starts.
	void build(const Plan &plan);
	/// Builds only.
	void prepare(const Plan &plan);
	void TearDown() override;

	const Host &h(unsigned i) const { return net_->host(i); }
	const Netns &c(unsigned i) const { return net_->tenant(i); }
	Topology &net() { return *net_; }

	std::unique_ptr<Topology> net_;
};

} // namespace xovl::test
