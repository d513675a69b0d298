// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// xovl peer: the remote VTEPs, and their path MTUs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "command.hpp"

namespace xovl {

namespace {

std::string nets_text(const Json &nets)
{
	return fmt::format("{}", fmt::join(nets.get<std::vector<std::string>>(), ", "));
}

std::string seconds_text(const Json &seconds)
{
	return fmt::format("{}s", seconds.get<uint32_t>());
}

void show(Context &context, Args &args)
{
	args.end();
	Table table({{"dst", "dst"},
		     {"local", "local"},
		     {"encap", "encap"},
		     {"dstport", "dstport"},
		     {"via", "via"},
		     {"require", "require"},
		     {"carried_by", "carried by"},
		     {"nets", "nets", nets_text},
		     {"pmtu", "path mtu"},
		     {"pmtu_from", "from"},
		     {"pmtu_said", "said"},
		     {"pmtu_expires", "expires", seconds_text},
		     {"icmp_believed", "believed"},
		     {"icmp_refused", "refused"}});
	for (const PeerStatus &peer : context.overlay().peers()) {
		const bool reported = peer.is_reported();
		const Json from = reported ? Json(peer.reported.from.str()) : peer.route_mtu ? Json("route") : Json();
		table.add({peer.dst.str(), peer.local.str(), name_of(peer.encap), number_or_none(peer.dstport),
			   name_of(peer.via), require_word(peer.encrypted), peer.by_kernel ? "kernel" : "xovl",
			   peer.nets, number_or_none(peer.mtu()), from, reported ? Json(peer.reported.said) : Json(),
			   reported ? Json(peer.reported.seconds) : Json(), peer.reported.believed,
			   peer.reported.refused});
	}
	context.out.table(table);
}

void flush(Context &context, Args &args)
{
	std::optional<Address> dst;
	if (const std::string what = args.next("pmtu"); what != "pmtu")
		throw request_error(fmt::format("\"{}\" cannot be flushed (pmtu)", what));
	args.keys({{"dst", Need::Optional, [&](const std::string &v) { dst = Address::parse(v); }}});
	const size_t count = context.overlay_to_change().flush_pmtu(dst);
	context.tell(fmt::format("{} forgotten", count));
}

constexpr Command kCommands[] = {
	{"show", "peer show", show},
	{"flush", "peer flush pmtu [dst IP]", flush},
};

} // namespace

const Object kPeerObject{"peer", kCommands};

} // namespace xovl
