// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The configuration of one network namespace: what the configuration file holds, `xovl save` prints and the commands
// edit.
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
#include "config/prefix.hpp"
#include "config/types.hpp"

namespace xovl {

inline constexpr uint32_t kNetworksMax = 65535;
/// Limit for the ports of one network, and for the peers on its flood list.
inline constexpr uint32_t kFloodMax = 65535;
inline constexpr uint32_t kVtepsMax = 64;

/// Size of the map of tunnels: room for every network at several vteps or with several encapsulations, or for a single
/// network at every vtep.
constexpr uint64_t tunnels_max(uint32_t networks)
{
	return 8 * uint64_t{networks} + kVtepsMax;
}

// Names of countable things in messages such as "too many peers".
inline constexpr const char *kNetworksText = "networks";
inline constexpr const char *kPortsText = "ports";
inline constexpr const char *kPeersText = "peers";
inline constexpr const char *kMembersText = "members (pairs of network and peer)";
inline constexpr const char *kGuardMacsText = "MACs of mac-guard at all ports";
inline constexpr const char *kGuardPrefixesText = "prefixes of ip-guard at all ports";
inline constexpr const char *kTunnelsText = "tunnels (of network, vtep and encapsulation)";

/// Returns the Error(Request) "too many peers (at most 1024)".
Error too_many(size_t most, const char *what);
/// Throws too_many() if count is more than most.
void check_count(size_t count, size_t most, const char *what);

/// Map sizes, fixed when the datapath is loaded. All are at least 1.
struct Limits {
	uint32_t fdb = 65536;
	uint32_t networks = 4096; ///< at most kNetworksMax
	uint32_t peers = 1024;
	uint32_t ports = 1024;
	uint32_t members = 65536; ///< pairs of network and peer
	uint32_t guards = 16384;  ///< MACs of all mac-guards, and prefixes of all ip-guards

	bool operator==(const Limits &) const = default;
};

/// A limit, with its key in the file and on the command line.
struct LimitKey {
	uint32_t Limits::*member;
	NumberRange range;
};

inline constexpr LimitKey kLimitKeys[] = {
	{&Limits::fdb, {"fdb", 1, UINT32_MAX}},         {&Limits::networks, {"networks", 1, kNetworksMax}},
	{&Limits::peers, {"peers", 1, UINT32_MAX}},     {&Limits::ports, {"ports", 1, UINT32_MAX}},
	{&Limits::members, {"members", 1, UINT32_MAX}}, {&Limits::guards, {"guards", 1, UINT32_MAX}},
};
static_assert(sizeof(kLimitKeys) / sizeof(LimitKey) == sizeof(Limits) / sizeof(uint32_t), "every limit has its key");

struct VtepConfig {
	Address local;
	xovl_foreign foreign = XOVL_FOREIGN_REFUSE;
	bool xfrm_ignore = false; ///< allow packets to bypass IPsec policies that would apply to them
	bool pmtu_trust = true;   ///< believe routers that report a smaller path MTU
	/// Octets. A reported path MTU never lowers the limit for tenants' IP packets below this.
	uint16_t pmtu_floor = kIpv6Mtu;

	bool operator==(const VtepConfig &) const = default;
};

struct UplinkConfig {
	std::string dev;
	uint16_t vid = 0; ///< 1-4094: the underlay is this VLAN of dev; 0: untagged
	xovl_mode mode = XOVL_MODE_AUTO;
	/// Reverse path filter: whether a packet must arrive by the interface of the route to its sender.
	xovl_rp_filter rp_filter = XOVL_RP_FILTER_AUTO;
	bool gro = true; ///< auto: a tunnel device for each UDP port makes the kernel merge incoming tunnel packets
	bool optional = false; ///< the interface may be missing; the uplink waits for it

	bool operator==(const UplinkConfig &) const = default;
};

struct PortConfig {
	std::string dev;
	uint16_t vid = 0; ///< 1-4094; 0: the untagged frames of the interface
	xovl_mode mode = XOVL_MODE_AUTO;
	std::vector<GeneveOption> options; ///< sent with the port's frames, in addition to the network's options
	std::optional<uint16_t> group; ///< VXLAN group policy ID of the port's frames; nullopt: taken from skb->mark
	bool optional = false;         ///< the interface may be missing; the port waits for it
	/// Deliver normal frames (no super-frames) directly to the other end of the veth, where that is possible.
	bool to_peer = false;
	xovl_tagged tagged = XOVL_TAGGED_AUTO; ///< an untagged port takes tagged frames whole
	bool isolated = false;                 ///< no frames between it and other isolated ports
	bool sticky = false;                   ///< MACs learned at the port do not move away while they are in use
	uint32_t mac_limit = 0;                ///< most learned entries that lead to the port; 0: no limit of its own
	bool locked = false;          ///< accept only frames whose source MAC has a static FDB entry at the port
	std::vector<Mac> macs;        ///< mac-guard: the source MACs that the tenant may use; empty: any
	std::vector<Prefix> prefixes; ///< ip-guard: the source addresses that the tenant may use; empty: any
	xovl_guard dhcp_guard = XOVL_GUARD_AUTO; ///< refuse messages of DHCP servers
	xovl_guard ra_guard = XOVL_GUARD_AUTO;   ///< refuse Router Advertisements and Redirects

