// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Open vSwitch with its userspace datapath (datapath_type=netdev) as the other end of a tunnel.
#pragma once

#include <optional>
#include <string>

#include "process.hpp"
#include "topology.hpp"

namespace xovl::test {

/// Where Open vSwitch runs: on one of two hosts that are joined by their interfaces up0. Each has a tenant.
struct OvsSite {
	const Netns &host;
	const Netns &tenant; ///< its eth0 is the other end of the host's port0
	const Netns &facing; ///< the other host
	std::string local;   ///< VTEP address of this host
	std::string remote;  ///< VTEP address of the other host
	unsigned number = 1; ///< makes the MACs of two sites differ: 0-255
};

/*
 * A host with Open vSwitch in place of xovl:
 *
 *   br0: port0 (the tenant), tun0 …     phy: up0; the VTEP addresses are on `phy` itself, with a MAC of its own
 *
 * Packets for that MAC are ignored by the kernel's up0, which would otherwise answer with port unreachable. ARP and
 * IPv6 are off on up0. Open vSwitch drops frames with partial checksums, so the senders (the tenant and the facing
 * host) must fill them in.
 *
 * Construct it before any host resolves the VTEP's MAC, because that changes. Its state is in a folder below /tmp, and
 * its two processes are children of the test.
 */
class Ovs {
public:
	/// Throws std::runtime_error if it cannot be started or configured.
	explicit Ovs(const OvsSite &site);
	/// Runs Open vSwitch on host i of a Direct topology.
	Ovs(const Topology &net, unsigned i);
	Ovs(const Ovs &) = delete;
	Ovs &operator=(const Ovs &) = delete;
	~Ovs();

	/// True if the package is installed. Tests that need it are skipped otherwise.
	static bool installed();

	/// Adds a tunnel port to br0, to the other host. type: vxlan, geneve or gre. options: such as "key=100
	/// csum=true".
	void tunnel(const std::string &type, const std::string &options, const std::string &name = "tun0");
	/// Runs `ovs-vsctl LINE` and returns stdout. Throws if it fails.
	std::string vsctl(const std::string &line) const;
	/// Runs `ovs-ofctl COMMAND br0 REST`.
	std::string ofctl(const std::string &command, const std::string &rest = {}) const;
	/// Runs `ovs-appctl LINE`.
	std::string appctl(const std::string &line) const;
	/// Replaces all flows of br0, one on each line. Initially br0 has "priority=0,actions=normal".
	void flows(const std::string &lines) const;
	/// Returns ports, neighbours, routes and recent packet counters, for messages of failed checks.
	std::string state() const;
	/// Returns the number of packets that matched the flows with this cookie.
	uint64_t packets(unsigned cookie) const;

private:
	std::string path(const std::string &file) const { return folder_.path() + "/" + file; }
	Process daemon(const std::string &line) const;
	void take_underlay() const;

	OvsSite site_;
	TempFolder folder_;
	std::optional<Process> database_;
	std::optional<Process> switch_;
};

} // namespace xovl::test
