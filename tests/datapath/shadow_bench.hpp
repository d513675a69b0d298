// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The shadow programs of a bench, and a look at all maps: what a run of a shadow program must not change.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "bpf/shadow.hpp"
#include "prog_run.hpp"

namespace xovl::test {

/// The keys and values of all pinned maps, by name. Arrays of programs are left out.
using MapImages = std::map<std::string, std::string>;
MapImages map_images(const std::string &pin_dir);

class ShadowBench {
public:
	/// root: of all pins; nobody may hold its lock. pin_dir: the folder of this network namespace.
	ShadowBench(const std::string &root, std::string pin_dir);

	/// Runs the packet through the shadow program of dev, and fails the test if any map has changed. Reading the maps
	/// takes long, so it runs the packet once more, and returns that result.
	RunResult run(Hook hook, const std::string &dev, bool is_uplink, const RunInput &input) const;
	/// Returns the steps of the last packet.
	const std::vector<xovl_step> &steps() const { return steps_; }

private:
	std::string pin_dir_;
	Shadow tc_;
	std::map<std::string, Shadow> xdp_; ///< by interface
	mutable std::vector<xovl_step> steps_;
};

} // namespace xovl::test
