// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Runs one packet through one loaded program by BPF_PROG_TEST_RUN, and returns its verdict and the changed packet. A
// redirect is reported but not carried out; bpf_clone_redirect(), however, does send.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "base/fd.hpp"
#include "packet.hpp"

namespace xovl::test {

enum class Verdict { Pass, Drop, Redirect, Other };

std::ostream &operator<<(std::ostream &out, Verdict verdict);

struct RunResult {
	Verdict verdict = Verdict::Other;
	uint32_t retval = 0; ///< XDP_* or TC_ACT_*
	Bytes packet;        ///< the packet after the program
	uint32_t mark = 0;   ///< TC: skb->mark after the program
};

enum class Hook { Xdp, Tc };

struct RunInput {
	uint32_t ifindex = 0;  ///< interface where the packet arrives, in the caller's network namespace
	Bytes packet;          ///< at least 14 octets, as the kernel requires
	uint32_t gso_size = 0; ///< TC: payload octets of one segment of a super-frame
	uint32_t mark = 0;     ///< TC: skb->mark
};

/// Throws std::system_error if the kernel refuses to run the program (std::errc::invalid_argument: because of the
/// packet).
RunResult prog_run(Hook hook, int prog_fd, const RunInput &input);

/// Returns the XDP program attached to the interface, native or generic. Throws std::system_error if there is none.
Fd xdp_program(uint32_t ifindex);
/// Opens a pinned program or map. Throws std::system_error if there is none.
Fd pinned(const std::string &path);

} // namespace xovl::test
