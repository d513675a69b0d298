// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The base of the tests of bpf/path/path.h. Paths are stored per CPU, so checks run on every CPU.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "fixture.hpp"

namespace xovl::test {

using Clock = std::chrono::steady_clock;

class Path : public DatapathTest {
protected:
	void SetUp() override
	{
		cpus_ = allowed_cpus();
		DatapathTest::SetUp();
		flow_ = made_of(udp_frame(mac::kRemoteA, mac::kTenant1));
	}

	static Packet rest() { return IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} / UDP{1111, 2222} / Payload::of(20); }

	/// Calls fn on every CPU.
	void everywhere(const std::function<void()> &fn) const
	{
		for (int cpu : cpus_) {
			SCOPED_TRACE(testing::Message() << "CPU " << cpu);
			const OnCpu on(cpu);
			fn();
		}
	}

	/// Forgets all paths, then calls fn three times.
	void thrice(const std::function<void()> &fn)
	{
		bench_->forget_paths();
		for (const char *frame : {"first", "second", "third"}) {
			SCOPED_TRACE(frame);
			fn();
		}
	}

	/// Makes the change while every CPU sends the packet over and over.
	void under_traffic(const std::string &dev, const Bytes &packet, const std::function<void()> &change)
	{
		std::atomic<bool> done = false;
		std::vector<std::thread> senders;
		for (int cpu : cpus_)
			senders.emplace_back([&, cpu] {
				const OnCpu on(cpu);
				while (!done)
					bench_->run(hook(), dev, packet);
			});
		change();
		done = true;
		for (std::thread &sender : senders)
			sender.join();
	}

	/// True if the frame is sent to one peer or delivered to one port.
	bool goes(const std::string &dev, const Bytes &packet) const
	{
		return bench_->run(hook(), dev, packet).verdict == Verdict::Redirect;
	}

	/// Checks the frame twice on every CPU: with an old path, if any, and with the current one.
	void becomes(const std::string &dev, const Bytes &packet, const Outcome &want)
	{
		everywhere([&] {
			finishes(dev, packet, want);
			finishes(dev, packet, want);
		});
	}

	/// The frame's destination is unknown on every CPU: XDP leaves it to TC, which floods it.
	void floods(const std::string &dev, const Bytes &packet)
	{
		const auto flooded = [&] { return bench_->counts()["net blue flooded"]; };
		everywhere([&] {
			if (hook() == Hook::Xdp)
				finishes(dev, packet, {});
			const uint64_t before = flooded();
			bench_->run(Hook::Tc, dev, packet);
			EXPECT_EQ(flooded(), before + 1);
		});
	}

	/// Returns the outcome of a frame of udp_frame()'s flow from a port to peer A or B.
	Outcome to_peer(const Packet &inner, const std::string &peer, const std::string &port = "port1",
			const std::string &net = "blue") const
	{
		const std::string &peer_mac = peer == ip().peer_a ? mac::kPeerA : mac::kPeerB;
		return {Verdict::Redirect,
			encapsulated(net == "green" ? kGreenVni : kBlueVni, inner, peer_mac, peer, flow_),
			sent(port, net, peer, inner.bytes().size())};
	}

	static Outcome to_port(const Packet &inner, const std::string &port, const std::string &from = "port1",
			       const std::string &net = "blue")
	{
		return {Verdict::Redirect, inner, switched(from, port, net, inner.bytes().size())};
	}

	/// Returns the outcome of a frame from peer A.
	Outcome out_of_tunnel(const Packet &inner, const std::string &port, const std::string &net = "blue") const
	{
		return {Verdict::Redirect, inner, delivered(ip().peer_a, net, port, inner.bytes().size())};
	}

	void learn(const std::string &mac, const std::string &port)
	{
		EXPECT_TRUE(goes(port, udp_frame(mac::kRemoteA, mac)));
	}

	/// Runs `count` other packets while these paths are remembered. None of them may be forwarded.
	void none_goes(const std::string &dev, const std::vector<Bytes> &remembered, unsigned count,
		       const std::function<Bytes(unsigned)> &other)
	{
		unsigned gone = 0;
		for (unsigned n = 0; n < count; n++) {
			for (size_t i = 0; n % 1000 == 0 && i < remembered.size(); i++)
				EXPECT_TRUE(goes(dev, remembered[i]));
			gone += goes(dev, other(n));
		}
		EXPECT_EQ(gone, 0u);
	}

	static NetworkConfig &network(Config &config, const std::string &name) { return *config.find_network(name); }

	/// Removes a port and the static entries behind it from a network.
	static void remove_port(NetworkConfig &net, const std::string &dev)
	{
		std::erase_if(net.ports, [&](const PortConfig &port) { return port.dev == dev; });
		std::erase_if(net.fdb,
			      [&](const FdbConfig &entry) { return entry.port() && entry.port()->dev() == dev; });
	}

	static void set_fdb(NetworkConfig &net, const FdbConfig &wanted)
	{
		std::erase_if(net.fdb, [&](const FdbConfig &entry) { return entry.mac == wanted.mac; });
		net.fdb.push_back(wanted);
	}

	std::vector<int> cpus_;
	Bytes flow_; ///< a tunnel packet of udp_frame()'s flow
};

} // namespace xovl::test
