// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Commands that a test runs, with a time limit and optionally in a network namespace. All end at the latest with the
// test.
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

/// Splits a line such as "port add veth0 net blue" into words.
Args words(const std::string &line);

/// Calls cond every few milliseconds until it returns true or the timeout is over. Returns the last result.
bool wait_until(const std::function<bool()> &cond, Milliseconds timeout = 3s);

/// Calls fn in a thread in the network namespace. Exceptions of fn are thrown here. Sockets that fn opens stay in that
/// namespace.
void in_netns(const std::string &netns, const std::function<void()> &fn);

struct Result {
	int status = -1; ///< exit status; 128 + N for signal N
	bool timed_out = false;
	std::string out;
	std::string err;
	uint64_t peak_memory = 0; ///< maximum resident set in octets, including that of this process at the fork

	bool ok() const { return status == 0 && !timed_out; }
	/// Returns everything on a few lines, for messages of failed checks.
	std::string text() const;
};

struct RunOptions {
	std::string netns; ///< empty: the current namespace
	std::string input;
	Milliseconds timeout = 20s;
};

/// A process in a process group of its own. The destructor kills the group and waits for the process. It stays in the
/// current mount namespace, unlike a process of `ip netns exec`. Throws std::system_error if it cannot be started.
class Process {
public:
	explicit Process(const Args &argv, const RunOptions &options = {});
	Process(Process &&other) noexcept;
	Process(const Process &) = delete;
	Process &operator=(const Process &) = delete;
	~Process();

	bool running();
	/// Waits until the process ends. Kills it after the timeout.
	Result wait(Milliseconds timeout);
	/// Sends a signal, then waits until the process ends.
	Result stop(int signal);
	/// Returns stdout so far.
	std::string output() const;

private:
	void reap(bool block);

	pid_t pid_ = -1; ///< -1: has been waited for
	int status_ = -1;
	uint64_t peak_memory_ = 0;
	Fd pidfd_;
	Fd out_;
	Fd err_;
};

/// Returns the path of the command under test: $XOVL, or the command of this build.
std::string xovl_command();

/// Starts argv and waits until it ends, at most options.timeout.
Result run(const Args &argv, const RunOptions &options = {});
/// The same. Throws std::runtime_error unless the exit status is 0. Returns stdout.
std::string must(const Args &argv, const RunOptions &options = {});

/// A file below /tmp, removed with the object.
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

/// A folder below /tmp, removed with everything in it.
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
