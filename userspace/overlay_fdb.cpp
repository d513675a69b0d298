// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// FDB entries one by one.
#include <fmt/format.h>

#include "overlay_impl.hpp"

namespace xovl {

namespace {

/// The remote VTEP that a static entry refers to; nullopt: none.
std::optional<Address> remote_of(const Tables &tables, const std::optional<xovl_fdb> &entry)
{
	if (!entry || xovl_fdb_state_of(entry->dst) != XOVL_FDB_STATIC ||
	    xovl_fdb_target(entry->dst) != XOVL_TARGET_PEER)
		return std::nullopt;
	return Address(tables.peers.at(xovl_fdb_index(entry->dst)).remote);
}

} // namespace

/// One more static entry of a network refers to remote.
void Overlay::Impl::add_ref(uint32_t net, const Address &remote)
{
	auto member = tables().members.find({.remote = remote.raw(), .net = net, .pad = 0});
	if (member == tables().members.end())
		return join_network(maps(), current_->tables, net, remote);
	xovl_member value = member->second;
	value.fdb_refs++;
	maps().members.set(member->first, value);
	current_->tables.members[member->first] = value;
}

/// One less. The remote's last one takes it out of the network.
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

void Overlay::fdb_add(const std::string &net, const FdbConfig &entry, bool replace)
{
	uint32_t index = impl_->network(net);
	const Address *dst = entry.dst();
	Config config = to_config(impl_->tables(), index);
	config.networks[0].fdb = {entry};
	validate(config);

	xovl_fdb_key key = fdb_key(index, entry.mac);
	auto old = impl_->maps().fdb.get(key);
	bool is_static = old && xovl_fdb_state_of(old->dst) != XOVL_FDB_LEARNED;
	if (is_static && !replace)
		throw request_error(
			fmt::format("{} is in network \"{}\" already (xovl fdb replace)", entry.mac.str(), net));
	auto old_remote = remote_of(impl_->tables(), old);
	// in this order a killed writer leaves at most a count that is too high
	if (dst)
		impl_->add_ref(index, *dst);
	try {
		fdb_write(impl_->maps(), key, {.dst = fdb_dst(impl_->tables(), index, entry.target), .seen = 0});
	} catch (...) {
		if (dst)
			impl_->drop_ref(index, *dst);
		throw;
	}
	impl_->maps().next_generation();
	if (old_remote)
		impl_->drop_ref(index, *old_remote);
}

void Overlay::fdb_del(const std::string &net, const Mac &mac)
{
	const uint32_t index = impl_->network(net);
	xovl_fdb_key key = fdb_key(index, mac);
	auto old = impl_->maps().fdb.get(key);
	if (!old)
		throw request_error(fmt::format("{} is not in network \"{}\" (xovl fdb show)", mac.str(), net));
	auto old_remote = remote_of(impl_->tables(), old);
	impl_->maps().fdb.del(key);
	impl_->maps().next_generation();
	if (old_remote)
		impl_->drop_ref(index, *old_remote);
}

size_t Overlay::fdb_flush(const std::string &net)
{
	uint32_t index = impl_->network(net);
	std::vector<xovl_fdb_key> learned;
	impl_->maps().fdb.for_each([&](const xovl_fdb_key &key, const xovl_fdb &entry) {
		if (key.net == index && xovl_fdb_state_of(entry.dst) == XOVL_FDB_LEARNED)
			learned.push_back(key);
	});
	for (const auto &key : learned)
		impl_->maps().fdb.del(key);
	impl_->maps().next_generation();
	return learned.size();
}

} // namespace xovl
