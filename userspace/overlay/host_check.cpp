// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "overlay/host_check.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "kernel/firewall.hpp"
#include "state/by_kernel.hpp"
#include "state/tunnel_devices.hpp"
#include "state/tunnel_flows.hpp"

namespace xovl {

namespace {

template <typename Key, typename Value> bool contains(const Image<Key, Value> &image, const Key &key)
{
	return image.find(key) != image.end();
}

template <typename Key, typename Value> bool has_more(const Image<Key, Value> &image, const Image<Key, Value> &other)
{
	return std::ranges::any_of(image, [&](const auto &element) { return !contains(other, element.first); });
}

/// Returns the interfaces with a role.
std::set<uint32_t> of_role(const Tables &tables, xovl_role role)
{
	std::set<uint32_t> found;
	for (const auto &[ifindex, device] : tables.devices)
		if (device.role == role)
			found.insert(ifindex);
	return found;
}

bool same_uplinks(const Tables &a, const Tables &b)
{
	return of_role(a, XOVL_ROLE_UPLINK) == of_role(b, XOVL_ROLE_UPLINK);
}

const xovl_vtep &vtep_of(const Tables &tables, const xovl_addr &local)
{
	return tables.vteps.at(local);
}

/// True if the vtep exists already with the same setting for IPsec.
bool is_as_before(const Tables &current, const Tables &desired, const xovl_addr &local)
{
	auto before = current.vteps.find(local);
	return before != current.vteps.end() && before->second.xfrm_ignore == vtep_of(desired, local).xfrm_ignore;
}

/// Returns the flows of desired that have not been checked against the host yet.
TunnelFlows new_flows(const Tables &current, const Tables &desired)
{
	const TunnelFlows known = same_uplinks(current, desired) ? tunnel_flows(current) : TunnelFlows{};
	TunnelFlows flows = tunnel_flows(desired);
	std::erase_if(flows, [&](const TunnelFlow &flow) {
		return known.contains(flow) && is_as_before(current, desired, flow.local.raw());
	});
	return flows;
}

std::string lost_note(const std::set<std::string> &tunnels, const Address &local)
{
	return fmt::format(
		"{0} of the kernel {1} nothing at {2} (xovl vtep set {2} foreign pass leaves {3} what no network "
		"has)",
		fmt::join(tunnels, ", "), tunnels.size() > 1 ? "receive" : "receives", local.str(),
		tunnels.size() > 1 ? "them" : "it");
}

/// True if the kernel's tunnel device carries the flow when policies apply to it.
bool is_carried(const Tables &tables, const TunnelFlow &flow)
{
	return flow.via != XOVL_VIA_DIRECT &&
	       tunnel_device_for(tables, xovl_service(flow.protocol, htons(flow.dstport)), flow.local);
}

/// Returns the flows that netfilter does not see.
TunnelFlows past_firewall(TunnelFlows flows)
{
	std::erase_if(flows, [](const TunnelFlow &flow) { return flow.via == XOVL_VIA_KERNEL; });
	return flows;
}

Error past_policy(const TunnelFlow &flow, const std::string &obstacle)
{
	return Error(
		Error::Kind::System,
		fmt::format("an IPsec policy applies to {0} ({1}), but xovl would send these packets in the clear (to "
			    "allow that: xovl vtep set {2} xfrm ignore, in a file {{ip: {2}, xfrm: ignore}}{3})",
			    flow.str(), obstacle, flow.local.str(),
			    flow.dstport && flow.via == XOVL_VIA_DIRECT ? "; via auto obeys it" : ""));
}

/// Joins notes about several objects into one line: "peer 192.0.2.2: …" or "peer 192.0.2.2 and 7 more: …", with the
/// text of the first note.
std::string of_many(const char *what, const std::vector<std::pair<std::string, std::string>> &notes)
{
	const auto &[name, note] = notes.front();
	const std::string more = notes.size() > 1 ? fmt::format(" and {} more", notes.size() - 1) : "";
	return fmt::format("{} {}{}: {}", what, name, more, note);
}

} // namespace

const Surroundings &HostCheck::surroundings()
{
	if (!surroundings_)
		surroundings_ = Surroundings::read();
	return *surroundings_;
}

const XfrmPolicies &HostCheck::policies()
{
	if (!policies_)
		policies_ = read_xfrm_policies();
	return *policies_;
}

const std::vector<KernelTunnel> &HostCheck::tunnels()
{
	if (!tunnels_)
		tunnels_ = kernel_tunnels();
	return *tunnels_;
}

const std::string &HostCheck::rules()
{
	if (!rules_)
		rules_ = read_nft_rules();
	return *rules_;
}

void HostCheck::require_tunnel_devices(const Tables &current, const Tables &desired)
{
	std::set<uint32_t> known; // A peer without device that exists already must not block other changes.
	for (const xovl_peer &peer : current.peers)
		known.insert(peer.serial);
	for (const xovl_peer &peer : desired.peers) {
		if (peer.device || !needs_kernel(peer) || known.contains(peer.serial))
			continue;
		if (peer.via != XOVL_VIA_KERNEL && !requires_encryption(peer))
			throw past_policy(flow_of(peer), xfrm_obstacle(policies(), flow_of(peer)));
		throw Error(Error::Kind::System,
			    fmt::format("packets to {} must go through the kernel, but xovl has no tunnel device for "
					"UDP port {} (no "
					"other socket there, no vtep with foreign pass, modprobe {})",
					Address(peer.remote).str(), ntohs(peer.dstport),
					name_of(static_cast<xovl_encap>(peer.encap))));
	}
}

void HostCheck::check_xfrm(const TunnelFlows &flows, const Tables &desired)
{
	for (const TunnelFlow &flow : flows) {
		// For other flows the kernel carries the packets to which policies apply.
		if (flow.via != XOVL_VIA_DIRECT || vtep_of(desired, flow.local.raw()).xfrm_ignore)
			continue;
		const std::string obstacle = xfrm_obstacle(policies(), flow);
		if (!obstacle.empty())
			throw past_policy(flow, obstacle);
	}
}

std::vector<std::string> HostCheck::check_foreign(const Tables &current, const Tables &desired)
{
	std::vector<std::string> notes;
	if (!has_more(desired.endpoints, current.endpoints) && !has_more(desired.tunnels, current.tunnels))
		return notes;
	std::set<std::string> lost, waiting;
	std::set<Address> locals;
	for (const auto &[endpoint, value] : desired.endpoints) {
		const bool is_new = !contains(current.endpoints, endpoint);
		const xovl_vtep &vtep = vtep_of(desired, endpoint.local);
		for (const KernelTunnel &tunnel : tunnels()) {
			if (is_tunnel_device(tunnel) || !receives_at(tunnel, endpoint))
				continue;
			const auto key = key_of(tunnel, endpoint.local);
			const bool taken = key && contains(desired.tunnels, *key) && !contains(current.tunnels, *key);
			if (vtep.foreign == XOVL_FOREIGN_REFUSE && (is_new || taken) && !tunnel.up) {
				if (waiting.insert(tunnel.str()).second)
					notes.push_back(lost_note({tunnel.str()}, Address(endpoint.local)));
			} else if (vtep.foreign == XOVL_FOREIGN_REFUSE && (is_new || taken)) {
				lost.insert(tunnel.str());
				locals.insert(Address(endpoint.local));
			} else if (taken) {
				notes.push_back(fmt::format("{}: its packets go to a network of xovl from now on",
							    tunnel.str()));
			}
		}
	}
	if (lost.empty())
		return notes;
	std::vector<std::string> addresses;
	for (const Address &local : locals)
		addresses.push_back(local.str());
	throw Error(
		Error::Kind::System,
		fmt::format("{0} of the kernel would receive nothing any more at {1} (xovl vtep set {2} foreign pass "
			    "leaves it what no "
			    "network has, foreign drop does not; in a file {{ip: {2}, foreign: pass}})",
			    fmt::join(lost, ", "), fmt::join(addresses, ", "), addresses.front()));
}

std::string HostCheck::foreign_note(const Tables &tables, const Address &vtep)
{
	const bool pass = vtep_of(tables, vtep.raw()).foreign == XOVL_FOREIGN_PASS;
	std::set<std::string> lost, taken;
	for (const auto &[endpoint, value] : tables.endpoints) {
		if (Address(endpoint.local) != vtep)
			continue;
		for (const KernelTunnel &tunnel : tunnels()) {
			if (is_tunnel_device(tunnel) || !receives_at(tunnel, endpoint))
				continue;
			const auto key = key_of(tunnel, endpoint.local);
			if (key && contains(tables.tunnels, *key))
				taken.insert(tunnel.str());
			else if (!pass)
				lost.insert(tunnel.str());
		}
	}
	std::string note = lost.empty() ? "" : lost_note(lost, vtep);
	if (!taken.empty())
		note += fmt::format("{}{}: {} packets go to a network of xovl", note.empty() ? "" : "; ",
				    fmt::join(taken, ", "), taken.size() > 1 ? "their" : "its");
	return note;
}

std::string HostCheck::firewall_note(const TunnelFlows &flows)
{
	const std::string named = named_by_rules(rules(), past_firewall(flows));
	if (!named.empty())
		return fmt::format("firewall: nftables rules name {}, but xovl's packets bypass them", named);
	const std::string legacy = legacy_tables();
	return legacy.empty() ? ""
			      : fmt::format("firewall: tables of legacy iptables are in use ({}), but xovl's packets "
					    "bypass their rules",
					    legacy);
}

std::string HostCheck::vtep_note(const Tables &tables, const Address &vtep)
{
	std::string note = surroundings().vtep_note(tables, vtep);
	if (const std::string foreign = foreign_note(tables, vtep); !foreign.empty())
		note += (note.empty() ? "" : "; ") + foreign;
	for (const TunnelFlow &flow : tunnel_flows(tables)) {
		if (flow.local != vtep || vtep_of(tables, vtep.raw()).xfrm_ignore || is_carried(tables, flow))
			continue;
		const std::string obstacle = xfrm_obstacle(policies(), flow);
		if (!obstacle.empty())
			return fmt::format("{}{}packets of {} go past an IPsec policy in the clear ({})", note,
					   note.empty() ? "" : "; ", flow.str(), obstacle);
	}
	return note;
}

std::string HostCheck::uplink_note(const Tables &tables, uint32_t ifindex)
{
	std::string note = surroundings().uplink_note(tables, ifindex);
	const std::string unmerged = unmerged_note(tables, ifindex, tunnels());
	return note + (note.empty() || unmerged.empty() ? "" : "; ") + unmerged;
}

std::string HostCheck::port_note(uint32_t ifindex)
{
	return surroundings().port_note(ifindex);
}

std::string HostCheck::peer_note(const Tables &tables, const xovl_peer &peer)
{
	if (requires_encryption(peer) && !surroundings().encrypts_to(peer) &&
	    xfrm_obstacle(policies(), flow_of(peer), XOVL_OUT).empty())
		return "no encrypted way: its route does not encrypt and no IPsec policy applies, so its packets are "
		       "dropped (plaintext)";
	if (peer.via == XOVL_VIA_KERNEL)
		return "";
	return surroundings().peer_note(tables, peer);
}

std::vector<std::string> HostCheck::check(const Tables &current, const Tables &desired)
{
	const TunnelFlows flows = new_flows(current, desired);
	if (!flows.empty())
		check_xfrm(flows, desired);
	std::vector<std::string> notes = check_foreign(current, desired);
	if (std::string line = flows.empty() ? "" : firewall_note(flows); !line.empty())
		notes.push_back(std::move(line));
	for (auto &line : interface_notes(current, desired))
		notes.push_back(std::move(line));
	for (auto &line : address_notes(current, desired, flows))
		notes.push_back(std::move(line));
	return notes;
}

std::vector<std::string> HostCheck::interface_notes(const Tables &current, const Tables &desired)
{
	std::vector<std::string> notes;
	for (const auto &[ifindex, device] : desired.devices) {
		const bool is_uplink = device.role == XOVL_ROLE_UPLINK;
		if (contains(current.devices, ifindex) || (!is_uplink && device.role != XOVL_ROLE_PORT))
			continue;
		const std::string text = is_uplink ? surroundings().uplink_note(desired, ifindex) : port_note(ifindex);
		if (!text.empty())
			notes.push_back(fmt::format("{} {}: {}", is_uplink ? "uplink" : "port", device.name, text));
	}
	return notes;
}

std::vector<std::string> HostCheck::address_notes(const Tables &current, const Tables &desired,
						  const TunnelFlows &flows)
{
	using Note = std::pair<std::string, std::string>;
	std::vector<Note> vteps, peers;
	auto add = [](std::vector<Note> &notes, const xovl_addr &address, std::string text) {
		if (!text.empty())
			notes.push_back({Address(address).str(), std::move(text)});
	};
	for (const auto &[local, vtep] : desired.vteps)
		if (!same_uplinks(current, desired) || !contains(current.vteps, local))
			add(vteps, local, surroundings().vtep_note(desired, Address(local)));
	for (const xovl_peer &peer : desired.peers)
		if (peer.family && flows.contains(flow_of(peer)))
			add(peers, peer.remote, peer_note(desired, peer));
	std::vector<std::string> lines;
	if (!vteps.empty())
		lines.push_back(of_many("vtep", vteps));
	if (!peers.empty())
		lines.push_back(of_many("peer", peers));
	return lines;
}

} // namespace xovl
