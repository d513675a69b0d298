// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The rules that every configuration keeps, whatever the machine is like.
#include "config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "error.hpp"

namespace xovl {

namespace {

/// Why an address cannot be one end of a tunnel between two machines; nullptr: it can.
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
	// fe80::/10 means nothing without an interface, and bpf_fib_lookup() does not forward it
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

/// The position of the first entry whose MAC one before it has; none: the size.
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

/// One walk through a configuration in the order of the file; the first rule broken ends it.
class Checker {
public:
	Checker(const Config &config, const Where &where, const Limits &in_force)
		: config_(config), limits_(config.limits.value_or(in_force)), where_(where)
	{
	}

	void check();

private:
	/// What an interface is used for.
	struct Device {
		xovl_mode mode;
		bool uplink;
		std::map<uint16_t, std::string> networks; ///< by VLAN
	};
	using PortSet = std::set<std::pair<std::string, uint16_t>>;

	[[noreturn]] void fail(const ConfigPath &path, const std::string &text) const
	{
		throw request_error(where_(path) + text);
	}

	/// What rule() complains about is said of the value at path.
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
	void check_tunnel(size_t n);
	void check_ports(size_t n);
	void check_device(size_t n, size_t i);
	void check_flood(size_t n);
	void check_fdb(size_t n);
	void check_target(size_t n, size_t i);
	void check_endpoint(const Address &address, const ConfigPath &path) const;
	/// Of each member once.
	void check_member(const NetworkConfig &net, const Address &peer, const ConfigPath &path);
	void check_count(size_t count, uint32_t limit, const char *what, const ConfigPath &path) const;
	bool is_vtep(const Address &address) const;

	const Config &config_;
	const Limits limits_;
	const Where &where_;

	std::map<std::string, Device> devices_;
	std::set<std::string> names_;
	/// (encap, VNI, dstport) -> the networks that have them
	std::map<std::tuple<xovl_encap, uint32_t, uint16_t>, std::vector<const NetworkConfig *>> tunnels_;
	/// A peer is counted for each header that leads to it.
	std::set<std::tuple<Address, Address, uint16_t, xovl_encap>> peers_;
	size_t nr_ports_ = 0;
	size_t nr_members_ = 0;
	size_t nr_entries_ = 0;

	// of the network that is being checked
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
	}
}

void Checker::check_uplinks()
{
	for (size_t i = 0; i < config_.uplinks.size(); i++) {
		const UplinkConfig &uplink = config_.uplinks[i];
		const ConfigPath path = {"uplinks", i, "dev"};

		hold(path, [&] { parse_dev_name(uplink.dev); });
		if (!devices_.insert({uplink.dev, {uplink.mode, true, {}}}).second)
			fail(path, fmt::format("uplink {} exists already (another interface)", uplink.dev));
	}
}

void Checker::check_network(size_t n)
{
	ports_.clear();
	members_.clear();
	check_values(n);
	check_count(n + 1, limits_.networks, "networks", {"networks", n});
	check_tunnel(n);
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
	hold({"networks", n, "vni"}, [&] { check_number(kVniRange, net.vni); });
	hold({"networks", n, "dstport"}, [&] { check_number(kDstportRange, net.dstport); });
	hold({"networks", n, "mtu"}, [&] { check_number(kMtuRange, net.mtu); });
	hold({"networks", n, "ageing"}, [&] { check_number(kAgeingRange, net.ageing); });
	if (net.local && !is_vtep(*net.local))
		fail({"networks", n, "local"},
		     fmt::format("local {0} of network \"{1}\" is not a vtep (xovl vtep add {0})", net.local->str(),
				 net.name));
}

/// Two networks can share an identifier only at different local addresses.
void Checker::check_tunnel(size_t n)
{
	const NetworkConfig &net = config_.networks[n];
	auto &others = tunnels_[{net.encap, net.vni, net.dstport}];

	for (const NetworkConfig *other : others) {
		if (!net.local || !other->local || *net.local == *other->local)
			fail({"networks", n, "vni"},
			     fmt::format(
				     "network \"{}\" has VNI {} at dstport {} already (another VNI, dstport or local)",
				     other->name, net.vni, net.dstport));
	}
	others.push_back(&net);
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
		ports_.insert({port.dev, port.vid});
		check_count(i + 1, kFloodMax, "ports in a network", {"networks", n, "ports", i});
		check_count(++nr_ports_, limits_.ports, "ports", {"networks", n, "ports", i});
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

void Checker::check_flood(size_t n)
{
	const NetworkConfig &net = config_.networks[n];
	std::set<Address> seen;

	for (size_t i = 0; i < net.flood.size(); i++) {
		const ConfigPath path = {"networks", n, "flood", i};

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
	hold(path, [&] { peers_.insert({peer, local_for(net, config_.vteps, peer), net.dstport, net.encap}); });
	check_count(peers_.size(), limits_.peers, "peers", path);
	check_count(++nr_members_, limits_.members, "members (pairs of network and peer)", path);
}

void Checker::check_count(size_t count, uint32_t limit, const char *what, const ConfigPath &path) const
{
	if (count > limit)
		fail(path, fmt::format("too many {} (at most {})", what, limit));
}

bool Checker::is_vtep(const Address &address) const
{
	return std::any_of(config_.vteps.begin(), config_.vteps.end(),
			   [&](const VtepConfig &vtep) { return vtep.local == address; });
}

} // namespace

NetworkConfig *Config::find_network(const std::string &name)
{
	return const_cast<NetworkConfig *>(std::as_const(*this).find_network(name));
}

const NetworkConfig *Config::find_network(const std::string &name) const
{
	auto found = std::find_if(networks.begin(), networks.end(),
				  [&](const NetworkConfig &net) { return net.name == name; });
	return found == networks.end() ? nullptr : &*found;
}

Address local_for(const NetworkConfig &net, const std::vector<VtepConfig> &vteps, const Address &peer)
{
	if (net.local && net.local->family() != peer.family())
		throw request_error(fmt::format("peer {} is {}, but network \"{}\" has local {} (an {} peer)",
						peer.str(), peer.family_name(), net.name, net.local->str(),
						net.local->family_name()));
	if (net.local)
		return *net.local;
	auto vtep = std::ranges::find(vteps, peer.family(), [](const VtepConfig &v) { return v.local.family(); });
	if (vtep == vteps.end())
		throw request_error(fmt::format("peer {} of network \"{}\" needs an {} vtep (xovl vtep add ADDRESS)",
						peer.str(), net.name, peer.family_name()));
	return vtep->local;
}

std::string port_name(std::string_view dev, uint16_t vid)
{
	return vid ? fmt::format("{} vid {}", dev, vid) : std::string(dev);
}

FdbConfig to_entry(const FdbWords &words)
{
	if (words.dst.has_value() == !words.dev.empty())
		throw request_error(fmt::format("MAC {} has {} (either one)", words.mac.str(),
						words.dst ? "both dst and dev" : "neither dst nor dev"));
	if (words.dst && words.vid)
		throw request_error("a VLAN goes with dev, not with dst (dev and vid, or dst alone)");
	if (words.dst)
		return {words.mac, *words.dst};
	return {words.mac, FdbPort(words.dev, words.vid)};
}

Error no_network(const std::string &name)
{
	return request_error(fmt::format("there is no network \"{}\" (xovl net show)", name));
}

void validate(const Config &config, const Limits &in_force)
{
	validate(
		config, [](const ConfigPath &) { return std::string(); }, in_force);
}

void validate(const Config &config, const Where &where, const Limits &in_force)
{
	Checker(config, where, in_force).check();
}

} // namespace xovl
