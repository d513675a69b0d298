// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A netlink socket that closes itself, and requests whose answers are read message by message.
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

/// Error(System) of a negative NLE_*: "OPERATION: what libnl says".
[[noreturn]] void throw_netlink(const std::string &operation, int err);

/// Error(System) when the kernel refuses.
NetlinkSocket connect_netlink(int protocol);

/// Send a request: its header, and then attributes, as they stand in the message. visit is called for each message of the answer.
/// Returns 0, or the negative NLE_* with which the kernel refused.
int netlink_request(nl_sock *socket, int type, int flags, std::span<const std::byte> request,
		    const std::function<void(nlmsghdr *)> &visit);

} // namespace xovl
