// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Makes the tables for a configuration.
#include <arpa/inet.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "state/by_kernel.hpp"
#include "state/devices.hpp"
#include "state/slots.hpp"
#include "state/tables_impl.hpp"

namespace xovl {

namespace {

/// The steps of make_tables(), in the order of the calls.
class Maker {
public:
	Maker(const Config &wanted, const Tables &current, const Interfaces &interfaces)
		: wanted_(wanted), current_(current), interfaces_(interfaces)
	{
		out_.limits = current.limits;
		out_.settings = current.settings;
		out_.settings.dirty = 0;
		out_.port_table.resize(current.port_table.size());
		out_.networks.resize(current.networks.size());
		out_.peers.resize(current.peers.size());
	}

	void vteps()
	{
		uint32_t order = 0;
		for (const auto &vtep : wanted_.vteps)
			out_.vteps[vtep.local.raw()] = {.order = order++,
							.foreign = static_cast<uint8_t>(vtep.foreign),
							.xfrm_ignore = vtep.xfrm_ignore,
							.pmtu_distrust = !vtep.pmtu_trust,
							.pmtu_floor = vtep.pmtu_floor};
	}

	void networks();
	void devices();
	void ports();
	void members(const std::function<std::map<Address, uint32_t>(const NetworkConfig &)> &refs);
	void peers();
	void guards();
	void floods();
	void rp_answers();

	Tables take() { return std::move(out_); }

private:
	uint32_t ifindex(const std::string &dev) const { return interfaces_.ifindex.at(dev); }
	void device(const std::string &name, const xovl_device &asked);
	void vlans();
	void check_devices() const;
	void flood(uint32_t net_index, const std::vector<uint32_t> &targets, xovl_flood_head head);

