// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace xovl::test {

namespace {

[[noreturn]] void fail(const std::string &what)
{
	throw std::system_error(errno, std::generic_category(), what);
}

Fd netns_fd(const std::string &name)
{
	Fd fd(open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC));
	if (!fd)
		fail("network namespace " + name);
	return fd;
}

Fd memory_file(const std::string &content = {})
{
	Fd fd(memfd_create("test", MFD_CLOEXEC));
	if (!fd || write(fd.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size()) ||
	    lseek(fd.get(), 0, SEEK_SET) < 0)
		fail("memfd");
	return fd;
}

std::string content_of(const Fd &fd)
{
	std::string content;
	char chunk[65536];
	ssize_t n;
	while ((n = pread(fd.get(), chunk, sizeof(chunk), static_cast<off_t>(content.size()))) > 0)
		content.append(chunk, static_cast<size_t>(n));
	return content;
}

/// Runs in the child after fork(). Only async-signal-safe calls are allowed.
[[noreturn]] void become(char *const argv[], int netns, int in, int out, int err)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, nullptr); // the signals that the caller has blocked must not stay blocked
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (netns >= 0 && setns(netns, CLONE_NEWNET))
		_exit(126);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	execvp(argv[0], argv);
	_exit(127);
}

} // namespace

Args words(const std::string &line)
{
	std::istringstream stream(line);
	Args list;
	for (std::string word; stream >> word;)
		list.push_back(word);
	return list;
}

namespace {

/// Returns the factor by which this machine is slower than a real one. Emulated machines set XOVL_TEST_SLOWNESS. All
/// waiting times are multiplied by it.
int slowness()
{
	const char *times = std::getenv("XOVL_TEST_SLOWNESS");
	return times ? std::max(1, std::atoi(times)) : 1;
}

} // namespace

bool wait_until(const std::function<bool()> &cond, Milliseconds timeout)
{
	const auto end = std::chrono::steady_clock::now() + timeout * slowness();
	while (!cond()) {
		if (std::chrono::steady_clock::now() >= end)
			return false;
		std::this_thread::sleep_for(10ms);
	}
	return true;
}

void in_netns(const std::string &netns, const std::function<void()> &fn)
{
	const Fd fd = netns_fd(netns);
	std::exception_ptr error;
	std::thread([&] {
		try {
			if (setns(fd.get(), CLONE_NEWNET))
				fail("setns " + netns);
			fn();
		} catch (...) {
			error = std::current_exception();
		}
	}).join();
	if (error)
		std::rethrow_exception(error);
}

std::string Result::text() const
{
	return fmt::format("status {}{}\n{}{}", status, timed_out ? ", time limit" : "", out, err);
}

Process::Process(const Args &argv, const RunOptions &options) : out_(memory_file()), err_(memory_file())
{
	const Fd in = memory_file(options.input);
	const Fd netns = options.netns.empty() ? Fd() : netns_fd(options.netns);
	std::vector<char *> pointers;
	for (const std::string &word : argv)
		pointers.push_back(const_cast<char *>(word.c_str()));
	pointers.push_back(nullptr);

	pid_ = fork();
	if (pid_ < 0)
		fail("fork");
	if (pid_ == 0)
		become(pointers.data(), netns.get(), in.get(), out_.get(), err_.get());
	setpgid(pid_, pid_);
	pidfd_ = Fd(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
}

Process::Process(Process &&other) noexcept
	: pid_(std::exchange(other.pid_, -1)), status_(other.status_), peak_memory_(other.peak_memory_),
	  pidfd_(std::move(other.pidfd_)), out_(std::move(other.out_)), err_(std::move(other.err_))
{
}

Process::~Process()
{
	if (pid_ < 0)
		return;
	kill(-pid_, SIGKILL);
	reap(true);
}

void Process::reap(bool block)
{
	int wstatus = 0;
	rusage usage = {};
	if (pid_ < 0 || wait4(pid_, &wstatus, block ? 0 : WNOHANG, &usage) <= 0)
		return;
	peak_memory_ = static_cast<uint64_t>(usage.ru_maxrss) * 1024;
	status_ = WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : 128 + WTERMSIG(wstatus);
	pid_ = -1;
}

bool Process::running()
{
	reap(false);
	return pid_ >= 0;
}

Result Process::wait(Milliseconds timeout)
{
	Result result;
	if (running()) {
		pollfd poll_fd = {.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
		result.timed_out = poll(&poll_fd, 1, static_cast<int>(timeout.count()) * slowness()) <= 0;
		if (result.timed_out)
			kill(-pid_, SIGKILL);
		reap(true);
	}
	result.status = status_;
	result.peak_memory = peak_memory_;
	result.out = content_of(out_);
	result.err = content_of(err_);
	return result;
}

Result Process::stop(int signal)
{
	if (running())
		kill(pid_, signal);
	return wait(5s);
}

std::string Process::output() const
{
	return content_of(out_);
}

std::string xovl_command()
{
	const char *other = std::getenv("XOVL");
	return other ? other : XOVL_COMMAND;
}

Result run(const Args &argv, const RunOptions &options)
{
	return Process(argv, options).wait(options.timeout);
}

std::string must(const Args &argv, const RunOptions &options)
{
	const Result result = run(argv, options);
	if (!result.ok())
		throw std::runtime_error(fmt::format("{}: {}", fmt::join(argv, " "), result.text()));
	return result.out;
}

TempFile::TempFile(const std::string &text) : path_("/tmp/xovl-test-XXXXXX")
{
	const Fd fd(mkstemp(path_.data()));
	if (!fd || write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
		fail(path_);
}

TempFile::~TempFile()
{
	unlink(path_.c_str());
}

TempFolder::TempFolder() : path_("/tmp/xovl-test-XXXXXX")
{
	if (!mkdtemp(path_.data()))
		fail(path_);
}

TempFolder::~TempFolder()
{
	std::error_code ignored;
	std::filesystem::remove_all(path_, ignored);
}

} // namespace xovl::test
