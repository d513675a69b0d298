// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The configuration of one network namespace: what the file says, what `save` prints, what the verbs edit.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "config/geneve.hpp"
#include "config/types.hpp"

namespace xovl {

inline constexpr uint32_t kNetworksMax = 65535;
/// Ports of one network, and peers on its flood list.
inline constexpr uint32_t kFloodMax = 65535;
inline constexpr uint32_t kVtepsMax = 64;

/// Room for every network at several vteps or of several kinds, or for one network at all.
constexpr uint64_t tunnels_max(uint32_t networks)
{
	return 8 * uint64_t{networks} + kVtepsMax;
}

// what messages call that of which there can be too many
inline constexpr const char *kNetworksText = "networks";
inline constexpr const char *kPortsText = "ports";
inline constexpr const char *kPeersText = "peers";
inline constexpr const char *kMembersText = "members (pairs of network and peer)";
inline constexpr const char *kTunnelsText = "tunnels (of network, vtep and encapsulation)";

/// "too many peers (at most 1024)"
Error too_many(size_t most, const char *what);
/// Throws it where count is more than most.
void check_count(size_t count, size_t most, const char *what);

/// Map sizes, fixed when the datapath is loaded. None is 0.
struct Limits {
	uint32_t fdb = 65536;
	uint32_t networks = 4096; ///< at most kNetworksMax
	uint32_t peers = 1024;
	uint32_t ports = 1024;
	uint32_t members = 65536; ///< pairs of network and peer

	bool operator==(const Limits &) const = default;
};

/// The limits by the words of the file and the command.
struct LimitKey {
	uint32_t Limits::*member;
	NumberRange range;
};

inline constexpr LimitKey kLimitKeys[] = {
	{&Limits::fdb, {"fdb", 1, UINT32_MAX}},         {&Limits::networks, {"networks", 1, kNetworksMax}},
	{&Limits::peers, {"peers", 1, UINT32_MAX}},     {&Limits::ports, {"ports", 1, UINT32_MAX}},
	{&Limits::members, {"members", 1, UINT32_MAX}},
};
static_assert(sizeof(kLimitKeys) / sizeof(LimitKey) == sizeof(Limits) / sizeof(uint32_t), "every limit has its key");

struct VtepConfig {
	Address local;
	xovl_foreign foreign = XOVL_FOREIGN_REFUSE;
	bool xfrm_ignore = false;       ///< packets may go past IPsec policies
	bool pmtu_trust = true;         ///< routers may say that a path is narrower
	uint16_t pmtu_floor = kIpv6Mtu; ///< octets of a tenant's IP packet that is sent whatever they say

	bool operator==(const VtepConfig &) const = default;
};

struct UplinkConfig {
	std::string dev;
	uint16_t vid = 0; ///< 1-4094: the underlay is that VLAN of it; 0: untagged
	xovl_mode mode = XOVL_MODE_AUTO;
	xovl_rp_filter rp_filter =
		XOVL_RP_FILTER_AUTO; ///< whether packets must come in where routes to their senders leave
	bool gro = true; ///< a tunnel device for each UDP port has the kernel merge the tunnel packets that come in
	bool optional = false; ///< the interface may be missing: the uplink waits for it

	bool operator==(const UplinkConfig &) const = default;
};

struct PortConfig {
	std::string dev;
	uint16_t vid = 0; ///< 1-4094; 0: the interface's untagged frames
	xovl_mode mode = XOVL_MODE_AUTO;
	std::vector<GeneveOption> options; ///< sent with its frames, besides those of the network
	std::optional<uint16_t> group;     ///< VXLAN group policy ID of its frames; none: that of skb->mark
	bool optional = false;             ///< the interface may be missing: the port waits for it
	bool to_peer = false; ///< small frames go into the other end of its veth at once, where that is possible

	bool operator==(const PortConfig &) const = default;
};

/// A port as FDB entries name it. They can be many: it takes 18 octets and no heap.
class FdbPort {
public:
	/// dev: as parse_dev_name() takes it.
	explicit FdbPort(std::string_view dev, uint16_t vid = 0) : vid_(vid) { dev.copy(dev_.data(), dev_.size() - 1); }

	std::string_view dev() const { return dev_.data(); }
	uint16_t vid() const { return vid_; }

	auto operator<=>(const FdbPort &) const = default;

private:
	std::array<char, XOVL_DEV_LEN> dev_{};
	uint16_t vid_;
};

/// Where a static entry leads: to a peer, or to a port of the network.
using FdbTarget = std::variant<Address, FdbPort>;

/// A static FDB entry, 26 octets.
struct FdbConfig {
	Mac mac;
	FdbTarget target;

	/// The peer or the port; nullptr: it is the other one.
	const Address *dst() const { return std::get_if<Address>(&target); }
	const FdbPort *port() const { return std::get_if<FdbPort>(&target); }