	bool operator==(const PortConfig &) const = default;
};

/// A port, as FDB entries name it. There can be a million, so it takes 18 octets and no heap memory.
class FdbPort {
public:
	/// dev: must be valid for parse_dev_name().
	explicit FdbPort(std::string_view dev, uint16_t vid = 0) : vid_(vid) { dev.copy(dev_.data(), dev_.size() - 1); }

	std::string_view dev() const { return dev_.data(); }
	uint16_t vid() const { return vid_; }

	auto operator<=>(const FdbPort &) const = default;

private:
	std::array<char, XOVL_DEV_LEN> dev_{};
	uint16_t vid_;
};

/// The destination of a static entry: a peer, or a port of the network.
using FdbTarget = std::variant<Address, FdbPort>;

/// A static FDB entry. It takes 26 octets.
struct FdbConfig {
	Mac mac;
	FdbTarget target;

	/// Return the peer or the port; nullptr if the entry leads to the other kind.
	const Address *dst() const { return std::get_if<Address>(&target); }
	const FdbPort *port() const { return std::get_if<FdbPort>(&target); }

	bool operator==(const FdbConfig &) const = default;
};

/// The keys of a flood or FDB entry that say how its peer is reached. nullopt: not given.
struct PeerWords {
	std::optional<xovl_encap> encap;
	std::optional<uint16_t> dstport;
	std::optional<xovl_via> via;
	std::optional<bool> encrypted;

	bool empty() const { return !encap && !dstport && !via && !encrypted; }
};

/// The keys of an FDB entry, as given in any order. Not given: dst nullopt, dev empty, vid 0.
struct FdbWords {
	Mac mac;
	std::optional<Address> dst;
	std::string_view dev;
	uint16_t vid = 0;
	PeerWords peer;
};

/// Makes an entry. Throws Error(Request) unless exactly one of dst and dev is given, or if vid is given without dev, or
/// keys of a peer without dst.
FdbConfig to_entry(const FdbWords &words);

/// How a peer of a network is reached, where that differs from the network's settings.
struct PeerConfig {
	Address dst;
	xovl_encap encap = XOVL_ENCAP_VXLAN;
	uint16_t dstport = XOVL_VXLAN_PORT; ///< 0 for encapsulations without UDP
	xovl_via via = XOVL_VIA_AUTO;       ///< who encapsulates: xovl or the kernel
	bool encrypted = false;             ///< cleartext packets are neither sent to it nor accepted from it

	bool operator==(const PeerConfig &) const = default;
};

/// The outer header fields of a network's packets that the RFCs leave to the sender, and checks of received packets.
struct OuterPolicy {
	std::optional<uint8_t> ttl = 64;     ///< TTL or hop limit; nullopt: copied from the inner packet
	std::optional<uint8_t> dscp = 0;     ///< nullopt: copied from the inner packet
	std::optional<bool> df = true;       ///< IPv4 DF bit; nullopt: copied from the inner packet
	bool udpcsum = false;                ///< send a UDP checksum; otherwise it is zero (RFC 7348, RFC 6935)
	bool udp6zerocsumrx = true;          ///< accept a zero UDP checksum over IPv6 (RFC 6935)
	uint16_t sport_min = XOVL_SPORT_MIN; ///< UDP source ports, selected by a hash of the inner flow
	uint16_t sport_max = XOVL_SPORT_MAX; ///< at least sport_min
	std::optional<uint32_t> flowlabel;   ///< IPv6 flow label; nullopt: a hash of the inner flow (RFC 6438)

