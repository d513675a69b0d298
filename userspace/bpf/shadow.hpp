// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The programs loaded once more, to tell what would become of a packet.
#pragma once

#include <vector>

#include "bpf/datapath.hpp"
#include "xovl/steps.h"

namespace xovl {

/// Shadow programs read the live tables and change nothing outside the packet: see bpf/hook/shadow.h. They run by
/// BPF_PROG_TEST_RUN. Paths, next hops and per-CPU memory are their own; the states of the ports are a copy.
class Shadow {
public:
	/// Loads the TC programs over the maps in dir. Throws Error(System) if a map is missing or the kernel refuses.
	static Shadow tc(const PinDir &dir);
	/// The same for the XDP program of an interface: see open_xdp_object().
	static Shadow xdp(const PinDir &dir, const LinkInfo &link, xovl_mode mode, const xovl_device &device);

	/// Copies the states of the ports again, from the map in dir. Loading has done it already. Throws Error(System) if
	/// the kernel refuses.
	void renew() const;

	/// Returns the descriptor of a program. Throws Error(System) if there is none of that name.
	int program(const char *name) const;

	/// Returns the steps recorded since the last call, on any CPU, and forgets them.
	std::vector<xovl_step> take_steps() const;

private:
	Shadow(const PinDir &dir, BpfObject object);

	BpfObject object_;
	Map<uint32_t, xovl_port_state> port_states_;
};

} // namespace xovl
