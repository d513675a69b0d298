// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The overlay of one network namespace: OverlayView reads its running state, Overlay changes it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bpf/build_id.hpp"
#include "bpf/hooks.hpp"
#include "config/config.hpp"
#include "config/overhead.hpp"
#include "overlay/counters.hpp"
#include "overlay/removal.hpp"
#include "xovl/learned.h"

namespace xovl {

struct FdbEntry {
	std::string net;
	Mac mac;
	std::optional<Address> dst;
	std::string dev; ///< empty if dst is set
	uint16_t vid = 0;
	xovl_fdb_state state = XOVL_FDB_STATIC;
	double age = 0;       ///< seconds since it was last seen; 0 unless learned
	bool expired = false; ///< learned, and not seen for longer than the ageing time of its network
	uint32_t moves = 0;   ///< times it got another port or peer, as far as the datapath remembers
	bool held = false;    ///< it has moved too often (move-limit), and stays where it is for now
};

/// Which FDB entries. Conditions that are not given hold for all entries.
struct FdbFilter {
	std::string net = {};             ///< empty: not given
	std::string dev = {};             ///< entries of this interface; empty: not given
	std::optional<uint16_t> vid = {}; ///< with dev: of this VLAN of it; 0: its untagged port
	std::optional<Address> dst = {};
	std::optional<xovl_fdb_state> state = {};
	std::optional<Mac> mac = {};

	/// True if the conditions but net hold.
	bool matches(const FdbEntry &entry) const;
};

struct DeviceStatus {
	xovl_mode mode = XOVL_MODE_TC; ///< mode in force
	/// why mode is not the mode asked for, or what is wrong ("the interface is missing"); else empty
	std::string note;
	Hooks hooks; ///< programs at the hooks of the interface
};

struct UplinkStatus {
	UplinkConfig config;
	DeviceStatus device;
	xovl_rp_filter rp_filter; ///< in force for IPv4; `auto` is off for IPv6
};

struct PortStatus {
	PortConfig config;
	std::string net;
	DeviceStatus device;
};

struct VtepStatus {
	VtepConfig config;
	std::string note;    ///< what is wrong with the ways to it; else empty
	bool is_here = true; ///< it is an address of this host. If not, nothing is sent from it, and xovl waits for it
};

/// The path MTU to a peer that a router reported, and the number of reports.
struct ReportedMtu {
	uint32_t mtu = 0;     ///< octets, outer IP header included; 0: no report in force
	uint32_t said = 0;    ///< value in the report; less than mtu if mtu is the floor
	Address from;         ///< the reporting router
	uint32_t seconds = 0; ///< remaining time in force
	uint32_t believed = 0, refused = 0;
};

/// A remote VTEP, with how it is reached.
struct PeerStatus {
	Address dst, local;
	xovl_encap encap = XOVL_ENCAP_VXLAN;
	uint16_t dstport = 0; ///< 0 for encapsulations without UDP
	xovl_via via = XOVL_VIA_AUTO;
	bool encrypted = false; ///< cleartext packets are neither sent to it nor accepted from it
	std::vector<std::string> nets;
	bool by_kernel =
		false; ///< the kernel carries what is sent to it, as of the last command that changed something
	uint32_t route_mtu =
		0; ///< octets, outer IP header included; 0: there is no route. by_kernel: less what IPsec takes
	ReportedMtu reported;

	/// Returns the path MTU in force; 0 if there is no route.
	uint32_t mtu() const;
	/// True if the path MTU in force is a reported one.
	bool is_reported() const;
};

/// A path with a smaller MTU than the network's.
struct PathMtu {
	Address dst;
	uint32_t mtu = 0;      ///< largest inner IP packet, octets
	uint32_t path_mtu = 0; ///< octets, outer IP header included
};

struct NetworkStatus {
	NetworkConfig config; ///< without ports, flood, peers and fdb
	std::optional<Address> local;
	NetworkMtu mtu; ///< in force
	xovl_learned_use learned{};
	std::vector<PathMtu> paths;
};

/// Checks that every interface of a configuration can be used as it says, and exists in the current network namespace
/// unless it is optional or in known (names from the running configuration). A ConfigCheck for read_yaml_file(). Throws
/// Error(Request) otherwise.
void check_interfaces(const Config &config, const std::set<std::string> &known, const Where &where);

/// Returns the interfaces of all uplinks and ports.
std::set<std::string> device_names(const Config &config);

/// Returns the build whose programs run in the current network namespace, whatever their layout; nullopt if none runs.
/// root: as for OverlayView. Throws Error(System) if it cannot be read.
std::optional<Build> running_build(const std::string &root);

/// The pinned state of the current network namespace, opened for reading. This type cannot change anything. While an
/// object exists, no command changes the state.
class OverlayView {
public:
	/// root: the folder of all pins, "/sys/fs/bpf/xovl". Throws Error(System) if the state cannot be read. If there
	/// is no state, it reads as an empty configuration.
	explicit OverlayView(const std::string &root);
	virtual ~OverlayView();
	OverlayView(const OverlayView &) = delete;
	OverlayView &operator=(const OverlayView &) = delete;

