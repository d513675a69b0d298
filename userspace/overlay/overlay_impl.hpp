// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The implementation of OverlayView and Overlay: the open datapath, its tables, and commit(), which changes them.
#pragma once

#include <map>
#include <utility>

#include "kernel/link.hpp"
#include "overlay/host_check.hpp"
#include "overlay/overlay.hpp"
#include "state/devices.hpp"
#include "state/fdb_sync.hpp"

namespace xovl {

/// Returns the paths of a network whose MTU is smaller than mtu, the network's own.
std::vector<PathMtu> narrower_paths(const NetworkConfig &net, uint32_t mtu, const std::vector<PeerStatus> &peers);

/// What has to be done so that the machine matches a configuration. Made without changing anything.
struct Plan {
	const Config &wanted;
	Config running;     ///< without FDB entries
	bool loads = false; ///< the datapath must be loaded first: none is, or an empty one with other sizes
	Tables before;      ///< as they are now, without what interfaces that are gone no longer have
	Tables desired;
	std::vector<uint32_t> gone;     ///< devices whose interfaces are gone, or belong to others now
	std::vector<std::string> lines; ///< the changes of the configuration, one line each
};

struct OverlayView::Impl {
	explicit Impl(std::shared_ptr<const PinDir> dir);

	bool loaded() const { return maps_.has_value(); }
	const Maps &maps() const { return *maps_; }
	const PinDir &dir() const { return *dir_; }
	/// Returns the tables, empty while nothing is loaded. They are valid as long as the lock is held.
	const Tables &tables() { return current(Depth::All).tables; }
	/// The same, but perhaps only what read_places() reads, and known members: see knows_member().
	const Tables &places() { return current(Depth::Places).tables; }
	/// True if the remote VTEP is a member of the network. places() then has the member and its peer.
	bool knows_member(uint32_t net_index, const Address &dst);
	/// Calls visit() for the FDB entries that match, expired ones included. Throws Error(Request) if there is no such
	/// network.
	void for_each_fdb(const FdbFilter &filter,
			  const std::function<void(const xovl_fdb_key &, const FdbEntry &)> &visit);
	/// Returns the index of a network. Throws Error(Request) if there is none with this name.
	uint32_t network(const std::string &name);

	Config running(bool with_fdb);

	/// Returns the number of static FDB entries of a network for each remote VTEP.
	using Refs = std::function<std::map<Address, uint32_t>(const NetworkConfig &)>;
	Refs present_refs();
	/// Returns the same, counted in the entries of each NetworkConfig.
	static Refs fdb_refs_of_config();

	/// Calls validate(). in_force: the limits of the loaded maps, or the defaults.
	void check(const Config &wanted) const;

	/// See OverlayView::is_back().
	bool is_back(const std::string &dev);

	/// Finds out what has to be done for wanted, which must be valid. Throws Error(Request) if an interface is
	/// missing, or a table is full, and Error(System) if there is too little memory.
	Plan plan(const Config &wanted, const Refs &refs);

	/// Returns the lines that commit() would return for a complete configuration.
	std::vector<std::string> preview(const Config &wanted);

	HostCheck &host() { return host_; }
	/// See OverlayView::take_notes().
	std::vector<std::string> take_notes() { return std::exchange(notes_, {}); }

protected:
	enum class Depth { Places, All };

	/// Tables, with the indexes of the networks by name.
	struct Current {
		explicit Current(Tables &&of, Depth read = Depth::All)
			: depth(read), tables(std::move(of)), networks(tables.network_indexes())
		{
		}

		Depth depth;
		Tables tables;
		std::vector<uint32_t> renamed; ///< indexes of tables.devices whose names in the maps are out of date
		std::unordered_map<std::string_view, uint32_t> networks;
	};

	Current &current(Depth depth);
	/// True if the datapath must be loaded for wanted: none is loaded, or with other sizes. Throws Error(Request)
	/// if the sizes differ and anything is configured.
	bool needs_load(const Config &wanted);
	Interfaces resolve(const Config &wanted);

	void add_notes(std::vector<std::string> &&notes);

	std::optional<Maps> maps_;
	std::optional<Current> current_;
	HostCheck host_;
	Links links_; ///< cache, valid during one change or preview

private:
	std::shared_ptr<const PinDir> dir_;
	std::vector<std::string> notes_;
};

struct Overlay::Impl : OverlayView::Impl {
	explicit Impl(const std::shared_ptr<WritablePinDir> &dir) : OverlayView::Impl(dir), dir_(dir) {}

	/// Opened for the first change.
	Learned &learned();

	/// Attaches interfaces that have come back. Runs once while the lock is held, before changes that do not use
	/// commit().
	void attach_returned();

	/// Runs work, which changes something. The lock is taken before work reads the state. If work throws and
	/// nothing is loaded, no empty folder is left behind.
	void change(const std::function<void()> &work);

	/// Makes the machine match wanted, and loads the datapath if needed. with_fdb: wanted has all FDB entries. A
	/// change that fails half-way is undone. Returns one line for each change.
	std::vector<std::string> commit(const Config &wanted, const Refs &refs, bool with_fdb);

	/// Keeps how the peers of FDB entries are reached, because edit() works on a configuration without FDB entries.
	/// before: the configuration that wanted was made from. Throws Error(Request) if wanted contradicts it.
	void keep_fdb_peers(const Config &before, Config &wanted);

	void check_without(uint32_t net, const Address &remote, const std::optional<PeerConfig> &comes);
	void add_ref(uint32_t net, const PeerConfig &peer);
	void add_ref_by_kernel(uint32_t net, const PeerConfig &peer);
	void drop_ref(uint32_t net, const Address &remote);

	/// Restores what other programs may have reset: the forwarding of lo. Runs once while the lock is held.
	void heal();

	/// Takes the datapath down and removes its folder.
	void down();

private:
	void begin();
	/// Takes the datapath down. The folder and the lock stay.
	void close();
	void load(const Limits &limits);
	/// Loads the datapath if the plan says so. An empty datapath with other sizes is removed first.
	void load_for(Plan &plan);
	Build running_build() const;
	bool runs_own_build() const;
	/// Throws Error(System) if an interface is new, or changes its role or mode, and the programs of another build
	/// run.
	void refuse_to_mix(const Tables &desired);
	void guard_uplinks(Tables &desired);
	/// Does what the plan says, and leaves it empty. running_fdb: the static entries before the change, if the wanted
	/// configuration has all FDB entries; else nullptr. Returns lines about what was attached and changed.
	std::vector<std::string> carry_out(Plan &plan, const FdbItems *running_fdb);
	void undo(Config &before, const Refs &refs, const FdbItems *running_fdb);
	void detach_surplus(const Tables &desired);
	std::vector<std::string> attach_all(Tables &desired);
	Asked when_asked(const xovl_device &device) const;
	void refresh_xmit(Tables &desired);
	std::vector<std::string> start_tunnels(Tables &desired);
	void keep_names();

	std::shared_ptr<WritablePinDir> dir_;
	std::optional<Learned> learned_;
	std::map<std::string, std::pair<uint8_t, uint8_t>> asked_; ///< role and mode by name, before the current change
	bool healed_ = false;
	bool has_looked_ = false; ///< attach_returned() has run
};

/// Returns the link of a record; nullopt if it is gone. Another interface may have its index.
std::optional<LinkInfo> find_same_link(Links &links, uint32_t ifindex, const xovl_device &device);

/// Returns the flags of a record as its interface is now. A VLAN interface has those of the uplink that sends for it.
uint32_t flags_now(Links &links, const Tables &tables, uint32_t ifindex, const xovl_device &device);

} // namespace xovl
