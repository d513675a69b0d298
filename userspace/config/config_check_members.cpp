// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The rules for flood lists, FDB entries and the peers that they lead to.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "config/config_check.hpp"
#include "config/policy.hpp"

namespace xovl {

namespace {

/// Returns why an address cannot be an end of a tunnel between two machines; nullptr if it can.
const char *unfit_for_tunnel(const Address &address)
{
	const xovl_addr raw = address.raw();
	const uint8_t *v4 = raw.bytes + 12;

	if (address.is_unspecified())
		return "the unspecified address";
	if (address.is_multicast())
		return "a multicast address";
	if (address.is_v4() ? v4[0] == 127 : address == Address::parse("::1"))
		return "a loopback address";
	if (address.is_v4() && std::all_of(v4, v4 + 4, [](uint8_t octet) { return octet == 255; }))
		return "the broadcast address";
	// fe80::/10 is ambiguous without an interface, and bpf_fib_lookup() does not forward to it.
	if (!address.is_v4() && raw.bytes[0] == 0xfe && (raw.bytes[1] & 0xc0) == 0x80)
		return "a link-local address";
	return nullptr;
}

uint64_t mac_number(const Mac &mac)
{
	uint64_t number = 0;
	for (uint8_t octet : mac.bytes())
		number = number << 8 | octet;
	return number;
}

/// Returns the index of the first entry whose MAC an earlier entry has, or the size if there is none.
size_t first_repeated(const std::vector<FdbConfig> &fdb)
{
	std::vector<uint64_t> macs(fdb.size());
	std::ranges::transform(fdb, macs.begin(), [](const FdbConfig &entry) { return mac_number(entry.mac); });
	if (!std::ranges::is_sorted(macs))
		std::ranges::sort(macs);
	if (std::ranges::adjacent_find(macs) == macs.end())
		return fdb.size();
	std::unordered_set<uint64_t> seen;
	auto is_new = [&](const FdbConfig &entry) { return seen.insert(mac_number(entry.mac)).second; };
	return std::ranges::find_if_not(fdb, is_new) - fdb.begin();
}

} // namespace

void Checker::check_flood(size_t n)
{
	const NetworkConfig &net = config_.networks[n];
	std::set<Address> seen;

	for (size_t i = 0; i < net.flood.size(); i++) {
		const ConfigPath path = {"networks", n, "flood", i, "dst"};

		if (members_.insert(net.flood[i]).second)
			check_member(net, net.flood[i], path);
		if (!seen.insert(net.flood[i]).second)
			fail(path, fmt::format("{} is on the flood list of network \"{}\" already (another peer)",
					       net.flood[i].str(), net.name));
		check_count(i + 1, kFloodMax, "peers on a flood list", path);
	}
}

void Checker::check_fdb(size_t n)
{
	const NetworkConfig &net = config_.networks[n];

	const size_t repeated = first_repeated(net.fdb);
	for (size_t i = 0; i < net.fdb.size(); i++) {
		const Mac &mac = net.fdb[i].mac;
		auto fail_mac = [&](const std::string &text) {
			fail({"networks", n, "fdb", i, "mac"}, fmt::format("MAC {} {}", mac.str(), text));
		};

		if (mac.is_zero())
			fail_mac("is all zeros (a unicast address)");
		if (mac.is_group())
			fail_mac("is a group address (a unicast address)");
		if (i == repeated)
			fail_mac(fmt::format("is in network \"{}\" already (another MAC)", net.name));
		check_target(n, i);
		if (++nr_entries_ > limits_.fdb)
			check_count(nr_entries_, limits_.fdb, "static FDB entries", {"networks", n, "fdb", i});
	}
}

void Checker::check_target(size_t n, size_t i)
{
	const NetworkConfig &net = config_.networks[n];
	const FdbConfig &entry = net.fdb[i];
	if (const Address *dst = entry.dst()) {
		if (members_.insert(*dst).second)
			check_member(net, *dst, {"networks", n, "fdb", i, "dst"});
		return;
	}
	const FdbPort &port = *entry.port();
	if (!ports_.count({std::string(port.dev()), port.vid()}))
		fail({"networks", n, "fdb", i, "dev"},
		     fmt::format("{} is not a port of network \"{}\" (xovl port add {} net {}{})",
				 port_name(port.dev(), port.vid()), net.name, port.dev(), net.name,
				 port.vid() ? fmt::format(" vid {}", port.vid()) : ""));
}

void Checker::check_endpoint(const Address &address, const ConfigPath &path) const
{
	if (const char *reason = unfit_for_tunnel(address))
		fail(path,
		     fmt::format("{} is {} (a unicast address that other machines can reach)", address.str(), reason));
}

void Checker::check_member(const NetworkConfig &net, const Address &peer, const ConfigPath &path)
{
	check_endpoint(peer, path);
	if (is_vtep(peer))
		fail(path, fmt::format("{} is a vtep of this machine (the address of another one)", peer.str()));
	const PeerConfig reached = peer_of(net, peer);
	hold(path, [&] {
		peers_.insert({peer, local_for(net, config_.vteps, peer), reached.dstport, reached.encap, reached.via,
			       reached.encrypted});
	});
	check_count(peers_.size(), limits_.peers, kPeersText, path);
	check_count(++nr_members_, limits_.members, kMembersText, path);
}

} // namespace xovl
