// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What every look at an overlay and every change of it reads.
#include "overlay/overlay_impl.hpp"

#include "state/devices.hpp"

namespace xovl {

OverlayView::Impl::Impl(std::shared_ptr<const PinDir> dir) : dir_(std::move(dir))
{
	if (datapath_is_loaded(*dir_))
		maps_.emplace(*dir_);
}

OverlayView::Impl::Current &OverlayView::Impl::current(Depth depth)
{
	if (!current_ || current_->depth < depth) {
		Tables tables;
		if (loaded())
			tables = depth == Depth::All ? read_tables(maps()) : read_places(maps());
		std::vector<uint32_t> renamed = follow_names(*dir_, tables.devices);
		current_.emplace(std::move(tables), depth);
		current_->renamed = std::move(renamed);
	}
	return *current_;
}

bool OverlayView::Impl::knows_member(uint32_t net_index, const Address &dst)
{
	Current &known = current(Depth::Places);
	if (known.depth == Depth::All)
		return known.tables.members.find({.remote = dst.raw(), .net = net_index, .pad = 0}) !=
		       known.tables.members.end();
	return read_member(maps(), net_index, dst, known.tables);
}

uint32_t OverlayView::Impl::network(const std::string &name)
{
	const auto &networks = current(Depth::Places).networks;
	const auto index = networks.find(name);
	if (index == networks.end())
		throw no_network(name);
	return index->second;
}

OverlayView::Impl::Refs OverlayView::Impl::present_refs()
{
	std::map<std::string, std::map<Address, uint32_t>> refs;
	for (const auto &[key, member] : tables().members)
		if (member.fdb_refs && key.net < tables().networks.size())
			refs[tables().networks[key.net].name][Address(key.remote)] = member.fdb_refs;
	return [refs](const NetworkConfig &net) {
		auto known = refs.find(net.name);
		return known == refs.end() ? std::map<Address, uint32_t>{} : known->second;
	};
}

OverlayView::Impl::Refs OverlayView::Impl::fdb_refs_of_config()
{
	return [](const NetworkConfig &net) {
		std::map<Address, uint32_t> refs;
		for (const auto &entry : net.fdb)
			if (const Address *dst = entry.dst())
				refs[*dst]++;
		return refs;
	};
}

void OverlayView::Impl::check(const Config &wanted) const
{
	validate(wanted, loaded() ? maps().limits() : Limits{});
}

Config OverlayView::Impl::running(bool with_fdb)
{
	Config config = to_config(tables());
	if (!loaded())
		return config;
	if (maps().limits() != Limits{})
		config.limits = maps().limits();
	if (with_fdb)
		fdb_to_config(fdb_read(maps()), tables(), config);
	return config;
}

} // namespace xovl
