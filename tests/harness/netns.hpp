// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The network namespaces of a test, their links and settings.
#pragma once

#include <sys/types.h>

#include <string>

#include <nlohmann/json.hpp>

#include "process.hpp"

namespace xovl::test {

/// A network namespace "x<pid>-<role>", removed with everything in it. IPv6 is quiet in it: no duplicate address
/// detection, no router solicitations, no repeated reports.
class Netns {
public:
	explicit Netns(const std::string &role);
	Netns(const Netns &) = delete;
	Netns &operator=(const Netns &) = delete;
	~Netns();

	const std::string &name() const { return name_; }
	ino_t inode() const { return inode_; }

	/// Runs lines with `ip -batch`. Throws if one fails.
	void ip(const std::string &lines) const;
	/// Returns the parsed output of `ip -j LINE`.
	nlohmann::json ip_show(const std::string &line) const;
	/// Sets a sysctl. key: such as "net/ipv4/ip_forward".
	void sysctl(const std::string &key, const std::string &value) const;
	/// Runs ethtool -K DEV FEATURES. features: such as "gro on".
	void offload(const std::string &dev, const std::string &features) const;
	Result run(const std::string &line, Milliseconds timeout = 20s) const;
	std::string must(const std::string &line) const;
	Process start(const std::string &line) const;
	/// True if a TCP socket listens on the port.
	bool listens(uint16_t port) const;
	std::string mac(const std::string &dev) const;

private:
	std::string name_;
	ino_t inode_ = 0;
};

/// Makes a veth pair, dev_a in a and dev_b in b, and sets both up.
void veth(const Netns &a, const std::string &dev_a, const Netns &b, const std::string &dev_b);

} // namespace xovl::test
