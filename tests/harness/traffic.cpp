// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "traffic.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sockets.hpp"

namespace xovl::test {

using testing::AssertionFailure;
using testing::AssertionResult;
using testing::AssertionSuccess;

namespace {

constexpr uint16_t kIperfPort = 5201;

const char *any_address(const std::string &like)
{
	return like.find(':') == std::string::npos ? "0.0.0.0" : "::";
}

AssertionResult datagram(const UdpSocket &from, const UdpSocket &to, const std::string &address, size_t size)
{
	const Bytes payload = Payload::of(size).data;
	from.send(address, 9000, payload);
	const auto got = to.receive();
	if (!got)
		return AssertionFailure() << "no datagram at " << address;
	if (*got != payload)
		return AssertionFailure() << "other content at " << address << ": " << hex_dump(*got);
	return AssertionSuccess();
}

} // namespace

AssertionResult pings(const Netns &from, const std::string &address, unsigned count, unsigned size)
{
	const Result result =
		from.run(fmt::format("ping -q -c {} -i 0.01 -W 1 -M do -s {} {}", count, size, address), 10s);
	if (result.ok() && result.out.find(fmt::format(" {} received", count)) != std::string::npos)
		return AssertionSuccess();
	return AssertionFailure() << from.name() << " pings " << address << ": " << result.text();
}

std::vector<unsigned> ping_answers(const std::string &output)
{
	const std::string key = "icmp_seq=";
	std::vector<unsigned> numbers;
	for (size_t at = output.find(key); at != output.npos; at = output.find(key, at + 1))
		numbers.push_back(std::stoul(output.substr(at + key.size())));
	return numbers;
}

AssertionResult udp_both_ways(const Netns &a, const std::string &address_a, const Netns &b,
			      const std::string &address_b, size_t size)
{
	const UdpSocket socket_a(a, any_address(address_a), 9000);
	const UdpSocket socket_b(b, any_address(address_b), 9000);
	const AssertionResult there = datagram(socket_a, socket_b, address_b, size);
	return there ? datagram(socket_b, socket_a, address_a, size) : there;
}

AssertionResult tcp_content(const Netns &a, const Netns &b, const std::string &address_b, size_t size)
{
	const TcpListener listener(b, any_address(address_b), 9001);
	const Bytes content = Payload::of(size).data;
	const Bytes got = listener.receive_all(a, address_b, content);
	if (got == content)
		return AssertionSuccess();
	return AssertionFailure() << "TCP to " << address_b << ": " << got.size() << " of " << size << " octets, "
				  << (std::equal(got.begin(), got.end(), content.begin()) ? "the same so far"
											  : "corrupted");
}

AssertionResult iperf(const Netns &a, const Netns &b, const std::string &address_b, unsigned megabytes, bool reverse)
{
	Process server = b.start("iperf3 -s -1");
	if (!wait_until([&] { return b.listens(kIperfPort); }))
		return AssertionFailure() << "iperf3 does not listen";
	const Result result = a.run(fmt::format("iperf3 -J -c {} --connect-timeout 2000 -n {}M{}", address_b, megabytes,
						reverse ? " -R" : ""),
				    10s);
	if (!result.ok())
		return AssertionFailure() << "iperf3 to " << address_b << ": " << result.text();
	const auto end = nlohmann::json::parse(result.out).at("end");
	const uint64_t sent = end.at("sum_sent").at("bytes");
	if (sent < uint64_t(megabytes) << 20)
		return AssertionFailure() << "iperf3 to " << address_b << ": sent " << sent << " octets";
	return AssertionSuccess();
}

} // namespace xovl::test
