// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tun.hpp"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <system_error>

namespace xovl::test {

namespace {

Fd open_tun(const Netns &netns, const std::string &dev)
{
	Fd fd;
	in_netns(netns.name(), [&] {
		fd = Fd(open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
		ifreq request{};
		dev.copy(request.ifr_name, sizeof(request.ifr_name) - 1);
		request.ifr_flags = IFF_TUN | IFF_NO_PI;
		if (!fd || ioctl(fd.get(), TUNSETIFF, &request) != 0)
			throw std::system_error(errno, std::generic_category(), "tun " + dev);
	});
	return fd;
}

} // namespace

TunLink::TunLink(const Netns &a, const Netns &b, const std::string &dev)
	: ends_{open_tun(a, dev), open_tun(b, dev)}, thread_([this] { carry(); })
{
}

TunLink::~TunLink()
{
	ends_now_ = true;
	thread_.join();
}

void TunLink::carry()
{
	std::array<char, 65536> packet;
	while (!ends_now_) {
		pollfd polled[2] = {{ends_[0].get(), POLLIN, 0}, {ends_[1].get(), POLLIN, 0}};
		poll(polled, 2, 50);
		for (int i = 0; i < 2; i++) {
			ssize_t length;
			while ((length = read(ends_[i].get(), packet.data(), packet.size())) > 0)
				if (write(ends_[!i].get(), packet.data(), length) < 0)
					// the interface is down or its queue is full: the packet is lost, as on any
					// link
					break;
		}
	}
}

} // namespace xovl::test
