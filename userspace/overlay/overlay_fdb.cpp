// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Adding, changing and deleting single FDB entries.
#include <fmt/format.h>

#include <algorithm>

#include "overlay/overlay_impl.hpp"
#include "state/by_kernel.hpp"

namespace xovl {

namespace {

/// Returns the remote VTEP of a static entry; nullopt if it has none.
std::optional<Address> remote_of(const Tables &tables, const std::optional<xovl_fdb> &entry)
{
	if (!entry || xovl_fdb_state_of(entry->dst) != XOVL_FDB_STATIC ||
	    xovl_fdb_target(entry->dst) != XOVL_TARGET_PEER)
		return std::nullopt;
	return Address(tables.peers.at(xovl_fdb_index(entry->dst)).remote);
}

/// Keeps how a peer of FDB entries is reached, adapted to the new settings of its network. Throws Error(Request) if
/// after contradicts it.
void keep_peer(const NetworkConfig &before, NetworkConfig &after, const Address &dst)
{
	const PeerConfig was = moved_peer(peer_of(before, dst), before, after);
	const PeerConfig now = peer_of(after, dst);
	if (was == now)
		return;
	if (!find_peer(after.peers, dst)) {
		after.peers.insert(std::ranges::lower_bound(after.peers, dst, {}, &PeerConfig::dst), was);
		return;
	}
	NetworkConfig known = before;
	known.flood = {dst};
	set_peer(known, dst, all_words(now));
}

/// Adds a member to the configuration of its network, on the flood list, so that set_peer() knows how it is reached.
void add_known_peer(const Tables &tables, uint32_t net_index, const Address &dst, NetworkConfig &net)
{
	auto member = tables.members.find({.remote = dst.raw(), .net = net_index, .pad = 0});
	if (member == tables.members.end())
		return;
	net.flood = {dst};
	const PeerConfig known = peer_config(tables.peers.at(member->second.peer));
	if (known != peer_of(net, dst))
		net.peers = {known};
}

/// Adds an entry and the keys of its peer to the network. Returns how the peer is reached then; nullopt if the entry
/// has no peer.
std::optional<PeerConfig> add_entry(NetworkConfig &net, const FdbConfig &entry, const PeerWords &words)
{
	const Address *dst = entry.dst();
	if (dst)
		set_peer(net, *dst, words);
	net.fdb = {entry};
	return dst ? std::optional(peer_of(net, *dst)) : std::nullopt;
}

} // namespace

void Overlay::Impl::keep_fdb_peers(const Config &before, Config &wanted)
{
	std::unordered_map<std::string_view, const NetworkConfig *> known;
	for (const auto &net : before.networks)
		known.emplace(net.name, &net);
	// only networks where peers differ from the network's settings can lose anything
	std::map<uint32_t, std::pair<const NetworkConfig *, NetworkConfig *>> nets;
	for (auto &net : wanted.networks)
		if (auto old = known.find(net.name);
		    old != known.end() && !(net.peers.empty() && old->second->peers.empty()))
			nets[network(net.name)] = {old->second, &net};
	if (nets.empty())
		return;
	for (const auto &[key, member] : tables().members)
		if (auto net = nets.find(key.net); member.fdb_refs && net != nets.end())
			keep_peer(*net->second.first, *net->second.second, Address(key.remote));
}

/// Throws Error(Request) if the network has settings that only this peer supports, and the peer leaves with its last
/// FDB entry. comes: the peer of the entry's replacement, if any.
void Overlay::Impl::check_without(uint32_t net, const Address &remote, const std::optional<PeerConfig> &comes)
{
	auto member = tables().members.find({.remote = remote.raw(), .net = net, .pad = 0});
	if (member == tables().members.end() || member->second.flood || member->second.fdb_refs > 1 ||
	    (comes && comes->dst == remote))
		return;
	Config config = running(false);
	NetworkConfig &left = *config.find_network(tables().networks[net].name);
	if (peer_of(left, remote).encap == left.encap)
		return;
	std::erase_if(left.peers, [&](const PeerConfig &peer) { return peer.dst == remote; });
	if (comes)
		set_peer(left, comes->dst, all_words(*comes));
	normalize_peers(left);
	check(config);
}

/// Counts one more static entry of a network that refers to the peer. The first one makes the peer a member.
void Overlay::Impl::add_ref(uint32_t net, const PeerConfig &peer)
{
	if (!knows_member(net, peer.dst)) {
		const Tables joining = joining_tables(tables(), host_.policies(), net, peer);
		const xovl_peer &joins = joining.peers[0];
		if ((needs_kernel(joins) || goes_by_kernel(tables(), joins)) && !kernel_way_is_ready(tables(), joins))
			return add_ref_by_kernel(net, peer);
		add_notes(host_.check(tables(), joining));
		return join_network(maps(), current_->tables, host_.policies(), net, peer);
	}
	const xovl_member_key key{.remote = peer.dst.raw(), .net = net, .pad = 0};
	xovl_member &member = current_->tables.members[key];
	maps().members.set(key, {member.peer, member.fdb_refs + 1, member.flood, member.order});
	member.fdb_refs++;
}

/// For the first peer that the kernel carries, or the first at its port: more than the member must be created.
void Overlay::Impl::add_ref_by_kernel(uint32_t net, const PeerConfig &peer)
{
	Config config = running(false);
	NetworkConfig &network = *config.find_network(tables().networks[net].name);
	set_peer(network, peer.dst, all_words(peer));
	const Refs refs = [&peer, present = present_refs(), name = network.name](const NetworkConfig &of) {
		auto counts = present(of);
		if (of.name == name)
			counts[peer.dst]++;
		return counts;
	};
	commit(config, refs, false);
}

/// Counts one static entry less for the remote. With the last one, it leaves the network unless it is on the flood
/// list.
void Overlay::Impl::drop_ref(uint32_t net, const Address &remote)
{
	auto found = tables().members.find({.remote = remote.raw(), .net = net, .pad = 0});
	if (found == tables().members.end())
		return;
	const auto &[key, member] = *found;
	if (member.flood || member.fdb_refs > 1) {
		xovl_member value = member;
		value.fdb_refs--;
		maps().members.set(key, value);
		current_->tables.members[key] = value;
		return;
	}
	Refs refs = [&, present = present_refs(),
		     name = std::string(tables().networks[net].name)](const NetworkConfig &config) {
		auto counts = present(config);
		if (config.name == name)
			counts[remote]--;
		return counts;
	};
	commit(running(false), refs, false);
}

/// All steps are in one function, because their order matters: check everything, count the new reference, write the
/// entry (undo the count if that fails), drop the old reference.
void Overlay::fdb_add(const std::string &net, const FdbConfig &entry, bool replace, const PeerWords &words)
{
	impl_->attach_returned();
	uint32_t index = impl_->network(net);
	impl_->heal();
	const Address *dst = entry.dst();
	// An entry that leads to a port or a member changes nothing else, so most tables need not be read.
	const bool is_member = dst && impl_->knows_member(index, *dst);
	const bool is_simple = words.empty() && (!dst || is_member);
	const Tables &tables = is_simple ? impl_->places() : impl_->tables();
	Config config = to_config(tables, index);
	if (dst)
		add_known_peer(tables, index, *dst, config.networks[0]);
	const std::optional<PeerConfig> peer = add_entry(config.networks[0], entry, words);
	impl_->check(config);
	if (peer && !is_simple && !has_ways_in(tables, index, config, *peer)) {
		// The network will receive in a new way, and another network may receive so already.
		Config all = impl_->running(false);
		add_entry(*all.find_network(net), entry, words);
		impl_->check(all);
	}

	xovl_fdb_key key = fdb_key(index, entry.mac);
	auto old = impl_->maps().fdb.get(key);
	bool is_static = old && xovl_fdb_state_of(old->dst) != XOVL_FDB_LEARNED;
	if (is_static && !replace)
		throw request_error(
			fmt::format("{} is in network \"{}\" already (xovl fdb replace)", entry.mac.str(), net));
	const std::optional<Address> old_remote = is_static ? remote_of(impl_->tables(), old) : std::nullopt;
	if (old_remote)
		impl_->check_without(index, *old_remote, peer);
	// In this order, a killed command leaves at most a count that is too high.
	if (peer)
		impl_->add_ref(index, *peer);
	try {
		fdb_write(impl_->maps(), impl_->learned(), key,
			  {.dst = fdb_dst(impl_->places(), index, entry.target), .seen = 0});
	} catch (...) {
		if (dst)
			impl_->drop_ref(index, *dst);
		throw;
	}
	impl_->learned().add_others(is_static ? 0 : 1);
	impl_->maps().next_epoch();
	if (old_remote)
		impl_->drop_ref(index, *old_remote);
}

void Overlay::fdb_del(const std::string &net, const Mac &mac)
{
	impl_->attach_returned();
	const uint32_t index = impl_->network(net);
	impl_->heal();
	xovl_fdb_key key = fdb_key(index, mac);
	auto old = impl_->maps().fdb.get(key);
	if (!old)
		throw request_error(fmt::format("{} is not in network \"{}\" (xovl fdb show)", mac.str(), net));
	auto old_remote = remote_of(impl_->tables(), old);
	if (old_remote)
		impl_->check_without(index, *old_remote, std::nullopt);
	if (xovl_fdb_state_of(old->dst) == XOVL_FDB_LEARNED) {
		impl_->learned().del(key);
	} else {
		impl_->maps().fdb.del(key);
		impl_->learned().add_others(-1);
	}
	impl_->maps().next_epoch();
	if (old_remote)
		impl_->drop_ref(index, *old_remote);
}

size_t Overlay::fdb_flush(const FdbFilter &filter)
{
	impl_->attach_returned();
	FdbFilter learned = filter;
	learned.state = XOVL_FDB_LEARNED;
	std::vector<xovl_fdb_key> keys;
	impl_->for_each_fdb(learned, [&](const xovl_fdb_key &key, const FdbEntry &) { keys.push_back(key); });
	impl_->heal();
	for (const xovl_fdb_key &key : keys)
		impl_->learned().del(key);
	if (!keys.empty())
		impl_->maps().next_epoch();
	return keys.size();
}

} // namespace xovl
