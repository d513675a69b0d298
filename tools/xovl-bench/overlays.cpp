// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "overlays.hpp"

#include <stdexcept>

#include <fmt/format.h>

namespace xovl::bench {

using namespace test;

void apply(const Host &host, const std::string &command, const std::string &yaml)
{
	const TempFile file(yaml);
	const Result result = run({command, "-n", host.name(), "apply", file.path()}, {.timeout = 120s});
	if (!result.ok())
		throw std::runtime_error(result.timed_out ? "apply takes too long" : result.err);
}

void join_bridge(const Host &host)
{
	host.ip("link add name br0 type bridge\nlink set up0 master br0\nlink set port0 master br0\nlink set br0 up");
}

void join_vxlan(const Host &host, uint32_t vni, const std::string &local, const std::vector<std::string> &peers)
{
	host.ip(fmt::format("link add vx0 type vxlan id {} dstport 4789 local {} udp6zerocsumrx\n"
			    "link add name br0 type bridge\n"
			    "link set vx0 up master br0\nlink set port0 master br0\nlink set br0 up",
			    vni, local));
	std::string lines;
	for (const std::string &peer : peers)
		lines += fmt::format("fdb append 00:00:00:00:00:00 dev vx0 dst {}\n", peer);
	const TempFile file(lines);
	host.must("bridge -batch " + file.path());
}

} // namespace xovl::bench
