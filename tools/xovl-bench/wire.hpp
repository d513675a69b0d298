// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Where frames come from and where they end, on one CPU: a generator that the kernel runs (BPF_F_TEST_XDP_LIVE_FRAMES)
// and sinks that count.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "netns.hpp"
#include "packet.hpp"

struct xovl_bench;

namespace xovl::bench {

using test::Bytes;
using test::Netns;

/// This process, and what it starts, runs on the last CPU only.
void pin_to_one_cpu();

uint32_t ifindex_of(const Netns &netns, const std::string &dev);

/// What differs from frame to frame: 8 octets at an offset of at most 255, from a table that is walked in order, again and again.
struct Variation {
	uint32_t at = 0;
	std::vector<uint64_t> octets = {}; ///< as they stand in the frame, first octet lowest; empty: nothing differs
};

struct Traffic {
	Bytes frame;
	Variation variation = {};
};

enum class SinkKind {
	Xdp, ///< costs least for what arrives as an xdp_frame
	Tc,  ///< costs least for what arrives as an skb
};

struct ProgramConstants {
	uint32_t redirect_to = 0; ///< ifindex, for redirect()
	Variation variation = {};
	int next = -1; ///< the program after vary()
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

	/// So many frames, as fast as the path takes them.
	void send(uint32_t count) const;

private:
	const Netns &netns_;
	uint32_t ifindex_;
	Bytes frame_;
	std::unique_ptr<Programs> vary_;
	int prog_fd_;
};

/// Frames that reach the sink each second, in millions, while count of them are sent.
double million_per_second(const Generator &generator, const Sink &sink, uint32_t count);

} // namespace xovl::bench
