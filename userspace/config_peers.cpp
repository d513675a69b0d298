// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// How the peers of a network are reached: what is known of them, and what is said.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "config.hpp"

namespace xovl {

namespace {

bool is_normal(const NetworkConfig &net, const PeerConfig &peer)
{
	return peer.encap == net.encap && peer.dstport == net.dstport;
}

/// What is not said is as the network says, of its own encapsulation; else as is usual.
PeerConfig completed(const NetworkConfig &net, const Address &dst, const PeerWords &words)
{
	const xovl_encap encap = words.encap.value_or(net.encap);
	const uint16_t dstport = encap == net.encap ? net.dstport : default_dstport(encap);
	return {dst, encap, words.dstport.value_or(dstport)};
}

template <typename Value> bool contradict(const std::optional<Value> &a, const std::optional<Value> &b)
{
	return a && b && *a != *b;
}

bool contradict(const PeerWords &a, const PeerWords &b)
{
	return contradict(a.encap, b.encap) || contradict(a.dstport, b.dstport);
}

/// net: the name of a network. The port is told where it is what differs; 0 is none.
Error known_otherwise(std::string_view net, const Address &dst, const PeerWords &known, const PeerWords &said)
{
	const std::string kind = known.encap ? fmt::format("a {} peer", name_of(*known.encap)) : "a peer";
	const bool port_differs = !contradict(known.encap, said.encap) && known.dstport.value_or(0);
	const std::string port = port_differs ? fmt::format(" at dstport {}", *known.dstport) : "";
	return request_error(fmt::format("{} is {}{} of network \"{}\" already (one encapsulation for a peer)",
					 dst.str(), kind, port, net));
}

} // namespace

const PeerConfig *find_peer(const std::vector<PeerConfig> &peers, const Address &dst)
{
	auto peer = std::ranges::lower_bound(peers, dst, {}, &PeerConfig::dst);
	return peer != peers.end() && peer->dst == dst ? &*peer : nullptr;
}

PeerConfig peer_of(const NetworkConfig &net, const Address &dst)
{
	const PeerConfig *peer = find_peer(net.peers, dst);
	return peer ? *peer : completed(net, dst, {});
}

PeerWords words_for(const NetworkConfig &net, const std::vector<PeerConfig> &peers, const Address &dst)
{
	PeerWords words;
	const PeerConfig *peer = find_peer(peers, dst);
	if (!peer)
		return words;
	if (peer->encap != net.encap)
		words.encap = peer->encap;
	if (peer->dstport != completed(net, dst, words).dstport)
		words.dstport = peer->dstport;
	return words;
}

std::vector<PeerConfig> peers_off_flood(const NetworkConfig &net)
{
	std::vector<PeerConfig> peers;
	const std::set<Address> flood(net.flood.begin(), net.peers.empty() ? net.flood.begin() : net.flood.end());
	std::ranges::copy_if(net.peers, std::back_inserter(peers),
			     [&](const PeerConfig &peer) { return !flood.contains(peer.dst); });
	return peers;
}

void set_peer(NetworkConfig &net, const Address &dst, const PeerWords &words)
{
	if (words.empty())
		return;
	if (find_peer(net.peers, dst) || std::ranges::find(net.flood, dst) != net.flood.end()) {
		const PeerConfig known = peer_of(net, dst);
		const PeerWords known_words{known.encap, known.dstport};
		if (contradict(words, known_words))
			throw known_otherwise(net.name, dst, known_words, words);
		return;
	}
	const PeerConfig peer = completed(net, dst, words);
	if (!is_normal(net, peer))
		net.peers.insert(std::ranges::lower_bound(net.peers, dst, {}, &PeerConfig::dst), peer);
}

void normalize_peers(NetworkConfig &net)
{
	std::erase_if(net.peers, [&](const PeerConfig &peer) { return is_normal(net, peer); });
}

void PeerStatements::add(std::string_view net, const Address &dst, const PeerWords &words, const EntryPosition &entry)
{
	if (words.empty())
		return;
	Said &said = said_[dst];
	if (contradict(said.words, words))
		throw known_otherwise(net, dst, said.words, words);
	if (words.encap && !std::exchange(said.words.encap, words.encap))
		said.encap = entry;
	if (words.dstport && !std::exchange(said.words.dstport, words.dstport))
		said.dstport = entry;
}

EntryPosition PeerStatements::who_says(const Address &dst, bool dstport) const
{
	const Said &said = said_.at(dst);
	return said.words.dstport && (dstport || !said.words.encap) ? said.dstport : said.encap;
}

void PeerStatements::into(NetworkConfig &net) const
{
	net.peers.clear();
	for (const auto &[dst, said] : said_)
		net.peers.push_back(completed(net, dst, said.words));
	normalize_peers(net);
}

} // namespace xovl