	const Config &wanted_;
	const Tables &current_;
	const Interfaces &interfaces_;
	std::vector<uint32_t> net_index_; ///< in the order of wanted_.networks
	Tables out_;
};

void Maker::networks()
{
	std::map<std::string, uint32_t> known;
	for (uint32_t i = 0; i < current_.networks.size(); i++)
		if (current_.networks[i].flags & XOVL_NET_USED)
			known.emplace(current_.networks[i].name, i);
	Slots slots(kNetworksText, current_.networks.size(),
		    [&](uint32_t i) { return current_.networks[i].flags != 0; });
	for (const auto &net : wanted_.networks)
		if (known.contains(net.name))
			slots.keep(known.at(net.name));
	uint32_t order = 0;
	for (const auto &net : wanted_.networks) {
		bool is_new = !known.contains(net.name);
		uint32_t index = is_new ? slots.take() : known.at(net.name);
		net_index_.push_back(index);
		out_.networks[index] = make_network(net, order++);
		add_options(out_, net, index);
		if (!is_new)
			out_.networks[index].flood = current_.networks[index].flood;
	}
}

/// asked: has role, mode_asked, order, vid, rp_filter and choices.
void Maker::device(const std::string &name, const xovl_device &asked)
{
	uint32_t number = ifindex(name);
	xovl_device value{};
	value.mode = XOVL_MODE_AUTO; // not attached
	auto known = current_.devices.find(number);
	if (known != current_.devices.end() && known->second.role == asked.role) {
		value = known->second;
		if (value.vid != asked.vid) // the XDP program has the VLAN as a constant
			value.mode = XOVL_MODE_AUTO;
	}
	std::memset(value.name, 0, sizeof(value.name));
	name.copy(value.name, sizeof(value.name) - 1);
	value.role = asked.role;
	value.mode_asked = asked.mode_asked;
	value.order = asked.order;
	value.vid = asked.vid;
	value.rp_filter = asked.rp_filter;
	value.choices = asked.choices;
	out_.devices[number] = value;
}

uint8_t choices_of(const UplinkConfig &uplink)
{
	return (uplink.optional ? XOVL_UPLINK_OPTIONAL : 0) | (uplink.gro ? 0 : XOVL_UPLINK_GRO_OFF);
}

void Maker::devices()
{
	uint32_t order = 0;
	for (const auto &uplink : wanted_.uplinks)
		device(uplink.dev, {.role = XOVL_ROLE_UPLINK,
				    .mode_asked = static_cast<uint8_t>(uplink.mode),
				    .order = order++,
				    .vid = uplink.vid,
				    .rp_filter = static_cast<uint8_t>(uplink.rp_filter),
				    .choices = choices_of(uplink)});
	for (const auto &net : wanted_.networks)
		for (const auto &port : net.ports)
			device(port.dev, {.role = XOVL_ROLE_PORT, .mode_asked = static_cast<uint8_t>(port.mode)});
	vlans();
	check_devices();
}

/// Old and new devices exist side by side in the map during a change.
void Maker::check_devices() const
{
	const uint64_t most = devices_max(current_.limits.ports);
	const size_t count = out_.devices.size() + std::ranges::count_if(current_.devices, [&](const auto &device) {
				     return out_.devices.find(device.first) == out_.devices.end();
			     });
	if (count > most)
		throw request_error(
			fmt::format("{} interfaces of ports and uplinks, their VLAN interfaces and those that go "
				    "included (at most {}, twice the limit of ports)",
				    count, most));
}

/// Adds records for the kernel's VLAN interfaces over tagged uplinks, because routes lead there.
void Maker::vlans()
{
	for (const auto &vlan : interfaces_.vlans) {
		auto uplink = out_.devices.find(vlan.lower);
		if (uplink == out_.devices.end() || uplink->second.role != XOVL_ROLE_UPLINK ||
		    uplink->second.vid != vlan.vid || out_.devices.find(vlan.ifindex) != out_.devices.end())
			continue;
		xovl_device value{};
		vlan.name.copy(value.name, sizeof(value.name) - 1);
		value.role = XOVL_ROLE_VLAN;
		value.flags = uplink->second.flags & kLinkFlags;
		value.vid = vlan.vid;
		value.lower_ifindex = vlan.lower;
		out_.devices[vlan.ifindex] = value;
	}
}

/// Runs over the ports twice. The first pass keeps the indexes of known ports, because all keep() calls must come
/// before take(), and counts the ports of each interface. The second pass makes the records.
void Maker::ports()
{
	std::map<uint32_t, int> ports_of;
	// by name: an interface that was deleted and created again is the same
	std::map<std::pair<std::string, uint32_t>, uint32_t> known_ports;
	for (const auto &[key, port] : current_.ports)
		if (auto known = current_.devices.find(key.ifindex); known != current_.devices.end())
			known_ports[{known->second.name, key.vid}] = port.index;
	Slots slots(kPortsText, current_.port_table.size(),
		    [&](uint32_t i) { return current_.port_table[i].flags != 0; });
	auto key_of = [&](const PortConfig &port) {
		return xovl_port_key{.ifindex = ifindex(port.dev), .vid = port.vid};
	};
	for (const auto &net : wanted_.networks) {
		for (const auto &port : net.ports) {
			ports_of[key_of(port).ifindex]++;
			auto known = known_ports.find({port.dev, port.vid});
			if (known != known_ports.end())
				slots.keep(known->second);
		}
	}
	for (size_t n = 0; n < wanted_.networks.size(); n++) {
		uint32_t order = 0;
		for (const auto &port : wanted_.networks[n].ports) {
			xovl_port_key key = key_of(port);
			auto known = known_ports.find({port.dev, port.vid});
			uint32_t index = known != known_ports.end() ? known->second : slots.take();
			const uint16_t flags =
				with_device(port_flags(port, ports_of[key.ifindex]), out_.devices.at(key.ifindex));
			add_options(out_, port, index);
			add_guards(out_, port, index);
			uint16_t net = net_index_[n];
			out_.ports[key] = {.index = index, .net = net, .flags = flags};
			out_.port_table[index] = {.ifindex = key.ifindex,
						  .vid = port.vid,
						  .net = net,
						  .flags = flags,
						  .group = port.group.value_or(0),
						  .order = order++,
						  .dhcp_guard = static_cast<uint8_t>(port.dhcp_guard),
						  .ra_guard = static_cast<uint8_t>(port.ra_guard),
						  .tagged = static_cast<uint8_t>(port.tagged),
						  .mac_limit = port.mac_limit};
		}
	}
}

void Maker::members(const std::function<std::map<Address, uint32_t>(const NetworkConfig &)> &refs)
{
	for (size_t n = 0; n < wanted_.networks.size(); n++) {
		const NetworkConfig &net = wanted_.networks[n];
		auto member = [&](const Address &remote) -> xovl_member & {
			return out_.members[{.remote = remote.raw(), .net = net_index_[n], .pad = 0}];
		};
		uint32_t order = 0;
		for (const auto &remote : net.flood) {
			member(remote).flood = 1;
			member(remote).order = order++;
		}
		for (const auto &[remote, count] : refs(net))
			if (count)
				member(remote).fdb_refs = count;
	}
	check_count(out_.members.size(), current_.limits.members, kMembersText);
}

struct ByIdentity {
	bool operator()(const xovl_peer &a, const xovl_peer &b) const { return identity(a) < identity(b); }
};

void Maker::peers()
{
	std::map<xovl_peer, uint32_t, ByIdentity> known, placed;
	for (uint32_t i = 0; i < current_.peers.size(); i++)
		if (current_.peers[i].family)
			known.emplace(current_.peers[i], i);
	Slots slots(kPeersText, current_.peers.size(), [&](uint32_t i) { return current_.peers[i].family != 0; });
	std::map<uint32_t, const NetworkConfig *> nets;
	for (size_t n = 0; n < wanted_.networks.size(); n++)
		nets[net_index_[n]] = &wanted_.networks[n];

	std::vector<std::pair<xovl_member *, xovl_peer>> pending;
	for (auto &[key, member] : out_.members) {
		const NetworkConfig &net = *nets.at(key.net);
		xovl_peer value = make_peer(net, wanted_.vteps, peer_of(net, Address(key.remote)));
		auto same = known.find(value);
		if (same == known.end()) {
			pending.push_back({&member, value});
			continue;
		}
		member.peer = slots.keep(same->second);
		out_.peers[member.peer] = same->first;
	}
	for (auto &[member, value] : pending) {
		auto [same, is_new] = placed.emplace(value, 0);
		if (is_new) {
			same->second = slots.take();
			value.serial = out_.settings.next_peer_serial++;
			out_.peers[same->second] = value;
		}
		member->peer = same->second;
	}
	// The table has room for old and new peers side by side, so no slot changes its meaning while FDB entries refer
	// to it.
	auto used = std::ranges::count_if(out_.peers, [](const xovl_peer &value) { return value.family != 0; });
	check_count(used, current_.limits.peers, kPeersText);
}

/// Packets that leave by uplinks are checked while any peer requires encryption.
void Maker::guards()
{
	const bool any = std::ranges::any_of(out_.peers, requires_encryption);
	for (auto &[number, device] : out_.devices)
		if (device.role == XOVL_ROLE_UPLINK)
			device.flags = (device.flags & ~XOVL_DEV_GUARDED) | (any ? XOVL_DEV_GUARDED : 0);
}

void Maker::flood(uint32_t net_index, const std::vector<uint32_t> &targets, xovl_flood_head head)
{
	const xovl_flood_head old = current_.networks[net_index].flood;
	auto key = [&](uint16_t list_half, uint32_t position) {
		return xovl_flood_key{
			.net = static_cast<uint16_t>(net_index), .list_half = list_half, .position = position};
	};
	head.list_half = old.list_half;
	bool same = same_octets(head, old);
	for (uint32_t i = 0; same && i < targets.size(); i++) {
		auto target = current_.floods.find(key(old.list_half, i));
		same = target != current_.floods.end() && target->second == targets[i];
	}
	if (!same)
		head.list_half = !old.list_half;
	for (uint32_t i = 0; i < targets.size(); i++)
		out_.floods[key(head.list_half, i)] = targets[i];
	out_.networks[net_index].flood = head;
}

void Maker::floods()
{
	for (size_t n = 0; n < wanted_.networks.size(); n++) {
		const NetworkConfig &net = wanted_.networks[n];
		std::vector<uint32_t> targets;
		xovl_flood_head head{};
		for (const auto &port : net.ports) {
			targets.push_back(out_.ports.at({.ifindex = ifindex(port.dev), .vid = port.vid}).index);
			head.nr_ports++;
		}
		std::set<std::pair<uint8_t, uint8_t>> headers;
		for (const auto &remote : net.flood) {
			targets.push_back(
				out_.members.at({.remote = remote.raw(), .net = net_index_[n], .pad = 0}).peer);
			const xovl_peer &peer = out_.peers[targets.back()];
			headers.emplace(peer.family, peer.encap);
			head.nr_peers++;
		}
		head.mixed = headers.size() > 1;
		flood(net_index_[n], targets, head);
	}
}

void Maker::rp_answers()
{
	std::map<uint32_t, std::set<TunnelKind>> kinds;
	for (const auto &[key, member] : out_.members) {
		const PeerConfig peer = peer_config(out_.peers[member.peer]);
		kinds[key.net].insert({peer.encap, peer.dstport});
	}
	for (size_t n = 0; n < wanted_.networks.size(); n++) {
		const NetworkConfig &net = wanted_.networks[n];
		kinds[net_index_[n]].insert({net.encap, net.dstport});
		for (const auto &kind : kinds[net_index_[n]])
			add_ways_in(out_, net, net_index_[n], wanted_.vteps, kind,
				    out_.networks[net_index_[n]].port_options);
	}
}

} // namespace

uint16_t with_device(uint16_t port_flags, const xovl_device &device)
{
	uint16_t flags = port_flags & ~(XOVL_PORT_XDP_XMIT | XOVL_PORT_TO_PEER);
	if (device.flags & XOVL_DEV_XDP_XMIT)
		flags |= XOVL_PORT_XDP_XMIT;
	if (flags & XOVL_PORT_WANTS_PEER && device.flags & XOVL_DEV_PEER_AWAY)
		flags |= XOVL_PORT_TO_PEER;
	return flags;
}

xovl_peer make_peer(const NetworkConfig &net, const std::vector<VtepConfig> &vteps, const PeerConfig &peer)
{
	xovl_peer value{};
	value.remote = peer.dst.raw();
	value.local = local_for(net, vteps, peer.dst).raw();
	value.dstport = TunnelKind(peer.encap, peer.dstport).dstport;
	value.encap = peer.encap;
	value.family = peer.dst.family();
	value.via = peer.via;
	value.flags = peer.encrypted ? XOVL_PEER_ENCRYPTED : 0;
	return value;
}

Tables make_tables(const Config &wanted, const Tables &current, const Interfaces &interfaces,
		   const std::function<std::map<Address, uint32_t>(const NetworkConfig &)> &refs)
{
	Maker maker(wanted, current, interfaces);
	maker.vteps();
	maker.networks();
	maker.devices();
	maker.ports();
	maker.members(refs);
	maker.peers();
	maker.guards();
	maker.floods();
	maker.rp_answers();
	return maker.take();
}

} // namespace xovl
