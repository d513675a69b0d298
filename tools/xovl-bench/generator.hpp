// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Where frames come from and where they end, on one CPU: a generator that the kernel runs (BPF_F_TEST_XDP_LIVE_FRAMES)
// and sinks that count.
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

/// As long as it lives, the calling thread and what it starts run on the last CPU only.
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

/// What differs from frame to frame: 8 octets at an offset of at most 255, from a table that is walked in order, again and again.
struct Variation {
	uint32_t at = 0;
	std::vector<uint64_t> octets = {}; ///< as they stand in the frame, first octet lowest; empty: nothing differs
};

/// The octets at `at` of so many frames.
Variation variation_of(uint32_t at, size_t count, const std::function<Bytes(size_t)> &frame);

struct Traffic {
	Bytes frame;
	Variation variation = {};
	/// The programs move the MACs: the first 64 octets of the frame are put back before each turn. Needs a variation.
	bool restore_head = false;
};

enum class SinkKind {
	Xdp, ///< costs least for what arrives as an xdp_frame
	Tc,  ///< costs least for what arrives as an skb
};

struct ProgramConstants {
	uint32_t redirect_to = 0; ///< ifindex, for redirect()
	Traffic traffic = {};     ///< for vary()
	int next = -1;            ///< the program after vary()
};

/// The programs of bench.bpf.c, loaded.
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
	/// What the sinks have counted.
	uint64_t received() const;

private:
	struct Destroy {
		void operator()(xovl_bench *skeleton) const;
	};
	std::unique_ptr<xovl_bench, Destroy> skeleton_;
};

/// Swallows and counts all that arrives at an interface, as long as that lives.
class Sink {
public:
	Sink(const Netns &netns, const std::string &dev, SinkKind kind);

	uint64_t received() const { return programs_.received(); }

private:
	Programs programs_;
};

/// Frames that arrive at an interface and are given to an XDP program, whether it is attached there or not.
class Generator {
public:
	Generator(const Netns &netns, const std::string &dev, int prog_fd, const Traffic &traffic);

	/// So many frames, as fast as the path takes them. batch: frames made at once before the path gets them; 0: 64. Returns the
	/// nanoseconds that each took, as the kernel counts them: without its set-up, which sleeps, and without other processes.
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
	uint32_t batch = 0;  ///< as in Generator::send()
	uint32_t copies = 1; ///< of each frame, that should arrive
};

/// What reaches the sink each second of that time, in millions. Throws std::runtime_error when more than a hundredth is lost.
double million_per_second(const Generator &generator, const Sink &sink, const Burst &burst);

} // namespace xovl::bench
