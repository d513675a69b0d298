// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/ethtool.hpp"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/error.hpp"

namespace xovl {

namespace {

/// The ioctl works on a socket of any family. A service may be denied some families.
Fd any_socket()
{
	for (const int family : {AF_INET, AF_UNIX, AF_NETLINK})
		if (Fd socket(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)); socket)
			return socket;
	throw system_error("open", "a socket for ethtool", errno);
}

} // namespace

Ethtool::Ethtool(const std::string &name) : socket_(any_socket())
{
	name.copy(request_.ifr_name, sizeof(request_.ifr_name) - 1);
}

std::string Ethtool::driver()
{
	ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	return call(&info) ? info.driver : "";
}

std::vector<std::string_view> Ethtool::features()
{
	const std::vector<std::string> &names = feature_names();
	const auto blocks = static_cast<uint32_t>((names.size() + 31) / 32);
	size_t size = sizeof(ethtool_gfeatures) + blocks * sizeof(ethtool_get_features_block);
	std::vector<uint32_t> bits(size / sizeof(uint32_t));
	auto *get = reinterpret_cast<ethtool_gfeatures *>(bits.data());
	get->cmd = ETHTOOL_GFEATURES;
	get->size = blocks;

	std::vector<std::string_view> on;
	if (names.empty() || !call(get))
		return on;
	for (size_t i = 0; i < names.size(); i++)
		if (get->features[i / 32].active >> (i % 32) & 1)
			on.emplace_back(names[i]);
	return on;
}

bool Ethtool::call(void *command)
{
	request_.ifr_data = static_cast<char *>(command);
	if (ioctl(socket_.get(), SIOCETHTOOL, &request_) == 0)
		return true;
	// The driver does not support the command, or the interface is gone.
	if (errno != EOPNOTSUPP && errno != EINVAL && errno != ENODEV)
		throw system_error("ethtool of", request_.ifr_name, errno);
	return false;
}

const std::vector<std::string> &Ethtool::feature_names()
{
	static std::vector<std::string> names;
	if (!names.empty())
		return names;
	const uint32_t count = feature_count();
	std::vector<uint32_t> buffer((sizeof(ethtool_gstrings) + size_t{count} * ETH_GSTRING_LEN) / 4 + 1);
	auto *strings = reinterpret_cast<ethtool_gstrings *>(buffer.data());
	strings->cmd = ETHTOOL_GSTRINGS;
	strings->string_set = ETH_SS_FEATURES;
	strings->len = count;
	if (count && call(strings))
		for (uint32_t i = 0; i < count; i++)
			names.emplace_back(reinterpret_cast<char *>(strings->data) + size_t{i} * ETH_GSTRING_LEN);
	return names;
}

uint32_t Ethtool::feature_count()
{
	uint32_t buffer[sizeof(ethtool_sset_info) / 4 + 1] = {};
	auto *info = reinterpret_cast<ethtool_sset_info *>(buffer);
	info->cmd = ETHTOOL_GSSET_INFO;
	info->sset_mask = 1ull << ETH_SS_FEATURES;
	return call(info) && info->sset_mask ? info->data[0] : 0;
}

} // namespace xovl
