// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "netns.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace xovl::test {

namespace {

/// Keeps a host from sending unrequested packets after its link is up. Tests would see them learned and counted.
constexpr std::pair<const char *, const char *> kQuiet[] = {
	{"accept_dad", "0"},
	{"router_solicitations", "0"},
	{"accept_ra", "0"},
	{"mldv2_unsolicited_report_interval", "3600000"}, // ms until reports are repeated
};

} // namespace

Netns::Netns(const std::string &role) : name_(fmt::format("x{}-{}", getpid(), role))
{
	test::must({"ip", "netns", "add", name_});
	struct stat info = {};
	stat(("/run/netns/" + name_).c_str(), &info);
	inode_ = info.st_ino;

	for (const auto &[key, value] : kQuiet)
		for (const char *scope : {"all", "default"})
			sysctl(fmt::format("net/ipv6/conf/{}/{}", scope, key), value);
	ip("link set lo up");
}

Netns::~Netns()
{
	test::run({"ip", "netns", "del", name_});
}

void Netns::ip(const std::string &lines) const
{
	test::must({"ip", "-n", name_, "-batch", "-"}, {.input = lines + "\n"});
}

nlohmann::json Netns::ip_show(const std::string &line) const
{
	Args argv = {"ip", "-n", name_, "-d", "-j"};
	for (const std::string &word : words(line))
		argv.push_back(word);
	const std::string text = test::must(argv);
	return text.empty() ? nlohmann::json::array() : nlohmann::json::parse(text);
}

void Netns::sysctl(const std::string &key, const std::string &value) const
{
	in_netns(name_, [&] {
		std::ofstream file("/proc/sys/" + key);
		if (!(file << value << std::flush))
			throw std::runtime_error(fmt::format("sysctl {}={}", key, value));
	});
}

void Netns::offload(const std::string &dev, const std::string &features) const
{
	must(fmt::format("ethtool -K {} {}", dev, features));
}

Result Netns::run(const std::string &line, Milliseconds timeout) const
{
	return test::run(words(line), {.netns = name_, .timeout = timeout});
}

std::string Netns::must(const std::string &line) const
{
	return test::must(words(line), {.netns = name_});
}

Process Netns::start(const std::string &line) const
{
	return Process(words(line), {.netns = name_});
}

bool Netns::listens(uint16_t port) const
{
	const std::string local = fmt::format(":{:04X}", port);
	bool found = false;
	in_netns(name_, [&] {
		for (const char *path : {"/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"}) {
			std::ifstream file(path);
			for (std::string line; std::getline(file, line);) {
				const Args field = words(line);
				found |= field.size() > 3 && field[1].ends_with(local) && field[3] == "0A";
			}
		}
	});
	return found;
}

std::string Netns::mac(const std::string &dev) const
{
	return ip_show("link show dev " + dev).at(0).at("address");
}

void veth(const Netns &a, const std::string &dev_a, const Netns &b, const std::string &dev_b)
{
	a.ip(fmt::format("link add {} type veth peer name {} netns {}\nlink set {} up", dev_a, dev_b, b.name(), dev_a));
	b.ip(fmt::format("link set {} up", dev_b));
}

} // namespace xovl::test
