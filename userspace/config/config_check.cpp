// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The rules for every configuration, independent of the machine.
#include "config/config_check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/policy.hpp"
#include "config/via_check.hpp"

namespace xovl {

void Checker::check()
{
	check_limits();
	check_vteps();
	check_uplinks();
	for (size_t n = 0; n < config_.networks.size(); n++)
		check_network(n);
}

void Checker::check_limits() const
{
	for (const LimitKey &key : kLimitKeys)
		hold({"limits", key.range.what}, [&] { check_number(key.range, limits_.*key.member); });
}

void Checker::check_vteps()
{
	std::set<Address> seen;

	for (size_t i = 0; i < config_.vteps.size(); i++) {
		const Address &local = config_.vteps[i].local;
		const ConfigPath path = {"vtep", "local", i, "ip"};

		check_endpoint(local, path);
		if (!seen.insert(local).second)
			fail(path, fmt::format("vtep {} exists already (another address)", local.str()));
		check_count(i + 1, kVtepsMax, "vteps", path);
	}
}

void Checker::check_uplinks()
{
	for (size_t i = 0; i < config_.uplinks.size(); i++) {
		const UplinkConfig &uplink = config_.uplinks[i];
		const ConfigPath path = {"uplinks", i, "dev"};

		hold(path, [&] { parse_dev_name(uplink.dev); });
		if (uplink.vid)
			hold({"uplinks", i, "vid"}, [&] { check_number(kVlanRange, uplink.vid); });
		if (!devices_.insert({uplink.dev, {uplink.mode, true, {}, false}}).second)
			fail(path, fmt::format("uplink {} exists already (another interface)", uplink.dev));
	}
}

void Checker::check_network(size_t n)
{
	ports_.clear();
	members_.clear();
	check_values(n);
	check_count(n + 1, limits_.networks, kNetworksText, {"networks", n});
	check_tunnels(n);
	check_policy(n);
	check_known_options(n);
	check_vias(n);
	check_ports(n);
	check_flood(n);
	check_fdb(n);
	names_.insert(config_.networks[n].name);
}

void Checker::check_values(size_t n) const
{
	const NetworkConfig &net = config_.networks[n];

	hold({"networks", n, "name"}, [&] { parse_net_name(net.name); });
	if (names_.count(net.name))
		fail({"networks", n, "name"}, fmt::format("network \"{}\" exists already (another name)", net.name));
	const NumberRange &ids = id_range(net.encap);
	if (net.vni)
		hold({"networks", n, "vni"}, [&] { check_number(ids, *net.vni); });
	else if (net.encap != XOVL_ENCAP_GRE)
		fail({"networks", n, "vni"},
		     fmt::format("{} needs a {} (vni {}-{})", name_of(net.encap), ids.what, ids.min, ids.max));
	hold({"networks", n, "dstport"}, [&] { check_dstport(net.encap, net.dstport); });
	hold({"networks", n, "mtu"}, [&] { check_number(kMtuRange, net.mtu); });
	hold({"networks", n, "ageing"}, [&] { check_number(kAgeingRange, net.ageing); });
	if (net.local && !is_vtep(*net.local))
		fail({"networks", n, "local"},
		     fmt::format("local {0} of network \"{1}\" is not a vtep (xovl vtep add {0})", net.local->str(),
				 net.name));
}

void Checker::check_outer(size_t n) const
{
	const OuterPolicy &outer = config_.networks[n].outer;
	auto check = [&](const NumberRange &range, uint64_t value) {
		hold({"networks", n, range.what}, [&] { check_number(range, value); });
	};

	if (outer.ttl)
		check(kTtlRange, *outer.ttl);
	if (outer.dscp)
		check(kDscpRange, *outer.dscp);
	check(kSrcportRange, outer.sport_min);
	check({kSrcportRange.what, outer.sport_min, kSrcportRange.max}, outer.sport_max);
	if (outer.flowlabel)
		check(kFlowlabelRange, *outer.flowlabel);
}

/// A setting that no encapsulation in use supports must be at its default.
void Checker::check_policy(size_t n) const
{
	const NetworkConfig &net = config_.networks[n];
	const Encaps used = encaps_in_use(net);

	check_outer(n);
	for (const auto &setting : settings_of<NetworkSettings>())
		if (!(setting.encaps & used) && !is_default(setting, net))
			fail({"networks", n, setting.name},
			     fmt::format("{0} is for {1}, not {2} ({0} {3})", setting.name, names_of(setting.encaps),
					 names_of(used), word_of(setting.value({}))));
	if (octets_of(net.options) > kOptionsMax)
		fail({"networks", n, "geneve-opt"},
		     fmt::format("options of {} octets, their headers included (at most {})", octets_of(net.options),
				 kOptionsMax));
}

void Checker::check_known_options(size_t n) const
{
	const NetworkConfig &net = config_.networks[n];
	std::set<OptionKind> kinds;
	auto add = [&](const GeneveOption &option, const ConfigPath &path) {
		kinds.insert(option.kind());
		check_count(kinds.size(), kKnownOptionsMax, "different GENEVE options in a network and its ports",
			    path);
	};

	for (size_t i = 0; i < net.options.size(); i++)
		add(net.options[i], {"networks", n, "geneve-opt", i});
	if (net.match)
		add(net.match->option, {"networks", n, "geneve-match"});
	for (size_t p = 0; p < net.ports.size(); p++)
		for (size_t i = 0; i < net.ports[p].options.size(); i++)
			add(net.ports[p].options[i], {"networks", n, "ports", p, "geneve-opt", i});
}

void Checker::check_vias(size_t n) const
{
	const NetworkConfig &net = config_.networks[n];

	hold({"networks", n, "require"}, [&] { check_require(net); });
	hold({"networks", n, "via"}, [&] { check_via(net); });
	for (size_t i = 0; i < net.peers.size(); i++) {
		hold({"networks", n, "peers", i, "require"}, [&] { check_require(net.peers[i]); });
		hold({"networks", n, "peers", i, "via"}, [&] { check_via(net.peers[i]); });
	}
}

void Checker::check_tunnels(size_t n)
{
	const NetworkConfig &net = config_.networks[n];
	std::set<std::pair<xovl_encap, uint16_t>> seen = {{net.encap, net.dstport}};

	hold({"networks", n, "vni"}, [&] { receivers_.add(net, net.encap, net.dstport); });
	count_tunnels(net, {"networks", n});
	for (size_t i = 0; i < net.peers.size(); i++)
		if (seen.insert({net.peers[i].encap, net.peers[i].dstport}).second)
			check_peer_tunnel(n, i);
}

void Checker::check_peer_tunnel(size_t n, size_t i)
{
	const NetworkConfig &net = config_.networks[n];
	const PeerConfig &peer = net.peers[i];
	const ConfigPath encap = {"networks", n, "peers", i, "encap"};

	hold({"networks", n, "peers", i, "dstport"}, [&] { check_dstport(peer.encap, peer.dstport); });
	hold(encap, [&] {
		check_peer_id(net, peer);
		receivers_.add(net, peer.encap, peer.dstport);
	});
	count_tunnels(net, encap);
}

void Checker::count_tunnels(const NetworkConfig &net, const ConfigPath &path)
{
	nr_tunnels_ += net.local ? 1 : config_.vteps.size();
	check_count(nr_tunnels_, tunnels_max(limits_.networks), kTunnelsText, path);
}

void Checker::check_count(size_t count, size_t limit, const char *what, const ConfigPath &path) const
{
	hold(path, [&] { xovl::check_count(count, limit, what); });
}

bool Checker::is_vtep(const Address &address) const
{
	return std::any_of(config_.vteps.begin(), config_.vteps.end(),
			   [&](const VtepConfig &vtep) { return vtep.local == address; });
}

void validate(const Config &config, const Limits &in_force)
{
	validate(config, in_force, [](const ConfigPath &) { return std::string(); });
}

void validate(const Config &config, const Limits &in_force, const Where &where)
{
	Checker(config, where, in_force).check();
}

} // namespace xovl
