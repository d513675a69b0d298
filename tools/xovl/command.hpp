// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The objects and commands, finding a command by its words, and the context in which it runs.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "args.hpp"
#include "base/error.hpp"
#include "overlay/overlay.hpp"
#include "print.hpp"

namespace xovl {

struct Options {
	Format format;
	bool verbose = false;
	std::string pin_root;
};

/// Lives as long as the process, for one command or for all commands of a batch.
class Context {
public:
	explicit Context(const Options &options) : out(options.format), options_(options) {}

	Output out;

	/// Returns the overlay of this network namespace for reading. The first command that needs it opens and locks
	/// it.
	const OverlayView &overlay();
	/// Returns the overlay for changes.
	Overlay &overlay_to_change();
	/// Closes the overlay and releases its lock.
	void release();
	/// See OverlayView::take_notes().
	std::vector<std::string> take_notes();
	/// Writes the buffered output. The lock is released first, because the reader may be slow.
	void flush();

	/// Overlay::down() for this network namespace.
	void down();
	/// See Overlay::down_stale().
	StaleStates down_stale();
	/// Returns the build whose programs run in this network namespace; nullopt if none does.
	std::optional<Build> running_build();
	/// Overlay::edit(). With -v, the changes are printed on stderr.
	void edit(const std::function<void(Config &)> &change);
	/// Prints a note on stderr for each vtep that is not an address of this host. only: restricts it to one vtep.
	void warn_of_absent_vteps(const std::string &command, const std::optional<Address> &only = {});
	/// With -v, prints a line on stderr.
	void tell(const std::string &line) const;

private:
	Options options_;
	/// At most one of the two is open.
	std::optional<OverlayView> view_;
	std::optional<Overlay> overlay_;
};

struct Command {
	std::string_view name; ///< empty: the object alone is the command
	std::string_view usage;
	void (*run)(Context &, Args &);
};

struct Object {
	std::string_view name;
	std::span<const Command> commands;
	bool abbreviable = true; ///< any unique prefix of the name is accepted
};

/// Runs the command OBJECT COMMAND …. Messages of errors start with "OBJECT COMMAND: ".
void run_command(Context &context, const std::vector<std::string> &words);

/// Returns the grammar of one object, or of all if object is empty. Throws Error(Request) if it is unknown.
std::string help_text(const std::string &object);

/// Returns a network by name. Throws no_network() if there is none.
NetworkConfig &network_of(Config &config, const std::string &name);

/// Parses "net NAME", or nothing for all networks (returns ""). Throws Error(Request) if there is no such network.
std::string net_filter(Context &context, Args &args);

/// Returns the keys "[encap KIND] [dstport P] [via WAY] [require WHAT]", which say how the peer of a flood or FDB entry
/// is reached.
std::vector<Key> peer_keys(PeerWords &words);

/// Parses a VLAN ID, 1-4094 (802.1Q). Throws Error(Request) if it is out of range.
uint16_t parse_vid(const std::string &text);

extern const Object kVtepObject, kUplinkObject, kNetObject, kPortObject, kFdbObject, kFloodObject, kStatsObject,
	kApplyObject, kSaveObject, kDownObject, kLimitsObject, kPeerObject;

} // namespace xovl
