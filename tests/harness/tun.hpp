// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A link without Ethernet between two namespaces, like WireGuard, a tun device of a VPN, or PPP.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "base/fd.hpp"
#include "netns.hpp"

namespace xovl::test {

/// Two tun interfaces with the same name. A packet sent to one arrives at the other, while the object lives.
class TunLink {
public:
	TunLink(const Netns &a, const Netns &b, const std::string &dev);
	TunLink(const TunLink &) = delete;
	TunLink &operator=(const TunLink &) = delete;
	~TunLink();

private:
	void carry();

	Fd ends_[2];
	std::atomic<bool> ends_now_ = false;
	std::thread thread_;
};

} // namespace xovl::test