	bool operator==(const FdbConfig &) const = default;
};

/// What is said beside a flood or FDB entry of how its peer is reached, as far as it is given.
struct PeerWords {
	std::optional<xovl_encap> encap;
	std::optional<uint16_t> dstport;
	std::optional<xovl_via> via;
	std::optional<bool> encrypted;

	bool empty() const { return !encap && !dstport && !via && !encrypted; }
};

/// What is said of an entry, in any order; dev empty and vid 0 where they are not.
struct FdbWords {
	Mac mac;
	std::optional<Address> dst;
	std::string_view dev;
	uint16_t vid = 0;
	PeerWords peer;
};

/// Error(Request): there is not exactly one of dst and dev, a VLAN without dev, or words of a peer without dst.
FdbConfig to_entry(const FdbWords &words);

/// How a peer of a network is reached where it is not as the network says.
struct PeerConfig {
	Address dst;
	xovl_encap encap = XOVL_ENCAP_VXLAN;
	uint16_t dstport = XOVL_VXLAN_PORT; ///< 0 of encapsulations without UDP
	xovl_via via = XOVL_VIA_AUTO;       ///< who carries its packets
	bool encrypted = false;             ///< packets in the clear are neither sent to it nor taken from it

	bool operator==(const PeerConfig &) const = default;
};

/// What the outer headers of a network's packets say (all that RFCs leave to the sender), and what is asked of those received.
struct OuterPolicy {
	std::optional<uint8_t> ttl = 64;     ///< or hop limit; none: of the inner packet
	std::optional<uint8_t> dscp = 0;     ///< none: of the inner packet
	std::optional<bool> df = true;       ///< IPv4; none: of the inner packet
	bool udpcsum = false;                ///< else zero (RFC 7348, 6935)
	bool udp6zerocsumrx = true;          ///< accept zero over IPv6
	uint16_t sport_min = XOVL_SPORT_MIN; ///< UDP source ports, spread by the inner flow
	uint16_t sport_max = XOVL_SPORT_MAX; ///< at least sport_min
	std::optional<uint32_t> flowlabel;   ///< IPv6; none: spread by the inner flow (RFC 6438)

	bool operator==(const OuterPolicy &) const = default;
};

/// GRE sequence numbers, RFC 2890: neither sent nor looked at; sent; late ones dropped, too.
enum class GreSeq { Off, On, Strict };

/// BPDUs of spanning tree: carried as any group; dropped; those of ports left to the kernel, those of peers dropped.
enum class Bpdu { Pass, Drop, Punt };

/// A network without what it consists of. Each member but the name is in the table of settings.hpp.
struct NetworkSettings {
	std::string name;
	xovl_encap encap = XOVL_ENCAP_VXLAN;
	std::optional<uint32_t> vni = 0;    ///< or VSID, or GRE key; none: GRE without key
	std::optional<Address> local;       ///< default: the first vtep of the peer's family
	uint16_t dstport = XOVL_VXLAN_PORT; ///< of UDP; 0 of encapsulations without
	uint16_t mtu = 0;                   ///< largest inner IP packet, octets; 0: what the underlay carries
	bool learning = true;
	uint32_t ageing = 300;        ///< seconds, 0: never
	uint32_t mac_limit = 0;       ///< learned entries; 0: a share of what is free
	xovl_via via = XOVL_VIA_AUTO; ///< who carries packets of peers that say nothing of it
	bool encrypted = false; ///< packets in the clear are neither sent nor taken, of peers that say nothing of it
	OuterPolicy outer;
	bool gso = true;        ///< its ports may hand over super-frames
	bool mss_clamp = false; ///< TCP SYNs get an MSS that fits, both ways
	Bpdu bpdu = Bpdu::Pass;
	std::vector<GeneveOption> options; ///< GENEVE: sent with every packet; kOptionsMax octets with those of a port
	std::optional<GeneveMatch> match;  ///< GENEVE: packets without it are dropped
	bool csum = false;                 ///< GRE: checksum
	GreSeq seq = GreSeq::Off;          ///< GRE
	bool gbp = false;                  ///< VXLAN: Group Policy extension
	bool reserved_strict = false;      ///< VXLAN: packets with reserved bits set are dropped

	bool operator==(const NetworkSettings &) const = default;
};

struct NetworkConfig : NetworkSettings {
	std::vector<PortConfig> ports;
	std::vector<Address> flood;
	/// Those peers of flood and fdb that are reached differently; one for an address, in order of the addresses. In files and
	/// commands it stands beside flood and FDB entries.
	std::vector<PeerConfig> peers;
	std::vector<FdbConfig> fdb;

	bool operator==(const NetworkConfig &) const = default;
};

struct Config {
	std::optional<Limits> limits; ///< absent: as loaded, or the defaults
	std::vector<VtepConfig> vteps;
	std::vector<UplinkConfig> uplinks;
	std::vector<NetworkConfig> networks;

	/// nullptr when there is none of that name
	NetworkConfig *find_network(const std::string &name);
	const NetworkConfig *find_network(const std::string &name) const;

