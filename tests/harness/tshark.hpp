// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Decodes captured frames with tshark, an independent implementation.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sockets.hpp"

namespace xovl::test {

/// A decoded frame: for each requested field its values, outermost first, as tshark prints them.
using Decoded = std::map<std::string, std::vector<std::string>>;

/// True if the package is installed. Tests that need it are skipped otherwise.
bool tshark_installed();

/// Decodes frames. Checksums are verified: fields such as "udp.checksum.status" are "1" if it is right, and "3" if
/// there is none. decode_as: such as "udp.port==8472,vxlan". Throws std::runtime_error if tshark fails, for example
/// because it does not know a field.
std::vector<Decoded> tshark(const std::vector<Frame> &frames, const std::vector<std::string> &fields,
			    const std::vector<std::string> &decode_as = {});

} // namespace xovl::test