	/// Returns the running configuration. with_fdb: with the static FDB entries, which can be many.
	Config running(bool with_fdb) const;

	/// Returns the lines that Overlay::apply() would return. Throws Error(Request) as apply() does.
	std::vector<std::string> preview(const Config &wanted) const;

	/// Returns the FDB entries that match. Expired learned entries are left out. Throws Error(Request) if there is no
	/// such network.
	std::vector<FdbEntry> fdb(const FdbFilter &filter) const;
	std::vector<VtepStatus> vteps() const;
	/// Returns what is wrong with the way from a network to a remote VTEP, by network and address. Ways without
	/// fault are left out.
	std::map<std::pair<std::string, Address>, std::string> peer_notes() const;
	/// Returns the interfaces of the configuration that do not exist.
	std::vector<std::string> missing() const;
	/// True if a port or uplink is not attached although its interface exists: it was missing, or was replaced by
	/// another one.
	bool is_back(const std::string &dev) const;
	std::vector<UplinkStatus> uplinks() const;
	std::vector<PortStatus> ports() const;
	std::vector<NetworkStatus> networks() const;
	Limits limits() const;
	/// Returns how much of each limit is in use, learned FDB entries included.
	Limits use() const;
	Counters counters() const;
	/// Returns the peers, sorted by address.
	std::vector<PeerStatus> peers() const;
	/// Returns the build whose programs run; nullopt if none does.
	std::optional<Build> running_build() const;
	/// Returns the notes of all changes and previews since the last call: effects on the rest of the host, one line
	/// each.
	std::vector<std::string> take_notes() const;

protected:
	struct Impl;
	explicit OverlayView(std::shared_ptr<Impl> impl);

private:
	std::shared_ptr<Impl> impl_;
};

/// The pinned state, opened for changes under an exclusive lock. Every change is checked completely first
/// (Error(Request)), then carried out. If the system refuses half-way (Error(System)), the change is undone. When the
/// process ends, only attached and pinned objects remain.
class Overlay : public OverlayView {
public:
	/// root: as for OverlayView. Throws Error(System) as OverlayView does, and without the capabilities. Removes
	/// the states of network namespaces that are gone. The first change creates what is missing.
	explicit Overlay(const std::string &root);
	~Overlay() override;

	/// Makes the machine match wanted. Returns one line for each change, "+ net blue", in the order made; empty if
	/// nothing differs. The FDB entries of wanted replace all static entries. Learned entries stay.
	std::vector<std::string> apply(const Config &wanted);

	/// Changes the running configuration: change() edits it (without FDB entries), and the difference is carried
	/// out. Static FDB entries stay, except those of removed objects. change() may throw Error(Request).
	void edit(const std::function<void(Config &)> &change);

	/// Detaches everything and removes all pins and maps, whatever version of xovl made them. Does nothing if there
	/// is no state. No Overlay of this network namespace may exist. root: as for the constructor.
	static void down(const std::string &root);

	/// Removes the states of network namespaces that are gone.
	static StaleStates down_stale(const std::string &root);

	/// Adds a static entry. replace: change an existing entry instead of refusing. peer: how the peer is reached,
	/// if given. Throws Error(Request) if the entry exists or does not fit the network.
	void fdb_add(const std::string &net, const FdbConfig &entry, bool replace, const PeerWords &peer = {});
	/// Deletes an entry of any state. Throws Error(Request) if there is none.
	void fdb_del(const std::string &net, const Mac &mac);
	/// Deletes the learned entries that match. Returns how many.
	size_t fdb_flush(const FdbFilter &filter);
	/// Forgets the reported path MTUs of a peer, or of all peers. Returns how many were in force. Throws
	/// Error(Request) if there is no such peer.
	size_t flush_pmtu(const std::optional<Address> &dst);

private:
	struct Impl;
	explicit Overlay(const std::shared_ptr<Impl> &impl);

	std::shared_ptr<Impl> impl_;
};

} // namespace xovl
