// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "netns.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace xovl {

namespace {

std::string path_of(const std::string &netns)
{
	if (netns.find('/') != std::string::npos)
		return netns;
	std::string named = "/run/netns/" + netns;
	bool number = std::all_of(netns.begin(), netns.end(), [](unsigned char c) { return std::isdigit(c); });
	if (number && !std::filesystem::exists(named))
		return fmt::format("/proc/{}/ns/net", netns);
	return named;
}

Error no_such(const std::string &netns)
{
	return request_error(fmt::format("-n {}: no such network namespace (ip netns list)", netns));
}

} // namespace

void enter_netns(const std::string &netns)
{
	if (netns.empty())
		throw no_such(netns);
	Fd fd(open(path_of(netns).c_str(), O_RDONLY | O_CLOEXEC));
	if (!fd && (errno == ENOENT || errno == ENOTDIR))
		throw no_such(netns);
	if (!fd)
		throw system_error("open", path_of(netns), errno);
	if (setns(fd.get(), CLONE_NEWNET) == 0)
		return;
	if (errno == EINVAL)
		throw no_such(netns);
	throw system_error("enter network namespace", netns, errno);
}

} // namespace xovl