	bool operator==(const OuterPolicy &) const = default;
};

/// GRE sequence numbers (RFC 2890). Off: neither sent nor checked. On: sent. Strict: sent, and packets that arrive late
/// are dropped.
enum class GreSeq { Off, On, Strict };

/// Spanning tree BPDUs. Pass: carried like other multicast. Drop: dropped. Punt: BPDUs of ports go to the kernel, BPDUs
/// of peers are dropped.
enum class Bpdu { Pass, Drop, Punt };

/// A learned MAC moves at most `moves` times in `seconds`; then it is held where it is until they are over.
struct MoveLimit {
	uint16_t moves = 0;
	uint16_t seconds = 0;

	/// Parses "5/180". Throws Error(Request).
	static MoveLimit parse(std::string_view text);
	std::string str() const;

	bool operator==(const MoveLimit &) const = default;
};

/// The settings of a network, without ports, peers and entries. Each member except name has a row in settings.cpp.
struct NetworkSettings {
	std::string name;
	xovl_encap encap = XOVL_ENCAP_VXLAN;
	std::optional<uint32_t> vni = 0;    ///< VNI, VSID or GRE key; nullopt: GRE without key
	std::optional<Address> local;       ///< nullopt: the first vtep of the peer's address family
	uint16_t dstport = XOVL_VXLAN_PORT; ///< UDP destination port; 0 for encapsulations without UDP
	uint16_t mtu = 0;                   ///< largest inner IP packet, octets; 0: what the underlay can carry
	bool learning = true;
	uint32_t ageing = 300;       ///< seconds, 0: never
	uint32_t mac_limit = 0;      ///< learned entries; 0: a share of the free entries
	uint32_t peer_mac_limit = 0; ///< learned entries that lead to one peer; 0: no limit
	bool limit_drops = false; ///< frames whose source is not learned because of a limit are dropped, not forwarded
	std::optional<MoveLimit> move_limit; ///< nullopt: learned MACs move as often as they are seen elsewhere
	xovl_via via = XOVL_VIA_AUTO;        ///< who encapsulates, for peers without their own via
	/// Cleartext packets are neither sent nor accepted, for peers without their own require.
	bool encrypted = false;
	OuterPolicy outer;
	bool gso = true;        ///< ports may hand over super-frames (GSO)
	bool mss_clamp = false; ///< reduce the MSS of TCP SYNs to what fits, in both directions
	Bpdu bpdu = Bpdu::Pass;
	/// GENEVE: sent with every packet. At most kOptionsMax octets, a port's options included.
	std::vector<GeneveOption> options;
	std::optional<GeneveMatch> match; ///< GENEVE: packets that do not match are dropped
	bool csum = false;                ///< GRE: send a checksum (RFC 2784)
	GreSeq seq = GreSeq::Off;         ///< GRE sequence numbers
	bool gbp = false;                 ///< VXLAN: use the Group Policy extension
	bool reserved_strict = false;     ///< VXLAN: drop packets with reserved bits set

	bool operator==(const NetworkSettings &) const = default;
};

struct NetworkConfig : NetworkSettings {
	std::vector<PortConfig> ports;
	std::vector<Address> flood;
	/// The peers of flood and fdb that are reached differently from the network's settings: one element for each
	/// address, sorted by address. In files and commands these keys are part of flood and FDB entries.
	std::vector<PeerConfig> peers;
	std::vector<FdbConfig> fdb;

	bool operator==(const NetworkConfig &) const = default;
};

struct Config {
	std::optional<Limits> limits; ///< nullopt: the limits in force, or the defaults
	std::vector<VtepConfig> vteps;
	std::vector<UplinkConfig> uplinks;
	std::vector<NetworkConfig> networks;

	/// Return nullptr if no network has this name.
	NetworkConfig *find_network(const std::string &name);
	const NetworkConfig *find_network(const std::string &name) const;

