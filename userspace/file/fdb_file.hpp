// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Plain files of static FDB entries, one on each line, in the words of the command:
//   MAC net NAME dst IP [encap KIND] [dstport P] [via direct|kernel|auto] [require encrypted|none]
//   MAC net NAME dev DEV [vid V]
// Empty lines are skipped. A # in place of a MAC or a key starts a comment. There is no quoting.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/config.hpp"

namespace xovl {

/// Adds the entries of plain files to the networks of a configuration, and keeps their positions in the files.
class FdbFiles {
public:
	/// The networks of config must not change while this object lives. If two have the same name, the first gets
	/// the entries. peers: what each network's entries say about its peers; read() adds to it.
	FdbFiles(Config &config, std::vector<PeerStatements> &peers);

	/// Adds the entries of a file. Throws PlacedError "PATH:LINE:COLUMN: …" for a wrong line, and Error(Request) if
	/// the file cannot be read.
	void read(const std::string &path);

	/// Returns "PATH:LINE:COLUMN: " for a path that validate() reports; nullopt if the entry is not from a plain
	/// file.
	std::optional<std::string> place(const ConfigPath &path) const;

private:
	struct Place {
		uint32_t line; ///< counted from 1, as are the columns
		uint16_t file; ///< index in paths_
		uint16_t mac_column, target_column;
	};
	struct Network {
		size_t before; ///< number of entries in the network before the first read()
		std::vector<Place> places;
	};
	class LineParser;

	uint32_t network(std::string_view name) const;

	Config &config_;
	std::vector<PeerStatements> &peers_; ///< same order as config_.networks
	std::vector<Network> networks_;      ///< same order as config_.networks
	std::unordered_map<std::string_view, uint32_t> by_name_;
	std::vector<std::string> paths_;
};

/// Returns the FDB entries of a configuration as the text of a plain file.
std::string to_fdb_file(const Config &config);

} // namespace xovl
