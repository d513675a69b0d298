// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One packet through one loaded program, by BPF_PROG_TEST_RUN: what the program returns and what it made of the packet.
// A redirect is only reported, not carried out; bpf_clone_redirect, however, does send.
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
	Bytes packet;        ///< as the program left it
	uint32_t mark = 0;   ///< TC: skb->mark, the same
};

enum class Hook { Xdp, Tc };

struct RunInput {
	uint32_t ifindex = 0;  ///< where the packet came in, in the caller's network namespace
	Bytes packet;          ///< 14 octets at least: the kernel takes no less
	uint32_t gso_size = 0; ///< TC: payload octets of one segment of a super-frame
	uint32_t mark = 0;     ///< TC: skb->mark
};

/// Throws std::system_error when the kernel refuses to run it (std::errc::invalid_argument: the packet).
RunResult prog_run(Hook hook, int prog_fd, const RunInput &input);

/// The XDP program attached to the interface, native or generic. Throws std::system_error when there is none.
Fd xdp_program(uint32_t ifindex);
/// A pinned program or map. Throws std::system_error.
Fd pinned(const std::string &path);

} // namespace xovl::test
