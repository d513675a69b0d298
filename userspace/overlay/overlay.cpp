// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "overlay/overlay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <set>

#include "bpf/attach.hpp"
#include "kernel/forwarding.hpp"
#include "kernel/route.hpp"
#include "overlay/overlay_impl.hpp"
#include "state/devices.hpp"
#include "state/routes.hpp"
#include "state/vlans.hpp"

namespace xovl {

namespace {

std::optional<Build> build_in(const PinDir &dir)
{
	const auto settings = read_settings(dir);
	if (!settings)
		require_no_devices(dir);
	return settings && is_of_this_netns(*settings) ? std::optional(build_of(*settings)) : std::nullopt;
}

/// Appends to the notes that are there.
void add_note(DeviceStatus &status, const std::string &note)
{
	if (!note.empty())
		status.note += (status.note.empty() ? "" : "; ") + note;
}

/// Returns why nothing is attached, and the remedy.
std::string missing_note(const PinDir &dir, uint32_t ifindex, const std::string &dev)
{
	if (link_exists(dev))
		return "the interface is not attached (xovl apply or any change attaches it)";
	return (device_has_moved(dir, ifindex) ? "the interface is in another network namespace"
					       : "the interface is missing") +
	       std::string(" (xovl apply or any change attaches it once it is there)");
}

/// For a port with deliver peer: returns why frames are delivered to the device instead; empty if they are not.
std::string peer_delivery_note(const xovl_device &device)
{
	return device.flags & XOVL_DEV_PEER_AWAY ? ""
						 : "deliver peer needs a veth whose other end is in another network "
						   "namespace: delivered by device";
}

DeviceStatus device_status(const PinDir &dir, const Tables &tables, const std::string &dev)
{
	DeviceStatus status;
	const auto *device = tables.find_device(dev);
	if (!device)
		return status;
	status.mode = static_cast<xovl_mode>(device->second.mode);
	if (!device_is_live(dir, device->first)) {
		status.note = missing_note(dir, device->first, dev);
		return status;
	}
	status.note = device_note(device->second);
	status.hooks = device_hooks(dir, device->first);
	add_note(status, device_loss(dir, device->first, device->second));
	if (const auto link = find_link(device->first); link && !link->up)
		add_note(status, "the link is down");
	return status;
}

/// Covers the address families of the vteps.
std::string forwarding_note(const std::vector<VtepConfig> &vteps)
{
	std::string note;
	for (bool ipv6 : {false, true}) {
		auto is_of_family = [&](const VtepConfig &vtep) { return vtep.local.is_v4() != ipv6; };
		if (std::ranges::any_of(vteps, is_of_family) && !lo_forwarding(ipv6))
			note += fmt::format("{}IPv{} forwarding of lo is off (sysctl net.ipv{}.conf.lo.forwarding): "
					    "packets take the kernel's slower way",
					    note.empty() ? "" : "; ", ipv6 ? 6 : 4, ipv6 ? 6 : 4);
	}
	return note;
}

/// Returns the interface to which routes over an uplink lead: its VLAN interface if it has one, else the uplink.
std::optional<LinkInfo> routed_link(const Tables &tables, const UplinkConfig &uplink)
{
	auto link = find_link(uplink.dev);
	const auto *vlan = link ? vlan_over(tables, link->ifindex) : nullptr;
	auto vlan_link = vlan ? find_link(vlan->second.name) : std::nullopt;
	return vlan_link ? vlan_link : link;
}

/// Returns the uplink, or VLAN interface, with the smallest MTU.
std::optional<Underlay> narrowest_underlay(const Tables &tables, const Config &config)
{
	std::optional<Underlay> narrowest;
	for (const auto &uplink : config.uplinks) {
		auto link = routed_link(tables, uplink);
		if (link && (!narrowest || link->mtu < narrowest->mtu))
			narrowest = Underlay{link->name, link->mtu};
	}
	return narrowest;
}

/// Returns the peers to which each network can send, including those of FDB entries.
std::map<uint32_t, std::set<Address>> peers_by_network(const Tables &tables)
{
	std::map<uint32_t, std::set<Address>> peers;
	for (const auto &[key, member] : tables.members)
		peers[key.net].insert(Address(key.remote));
	return peers;
}

/// Returns the local address towards the family with the longest headers.
std::optional<Address> local_of(const NetworkConfig &net, const std::vector<VtepConfig> &vteps,
				const std::set<Address> &peers)
{
	if (net.local)
		return net.local;
	const bool ipv6 = std::ranges::any_of(peers, [](const Address &dst) { return !dst.is_v4(); });
	for (const auto &vtep : vteps)
		if (peers.empty() || vtep.local.is_v4() != ipv6)
			return vtep.local;
	return std::nullopt;
}

} // namespace

OverlayView::OverlayView(const std::string &root)
	: OverlayView(std::make_shared<Impl>(std::make_shared<const PinDir>(root)))
{
}

OverlayView::OverlayView(std::shared_ptr<Impl> impl) : impl_(std::move(impl))
{
}

OverlayView::~OverlayView() = default;

Config OverlayView::running(bool with_fdb) const
{
	return impl_->running(with_fdb);
}

std::vector<std::string> OverlayView::preview(const Config &wanted) const
{
	impl_->check(wanted);
	return impl_->preview(wanted);
}

std::optional<Build> OverlayView::running_build() const
{
	return build_in(impl_->dir());
}

std::optional<Build> running_build(const std::string &root)
{
	return build_in(PinDir(root));
}

std::vector<std::string> OverlayView::take_notes() const
{
	return impl_->take_notes();
}

std::vector<VtepStatus> OverlayView::vteps() const
{
	std::vector<VtepStatus> out;
	for (const auto &vtep : impl_->running(false).vteps)
		out.push_back(
			{vtep, impl_->host().vtep_note(impl_->tables(), vtep.local), address_is_here(vtep.local)});
	return out;
}

std::map<std::pair<std::string, Address>, std::string> OverlayView::peer_notes() const
{
	const Tables &tables = impl_->tables();
	std::map<uint32_t, std::string> of_peer;
	std::map<std::pair<std::string, Address>, std::string> notes;
	for (const auto &[key, member] : tables.members) {
		auto [note, is_new] = of_peer.emplace(member.peer, "");
		if (is_new)
			note->second = impl_->host().peer_note(tables, tables.peers.at(member.peer));
		if (!note->second.empty())
			notes[{tables.networks.at(key.net).name, Address(key.remote)}] = note->second;
	}
	return notes;
}

std::vector<std::string> OverlayView::missing() const
{
	std::vector<std::string> names;
	for (const auto &name : device_names(impl_->running(false)))
		if (!link_exists(name))
			names.push_back(name);
	return names;
}

bool OverlayView::is_back(const std::string &dev) const
{
	return impl_->is_back(dev);
}

std::vector<UplinkStatus> OverlayView::uplinks() const
{
	const std::vector<VlanLink> vlans = vlan_links();
	std::vector<UplinkStatus> out;
	Config config = impl_->running(false);
	const std::string forwarding = forwarding_note(config.vteps);
	for (auto &uplink : config.uplinks) {
		DeviceStatus status = device_status(impl_->dir(), impl_->tables(), uplink.dev);
		if (const auto *device = impl_->tables().find_device(uplink.dev))
			for (const std::string &note : {vlan_note(impl_->tables(), device->first, vlans),
							impl_->host().uplink_note(impl_->tables(), device->first)})
				add_note(status, note);
		add_note(status, forwarding);
		const xovl_rp_filter filter =
			uplink.rp_filter == XOVL_RP_FILTER_AUTO ? rp_filter_sysctl(uplink.dev) : uplink.rp_filter;
		out.push_back({std::move(uplink), std::move(status), filter});
	}
	return out;
}

std::vector<PortStatus> OverlayView::ports() const
{
	std::vector<PortStatus> out;
	Config config = impl_->running(false);
	for (auto &net : config.networks) {
		for (auto &port : net.ports) {
			DeviceStatus status = device_status(impl_->dir(), impl_->tables(), port.dev);
			if (const auto *device = impl_->tables().find_device(port.dev))
				add_note(status, impl_->host().port_note(device->first));
			if (const auto *device = impl_->tables().find_device(port.dev); device && port.to_peer)
				add_note(status, peer_delivery_note(device->second));
			out.push_back({std::move(port), net.name, std::move(status)});
		}
	}
	return out;
}

std::vector<NetworkStatus> OverlayView::networks() const
{
	Config config = impl_->running(false);
	const auto underlay = narrowest_underlay(impl_->tables(), config);
	auto peers_by_index = peers_by_network(impl_->tables());
	const std::vector<PeerStatus> peer_list = this->peers();
	std::vector<NetworkStatus> out;
	for (auto &net : config.networks) {
		const std::set<Address> &peers = peers_by_index[impl_->network(net.name)];
		NetworkStatus status;
		status.local = local_of(net, config.vteps, peers);
		status.mtu = mtu_in_force(net.mtu, underlay, largest_kind(net, config.vteps, peers));
		status.learned = impl_->maps().learned_uses.get(impl_->network(net.name)).value();
		status.paths = narrower_paths(net, status.mtu.mtu, peer_list);
		net.ports.clear();
		net.flood.clear();
		net.peers.clear();
		status.config = std::move(net);
		out.push_back(std::move(status));
	}
	return out;
}

Limits OverlayView::limits() const
{
	return impl_->loaded() ? impl_->maps().limits() : Limits{};
}

Limits OverlayView::use() const
{
	Limits use{.fdb = 0, .networks = 0, .peers = 0, .ports = 0, .members = 0, .guards = 0};
	if (!impl_->loaded())
		return use;
	const Tables &tables = impl_->tables();
	auto count = [](auto &of, auto is_used) { return static_cast<uint32_t>(std::ranges::count_if(of, is_used)); };
	impl_->maps().fdb.for_each([&](const xovl_fdb_key &, const xovl_fdb &) { use.fdb++; });
	use.networks = count(tables.networks, [](const xovl_network &net) { return net.flags & XOVL_NET_USED; });
	use.peers = count(tables.peers, [](const xovl_peer &peer) { return peer.family != 0; });
	use.ports = count(tables.port_table, [](const xovl_port &port) { return port.flags & XOVL_PORT_USED; });
	use.members = tables.members.size();
	use.guards = std::max(tables.port_macs.size(), tables.port_prefixes.size());
	return use;
}

} // namespace xovl
