// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Commands that a test runs, in a network namespace or not, with a time limit; each ends at the latest with the test.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/fd.hpp"

namespace xovl::test {

using namespace std::chrono_literals;
using Milliseconds = std::chrono::milliseconds;
using Args = std::vector<std::string>;

/// "port add veth0 net blue" as its words.
Args words(const std::string &line);

/// Calls cond every few milliseconds until it holds, at most for timeout. Returns whether it held.
bool wait_until(const std::function<bool()> &cond, Milliseconds timeout = 3s);

/// Calls fn in a thread of the named network namespace; what it throws comes out here. Sockets that it opens stay there.
void in_netns(const std::string &netns, const std::function<void()> &fn);

struct Result {
	int status = -1; ///< exit status; 128 + N for signal N
	bool timed_out = false;
	std::string out;
	std::string err;
	uint64_t peak_memory = 0; ///< octets resident at most, in the process or in this one when it started it

	bool ok() const { return status == 0 && !timed_out; }
	/// For a failed check: everything, on a few lines.
	std::string text() const;
};

struct RunOptions {
	std::string netns; ///< empty: the current one
	std::string input;
	Milliseconds timeout = 20s;
};

/// A process of its own group, killed with the group and waited for when the object goes. It keeps the current mount namespace,
/// unlike one of `ip netns exec`. Throws std::system_error when it cannot be started.
class Process {
public:
	explicit Process(const Args &argv, const RunOptions &options = {});
	Process(Process &&other) noexcept;
	Process(const Process &) = delete;
	Process &operator=(const Process &) = delete;
	~Process();

	bool running();
	/// Waits for the end; past timeout kills it.
	Result wait(Milliseconds timeout);
	/// Sends the signal, then waits for the end.
	Result stop(int signal);
	/// stdout so far.
	std::string output() const;

private:
	void reap(bool block);

	pid_t pid_ = -1; ///< -1: reaped
	int status_ = -1;
	uint64_t peak_memory_ = 0;
	Fd pidfd_;
	Fd out_;
	Fd err_;
};

/// The path of the command under test: $XOVL, or that of this build.
std::string xovl_command();

/// Starts argv and waits for its end, at most options.timeout.
Result run(const Args &argv, const RunOptions &options = {});
/// The same; throws std::runtime_error unless it exits with status 0. Returns stdout.
std::string must(const Args &argv, const RunOptions &options = {});

/// A file below /tmp that goes with the object.
class TempFile {
public:
	explicit TempFile(const std::string &text);
	TempFile(const TempFile &) = delete;
	TempFile &operator=(const TempFile &) = delete;
	~TempFile();

	const std::string &path() const { return path_; }

private:
	std::string path_;
};

/// The same with a folder and all that is in it.
class TempFolder {
public:
	TempFolder();
	TempFolder(const TempFolder &) = delete;
	TempFolder &operator=(const TempFolder &) = delete;
	~TempFolder();

	const std::string &path() const { return path_; }

private:
	std::string path_;
};

} // namespace xovl::test
