// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The overlay of one network namespace: its running state, and the one way to change it.
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
	std::string dev; ///< empty when dst is given
	uint16_t vid = 0;
	xovl_fdb_state state = XOVL_FDB_STATIC;
	double age = 0; ///< seconds since it was last seen; learned entries
};

struct DeviceStatus {
	xovl_mode mode = XOVL_MODE_TC; ///< in force
	std::string note; ///< why it is not the one asked for, or what is wrong ("interface is gone"); empty otherwise
	Hooks hooks;      ///< what runs there
};

struct UplinkStatus {
	UplinkConfig config;
	DeviceStatus device;
	xovl_rp_filter rp_filter; ///< in force for IPv4; for IPv6 auto is off
};

struct PortStatus {
	PortConfig config;
	std::string net;
	DeviceStatus device;
};

struct VtepStatus {
	VtepConfig config;
	std::string note;    ///< what is wrong with the ways there; empty otherwise
	bool is_here = true; ///< it is an address of this host; else nothing is sent from it, and xovl waits for it
};

/// What routers said of the path to a peer, and how many of their messages there were.
struct ReportedMtu {
	uint32_t mtu = 0;     ///< octets, outer IP header included; 0: nobody has said, or it is long ago
	uint32_t said = 0;    ///< by the router: less than mtu where that is the floor
	Address from;         ///< the router
	uint32_t seconds = 0; ///< how long it still holds
	uint32_t believed = 0, refused = 0;
};

/// A remote VTEP as it is reached.
struct PeerStatus {
	Address dst, local;
	xovl_encap encap = XOVL_ENCAP_VXLAN;
	uint16_t dstport = 0; ///< 0 of encapsulations without UDP
	xovl_via via = XOVL_VIA_AUTO;
	bool encrypted = false; ///< packets in the clear are neither sent to it nor taken from it
	std::vector<std::string> nets;
	bool by_kernel =
		false; ///< the kernel carries what is sent to it, as of the last command that changed something
	uint32_t route_mtu =
		0; ///< octets, outer IP header included; 0: there is no route. by_kernel: less what IPsec takes
	ReportedMtu reported;

	/// The path MTU in force; 0: there is no route.
	uint32_t mtu() const;
	/// Whether it is what a router has reported.
	bool is_reported() const;
};

/// A path that carries less than the network does elsewhere.
struct PathMtu {
	Address dst;
	uint32_t mtu = 0;      ///< octets of the largest inner IP packet
	uint32_t path_mtu = 0; ///< octets, outer IP header included
};

struct NetworkStatus {
	NetworkConfig config; ///< without ports, flood, peers, fdb
	std::optional<Address> local;
	NetworkMtu mtu; ///< in force
	xovl_learned_use learned{};
	std::vector<PathMtu> paths;
};

/// Every interface of a file is an Ethernet, and exists unless its ports are optional or it is known: one that the running
/// configuration has, too. A check for read_yaml_file(). Of the current network namespace.
void check_interfaces(const Config &config, const std::set<std::string> &known, const Where &where);

/// Of uplinks and ports.
std::set<std::string> device_names(const Config &config);

/// Whose programs run in the current network namespace, of whatever layout; nullopt: none do. root: as of OverlayView. Error(System).
std::optional<Build> running_build(const std::string &root);

/// The state pinned for the current network namespace, opened to be looked at: nothing here can change it. While one lives no
/// command changes it either.
class OverlayView {
public:
	/// root: the folder of all pins, "/sys/fs/bpf/xovl". Error(System): the state cannot be seen. A missing state reads as an
	/// empty configuration.
	explicit OverlayView(const std::string &root);
	virtual ~OverlayView();
	OverlayView(const OverlayView &) = delete;
	OverlayView &operator=(const OverlayView &) = delete;

	/// The running configuration. Static FDB entries are included only with with_fdb: they can be many.
	Config running(bool with_fdb) const;

	/// The lines that Overlay::apply() would return.
	std::vector<std::string> preview(const Config &wanted) const;

	/// Expired learned entries are left out. net empty: all.
	std::vector<FdbEntry> fdb(const std::string &net) const;
	std::vector<VtepStatus> vteps() const;
	/// What is wrong with the way from a network to a remote VTEP, where anything is.
	std::map<std::pair<std::string, Address>, std::string> peer_notes() const;
	/// Those interfaces of the configuration that are missing.
	std::vector<std::string> missing() const;
	/// Whether a port or uplink is not attached though its interface is there: it was missing, or is another one now.
	bool is_back(const std::string &dev) const;
	std::vector<UplinkStatus> uplinks() const;
	std::vector<PortStatus> ports() const;
	std::vector<NetworkStatus> networks() const;
	Limits limits() const;
	/// How much of each is in use; learned FDB entries count.
	Limits use() const;
	Counters counters() const;
	/// By address.
	std::vector<PeerStatus> peers() const;
	/// Whose programs run; nullopt: none do.
	std::optional<Build> running_build() const;
	/// What the changes made or looked at so far mean to the rest of the host, a line for each thing; each is told once.
	std::vector<std::string> take_notes() const;

protected:
	struct Impl;
	explicit OverlayView(std::shared_ptr<Impl> impl);

private:
	std::shared_ptr<Impl> impl_;
};

/// The same, opened to be changed, with nobody else looking. Every change is checked whole first (Error(Request)), then carried
/// out; where the system refuses half-way (Error(System)) what was done is undone. Nothing keeps running when the process
/// ends except what is attached and pinned.
class Overlay : public OverlayView {
public:
	/// As of OverlayView; Error(System) without the capabilities too. The first change creates what is missing. What namespaces left
	/// behind that are gone is removed.
	explicit Overlay(const std::string &root);
	~Overlay() override;

	/// Make the machine match wanted; returns one line for each change, "+ net blue", in the order made. An empty
	/// result means that nothing differed. FDB entries of wanted are taken as the complete list of static ones; learned
	/// entries stay.
	std::vector<std::string> apply(const Config &wanted);

	/// The verbs: change() edits the running configuration (without FDB entries) and the difference is carried out;
	/// static FDB entries stay, except those of what is removed. change may throw Error(Request).
	void edit(const std::function<void(Config &)> &change);

	/// Detach everything, remove every pin and map, whatever version of xovl made them. Nothing there: nothing to do.
	/// No Overlay of this network namespace may live. root: as of the constructor.
	static void down(const std::string &root);

	/// The states of network namespaces that are gone.
	static StaleStates down_stale(const std::string &root);

	/// replace: an entry that exists is changed instead of refused. peer: how the peer is reached, where the entry says it.
	void fdb_add(const std::string &net, const FdbConfig &entry, bool replace, const PeerWords &peer = {});
	/// Any state; Error(Request) when there is none.
	void fdb_del(const std::string &net, const Mac &mac);
	/// Learned entries; returns how many.
	size_t fdb_flush(const std::string &net);
	/// Forget what routers have said of the paths to a peer, or to all; returns of how many. Error(Request): there is no such peer.
	size_t flush_pmtu(const std::optional<Address> &dst);

private:
	struct Impl;
	explicit Overlay(const std::shared_ptr<Impl> &impl);

	std::shared_ptr<Impl> impl_;
};

} // namespace xovl
