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

/// One more or one less static entry of net refers to remote.
void Overlay::Impl::count_ref(const std::string &net, const Address &remote, int change)
{
	xovl_member_key key{.remote = remote.raw(), .net = network(net), .pad = 0};
	auto member = tables().members.find(key);
	if (member != tables().members.end() && (member->second.flood || member->second.fdb_refs + change > 0)) {
		xovl_member value = member->second;
		value.fdb_refs += change;
		maps().members.set(key, value);
		tables_->members[key] = value;
		return;
	}
	// the peer comes or goes
	Refs refs = [&, present = present_refs()](const NetworkConfig &config) {
		auto counts = present(config);
		if (config.name == net)
			counts[remote] += change;
		return counts;
	};
	commit(running(false), refs, false);
}

void Overlay::fdb_add(const std::string &net, const FdbConfig &entry, bool replace)
{
	uint32_t index = impl_->network(net);
	const Address *dst = entry.dst();
	Config config = impl_->running(false);
	config.find_network(net)->fdb = {entry};
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
		impl_->count_ref(net, *dst, 1);
	try {
		fdb_write(impl_->maps(), key, {.dst = fdb_dst(impl_->tables(), index, entry.target), .seen = 0});
	} catch (...) {
		if (dst)
			impl_->count_ref(net, *dst, -1);
		throw;
	}
	if (old_remote)
		impl_->count_ref(net, *old_remote, -1);
	impl_->maps().next_generation();
}

void Overlay::fdb_del(const std::string &net, const Mac &mac)
{
	xovl_fdb_key key = fdb_key(impl_->network(net), mac);
	auto old = impl_->maps().fdb.get(key);
	if (!old)
		throw request_error(fmt::format("{} is not in network \"{}\" (xovl fdb show)", mac.str(), net));
	auto old_remote = remote_of(impl_->tables(), old);
	impl_->maps().fdb.del(key);
	if (old_remote)
		impl_->count_ref(net, *old_remote, -1);
	impl_->maps().next_generation();
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
