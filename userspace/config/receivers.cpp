// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/receivers.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace xovl {

namespace {

/// Returns "VNI 100", "GRE key 7" or "no key".
std::string id_text(xovl_encap encap, std::optional<uint32_t> id)
{
	return id ? fmt::format("{} {}", id_range(encap).what, *id) : "no key";
}

/// True if both networks may receive at the same local address.
bool same_local(const NetworkConfig &a, const NetworkConfig &b)
{
	return !a.local || !b.local || *a.local == *b.local;
}

} // namespace

void check_dstport(xovl_encap encap, uint16_t dstport)
{
	if (has_udp(encap))
		check_number(kDstportRange, dstport);
	else if (dstport)
		throw request_error(fmt::format("{} has no dstport (vxlan and geneve have)", name_of(encap)));
}

void check_peer_id(const NetworkConfig &net, const PeerConfig &peer)
{
	const NumberRange &ids = id_range(peer.encap);
	const bool keyless = !net.vni && peer.encap == XOVL_ENCAP_GRE;

	if (!keyless && (!net.vni || *net.vni > ids.max))
		throw request_error(fmt::format("{} peer {} needs a {}, but network \"{}\" has {} ({}-{})",
						name_of(peer.encap), peer.dst.str(), ids.what, net.name,
						id_text(net.encap, net.vni), ids.min, ids.max));
}

Receivers::WireId Receivers::wire_id(xovl_encap encap, uint16_t dstport, std::optional<uint32_t> id)
{
	if (encap == XOVL_ENCAP_GRE && id)
		*id >>= 8;
	return {encap == XOVL_ENCAP_NVGRE ? XOVL_ENCAP_GRE : encap, dstport, id};
}

void Receivers::claim_port(const Receiver &receiver, uint16_t dstport)
{
	const Receiver &first = udp_ports_.insert({dstport, receiver}).first->second;
	if (first.encap != receiver.encap)
		throw request_error(
			fmt::format("dstport {} is for {} in network \"{}\" and cannot be for {} (another dstport)",
				    dstport, name_of(first.encap), first.net->name, name_of(receiver.encap)));
}

void Receivers::add(const NetworkConfig &net, xovl_encap encap, uint16_t dstport)
{
	if (dstport)
		claim_port({&net, encap}, dstport);
	auto &others = receivers_[wire_id(encap, dstport, net.vni)];
	const char *what = id_range(encap).what;
	for (const Receiver &other : others) {
		const bool same_id = encap != other.encap || net.vni == other.net->vni;
		if (other.net == &net || !same_local(net, *other.net) || !same_id)
			continue;
		const std::string theirs = id_text(other.encap, other.net->vni);
		if (encap != other.encap)
			throw request_error(
				fmt::format("network \"{}\" has {}, and {} looks the same on the wire (another {} "
					    "or local)",
					    other.net->name, theirs, id_text(encap, net.vni), what));
		throw request_error(fmt::format(
			"network \"{}\" has {}{} already (another {}{} or local)", other.net->name, theirs,
			dstport ? fmt::format(" at dstport {}", dstport) : "", what, dstport ? ", dstport" : ""));
	}
	others.push_back({&net, encap});
}

} // namespace xovl
