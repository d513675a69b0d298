// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a change of the configuration means to the rest of the host: packets that go past IPsec and firewall, kernel tunnels that get
// nothing any more, interfaces that lead elsewhere. Redirected packets meet none of what the kernel's stack does with its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/kernel_tunnels.hpp"
#include "kernel/xfrm.hpp"
#include "state/surroundings.hpp"
#include "state/tables.hpp"

namespace xovl {

/// Looks at the host once for each thing that is asked for.
class HostCheck {
public:
	/// What a person should know of what desired has and current has not, one line each: "port veth1: in bridge br0, …".
	/// Empty tables as current: of all in desired.
	/// Error(System): tunnel packets would go past an IPsec policy, and the vtep does not say "xfrm ignore"; or a tunnel of the
	/// kernel that is up would get nothing any more, and the vtep says nothing of
	/// foreign.
	std::vector<std::string> check(const Tables &current, const Tables &desired);

	/// Error(System): the kernel is to carry packets of a peer that current has not, and there is no tunnel device for them.
	void require_tunnel_devices(const Tables &current, const Tables &desired);

	const XfrmPolicies &policies();

	/// The notes of check() for one vtep, uplink, port or peer, as they are now; empty: there is nothing to say.
	std::string vtep_note(const Tables &tables, const Address &vtep);
	std::string uplink_note(const Tables &tables, uint32_t ifindex);
	std::string port_note(uint32_t ifindex);
	std::string peer_note(const Tables &tables, const xovl_peer &peer);

private:
	const Surroundings &surroundings();
	const std::vector<KernelTunnel> &tunnels();
	const std::string &rules();

	void check_xfrm(const TunnelFlows &flows, const Tables &desired);
	std::vector<std::string> check_foreign(const Tables &current, const Tables &desired);
	std::vector<std::string> interface_notes(const Tables &current, const Tables &desired);
	std::vector<std::string> address_notes(const Tables &current, const Tables &desired, const TunnelFlows &flows);
	/// The kernel's tunnels that get nothing at the vtep, up or down.
	std::string foreign_note(const Tables &tables, const Address &vtep);
	std::string firewall_note(const TunnelFlows &flows);

	std::optional<Surroundings> surroundings_;
	std::optional<XfrmPolicies> policies_;
	std::optional<std::vector<KernelTunnel>> tunnels_;
	std::optional<std::string> rules_;
};

} // namespace xovl
