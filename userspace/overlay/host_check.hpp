// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Checks the effects of a configuration change on the rest of the host: packets that bypass IPsec and the firewall,
// kernel tunnels that no longer receive, interfaces in conflicting use. Redirected packets bypass all processing in the
// kernel's stack.

#include <optional>
#include <string>
#include <vector>

#include "kernel/kernel_tunnels.hpp"
#include "kernel/xfrm.hpp"
#include "state/surroundings.hpp"
#include "state/tables.hpp"

namespace xovl {

/// Reads each kind of information about the host once, when it is first needed.
class HostCheck {
public:
	/// Returns notes for the user about what is in desired but not in current, one line each: "port veth1: in
	/// bridge br0, …". With empty tables as current, notes about everything in desired.
	/// Throws Error(System) if tunnel packets would bypass an IPsec policy and the vtep does not have "xfrm
	/// ignore", or if a kernel tunnel that is up would receive nothing any more and the vtep does not set
	/// `foreign`.
	std::vector<std::string> check(const Tables &current, const Tables &desired);

	/// Throws Error(System) if a peer that is not in current must be carried by the kernel, and there is no tunnel
	/// device for it.
	void require_tunnel_devices(const Tables &current, const Tables &desired);

	const XfrmPolicies &policies();

	/// Return the present notes about one vtep, uplink, port or peer; empty if there are none.
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
	/// Returns a note about the kernel tunnels, up or down, that receive nothing at the vtep.
	std::string foreign_note(const Tables &tables, const Address &vtep);
	std::string firewall_note(const TunnelFlows &flows);

	std::optional<Surroundings> surroundings_;
	std::optional<XfrmPolicies> policies_;
	std::optional<std::vector<KernelTunnel>> tunnels_;
	std::optional<std::string> rules_;
};

} // namespace xovl
