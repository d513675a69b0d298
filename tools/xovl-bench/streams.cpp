// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "streams.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <future>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace xovl::bench {

using namespace test;

namespace {

using Clock = std::chrono::steady_clock;

constexpr uint16_t kUdpPort = 20001, kTcpPort = 20002;
constexpr size_t kLongestDatagram = 1472; // octets
constexpr size_t kBatch = 64;             // datagrams of one system call

void check(bool ok, const char *what)
{
	if (!ok)
		throw std::system_error(errno, std::generic_category(), what);
}

double seconds_since(Clock::time_point start)
{
	return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Returns the busy time of all CPUs since boot, without idle, I/O wait and stolen time (proc_stat(5)).
double busy_seconds()
{
	enum { User, Nice, System, Idle, Iowait, Irq, Softirq };
	std::ifstream stat("/proc/stat");
	std::string cpu;
	std::array<double, Softirq + 1> ticks{};
	stat >> cpu;
	for (double &value : ticks)
		stat >> value;
	return (ticks[User] + ticks[Nice] + ticks[System] + ticks[Irq] + ticks[Softirq]) /
	       static_cast<double>(sysconf(_SC_CLK_TCK));
}

constexpr long kFirstCpu = 0;

long last_cpu()
{
	return sysconf(_SC_NPROCESSORS_ONLN) - 1;
}

/// Moves the calling thread to the CPU, if permitted.
void run_on_cpu(long cpu)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(static_cast<size_t>(cpu), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

sockaddr_in socket_address(const std::string &address, uint16_t port)
{
	sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	check(inet_pton(AF_INET, address.c_str(), &in.sin_addr) == 1, address.c_str());
	return in;
}

Fd new_socket(int type)
{
	Fd fd(socket(AF_INET, type | SOCK_CLOEXEC, 0));
	check(bool(fd), "socket");
	const timeval limit = {.tv_sec = 1, .tv_usec = 0}; // keeps calls from blocking forever
	for (int option : {SO_RCVTIMEO, SO_SNDTIMEO})
		check(setsockopt(fd.get(), SOL_SOCKET, option, &limit, sizeof(limit)) == 0, "socket time limit");
	return fd;
}

Fd bound_socket(int type, const std::string &address, uint16_t port)
{
	Fd fd = new_socket(type);
	const sockaddr_in in = socket_address(address, port);
	const int on = 1;
	setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	check(bind(fd.get(), reinterpret_cast<const sockaddr *>(&in), sizeof(in)) == 0, "bind");
	return fd;
}

Fd connected_socket(int type, const std::string &address, uint16_t port)
{
	Fd fd = new_socket(type);
	const sockaddr_in in = socket_address(address, port);
	check(connect(fd.get(), reinterpret_cast<const sockaddr *>(&in), sizeof(in)) == 0, "connect");
	return fd;
}

/// Buffers for kBatch datagrams.
struct Datagrams {
	explicit Datagrams(size_t length)
	{
		for (size_t i = 0; i < kBatch; i++) {
			vectors[i] = {.iov_base = octets[i].data(), .iov_len = length};
			messages[i].msg_hdr.msg_iov = &vectors[i];
			messages[i].msg_hdr.msg_iovlen = 1;
		}
	}

	std::array<std::array<char, kLongestDatagram>, kBatch> octets{};
	std::array<iovec, kBatch> vectors{};
	std::array<mmsghdr, kBatch> messages{};
};

/// Counts the datagrams that arrive at a UDP socket, while the object lives.
class UdpCounter {
public:
	UdpCounter(const End &end, long cpu)
	{
		in_netns(end.netns.name(), [&] { fd_ = bound_socket(SOCK_DGRAM, end.address, kUdpPort); });
		const int buffer = 16 << 20;
		setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
		thread_ = std::thread([this, cpu] { count(cpu); });
	}
	UdpCounter(const UdpCounter &) = delete;
	UdpCounter &operator=(const UdpCounter &) = delete;
	~UdpCounter()
	{
		shutdown(fd_.get(), SHUT_RD); // wakes the receiver
		thread_.join();
	}

	uint64_t received() const { return received_; }

private:
	void count(long cpu)
	{
		Datagrams datagrams(kLongestDatagram);
		run_on_cpu(cpu);
		for (;;) {
			const int n = recvmmsg(fd_.get(), datagrams.messages.data(), kBatch, MSG_WAITFORONE, nullptr);
			if (n <= 0 || datagrams.messages[0].msg_len == 0)
				return;
			received_ += static_cast<unsigned>(n);
		}
	}

	Fd fd_;
	std::atomic<uint64_t> received_ = 0;
	std::thread thread_;
};

struct Cpus {
	long sender, receiver;
};

double udp_one_way(const End &from, const End &to, const UdpLoad &load, const Cpus &cpus)
{
	const UdpCounter counter(to, cpus.receiver);
	double rate = 0;
	in_netns(from.netns.name(), [&] {
		const Fd fd = connected_socket(SOCK_DGRAM, to.address, kUdpPort);
		Datagrams datagrams(load.octets);
		run_on_cpu(cpus.sender);
		const auto start = Clock::now();
		while (Clock::now() - start < load.time)
			sendmmsg(fd.get(), datagrams.messages.data(), kBatch, 0);
		rate = static_cast<double>(counter.received()) / seconds_since(start) / 1000;
	});
	if (rate == 0)
		throw std::runtime_error("no datagram arrives");
	return rate;
}

/// Returns iperf3's option.
std::string direction_option(Direction direction)
{
	switch (direction) {
	case Direction::ToServer:
		return "";
	case Direction::ToClient:
		return "-R";
	case Direction::Both:
		return "--bidir";
	}
	throw std::invalid_argument("no such direction");
}

/// The sums over all streams that iperf3 has received.
struct Received {
	double bits_per_second = 0, octets = 0;
};

Received received_of(const std::string &json)
{
	Received received;
	const auto end = nlohmann::json::parse(json).at("end");
	for (const char *key : {"sum_received", "sum_received_bidir_reverse"})
		if (const auto sum = end.find(key); sum != end.end()) {
			received.bits_per_second += sum->at("bits_per_second").get<double>();
			received.octets += sum->at("bytes").get<double>();
		}
	return received;
}

} // namespace

std::array<double, 2> tcp_stream(const Pair &pair, const TcpLoad &load)
{
	const double busy_before = busy_seconds();
	const Result result = pair.client.netns.run(fmt::format("iperf3 -J -c {} -P {} {} {} --connect-timeout 3000",
								pair.server.address, load.streams, load.amount,
								direction_option(load.direction)),
						    60s);
	const double busy = busy_seconds() - busy_before;
	if (!result.ok())
		throw std::runtime_error("iperf3 failed");
	const Received received = received_of(result.out);
	return {received.bits_per_second / 1e9, busy / (received.octets / 1e9)};
}

double udp_thousand_per_second(const Pair &pair, const UdpLoad &load)
{
	const Cpus first = {kFirstCpu, last_cpu()}, second = {last_cpu(), kFirstCpu};
	switch (load.direction) {
	case Direction::ToServer:
		return udp_one_way(pair.client, pair.server, load, first);
	case Direction::ToClient:
		return udp_one_way(pair.server, pair.client, load, first);
	case Direction::Both:
		break;
	}
	auto back = std::async(std::launch::async, [&] { return udp_one_way(pair.server, pair.client, load, second); });
	const double there = udp_one_way(pair.client, pair.server, load, first);
	return there + back.get();
}

double tcp_thousand_transactions(const Pair &pair, unsigned seconds)
{
	const std::string sockperf = fmt::format("taskset -c {} sockperf ", last_cpu());
	const std::string where = fmt::format(" --tcp -i {} -p {}", pair.server.address, kTcpPort);
	const Process server = pair.server.netns.start(sockperf + "server" + where);
	if (!wait_until([&] { return pair.server.netns.listens(kTcpPort); }))
		throw std::runtime_error("sockperf does not listen");
	const Result result = pair.client.netns.run(sockperf + "ping-pong" + where + fmt::format(" -t {}", seconds));
	// format: [Total Run] RunTime=1.001 sec; Warm up time=400 msec; SentMessages=55532; ReceivedMessages=55531
	double took = 0;
	unsigned long received = 0;
	const size_t at = result.out.find("[Total Run] RunTime=");
	if (!result.ok() || at == std::string::npos ||
	    std::sscanf(result.out.c_str() + at,
			"[Total Run] RunTime=%lf sec; Warm up time=%*u msec; SentMessages=%*u; ReceivedMessages=%lu",
			&took, &received) != 2)
		throw std::runtime_error("sockperf failed: " + result.text());
	return static_cast<double>(received) / took / 1000;
}

} // namespace xovl::bench
