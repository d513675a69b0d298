// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// How the peers of a network are reached: the known values, and the keys of new entries.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "config/config.hpp"

namespace xovl {

namespace {

bool is_normal(const NetworkConfig &net, const PeerConfig &peer)
{
	return peer.encap == net.encap && peer.dstport == net.dstport && peer.via == net.via &&
	       peer.encrypted == net.encrypted;
}

/// Completes the keys with the network's settings. dstport is the network's if the encapsulation is too, otherwise the
/// default.
PeerConfig completed(const NetworkConfig &net, const Address &dst, const PeerWords &words)
{
	const xovl_encap encap = words.encap.value_or(net.encap);
	const uint16_t dstport = encap == net.encap ? net.dstport : default_dstport(encap);
	return {dst, encap, words.dstport.value_or(dstport), words.via.value_or(net.via),
		words.encrypted.value_or(net.encrypted)};
}

template <typename Value> bool contradict(const std::optional<Value> &a, const std::optional<Value> &b)
{
	return a && b && *a != *b;
}

bool other_header(const PeerWords &a, const PeerWords &b)
{
	return contradict(a.encap, b.encap) || contradict(a.dstport, b.dstport);
}

bool contradict(const PeerWords &a, const PeerWords &b)
{
	return other_header(a, b) || contradict(a.via, b.via) || contradict(a.encrypted, b.encrypted);
}

/// The error for an entry that contradicts what is known about a peer. It names the key that differs. net: the
/// network's name.
Error known_otherwise(std::string_view net, const Address &dst, const PeerWords &known, const PeerWords &said)
{
	const std::string kind = known.encap ? fmt::format("a {} peer", name_of(*known.encap)) : "a peer";
	if (!other_header(known, said)) {
		const bool via = contradict(known.via, said.via);
		const char *key = via ? "via" : "require";
		const char *word = via ? name_of(*known.via) : require_word(*known.encrypted);
		return request_error(fmt::format("{} is {} with {} {} of network \"{}\" already (one {} for a peer)",
						 dst.str(), kind, key, word, net, key));
	}
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

PeerWords all_words(const PeerConfig &peer)
{
	return {peer.encap, peer.dstport, peer.via, peer.encrypted};
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
	if (peer->via != net.via)
		words.via = peer->via;
	if (peer->encrypted != net.encrypted)
		words.encrypted = peer->encrypted;
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
		const PeerWords known = all_words(peer_of(net, dst));
		if (contradict(words, known))
			throw known_otherwise(net.name, dst, known, words);
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

PeerConfig moved_peer(const PeerConfig &peer, const NetworkSettings &before, const NetworkSettings &after)
{
	PeerConfig moved = peer;
	if (peer.encap == before.encap && peer.dstport == before.dstport) {
		moved.encap = after.encap;
		moved.dstport = after.dstport;
	}
	if (peer.via == before.via)
		moved.via = after.via;
	if (peer.encrypted == before.encrypted)
		moved.encrypted = after.encrypted;
	return moved;
}

void move_peers(NetworkConfig &net, const NetworkSettings &before)
{
	for (PeerConfig &peer : net.peers)
		peer = moved_peer(peer, before, net);
	normalize_peers(net);
}

void PeerStatements::add(std::string_view net, const Address &dst, const PeerWords &words, const EntryPosition &entry)
{
	if (words.empty())
		return;
	Said &said = said_[dst];
	if (contradict(said.words, words))
		throw known_otherwise(net, dst, said.words, words);
	auto take = [&](auto &known, const auto &word, std::string_view key) {
		if (word && !std::exchange(known, word))
			said.by[key] = entry;
	};
	take(said.words.encap, words.encap, "encap");
	take(said.words.dstport, words.dstport, "dstport");
	take(said.words.via, words.via, "via");
	take(said.words.encrypted, words.encrypted, "require");
}

EntryPosition PeerStatements::who_says(const Address &dst, std::string_view key) const
{
	const auto &by = said_.at(dst).by;
	const auto said = by.find(key);
	return said == by.end() ? by.begin()->second : said->second;
}

void PeerStatements::into(NetworkConfig &net) const
{
	net.peers.clear();
	for (const auto &[dst, said] : said_)
		net.peers.push_back(completed(net, dst, said.words));
	normalize_peers(net);
}

} // namespace xovl
