// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/netlink.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>

#include "base/error.hpp"

namespace xovl {

namespace {

int visit_message(nl_msg *message, void *visit)
{
	(*static_cast<const std::function<void(nlmsghdr *)> *>(visit))(nlmsg_hdr(message));
	return NL_OK;
}

} // namespace

void throw_netlink(const std::string &operation, int err)
{
	// libnl has NLE_NOMEM for ENOBUFS, an overrun of the socket's buffer
	const bool again = err == -NLE_AGAIN || err == -NLE_INTR || err == -NLE_DUMP_INTR || err == -NLE_NOMEM;
	throw Error(again ? Error::Kind::TryAgain : Error::Kind::System,
		    fmt::format("{}: {}", operation, nl_geterror(err)));
}

NetlinkSocket connect_netlink(int protocol)
{
	NetlinkSocket socket(nl_socket_alloc(), nl_socket_free);
	if (!socket)
		throw_netlink("netlink", -NLE_NOMEM);
	if (int err = nl_connect(socket.get(), protocol); err < 0)
		throw_netlink("netlink", err);
	// The kernel answers at once. Without a timeout, libnl 3.7 waits for an answer even if it failed to send the
	// request.
	const timeval patience = {.tv_sec = 2, .tv_usec = 0};
	if (setsockopt(nl_socket_get_fd(socket.get()), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0)
		throw system_error("netlink", "", errno);
	return socket;
}

int netlink_request(nl_sock *socket, int type, int flags, std::span<const std::byte> request,
		    const std::function<void(nlmsghdr *)> &visit)
{
	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, visit_message,
			    const_cast<std::function<void(nlmsghdr *)> *>(&visit));
	nl_socket_disable_auto_ack(socket); // an ACK would be the first answer to the next request
	int err = nl_send_simple(socket, type, flags, const_cast<std::byte *>(request.data()), request.size());
	return err < 0 ? err : nl_recvmsgs_default(socket);
}

} // namespace xovl
