// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The keys of a network that have a default and say what its packets look like: one table for command, file and output.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config.hpp"

namespace xovl {

/// As files and JSON have it: a switch, a number, a word, or a list of words.
using PolicyValue = std::variant<bool, uint32_t, std::string, std::vector<std::string>>;

/// A set of encapsulations: 1 << xovl_encap for each.
using Encaps = uint32_t;

struct PolicyKey {
	const char *name;
	const char *values; ///< the command's grammar: "N|inherit"
	Encaps encaps;      ///< those whose packets have it
	bool is_switch;     ///< in files true and false stand for on and off
	bool is_list;       ///< values can be joined with commas
	/// The command's word. Error(Request).
	void (*parse)(NetworkConfig &net, std::string_view text);
	PolicyValue (*value)(const NetworkConfig &net);
};

extern const PolicyKey kPolicyKeys[15];

/// A value as the command takes it: on, 64, inherit; a list with commas, "none" where it is empty.
std::string word_of(const PolicyValue &value);

bool is_default(const PolicyKey &key, const NetworkConfig &net);

/// Those GENEVE options that the network or one of its ports sends or requires: it knows them.
std::set<OptionKind> known_options(const NetworkConfig &net);

/// "on", "off", "true" and "false" of files as the command's words; others as they are.
std::string_view switch_word(std::string_view text);

/// The word for what gives each packet something of its own, a checksum or a number; nullptr: nothing does.
const char *numbering_policy(const NetworkConfig &net);

/// That of the network, and those of its peers.
Encaps encaps_in_use(const NetworkConfig &net);

/// "vxlan or geneve"
std::string names_of(Encaps encaps);

} // namespace xovl
