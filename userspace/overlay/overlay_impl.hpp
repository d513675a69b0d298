// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What Overlay's methods share: the open datapath, its tables, and the one function that changes them.
#pragma once

#include <map>
#include <utility>

#include "kernel/link.hpp"
#include "overlay/host_check.hpp"
#include "overlay/overlay.hpp"
#include "state/devices.hpp"
#include "state/fdb_sync.hpp"

namespace xovl {

/// The paths of a network that carry less than mtu, its own.
std::vector<PathMtu> narrower_paths(const NetworkConfig &net, uint32_t mtu, const std::vector<PeerStatus> &peers);

struct OverlayView::Impl {
	explicit Impl(std::shared_ptr<const PinDir> dir);

	bool loaded() const { return maps_.has_value(); }
	const Maps &maps() const { return *maps_; }
	const PinDir &dir() const { return *dir_; }
	/// Empty tables while nothing is loaded. They stay true as long as the lock is held.
	const Tables &tables() { return current().tables; }
	/// The networks index; Error(Request): there is none of that name.
	uint32_t network(const std::string &name);

	Config running(bool with_fdb);

	/// Static FDB entries of a network by remote VTEP.
	using Refs = std::function<std::map<Address, uint32_t>(const NetworkConfig &)>;
	Refs present_refs();
	/// The same from the entries of each NetworkConfig.
	static Refs fdb_refs_of_config();

	/// validate() with the limits in force where wanted has none.
	void check(const Config &wanted) const;

	/// OverlayView::is_back()
	bool is_back(const std::string &dev);

	/// The lines that commit() would return for a complete configuration.
	std::vector<std::string> preview(const Config &wanted);

	HostCheck &host() { return host_; }
	/// What the changes so far mean to the rest of the host; each line once.
	std::vector<std::string> take_notes() { return std::exchange(notes_, {}); }

protected:
	/// Tables with an index of the networks' names.
	struct Current {
		explicit Current(Tables &&of) : tables(std::move(of)), networks(tables.network_indexes()) {}

		Tables tables;
		std::vector<uint32_t> renamed; ///< of tables.devices: the maps have other names still
		std::unordered_map<std::string_view, uint32_t> networks;
	};

	Current &current();
	/// Sizes are those of the load: whether wanted needs another one. Error(Request): it does, and something is configured.
	bool needs_load(const Config &wanted);
	Interfaces resolve(const Config &wanted);

	void add_notes(std::vector<std::string> &&notes);

	std::optional<Maps> maps_;
	std::optional<Current> current_;
	HostCheck host_;
	Links links_; ///< as they are while one change is made or looked at

private:
	std::shared_ptr<const PinDir> dir_;
	std::vector<std::string> notes_;
};

struct Overlay::Impl : OverlayView::Impl {
	explicit Impl(const std::shared_ptr<WritablePinDir> &dir) : OverlayView::Impl(dir), dir_(dir) {}

	/// Opened when something is to change.
	Learned &learned();

	/// Attach what is back, once as long as the lock is held: for changes that are not commit().
	void attach_returned();

	/// Run work, which is to change something, with the lock held from before it looks at the present state. An empty folder
	/// is not left behind when it throws.
	void change(const std::function<void()> &work);

	/// Make the machine match wanted, loading the datapath where it is not. with_fdb: wanted has the complete FDB. What fails
	/// half-way is undone. Returns the change lines.
	std::vector<std::string> commit(const Config &wanted, const Refs &refs, bool with_fdb);

	/// The FDB is not in a configuration that is edited; the peers that its entries lead to stay as they are reached.
	/// before: what wanted was made from. Error(Request): wanted says otherwise.
	void keep_fdb_peers(const Config &before, Config &wanted);

	void check_without(uint32_t net, const Address &remote, const std::optional<PeerConfig> &comes);
	void add_ref(uint32_t net, const PeerConfig &peer);
	void add_ref_by_kernel(uint32_t net, const PeerConfig &peer);
	void drop_ref(uint32_t net, const Address &remote);

	/// Set right what others can undo and every change is to mend: the forwarding of lo. Once while the lock is held.
	void heal();

	/// Take the datapath down and remove its folder.
	void down();

private:
	void begin();
	/// Take the datapath down; the folder and the lock stay.
	void close();
	void load(const Limits &limits);
	void fit_limits(const Config &wanted);
	Build running_build() const;
	bool runs_own_build() const;
	/// Error(System): an interface would come, or change its role or mode, and the programs that run are of another build.
	void refuse_to_mix(const Tables &desired);
	/// running_fdb: read before anything changed, for a wanted that has the complete FDB; else nullptr.
	void guard_uplinks(Tables &desired);
	std::vector<std::string> carry_out(const Config &wanted, const Refs &refs, const FdbItems *running_fdb);
	void undo(Config &before, const Refs &refs, const FdbItems *running_fdb);
	void detach_surplus(const Tables &desired);
	std::vector<std::string> attach_all(Tables &desired);
	Asked when_asked(const xovl_device &device) const;
	void refresh_xmit(Tables &desired);
	std::vector<std::string> start_tunnels(Tables &desired);
	void keep_names();

	std::shared_ptr<WritablePinDir> dir_;
	std::optional<Learned> learned_;
	std::map<std::string, std::pair<uint8_t, uint8_t>>
		asked_; ///< role and mode by name, before the change that is made
	bool healed_ = false;
	bool has_looked_ = false; ///< attach_returned()
};

} // namespace xovl
