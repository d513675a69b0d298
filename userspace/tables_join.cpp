// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One more member of a network, without looking at the others.
#include <algorithm>

#include "tables_impl.hpp"

namespace xovl {

namespace {

/// The slot of a peer: its own, or the first free one. Error(Request): there are too many.
uint32_t peer_slot(const Tables &tables, const xovl_peer &peer)
{
	auto is_used = [](const xovl_peer &other) { return other.family != 0; };
	auto is_same = [&](const xovl_peer &other) { return compare_peers(other, peer) == 0; };
	auto found = std::ranges::find_if(tables.peers, is_same);
	if (found == tables.peers.end()) {
		check_count(std::ranges::count_if(tables.peers, is_used) + 1, tables.limits.peers, kPeersText);
		found = std::ranges::find_if_not(tables.peers, is_used);
	}
	return found - tables.peers.begin();
}

} // namespace

void join_network(const Maps &maps, Tables &tables, uint32_t net_index, const Address &remote)
{
	const Config config = to_config(tables, net_index);
	xovl_peer peer = make_peer(config.networks[0], config.vteps, remote);
	const uint32_t slot = peer_slot(tables, peer);
	check_count(tables.members.size() + 1, tables.limits.members, kMembersText);
	if (!tables.peers[slot].family) {
		peer.generation = tables.settings.next_generation++;
		maps.settings.set(0, tables.settings); // used up before it is used
		maps.peer_stats.clear_per_cpu(slot);
		maps.peers.set(slot, peer);
		tables.peers[slot] = peer;
	}
	const xovl_member_key key{.remote = remote.raw(), .net = net_index, .pad = 0};
	const xovl_member member{.peer = slot, .fdb_refs = 1, .flood = 0, .order = 0};
	maps.members.set(key, member);
	tables.members[key] = member;
}

} // namespace xovl
