// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The shadow programs of a bench. They must not change any map, so all maps are compared.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "bpf/shadow.hpp"
#include "prog_run.hpp"

namespace xovl::test {

/// The keys and values of all pinned maps, by name, without program arrays.
using MapImages = std::map<std::string, std::string>;
MapImages map_images(const std::string &pin_dir);

class ShadowBench {
public:
	/// root: folder of all pins; its lock must be free. pin_dir: folder of this network namespace.
	ShadowBench(const std::string &root, std::string pin_dir);

	/// Runs the packet through the shadow program of dev, and fails the test if any map has changed. Reading the
	/// maps takes long, so it runs the packet once more, and returns that result.
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
