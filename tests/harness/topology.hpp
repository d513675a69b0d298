// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The networks of end-to-end tests: hosts with xovl, tenants behind them, and an underlay. tests/e2e/traffic_test.cpp
// has drawings.
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

/// A namespace in which tests run `xovl -n NAME`.
class Host : public Netns {
public:
	using Netns::Netns;
	~Host();

	Result xovl(const std::string &line) const;
	/// Runs the command and returns stdout. Throws unless the exit status is 0.
	std::string xovl_must(const std::string &line) const;
	/// Returns the parsed output of `xovl -j LINE`.
	nlohmann::json xovl_show(const std::string &line) const;
	/// Runs `xovl apply` with this text.
	Result apply(const std::string &yaml) const;
	std::string save() const { return xovl_must("save"); }
	Process start_xovl(const std::string &line) const;

	/// Returns the element of `fdb show` for a MAC; nullopt if there is none.
	std::optional<nlohmann::json> fdb(const std::string &mac) const;
	/// Returns the number of packets dropped for a reason.
	uint64_t drops(const std::string &reason) const;
	/// Returns the reasons that occurred, in the form of `stats drop`.
	nlohmann::json drops() const;
	/// Returns a counter of `stats port` by device and key, such as "rx_packets".
	uint64_t port_counter(const std::string &dev, const std::string &key) const;

	std::string pin_folder() const;
	/// Returns the pin of the tcx link at ingress of an interface. Without tcx (before Linux 6.6) the file does not
	/// exist.
	std::string tc_pin(const std::string &dev) const;
	bool has_tcx_link(const std::string &dev) const;
	/// Runs `xovl down` and checks for leftovers. Returns one line for each; empty if there are none.
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
	bool v6 = false; ///< the underlay is IPv6
	Underlay underlay = Underlay::Direct;
	unsigned hosts = 2;
	std::string network = {}; ///< further lines of the network, such as "    learning: false\n"
	std::string encap = "vxlan";
	std::optional<uint32_t> vni = 100; ///< nullopt: GRE without key
	unsigned options = 0;              ///< octets added by GENEVE options, GRE checksum and sequence number
	uint16_t underlay_vid = 0;         ///< VLAN of the uplinks
	/// GRO is on at both ends of every veth. Then XDP_REDIRECT into it works as with a NIC.
	bool napi = true;
};

/// Hosts h1, h2 … and tenants c1, c2 …, numbered from 1. Nothing of xovl runs before start().
class Topology {
public:
	explicit Topology(const Plan &plan);

	const Host &host(unsigned i) const { return *hosts_.at(i - 1); }
	const Netns &tenant(unsigned i) const { return *tenants_.at(i - 1); }
	/// Returns the bridge of Switched, or the router of Routed and Multipath.
	const Netns &middle() const { return *middle_; }
	unsigned count() const { return plan_.hosts; }

	std::string vtep(unsigned i) const;
	static std::string tenant4(unsigned i);
	static std::string tenant6(unsigned i);
	static std::string tenant_mac(unsigned i);
	/// Returns the MTU that fits the underlay's 1500: 1450 for VXLAN over IPv4.
	unsigned tenant_mtu() const { return 1500 - overhead(); }
	/// Returns the octets added to an inner IP packet: outer IP, tunnel and inner Ethernet header.
	unsigned overhead() const;

	/// Returns the configuration file of host i: network blue, port `port0`, all other hosts on the flood list.
	std::string config(unsigned i) const;
	/// Applies config() on every host.
	void start() const;

	/// Adds a tenant to host i. dev: its interface on the host; on the tenant it is eth0, with address number n.
	std::unique_ptr<Netns> add_tenant(const std::string &role, unsigned i, const std::string &dev,
					  unsigned n) const;
	/// Checks that `down` leaves nothing on any host. Call it at the end of a test.
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

/// Base class of fixtures with one topology. Checks the clean-up.
class OverlayTest : public testing::Test {
protected:
	/// Builds the topology and starts xovl.
	void build(const Plan &plan);
	/// Only builds the topology.
	void prepare(const Plan &plan);
	void TearDown() override;

	const Host &h(unsigned i) const { return net_->host(i); }
	const Netns &c(unsigned i) const { return net_->tenant(i); }
	Topology &net() { return *net_; }

	std::unique_ptr<Topology> net_;
};

} // namespace xovl::test
