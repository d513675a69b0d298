// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a command works with, the table of all objects and commands, and the way from words to the command they name.
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

/// Lives as long as the process: one command, or all of a batch.
class Context {
public:
	explicit Context(const Options &options) : out(options.format), options_(options) {}

	Output out;

	/// The overlay of this network namespace to be looked at, opened (and locked) by the first command that needs it.
	const OverlayView &overlay();
	/// The same to be changed.
	Overlay &overlay_to_change();
	/// Gives the lock back.
	void release();
	/// Overlay::take_notes() of what the commands changed.
	std::vector<std::string> take_notes();
	/// Writes what the commands printed. The lock is given back first: who reads it may be slow.
	void flush();

	/// Overlay::down() of this network namespace.
	void down();
	/// Overlay::down_stale().
	StaleStates down_stale();
	/// Whose programs run in this network namespace; nullopt: none do.
	std::optional<Build> running_build();
	/// Overlay::edit(); what changed is then told.
	void edit(const std::function<void(Config &)> &change);
	/// One line on stderr for each vtep that is no address of this host; of that address only, where one is given.
	void warn_of_absent_vteps(const std::string &command, const std::optional<Address> &only = {});
	/// With -v: one line on stderr.
	void tell(const std::string &line) const;

private:
	Options options_;
	/// One of them at most.
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
	bool abbreviable = true; ///< a unique prefix of the name will do
};

/// Runs the command that words (OBJECT COMMAND …) name. Errors begin with "OBJECT COMMAND: ".
void run_command(Context &context, const std::vector<std::string> &words);

/// The grammar of one object, or of everything where object is empty. Error(Request) for an unknown one.
std::string help_text(const std::string &object);

/// Throws no_network().
NetworkConfig &network_of(Config &config, const std::string &name);

/// "net NAME", or nothing for all networks (empty). Error(Request) where there is no such network.
std::string net_filter(Context &context, Args &args);

/// "[encap KIND] [dstport P] [via WAY] [require WHAT]": what is said of the peer of a flood or FDB entry.
std::vector<Key> peer_keys(PeerWords &words);

/// A VLAN ID, 1-4094 (802.1Q).
uint16_t parse_vid(const std::string &text);

extern const Object kVtepObject, kUplinkObject, kNetObject, kPortObject, kFdbObject, kFloodObject, kStatsObject,
	kApplyObject, kSaveObject, kDownObject, kLimitsObject, kPeerObject;

} // namespace xovl
