// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/file_lock.hpp"

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/error.hpp"

namespace xovl {

namespace {

using std::chrono::steady_clock;

/// Parses a line of /proc/locks (proc_locks(5)): "1: FLOCK ADVISORY WRITE 1234 00:2a:5678 0 EOF". Returns the process
/// ID, or 0 if the lock is on another file or held by a process outside this PID namespace.
int holder_of_line(const std::string &line, const std::string &file)
{
	std::istringstream words(line);
	std::string number, kind, advisory, access, pid, of;
	words >> number >> kind >> advisory >> access >> pid >> of;
	return kind == "FLOCK" && of == file ? std::atoi(pid.c_str()) : 0;
}

/// Returns the process that holds a lock on the file: "process 1234 (\"xovl\")", or "another process".
std::string holder_of(const Fd &file)
{
	struct stat info = {};
	if (fstat(file.get(), &info) != 0)
		return "another process";
	const std::string id = fmt::format("{:02x}:{:02x}:{}", major(info.st_dev), minor(info.st_dev), info.st_ino);
	std::ifstream locks("/proc/locks");
	for (std::string line; std::getline(locks, line);) {
		const int pid = holder_of_line(line, id);
		if (pid <= 0)
			continue;
		std::string command;
		std::getline(std::ifstream(fmt::format("/proc/{}/comm", pid)), command);
		return fmt::format("process {} ({})", pid, in_quotes(command));
	}
	return "another process";
}

} // namespace

bool try_lock(const Fd &file, Lock lock, std::chrono::milliseconds timeout, const std::string &name)
{
	const int operation = (lock == Lock::Shared ? LOCK_SH : LOCK_EX) | LOCK_NB;
	const auto end = steady_clock::now() + timeout;
	while (flock(file.get(), operation) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			throw system_error("lock", name, errno);
		if (steady_clock::now() >= end)
			return false;
		std::this_thread::sleep_for(std::chrono::milliseconds(5));
	}
	return true;
}

void lock_file(const Fd &file, Lock lock, const std::string &name)
{
	std::string holder = holder_of(file);
	while (!try_lock(file, lock, kLockTimeout, name)) {
		const std::string now = holder_of(file);
		if (now == holder)
			throw Error(Error::Kind::TryAgain,
				    fmt::format("{} has been locked by {} for at least {} s (wait for it or end it)",
						name, holder, kLockTimeout.count()));
		holder = now; // commands take turns, so wait for the next holder
	}
}

} // namespace xovl
