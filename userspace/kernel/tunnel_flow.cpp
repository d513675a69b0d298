// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/tunnel_flow.hpp"

#include <fmt/format.h>

namespace xovl {

std::string TunnelFlow::service_text() const
{
	return dstport ? fmt::format("UDP port {}", dstport) : "GRE";
}

std::string TunnelFlow::str() const
{
	return fmt::format("{} > {} {}", local.str(), remote ? remote->str() : "any", service_text());
}

} // namespace xovl
