// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// refuse KIND ERRNO FIRST LAST COUNT-FILE COMMAND...: runs a command of whose system calls of one kind those numbered FIRST to LAST
// fail. Exits as the command does; COUNT-FILE gets the number of calls of that kind. FIRST 0: none fails. Calls of the dynamic
// linker are not counted.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int kNoPath = -1;

/// A system call, and which of its arguments is a path.
struct Call {
	long number;
	int path;
};

const std::map<std::string_view, std::vector<Call>> kKinds = {
	{"bpf", {{SYS_bpf, kNoPath}}},
	{"socket", {{SYS_socket, kNoPath}}},
	{"net",
	 {{SYS_sendto, kNoPath},
	  {SYS_sendmsg, kNoPath},
	  {SYS_recvmsg, kNoPath},
	  {SYS_bind, kNoPath},
	  {SYS_getsockopt, kNoPath},
	  {SYS_setsockopt, kNoPath},
	  {SYS_ioctl, kNoPath}}},
	{"open", {{SYS_openat, 1}}},
	{"file",
	 {{SYS_newfstatat, 1},
	  {SYS_statfs, 0},
	  {SYS_readlink, 0},
	  {SYS_mkdir, 0},
	  {SYS_chmod, 0},
	  {SYS_unlink, 0},
	  {SYS_rmdir, 0},
	  {SYS_fchmod, kNoPath},
	  {SYS_flock, kNoPath},
	  {SYS_getdents64, kNoPath}}},
};

[[noreturn]] void fail(const char *what)
{
	perror(what);
	_exit(125);
}

/// The descriptor on which the kernel asks about the calls of this process from now on.
int listen_to(const std::vector<Call> &calls)
{
	std::vector<sock_filter> filter = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
	for (const Call &call : calls) {
		filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call.number), 0, 1));
		filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
	}
	filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	sock_fprog program = {static_cast<unsigned short>(filter.size()), filter.data()};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		fail("no_new_privs");
	const long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	if (fd < 0)
		fail("seccomp");
	return static_cast<int>(fd);
}

bool is_of_linker(pid_t pid, uint64_t address)
{
	char path[64] = {};
	iovec here = {path, sizeof(path) - 1};
	iovec there = {reinterpret_cast<void *>(address), sizeof(path) - 1};
	if (process_vm_readv(pid, &here, 1, &there, 1, 0) < 0) {
		here.iov_len = there.iov_len = 8; // the end of a page
		process_vm_readv(pid, &here, 1, &there, 1, 0);
	}
	const std::string_view text = path;
	return text.empty() || text.starts_with("/lib") || text.starts_with("/usr") || text.starts_with("/etc");
}

struct Plan {
	std::vector<Call> calls;
	int err;
	unsigned long first, last;
	unsigned long count = 0;

	/// The errno for a call; 0: it goes on.
	int judge(const seccomp_notif &request)
	{
		for (const Call &call : calls)
			if (call.number == request.data.nr && call.path != kNoPath &&
			    is_of_linker(static_cast<pid_t>(request.pid), request.data.args[call.path]))
				return 0;
		count++;
		return first && count >= first && count <= last ? err : 0;
	}
};

void answer(int listener, Plan &plan)
{
	seccomp_notif request = {};
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request))
		return; // it was killed meanwhile
	seccomp_notif_resp response = {.id = request.id};
	const int err = plan.judge(request);
	response.error = -err;
	response.flags = err ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

int supervise(pid_t pid, int listener, Plan &plan)
{
	pollfd polled = {.fd = listener, .events = POLLIN, .revents = 0};
	while (poll(&polled, 1, -1) > 0 && polled.revents & POLLIN)
		answer(listener, plan);
	int status = 0;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace

int main(int argc, char **argv)
{
	if (argc < 7 || !kKinds.contains(argv[1]))
		return 125;
	Plan plan{kKinds.at(argv[1]), std::atoi(argv[2]), std::strtoul(argv[3], nullptr, 10),
		  std::strtoul(argv[4], nullptr, 10)};
	int up[2], down[2];
	if (pipe2(up, O_CLOEXEC) || pipe2(down, O_CLOEXEC))
		fail("pipe");
	const pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		const int listener = listen_to(plan.calls);
		char go = 0;
		if (write(up[1], &listener, sizeof(listener)) < 0 || read(down[0], &go, 1) != 1)
			fail("pipe");
		close(listener);
		execv(argv[6], argv + 6);
		fail(argv[6]);
	}
	int theirs = -1;
	if (read(up[0], &theirs, sizeof(theirs)) != sizeof(theirs))
		return 125;
	const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
	const int listener = static_cast<int>(syscall(SYS_pidfd_getfd, pidfd, theirs, 0));
	if (listener < 0 || write(down[1], "g", 1) != 1)
		fail("pidfd_getfd");
	const int status = supervise(pid, listener, plan);
	FILE *file = fopen(argv[5], "we");
	if (!file || fprintf(file, "%lu\n", plan.count) < 0 || fclose(file))
		fail(argv[5]);
	return status;
}
