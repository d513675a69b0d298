// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Sources and sinks of frames on one CPU: a generator run by the kernel (BPF_F_TEST_XDP_LIVE_FRAMES), and sinks that
// count.
#pragma once

#include <sched.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "netns.hpp"
#include "packet.hpp"

struct xovl_bench;

namespace xovl::bench {

using test::Bytes;
using test::Netns;

/// While an object lives, the calling thread and what it starts run only on the last CPU.
class OneCpu {
public:
	OneCpu();
	OneCpu(const OneCpu &) = delete;
	OneCpu &operator=(const OneCpu &) = delete;
	~OneCpu();

private:
	cpu_set_t before_;
};

uint32_t ifindex_of(const Netns &netns, const std::string &dev);

/// Makes frames differ: 8 octets at an offset of at most 255, from a table that is used in order, over and over.
struct Variation {
	uint32_t at = 0;
	std::vector<uint64_t> octets = {}; ///< as in the frame, first octet lowest; empty: all frames are equal
};

/// Returns the variation at offset `at` over count frames.
Variation variation_of(uint32_t at, size_t count, const std::function<Bytes(size_t)> &frame);

struct Traffic {
	Bytes frame;
	Variation variation = {};
	/// The measured programs move the MACs, so the first 64 octets of the frame are restored before each run. Needs
	/// a variation.
	bool restore_head = false;
};

enum class SinkKind {
	Xdp, ///< cheapest for frames that arrive as xdp_frame
	Tc,  ///< cheapest for frames that arrive as skb
};

struct ProgramConstants {
	uint32_t redirect_to = 0; ///< ifindex, for redirect()
	Traffic traffic = {};     ///< for vary()
	int next = -1;            ///< program to run after vary()
};

/// The loaded programs of bench.bpf.c.
class Programs {
public:
	Programs();
	explicit Programs(const ProgramConstants &constants);
	Programs(Programs &&) noexcept;
	~Programs();

	int vary() const;
	int redirect() const;
	int pass() const;
	int sink(SinkKind kind) const;
	/// Returns the number of frames that the sinks have counted.
	uint64_t received() const;

private:
	struct Destroy {
		void operator()(xovl_bench *skeleton) const;
	};
	std::unique_ptr<xovl_bench, Destroy> skeleton_;
};

/// Drops and counts everything that arrives at an interface, while the object lives.
class Sink {
public:
	Sink(const Netns &netns, const std::string &dev, SinkKind kind);

	uint64_t received() const { return programs_.received(); }

private:
	Programs programs_;
};

/// Makes frames arrive at an interface and gives them to an XDP program, which need not be attached there.
class Generator {
public:
	Generator(const Netns &netns, const std::string &dev, int prog_fd, const Traffic &traffic);

	/// Sends count frames as fast as the path takes them. batch: frames made at once before the path gets them; 0
	/// means 64. Returns the nanoseconds for each frame as the kernel counts them: without its set-up, which
	/// sleeps, and without other processes.
	double send(uint32_t count, uint32_t batch = 0) const;

private:
	const Netns &netns_;
	uint32_t ifindex_;
	Bytes frame_;
	std::unique_ptr<Programs> vary_;
	int prog_fd_;
};

struct Burst {
	uint32_t count = 0;  ///< frames
	uint32_t batch = 0;  ///< see Generator::send()
	uint32_t copies = 1; ///< copies of each frame that should arrive
};

/// Returns how many millions per second reach the sink. Throws std::runtime_error if more than one percent is lost.
double million_per_second(const Generator &generator, const Sink &sink, const Burst &burst);

} // namespace xovl::bench
