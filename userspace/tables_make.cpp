// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Making the tables that a configuration needs.
#include <arpa/inet.h>

#include <fmt/format.h>

#include <cstring>
#include <deque>

#include "outer.hpp"
#include "tables_impl.hpp"

namespace xovl {

namespace {

Error too_many(size_t most, const char *what)
{
	return request_error(fmt::format("more than {} {} (limits)", most, what));
}

/// Hands out indexes of an array: first those that are free now, then those that become free by this change. Everything that
/// is kept must have been kept before the first take().
class Slots {
public:
	template <typename IsUsed> Slots(const char *what, uint32_t count, IsUsed is_used) : what_(what), taken_(count)
	{
		for (uint32_t i = 0; i < count; i++)
			if (!is_used(i))
				free_.push_back(i);
		for (uint32_t i = 0; i < count; i++)
			if (is_used(i))
				freed_.push_back(i);
	}

	/// The thing at index stays what it is.
	uint32_t keep(uint32_t index)
	{
		taken_[index] = true;
		return index;
	}

	uint32_t take()
	{
		for (auto *list : {&free_, &freed_}) {
			while (!list->empty()) {
				uint32_t index = list->front();
				list->pop_front();
				if (!taken_[index])
					return keep(index);
			}
		}
		throw too_many(taken_.size(), what_);
	}

private:
	const char *what_;
	std::vector<bool> taken_;
	std::deque<uint32_t> free_, freed_;
};

/// The steps of make_tables(), in the order in which they are called.
class Maker {
public:
	Maker(const Config &wanted, const Tables &current, const std::map<std::string, uint32_t> &ifindex)
		: wanted_(wanted), current_(current), ifindex_(ifindex)
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
			out_.vteps[vtep.local.raw()] = {.order = order++, .foreign_pass = vtep.foreign_pass};
		check_count(out_.vteps.size(), kVtepsMax, "vteps");
	}

	void networks();
	void devices();
	void ports();
	void members(const std::function<std::map<Address, uint32_t>(const NetworkConfig &)> &refs);
	void peers();
	void floods();
	void endpoints();

	Tables take() { return std::move(out_); }

private:
	xovl_network network(const NetworkConfig &net, uint32_t order) const;
	void device(const std::string &name, xovl_role role, xovl_mode mode, uint32_t order);
	void endpoint(const NetworkConfig &net, uint32_t net_index, const xovl_addr &local, bool foreign_pass);
	void flood(uint32_t net_index, const std::vector<uint32_t> &targets, xovl_flood_head head);

