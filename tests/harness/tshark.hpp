// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What tshark, a decoder that nobody here wrote, reads in captured frames.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sockets.hpp"

namespace xovl::test {

/// A frame: of each field that was asked for the values in it, outermost first, as tshark prints them.
using Decoded = std::map<std::string, std::vector<std::string>>;

/// Whether the package is here: if not, a test cannot run.
bool tshark_installed();

/// Checksums are verified: "udp.checksum.status" and the like are "1" where it is right, "3" where there is none. decode_as:
/// "udp.port==8472,vxlan". Throws std::runtime_error when tshark fails, as with a field that it does not know.
std::vector<Decoded> tshark(const std::vector<Frame> &frames, const std::vector<std::string> &fields,
			    const std::vector<std::string> &decode_as = {});

} // namespace xovl::test
