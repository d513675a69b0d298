// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Plain files of static FDB entries, one on a line in the words of the command:
//   MAC net NAME dst IP [encap KIND] [dstport P] [via direct|kernel|auto] [require encrypted|none]
//   MAC net NAME dev DEV [vid V]
// Empty lines are skipped; # begins a comment where a MAC or a key could stand. There are no quotes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/config.hpp"

namespace xovl {

/// Adds the entries of plain files to the networks of a configuration, and knows where each of them stood.
class FdbFiles {
public:
	/// Of config, its networks stay; where two have one name the entries are the first one's. peers: what is said of each
	/// network's; more is added.
	FdbFiles(Config &config, std::vector<PeerStatements> &peers);

	/// PlacedError "PATH:LINE:COLUMN: …"; Error(Request) for a file that cannot be read.
	void read(const std::string &path);

	/// "PATH:LINE:COLUMN: " of what validate() calls an entry; nullopt: it did not come from a plain file.
	std::optional<std::string> place(const ConfigPath &path) const;

private:
	struct Place {
		uint32_t line; ///< from 1, as the columns
		uint16_t file; ///< in paths_
		uint16_t mac_column, target_column;
	};
	struct Network {
		size_t before; ///< entries that were there before ours
		std::vector<Place> places;
	};
	class LineParser;

	uint32_t network(std::string_view name) const;

	Config &config_;
	std::vector<PeerStatements> &peers_; ///< as config_.networks
	std::vector<Network> networks_;      ///< as config_.networks
	std::unordered_map<std::string_view, uint32_t> by_name_;
	std::vector<std::string> paths_;
};

/// The entries of a configuration as a plain file.
std::string to_fdb_file(const Config &config);

} // namespace xovl