	bool operator==(const Config &) const = default;
};

/// nullptr: it is not among them. peers: as NetworkConfig::peers.
const PeerConfig *find_peer(const std::vector<PeerConfig> &peers, const Address &dst);

/// How a peer is reached: as it says, or as the network does.
PeerConfig peer_of(const NetworkConfig &net, const Address &dst);

/// What one more flood or FDB entry says of a peer. Where it says nothing, the peer is reached as is known.
/// Error(Request): the peer is known (of flood or peers) and reached otherwise.
void set_peer(NetworkConfig &net, const Address &dst, const PeerWords &words);

/// Takes those out of peers that are as the network says.
void normalize_peers(NetworkConfig &net);

/// How a peer is reached when the settings of its network change: what was as the network said is as it says now.
PeerConfig moved_peer(const PeerConfig &peer, const NetworkSettings &before, const NetworkSettings &after);
/// Peers of a network whose settings have changed.
void move_peers(NetworkConfig &net, const NetworkSettings &before);

/// All that can be said of a peer.
PeerWords all_words(const PeerConfig &peer);

/// What has to be said beside the entries of dst, where peers are all that are not as net says.
PeerWords words_for(const NetworkConfig &net, const std::vector<PeerConfig> &peers, const Address &dst);

/// Those of net.peers that only FDB entries lead to.
std::vector<PeerConfig> peers_off_flood(const NetworkConfig &net);

/// An entry of a network in a file.
struct EntryPosition {
	const char *list; ///< "flood" or "fdb"
	size_t index;
};

/// What all the entries of a network in a file say of its peers, in any order.
class PeerStatements {
public:
	/// entry: who says it. net: the name. Error(Request): it contradicts another one.
	void add(std::string_view net, const Address &dst, const PeerWords &words, const EntryPosition &entry);
	/// Makes NetworkConfig::peers of it; all else of net is as it will be.
	void into(NetworkConfig &net) const;
	/// Who says a key of a peer, such as "dstport"; of a peer of into(). Where nobody says that key: who says another one.
	EntryPosition who_says(const Address &dst, std::string_view key) const;

private:
	struct Said {
		PeerWords words;
		std::map<std::string_view, EntryPosition> by; ///< who says them, by key
	};

	std::map<Address, Said> said_;
};

/// The local address that a network uses towards a peer. Error(Request): there is none of the peer's family.
Address local_for(const NetworkConfig &net, const std::vector<VtepConfig> &vteps, const Address &peer);

/// A port as messages name it: "eth1", "eth1 vid 100".
std::string port_name(std::string_view dev, uint16_t vid);

/// 'there is no network "blue" (…)'
Error no_network(const std::string &name);

/// Everything that must hold whatever the machine is like: unique names, identifiers and MACs, a device in one role,
/// peers with a local address of their family, FDB entries that name a port of their network, limits; identifiers and settings
/// that all encapsulations in use have; no two networks that look the same on the wire.
/// Error(Request) names the first that does not. in_force: the limits where config has none.
void validate(const Config &config, const Limits &in_force);

/// A value in a configuration by the keys and list positions that lead to it in the file:
/// {"networks", 0, "fdb", 17, "mac"}. Of NetworkConfig::peers it is {"networks", 0, "peers", 2, "encap"}, "dstport", "via" or
/// "require", which the file has beside flood and FDB entries.
using ConfigPath = std::vector<std::variant<const char *, size_t>>;

/// What a message about the value at a path begins with, such as "FILE:3:7: ".
using Where = std::function<std::string(const ConfigPath &)>;

/// A rule of its own for a configuration; throws Error(Request).
using ConfigCheck = std::function<void(const Config &, const Where &)>;

/// The same with messages that say where.
void validate(const Config &config, const Limits &in_force, const Where &where);

/// The largest YAML file, octets: about 4M FDB entries.
inline constexpr uint64_t kYamlMost = 256 << 20;

/// Parse and validate a YAML file. name is used in messages: Error(Request) "NAME:LINE:COLUMN: what is wrong (what would
/// be right)". Text without any value is an error, as it would take everything down: {} is the empty configuration.
/// fdb_files are read too, beside the file of that name; 1M entries in half a second.
/// also: what else must hold of the file. in_force: the limits for a file that has none.
Config parse_yaml(const std::string &text, const std::string &name, const Limits &in_force,
		  const ConfigCheck &also = {});
Config read_yaml_file(const std::string &path, const Limits &in_force, const ConfigCheck &also = {});

/// The file that parse_yaml() gives back as the same Config. Defaults are left out, the order is kept.
/// fdb_file: a plain file that has the entries (to_fdb_file()); empty: they stand in the YAML file.
std::string to_yaml(const Config &config, std::string_view fdb_file = {});

/// One line for each thing that differs, but for FDB entries: "+ net blue", "~ uplink eth0 mode auto -> tc",
/// "- net blue port veth1 vid 5".
std::vector<std::string> describe_changes(const Config &before, const Config &after);

} // namespace xovl