	bool operator==(const Config &) const = default;
};

/// Returns the peer, or nullptr. peers must be sorted by address, as NetworkConfig::peers is.
const PeerConfig *find_peer(const std::vector<PeerConfig> &peers, const Address &dst);

/// Returns how a peer is reached: by its own settings, or by those of the network.
PeerConfig peer_of(const NetworkConfig &net, const Address &dst);

/// Applies the peer keys of a new flood or FDB entry. Keys that are not given keep the known value.
/// Throws Error(Request) if the peer is known (on the flood list or in peers) with a different value.
void set_peer(NetworkConfig &net, const Address &dst, const PeerWords &words);

/// Removes the peers that are reached as the network's settings say.
void normalize_peers(NetworkConfig &net);

/// Returns how a peer is reached after the settings of its network have changed. Values equal to the network's old
/// setting follow the new one.
PeerConfig moved_peer(const PeerConfig &peer, const NetworkSettings &before, const NetworkSettings &after);
/// Applies moved_peer() to all peers of a network whose settings have changed.
void move_peers(NetworkConfig &net, const NetworkSettings &before);

/// Returns all keys of a peer.
PeerWords all_words(const PeerConfig &peer);

/// Returns the keys that entries for dst need because they differ from net's settings. peers: as NetworkConfig::peers.
PeerWords words_for(const NetworkConfig &net, const std::vector<PeerConfig> &peers, const Address &dst);

/// Returns the elements of net.peers that are not on the flood list.
std::vector<PeerConfig> peers_off_flood(const NetworkConfig &net);

/// The position of an entry in a network of a file.
struct EntryPosition {
	const char *list; ///< "flood" or "fdb"
	size_t index;
};

/// Collects what the entries of a network in a file say about its peers, in any order.
class PeerStatements {
public:
	/// Adds the keys of one entry. net: the network's name, for messages. entry: the position of the entry. Throws
	/// Error(Request) if an earlier entry contradicts it.
	void add(std::string_view net, const Address &dst, const PeerWords &words, const EntryPosition &entry);
	/// Sets NetworkConfig::peers. All other members of net must be final.
	void into(NetworkConfig &net) const;
	/// Returns the position of the entry that gave a key, such as "dstport", for a peer that into() has stored. If
	/// no entry gave this key, returns the position of another key of the peer.
	EntryPosition who_says(const Address &dst, std::string_view key) const;

private:
	struct Said {
		PeerWords words;
		std::map<std::string_view, EntryPosition> by; ///< position of the entry that gave each key
	};

	std::map<Address, Said> said_;
};

/// Returns the local address that a network uses towards a peer. Throws Error(Request) if there is none of the peer's
/// address family.
Address local_for(const NetworkConfig &net, const std::vector<VtepConfig> &vteps, const Address &peer);

/// Returns the name of a port in messages: "eth1", "eth1 vid 100".
std::string port_name(std::string_view dev, uint16_t vid);

/// Returns the Error(Request) 'there is no network "blue" (…)'.
Error no_network(const std::string &name);

/// Checks all rules that do not depend on the machine: unique names, identifiers and MACs; each device in one role; a
/// local address for the family of every peer; FDB entries that name a port of their network; limits; identifiers and
/// settings that all encapsulations in use support; no two networks that look alike on the wire.
/// Throws Error(Request) for the first violation. in_force: the limits used if config has none.
void validate(const Config &config, const Limits &in_force);

/// The position of a value in a configuration: the keys and list indices that lead to it in the file, such as
/// {"networks", 0, "fdb", 17, "mac"}. A value of NetworkConfig::peers is {"networks", 0, "peers", 2, KEY}, where KEY is
/// "encap", "dstport", "via" or "require"; the file has these keys in flood and FDB entries.
using ConfigPath = std::vector<std::variant<const char *, size_t>>;

/// Returns the prefix of a message about the value at a path, such as "FILE:3:7: ".
using Where = std::function<std::string(const ConfigPath &)>;

/// An additional check of a configuration. Throws Error(Request).
using ConfigCheck = std::function<void(const Config &, const Where &)>;

/// The same. where supplies the position for messages.
void validate(const Config &config, const Limits &in_force, const Where &where);

/// Size limit of a YAML file in octets: about 4 million FDB entries.
inline constexpr uint64_t kYamlMost = 256 << 20;

/// Parses and validates a YAML file. name: the file's name in messages; relative fdb_files are looked up in its folder.
/// in_force: the limits used if the file has none. also: an additional check.
/// Throws Error(Request) "NAME:LINE:COLUMN: what is wrong (what would be right)". Text without any value is an error,
/// because it would remove everything: the empty configuration is {}.
/// A million FDB entries take half a second.
Config parse_yaml(const std::string &text, const std::string &name, const Limits &in_force,
		  const ConfigCheck &also = {});
Config read_yaml_file(const std::string &path, const Limits &in_force, const ConfigCheck &also = {});

/// Returns YAML text from which parse_yaml() makes the same Config. Defaults are left out and the order is kept.
/// fdb_file: the name of a plain file that holds the FDB entries (to_fdb_file()); empty: they are in the YAML text.
std::string to_yaml(const Config &config, std::string_view fdb_file = {});

/// Returns one line for each difference, without FDB entries: "+ net blue", "~ uplink eth0 mode auto -> tc", "- net
/// blue port veth1 vid 5".
std::vector<std::string> describe_changes(const Config &before, const Config &after);

} // namespace xovl
