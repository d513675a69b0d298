// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The folder in which libxdp pins the programs behind its dispatchers: BPFFS/xdp/dispatch-IFINDEX-DISPATCHER has
// progN-prog and progN-link for each (libxdp's "dispatcher protocol").
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/fd.hpp"

namespace xovl {

/// Keeps libxdp from leaving its folder BPFFS/xdp behind. If the folder is missing, this class creates it, marked by
/// the sticky bit, and the last user of the class removes it if it is empty. Users hold a shared lock on BPFFS.
class LibxdpFolder {
public:
	LibxdpFolder();
	~LibxdpFolder();
	LibxdpFolder(const LibxdpFolder &) = delete;
	LibxdpFolder &operator=(const LibxdpFolder &) = delete;

	static std::filesystem::path path();

private:
	Fd lock_;
};

/// An XDP program that an interface runs.
struct XdpProgram {
	Fd fd;
	std::filesystem::path pin; ///< path of progN-prog; empty without dispatcher
};

/// True if the program is xovl's, by its name.
bool is_own(const Fd &program);

/// Returns the folder of a dispatcher's pins.
std::filesystem::path dispatcher_folder(uint32_t ifindex, uint32_t dispatcher_id);

/// Returns the programs that a dispatcher calls, from its folder, in the order in which they run.
std::vector<XdpProgram> joined_programs(const std::filesystem::path &dispatcher);

/// Returns those of them that are xovl's.
std::vector<XdpProgram> own_programs(const std::filesystem::path &dispatcher);

/// Returns the folders of all dispatchers whose name begins so.
std::vector<std::filesystem::path> dispatcher_folders(const std::string &prefix);

/// Removes the pins of those of our programs behind a dispatcher that use the map.
void remove_pins(const std::filesystem::path &dispatcher, uint32_t map);

} // namespace xovl
