// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "sockets.hpp"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstring>
#include <system_error>
#include <thread>

namespace xovl::test {

/// Same layout as struct virtio_net_hdr of linux/virtio_net.h, which does not compile as C++.
struct VnetHeader {
	uint8_t flags = 0;
	uint8_t gso_type = 0;
	uint16_t hdr_len = 0;
	uint16_t gso_size = 0;
	uint16_t csum_start = 0;
	uint16_t csum_offset = 0;
};
static_assert(sizeof(VnetHeader) == 10);

namespace {

constexpr int kReceiveMark = 75; // SO_RCVMARK, missing in the libc headers of Debian 12

constexpr uint8_t kNeedsChecksum = 1;           // VIRTIO_NET_HDR_F_NEEDS_CSUM
constexpr uint8_t kGsoTcpV4 = 1, kGsoTcpV6 = 4; // VIRTIO_NET_HDR_GSO_TCPV4, _TCPV6

void check(bool ok, const char *what)
{
	if (!ok)
		throw std::system_error(errno, std::generic_category(), what);
}

bool is_v6(const std::string &address)
{
	return address.find(':') != std::string::npos;
}

socklen_t socket_address(const std::string &address, uint16_t port, sockaddr_storage &storage)
{
	storage = {};
	if (is_v6(address)) {
		auto *v6 = reinterpret_cast<sockaddr_in6 *>(&storage);
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		check(inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1, address.c_str());
		return sizeof(*v6);
	}
	auto *v4 = reinterpret_cast<sockaddr_in *>(&storage);
	v4->sin_family = AF_INET;
	v4->sin_port = htons(port);
	check(inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1, address.c_str());
	return sizeof(*v4);
}

bool readable(const Fd &fd, Milliseconds timeout)
{
	pollfd poll_fd = {.fd = fd.get(), .events = POLLIN, .revents = 0};
	return poll(&poll_fd, 1, static_cast<int>(timeout.count())) > 0;
}

void grow_receive_buffer(const Fd &fd)
{
	const int size = 16 << 20;
	setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
}

Fd bound_socket(const Netns &netns, const std::string &address, uint16_t port, int type)
{
	Fd fd;
	in_netns(netns.name(), [&] {
		fd = Fd(socket(is_v6(address) ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0));
		check(bool(fd), "socket");
		const int on = 1;
		setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		sockaddr_storage storage;
		const socklen_t length = socket_address(address, port, storage);
		check(bind(fd.get(), reinterpret_cast<sockaddr *>(&storage), length) == 0, "bind");
	});
	return fd;
}

void send_all(const Fd &fd, const Bytes &content)
{
	for (size_t done = 0; done < content.size();) {
		const ssize_t n = send(fd.get(), content.data() + done, content.size() - done, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		done += static_cast<size_t>(n);
	}
}

Bytes receive_stream(const Fd &fd)
{
	Bytes content;
	uint8_t chunk[65536];
	while (readable(fd, 2s)) {
		const ssize_t n = recv(fd.get(), chunk, sizeof(chunk), 0);
		if (n <= 0)
			break;
		content.insert(content.end(), chunk, chunk + n);
	}
	return content;
}

void put_be16(Bytes &bytes, uint16_t value)
{
	bytes.push_back(static_cast<uint8_t>(value >> 8));
	bytes.push_back(static_cast<uint8_t>(value));
}

} // namespace

UdpSocket::UdpSocket(const Netns &netns, const std::string &address, uint16_t port)
	: fd_(bound_socket(netns, address, port, SOCK_DGRAM))
{
	const int on = 1;
	setsockopt(fd_.get(), SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	grow_receive_buffer(fd_);
}

void UdpSocket::send(const std::string &address, uint16_t port, const Bytes &payload) const
{
	sockaddr_storage storage;
	const socklen_t length = socket_address(address, port, storage);
	const ssize_t sent =
		sendto(fd_.get(), payload.data(), payload.size(), 0, reinterpret_cast<sockaddr *>(&storage), length);
	check(sent >= 0 || errno == ENETUNREACH || errno == EHOSTUNREACH, "sendto");
}

void UdpSocket::segment(int octets) const
{
	check(setsockopt(fd_.get(), SOL_UDP, UDP_SEGMENT, &octets, sizeof(octets)) == 0, "UDP_SEGMENT");
}

std::optional<Bytes> UdpSocket::receive(Milliseconds timeout) const
{
	if (!readable(fd_, timeout))
		return std::nullopt;
	Bytes payload(65536);
	const ssize_t n = recv(fd_.get(), payload.data(), payload.size(), MSG_DONTWAIT);
	if (n < 0)
		return std::nullopt;
	payload.resize(static_cast<size_t>(n));
	return payload;
}

size_t UdpSocket::drain() const
{
	size_t count = 0;
	while (receive(0ms))
		count++;
	return count;
}

TcpListener::TcpListener(const Netns &netns, const std::string &address, uint16_t port)
	: port_(port), fd_(bound_socket(netns, address, port, SOCK_STREAM))
{
	check(listen(fd_.get(), 1) == 0, "listen");
}

Bytes TcpListener::receive_all(const Netns &from, const std::string &address, const Bytes &content) const
{
	const Fd client = bound_socket(from, is_v6(address) ? "::" : "0.0.0.0", 0, SOCK_STREAM);
	const timeval limit = {.tv_sec = 2, .tv_usec = 0};
	setsockopt(client.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	std::thread sender([&] {
		sockaddr_storage storage;
		const socklen_t length = socket_address(address, port_, storage);
		if (connect(client.get(), reinterpret_cast<sockaddr *>(&storage), length) == 0)
			send_all(client, content);
		shutdown(client.get(), SHUT_WR);
	});
	Bytes got;
	if (readable(fd_, 2s))
		got = receive_stream(Fd(accept(fd_.get(), nullptr, nullptr)));
	sender.join();
	return got;
}

uint16_t Frame::be16(size_t offset) const
{
	return offset + 2 <= bytes.size() ? static_cast<uint16_t>(bytes[offset] << 8 | bytes[offset + 1]) : 0;
}

PacketSocket::PacketSocket(const Netns &netns, const std::string &dev)
{
	in_netns(netns.name(), [&] {
		fd_ = Fd(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
		check(bool(fd_), "packet socket");
		grow_receive_buffer(fd_);
		const int on = 1;
		check(setsockopt(fd_.get(), SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) == 0, "PACKET_AUXDATA");
		setsockopt(fd_.get(), SOL_SOCKET, kReceiveMark, &on, sizeof(on));
		sockaddr_ll address = {};
		address.sll_family = AF_PACKET;
		address.sll_protocol = htons(ETH_P_ALL);
		address.sll_ifindex = static_cast<int>(if_nametoindex(dev.c_str()));
		check(address.sll_ifindex > 0, dev.c_str());
		check(bind(fd_.get(), reinterpret_cast<sockaddr *>(&address), sizeof(address)) == 0, "bind");

		unfinished_fd_ = Fd(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
		check(bool(unfinished_fd_), "packet socket");
		check(setsockopt(unfinished_fd_.get(), SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) == 0,
		      "PACKET_VNET_HDR");
		address.sll_protocol = 0;
		check(bind(unfinished_fd_.get(), reinterpret_cast<sockaddr *>(&address), sizeof(address)) == 0, "bind");
	});
}

void PacketSocket::send_behind(const VnetHeader &header, const Bytes &frame) const
{
	const auto *octets = reinterpret_cast<const uint8_t *>(&header);
	Bytes bytes(octets, octets + sizeof(header));
	bytes.insert(bytes.end(), frame.begin(), frame.end());
	check(::send(unfinished_fd_.get(), bytes.data(), bytes.size(), 0) >= 0, "send");
}

void PacketSocket::send_partial(const Bytes &frame, uint16_t csum_start, uint16_t csum_offset) const
{
	send_behind({.flags = kNeedsChecksum, .csum_start = csum_start, .csum_offset = csum_offset}, frame);
}

void PacketSocket::send_super(const Bytes &frame, uint16_t csum_start, uint16_t headers, uint16_t gso_size) const
{
	const bool ipv4 = frame.at(12) == 0x08;
	send_behind({.flags = kNeedsChecksum,
		     .gso_type = ipv4 ? kGsoTcpV4 : kGsoTcpV6,
		     .hdr_len = headers,
		     .gso_size = gso_size,
		     .csum_start = csum_start,
		     .csum_offset = 16},
		    frame);
}

void PacketSocket::send(const Bytes &frame) const
{
	check(::send(fd_.get(), frame.data(), frame.size(), 0) >= 0, "send");
}

std::optional<Frame> PacketSocket::next() const
{
	Frame frame;
	frame.bytes.resize(1 << 18);
	sockaddr_ll from = {};
	iovec iov = {.iov_base = frame.bytes.data(), .iov_len = frame.bytes.size()};
	alignas(cmsghdr) char control[CMSG_SPACE(sizeof(tpacket_auxdata)) + CMSG_SPACE(sizeof(frame.mark))];
	msghdr message = {};
	message.msg_name = &from;
	message.msg_namelen = sizeof(from);
	message.msg_iov = &iov;
	message.msg_iovlen = 1;
	message.msg_control = control;
	message.msg_controllen = sizeof(control);
	const ssize_t n = recvmsg(fd_.get(), &message, MSG_DONTWAIT);
	if (n < 0)
		return std::nullopt;
	frame.bytes.resize(static_cast<size_t>(n));
	frame.outgoing = from.sll_pkttype == PACKET_OUTGOING;

	for (cmsghdr *cmsg = CMSG_FIRSTHDR(&message); cmsg; cmsg = CMSG_NXTHDR(&message, cmsg)) {
		if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SO_MARK)
			memcpy(&frame.mark, CMSG_DATA(cmsg), sizeof(frame.mark));
		tpacket_auxdata aux;
		if (cmsg->cmsg_level != SOL_PACKET || cmsg->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(cmsg), sizeof(aux));
		if (aux.tp_status & TP_STATUS_VLAN_VALID) {
			Bytes tag;
			put_be16(tag, aux.tp_status & TP_STATUS_VLAN_TPID_VALID ? aux.tp_vlan_tpid : 0x8100);
			put_be16(tag, aux.tp_vlan_tci);
			frame.bytes.insert(frame.bytes.begin() + 12, tag.begin(), tag.end());
		}
	}
	return frame;
}

std::vector<Frame> PacketSocket::frames(const std::function<bool(const Frame &)> &filter)
{
	std::vector<Frame> list;
	while (auto frame = next())
		if (!filter || filter(*frame))
			list.push_back(std::move(*frame));
	return list;
}

std::vector<Frame> PacketSocket::collect(size_t count, const std::function<bool(const Frame &)> &filter,
					 Milliseconds timeout)
{
	std::vector<Frame> list;
	wait_until(
		[&] {
			for (Frame &frame : frames(filter))
				list.push_back(std::move(frame));
			return list.size() >= count;
		},
		timeout);
	return list;
}

} // namespace xovl::test
