// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The rules for every configuration, independent of the machine.
#include "config/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "base/error.hpp"
#include "config/policy.hpp"
#include "config/receivers.hpp"
#include "config/via_check.hpp"

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

/// Checks a configuration in the order of the file. The first violation throws.
class Checker {
public:
	Checker(const Config &config, const Where &where, const Limits &in_force)
		: config_(config), limits_(config.limits.value_or(in_force)), where_(where)
	{
	}

	void check();

private:
	/// How the configuration uses an interface.
	struct Device {
		xovl_mode mode;
		bool uplink;
		std::map<uint16_t, std::string> networks; ///< name of the network, by VLAN
	};
	using PortSet = std::set<std::pair<std::string, uint16_t>>;

	[[noreturn]] void fail(const ConfigPath &path, const std::string &text) const
	{
		throw request_error(where_(path) + text);
	}

	/// Runs rule(). An error gets the position of the value at path.
	template <typename Rule> void hold(const ConfigPath &path, Rule &&rule) const
	{
		try {
			rule();
		} catch (const Error &e) {
			fail(path, e.what());
		}
	}

	void check_limits() const;
	void check_vteps();
	void check_uplinks();
	void check_network(size_t n);
	void check_values(size_t n) const;
	void check_outer(size_t n) const;
	void check_policy(size_t n) const;
	void check_known_options(size_t n) const;
	/// Checks `via` and `require` of the network and its peers.
	void check_vias(size_t n) const;
	/// Checks what the network receives with its own encapsulation and with those of its peers.
	void check_tunnels(size_t n);
	void check_peer_tunnel(size_t n, size_t i);
	/// Counts the tunnels for one more encapsulation and port of a network.
	void count_tunnels(const NetworkConfig &net, const ConfigPath &path);
	void check_ports(size_t n);
	void check_device(size_t n, size_t i);
	void check_port_policy(size_t n, size_t i) const;
	void check_flood(size_t n);
	void check_fdb(size_t n);
	void check_target(size_t n, size_t i);
	void check_endpoint(const Address &address, const ConfigPath &path) const;
	/// Checks and counts a peer. Called once for each member of a network.
	void check_member(const NetworkConfig &net, const Address &peer, const ConfigPath &path);
	void check_count(size_t count, size_t limit, const char *what, const ConfigPath &path) const;
	bool is_vtep(const Address &address) const;

	const Config &config_;
	const Limits limits_;
	const Where &where_;

	std::map<std::string, Device> devices_;
	std::set<std::string> names_;
	Receivers receivers_;
	/// Peers are counted by outer header (addresses, port, encapsulation) and by the way their packets are carried.
	std::set<std::tuple<Address, Address, uint16_t, xovl_encap, xovl_via, bool>> peers_;
	size_t nr_tunnels_ = 0;
	size_t nr_ports_ = 0;
	size_t nr_members_ = 0;
	size_t nr_entries_ = 0;

	// state of the network being checked
	PortSet ports_;
	std::set<Address> members_;
};

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
		if (!devices_.insert({uplink.dev, {uplink.mode, true, {}}}).second)
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

void Checker::check_ports(size_t n)
{
	const NetworkConfig &net = config_.networks[n];

	for (size_t i = 0; i < net.ports.size(); i++) {
		const PortConfig &port = net.ports[i];

		hold({"networks", n, "ports", i, "dev"}, [&] { parse_dev_name(port.dev); });
		if (port.vid)
			hold({"networks", n, "ports", i, "vid"}, [&] { check_number(kVlanRange, port.vid); });
		check_device(n, i);
		check_port_policy(n, i);
		ports_.insert({port.dev, port.vid});
		check_count(i + 1, kFloodMax, "ports in a network", {"networks", n, "ports", i});
		check_count(++nr_ports_, limits_.ports, kPortsText, {"networks", n, "ports", i});
	}
}

void Checker::check_device(size_t n, size_t i)
{
	const NetworkConfig &net = config_.networks[n];
	const PortConfig &port = net.ports[i];
	Device &device = devices_.insert({port.dev, {port.mode, false, {}}}).first->second;
	const auto [user, is_new] = device.networks.insert({port.vid, net.name});

	if (device.uplink)
		fail({"networks", n, "ports", i, "dev"},
		     fmt::format("{} cannot be an uplink and a port (one of them is another interface)", port.dev));
	if (!is_new)
		fail({"networks", n, "ports", i, "dev"},
		     fmt::format("port {} exists already in network \"{}\" (another interface or VLAN)",
				 port_name(port.dev, port.vid), user->second));
	if (device.mode != port.mode)
		fail({"networks", n, "ports", i, "mode"},
		     fmt::format("another port of {} asks for mode {} and this one for {} (one mode for an interface)",
				 port.dev, name_of(device.mode), name_of(port.mode)));
}

void Checker::check_port_policy(size_t n, size_t i) const
{
	const NetworkConfig &net = config_.networks[n];
	const PortConfig &port = net.ports[i];
	const size_t octets = octets_of(net.options) + octets_of(port.options);
	const Encaps used = encaps_in_use(net);

	for (const auto &setting : settings_of<PortConfig>())
		if (!(setting.encaps & used) && !is_default(setting, port))
			fail({"networks", n, "ports", i, setting.name},
			     fmt::format("{} is for {}, not {} (a port without it)", setting.name,
					 names_of(setting.encaps), names_of(used)));
	if (octets > kOptionsMax)
		fail({"networks", n, "ports", i, "geneve-opt"},
		     fmt::format(
			     "options of {} octets, those of network \"{}\" and their headers included (at most {})",
			     octets, net.name, kOptionsMax));
	const char *numbering = net.gso ? numbering_policy(net) : nullptr;
	if (numbering && port.mode != XOVL_MODE_NATIVE)
		fail({"networks", n, "ports", i, "mode"},
		     fmt::format("mode {} of port {} cannot do {} of network \"{}\": it keeps super-frames whole "
				 "(mode native; or gso off, if the tenants' interfaces send none)",
				 name_of(port.mode), port_name(port.dev, port.vid), numbering, net.name));
	if (port.group && !net.gbp)
		fail({"networks", n, "ports", i, "group"},
		     fmt::format("group is for networks with gbp on, not \"{0}\" (xovl net set {0} gbp on)", net.name));
}

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

void Checker::check_count(size_t count, size_t limit, const char *what, const ConfigPath &path) const
{
	hold(path, [&] { xovl::check_count(count, limit, what); });
}

bool Checker::is_vtep(const Address &address) const
{
	return std::any_of(config_.vteps.begin(), config_.vteps.end(),
			   [&](const VtepConfig &vtep) { return vtep.local == address; });
}

} // namespace

void validate(const Config &config, const Limits &in_force)
{
	validate(config, in_force, [](const ConfigPath &) { return std::string(); });
}

void validate(const Config &config, const Limits &in_force, const Where &where)
{
	Checker(config, where, in_force).check();
}

} // namespace xovl
