// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Open vSwitch without the kernel's datapath (datapath_type=netdev) as the other end of a tunnel.
#pragma once

#include <optional>
#include <string>

#include "process.hpp"
#include "topology.hpp"

namespace xovl::test {

/// Where Open vSwitch runs: one of two hosts, each with a tenant, joined by their interfaces up0.
struct OvsSite {
	const Netns &host;
	const Netns &tenant; ///< its eth0 is the other end of the host's port0
	const Netns &facing; ///< the other host
	std::string local;   ///< VTEP address of the host
	std::string remote;  ///< and of the other host
	unsigned number = 1; ///< what differs in the MACs of two sites: 0-255
};

/*
 * A host with Open vSwitch in place of xovl:
 *
 *   br0: port0 (the tenant), tun0 …     phy: up0; the VTEP addresses are on `phy` itself, with a MAC of its own
 *
 * What arrives for that MAC is not for the kernel's up0, which would answer with port unreachable, and up0 neither speaks ARP nor
 * IPv6. Open vSwitch drops partial checksums: whoever sends to it (the tenant, the facing host) fills them in.
 *
 * To be made before anybody asks for the VTEP's MAC, which changes. Its state is a folder below /tmp; its two processes are
 * children of the test.
 */
class Ovs {
public:
	/// Throws std::runtime_error when it cannot be started or configured.
	explicit Ovs(const OvsSite &site);
	/// On host i of a Direct topology.
	Ovs(const Topology &net, unsigned i);
	Ovs(const Ovs &) = delete;
	Ovs &operator=(const Ovs &) = delete;
	~Ovs();

	/// Whether the package is here: if not, a test cannot run.
	static bool installed();

	/// A port of br0: type vxlan, geneve or gre to the other host; options "key=100 csum=true".
	void tunnel(const std::string &type, const std::string &options, const std::string &name = "tun0");
	/// `ovs-vsctl LINE`; throws when it fails. Returns stdout.
	std::string vsctl(const std::string &line) const;
	/// `ovs-ofctl COMMAND br0 REST`
	std::string ofctl(const std::string &command, const std::string &rest = {}) const;
	/// `ovs-appctl LINE`
	std::string appctl(const std::string &line) const;
	/// Replaces all flows of br0, one a line; "priority=0,actions=normal" is what it begins with.
	void flows(const std::string &lines) const;
	/// For a failed check: ports, neighbours, routes, and what became of the last packets.
	std::string state() const;
	/// Packets that took the flows with this cookie.
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