	const Config &wanted_;
	const Tables &current_;
	const std::map<std::string, uint32_t> &ifindex_;
	std::vector<uint32_t> net_index_; ///< of wanted_.networks
	Tables out_;
};

xovl_network Maker::network(const NetworkConfig &net, uint32_t order) const
{
	xovl_network value{};
	value.ageing_ns = uint64_t{net.ageing} * 1'000'000'000;
	value.flags = XOVL_NET_USED | (net.learning ? XOVL_NET_LEARNING : 0);
	value.vni = net.vni;
	value.mtu = net.mtu;
	value.dstport = htons(net.dstport);
	value.encap = net.encap;
	value.has_local = net.local.has_value();
	if (net.local)
		value.local = net.local->raw();
	net.name.copy(value.name, sizeof(value.name) - 1);
	value.order = order;
	return value;
}

void Maker::networks()
{
	std::map<std::string, uint32_t> known;
	for (uint32_t i = 0; i < current_.networks.size(); i++)
		if (current_.networks[i].flags & XOVL_NET_USED)
			known.emplace(current_.networks[i].name, i);
	Slots slots("networks", current_.networks.size(), [&](uint32_t i) { return current_.networks[i].flags != 0; });
	for (const auto &net : wanted_.networks)
		if (known.contains(net.name))
			slots.keep(known.at(net.name));
	uint32_t order = 0;
	for (const auto &net : wanted_.networks) {
		bool is_new = !known.contains(net.name);
		uint32_t index = is_new ? slots.take() : known.at(net.name);
		net_index_.push_back(index);
		out_.networks[index] = network(net, order++);
		if (!is_new)
			out_.networks[index].flood = current_.networks[index].flood;
	}
}

void Maker::device(const std::string &name, xovl_role role, xovl_mode mode, uint32_t order)
{
	uint32_t ifindex = ifindex_.at(name);
	xovl_device value{};
	auto known = current_.devices.find(ifindex);
	if (known != current_.devices.end() && known->second.role == role)
		value = known->second;
	else
		value.mode = XOVL_MODE_AUTO; // not attached yet
	std::memset(value.name, 0, sizeof(value.name));
	name.copy(value.name, sizeof(value.name) - 1);
	value.role = role;
	value.mode_asked = mode;
	value.order = order;
	out_.devices[ifindex] = value;
}

void Maker::devices()
{
	uint32_t order = 0;
	for (const auto &uplink : wanted_.uplinks)
		device(uplink.dev, XOVL_ROLE_UPLINK, uplink.mode, order++);
	for (const auto &net : wanted_.networks)
		for (const auto &port : net.ports)
			device(port.dev, XOVL_ROLE_PORT, port.mode, 0);
	check_count(out_.devices.size(), current_.port_table.size(), "interfaces");
}

void Maker::ports()
{
	std::map<uint32_t, int> ports_of;
	// by name: an interface that was deleted and made anew is the same one
	std::map<std::pair<std::string, uint32_t>, uint32_t> known_ports;
	for (const auto &[key, port] : current_.ports)
		if (auto known = current_.devices.find(key.ifindex); known != current_.devices.end())
			known_ports[{known->second.name, key.vid}] = port.index;
	Slots slots("ports", current_.port_table.size(), [&](uint32_t i) { return current_.port_table[i].flags != 0; });
	auto key_of = [&](const PortConfig &port) {
		return xovl_port_key{.ifindex = ifindex_.at(port.dev), .vid = port.vid};
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
			uint16_t flags = XOVL_PORT_USED;
			if (!port.vid && ports_of[key.ifindex] == 1)
				flags |= XOVL_PORT_TAGGED;
			if (out_.devices.at(key.ifindex).flags & XOVL_DEV_XDP_XMIT)
				flags |= XOVL_PORT_XDP_XMIT;
			uint16_t net = net_index_[n];
			out_.ports[key] = {.index = index, .net = net, .flags = flags};
			out_.port_table[index] = {.ifindex = key.ifindex,
						  .vid = port.vid,
						  .net = net,
						  .flags = flags,
						  .pad = 0,
						  .order = order++};
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

struct ByOuter {
	bool operator()(const xovl_peer &a, const xovl_peer &b) const { return compare_peers(a, b) < 0; }
};

void Maker::peers()
{
	std::map<xovl_peer, uint32_t, ByOuter> known, placed;
	for (uint32_t i = 0; i < current_.peers.size(); i++)
		if (current_.peers[i].family)
			known.emplace(current_.peers[i], i);
	Slots slots(kPeersText, current_.peers.size(), [&](uint32_t i) { return current_.peers[i].family != 0; });
	std::map<uint32_t, const NetworkConfig *> nets;
	for (size_t n = 0; n < wanted_.networks.size(); n++)
		nets[net_index_[n]] = &wanted_.networks[n];

	std::vector<std::pair<xovl_member *, xovl_peer>> pending;
	for (auto &[key, member] : out_.members) {
		xovl_peer value = make_peer(*nets.at(key.net), wanted_.vteps, Address(key.remote));
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
			value.generation = out_.settings.next_generation++;
			out_.peers[same->second] = value;
		}
		member->peer = same->second;
	}
	// the table has room for the old and the new ones side by side: no slot changes its meaning while FDB entries name it
	auto used = std::ranges::count_if(out_.peers, [](const xovl_peer &value) { return value.family != 0; });
	check_count(used, current_.limits.peers, kPeersText);
}

void Maker::flood(uint32_t net_index, const std::vector<uint32_t> &targets, xovl_flood_head head)
{
	const xovl_flood_head old = current_.networks[net_index].flood;
	auto key = [&](uint16_t generation, uint32_t position) {
		return xovl_flood_key{
			.net = static_cast<uint16_t>(net_index), .generation = generation, .position = position};
	};
	head.generation = old.generation;
	bool same = same_octets(head, old);
	for (uint32_t i = 0; same && i < targets.size(); i++) {
		auto target = current_.floods.find(key(old.generation, i));
		same = target != current_.floods.end() && target->second == targets[i];
	}
	if (!same)
		head.generation = !old.generation;
	for (uint32_t i = 0; i < targets.size(); i++)
		out_.floods[key(head.generation, i)] = targets[i];
	out_.networks[net_index].flood = head;
}

void Maker::floods()
{
	for (size_t n = 0; n < wanted_.networks.size(); n++) {
		const NetworkConfig &net = wanted_.networks[n];
		std::vector<uint32_t> targets;
		xovl_flood_head head{};
		for (const auto &port : net.ports) {
			targets.push_back(out_.ports.at({.ifindex = ifindex_.at(port.dev), .vid = port.vid}).index);
			head.nr_ports++;
		}
		for (bool ipv4 : {false, true}) {
			for (const auto &remote : net.flood) {
				if (remote.is_v4() != ipv4)
					continue;
				targets.push_back(
					out_.members.at({.remote = remote.raw(), .net = net_index_[n], .pad = 0}).peer);
				(ipv4 ? head.nr_peers4 : head.nr_peers6)++;
			}
		}
		flood(net_index_[n], targets, head);
	}
}

void Maker::endpoint(const NetworkConfig &net, uint32_t net_index, const xovl_addr &local, bool foreign_pass)
{
	uint32_t service = xovl_service(net.encap, htons(net.dstport));
	out_.endpoints[{.local = local, .service = service, .pad = 0}] = {.foreign_pass = foreign_pass};
	out_.tunnels[{.local = local, .service = service, .vni = htonl(net.vni << 8)}] = net_index;
}

void Maker::endpoints()
{
	for (size_t n = 0; n < wanted_.networks.size(); n++)
		for (const auto &vtep : wanted_.vteps)
			if (!wanted_.networks[n].local || *wanted_.networks[n].local == vtep.local)
				endpoint(wanted_.networks[n], net_index_[n], vtep.local.raw(), vtep.foreign_pass);
	check_count(out_.tunnels.size(), tunnels_max(current_.networks.size()), "tunnels (pairs of network and vtep)");
}

} // namespace

void check_count(size_t count, size_t most, const char *what)
{
	if (count > most)
		throw too_many(most, what);
}

xovl_peer make_peer(const NetworkConfig &net, const std::vector<VtepConfig> &vteps, const Address &remote)
{
	xovl_peer value{};
	value.remote = remote.raw();
	value.local = local_for(net, vteps, remote).raw();
	value.dstport = htons(net.dstport);
	value.encap = net.encap;
	value.family = remote.family();
	prepare_outer(value);
	return value;
}

Tables make_tables(const Config &wanted, const Tables &current, const std::map<std::string, uint32_t> &ifindex,
		   const std::function<std::map<Address, uint32_t>(const NetworkConfig &)> &refs)
{
	Maker maker(wanted, current, ifindex);
	maker.vteps();
	maker.networks();
	maker.devices();
	maker.ports();
	maker.members(refs);
	maker.peers();
	maker.floods();
	maker.endpoints();
	return maker.take();
}

} // namespace xovl
