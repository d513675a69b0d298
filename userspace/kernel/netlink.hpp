// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Netlink sockets that close themselves, and requests whose answers are read message by message.
#pragma once

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include <functional>
#include <memory>
#include <span>
#include <string>

namespace xovl {

using NetlinkSocket = std::unique_ptr<nl_sock, decltype(&nl_socket_free)>;
using NetlinkMessage = std::unique_ptr<nl_msg, decltype(&nlmsg_free)>;

/// Throws Error(System) "OPERATION: what libnl says"; Error(TryAgain) if a dump was interrupted or the socket overrun.
/// err: a negative NLE_* number.
[[noreturn]] void throw_netlink(const std::string &operation, int err);

/// Connects a socket. Throws Error(System) if the kernel refuses.
NetlinkSocket connect_netlink(int protocol);

/// Sends a request. request: the header and attributes, as they are in the message. visit is called for each message of
/// the answer. Returns 0, or a negative NLE_* number if the kernel refuses.
int netlink_request(nl_sock *socket, int type, int flags, std::span<const std::byte> request,
		    const std::function<void(nlmsghdr *)> &visit);

} // namespace xovl
