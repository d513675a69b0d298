// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Reading the FDB.
#include <algorithm>
#include <tuple>

#include "overlay/overlay_impl.hpp"

namespace xovl {

namespace {

/// Fills in where an entry leads. Returns false if the peer or port is gone.
bool resolve_target(const Tables &tables, uint64_t dst, FdbEntry &entry)
{
	const auto target = fdb_target(tables, dst);
	if (!target)
		return false;
	if (const auto *port = std::get_if<FdbPort>(&*target)) {
		entry.dev = port->dev();
		entry.vid = port->vid();
	} else {
		entry.dst = std::get<Address>(*target);
	}
	return true;
}

/// Fills in how often the entry's MAC has moved.
void add_moves(const xovl_network &network, const xovl_fdb_moves &moved, uint64_t now, FdbEntry &entry)
{
	const auto window = static_cast<int64_t>(network.move_seconds) * 1'000'000'000;
	entry.moves = moved.moves;
	entry.held = network.move_limit && moved.in_window >= network.move_limit &&
		     static_cast<int64_t>(now - moved.since) <= window;
}

bool by_name(const FdbEntry &a, const FdbEntry &b)
{
	return std::tie(a.net, a.mac) < std::tie(b.net, b.mac);
}

} // namespace

bool FdbFilter::matches(const FdbEntry &entry) const
{
	return (dev.empty() || (dev == entry.dev && (!vid || *vid == entry.vid))) && (!dst || dst == entry.dst) &&
	       (!state || *state == entry.state) && (!mac || *mac == entry.mac);
}

void OverlayView::Impl::for_each_fdb(const FdbFilter &filter,
				     const std::function<void(const xovl_fdb_key &, const FdbEntry &)> &visit)
{
	std::optional<uint32_t> only;
	if (!filter.net.empty())
		only = network(filter.net);
	if (!loaded())
		return;
	const Tables &known = tables();
	const Image<xovl_fdb_key, xovl_fdb_moves> moves = maps().fdb_moves.image();
	const uint64_t now = coarse_now();
	auto look_at = [&](const xovl_fdb_key &key, const xovl_fdb &value) {
		if ((only && key.net != *only) || key.net >= known.networks.size())
			return;
		const xovl_network &net = known.networks[key.net];
		FdbEntry entry{
			.net = net.name, .mac = Mac(std::to_array(key.mac)), .state = xovl_fdb_state_of(value.dst)};
		const bool learned = entry.state == XOVL_FDB_LEARNED;
		const auto age = static_cast<int64_t>(now - value.seen);
		entry.expired = learned && net.ageing_ns && age > static_cast<int64_t>(net.ageing_ns);
		entry.age = learned ? std::max<int64_t>(age, 0) / 1e9 : 0;
		if (auto moved = moves.find(key); learned && moved != moves.end())
			add_moves(net, moved->second, now, entry);
		if (resolve_target(known, value.dst, entry) && filter.matches(entry))
			visit(key, entry);
	};
	if (!only || !filter.mac) {
		maps().fdb.for_each(look_at);
		return;
	}
	const xovl_fdb_key key = fdb_key(*only, *filter.mac);
	if (const auto value = maps().fdb.get(key))
		look_at(key, *value);
}

std::vector<FdbEntry> OverlayView::fdb(const FdbFilter &filter) const
{
	std::vector<FdbEntry> entries;
	impl_->for_each_fdb(filter, [&](const xovl_fdb_key &, const FdbEntry &entry) {
		if (!entry.expired)
			entries.push_back(entry);
	});
	std::ranges::sort(entries, by_name);
	return entries;
}

} // namespace xovl
