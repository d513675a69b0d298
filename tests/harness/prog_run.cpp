// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "prog_run.hpp"

#include <cerrno>
#include <system_error>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

namespace xovl::test {

namespace {

constexpr size_t kLargestGrowth = 256;

[[noreturn]] void fail(int err, const std::string &what)
{
	throw std::system_error(err, std::generic_category(), what);
}

Verdict verdict_of(Hook hook, uint32_t retval)
{
	if (hook == Hook::Xdp)
		return retval == XDP_PASS       ? Verdict::Pass
		       : retval == XDP_DROP     ? Verdict::Drop
		       : retval == XDP_REDIRECT ? Verdict::Redirect
						: Verdict::Other;
	switch (static_cast<int>(retval)) {
	case TC_ACT_UNSPEC:
	case TC_ACT_OK:
		return Verdict::Pass;
	case TC_ACT_SHOT:
		return Verdict::Drop;
	case TC_ACT_REDIRECT:
		return Verdict::Redirect;
	default:
		return Verdict::Other;
	}
}

} // namespace

std::ostream &operator<<(std::ostream &out, Verdict verdict)
{
	static constexpr const char *kNames[] = {"Pass", "Drop", "Redirect", "Other"};
	return out << kNames[static_cast<int>(verdict)];
}

RunResult prog_run(Hook hook, int prog_fd, const RunInput &input)
{
	const auto length = static_cast<uint32_t>(input.packet.size());
	Bytes out(input.packet.size() + kLargestGrowth);
	xdp_md xdp = {};
	__sk_buff skb = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	xdp.data_end = length;
	xdp.ingress_ifindex = input.ifindex;
	skb.ifindex = input.ifindex;
	skb.gso_size = input.gso_size;
	skb.mark = input.mark;
	opts.data_in = input.packet.data();
	opts.data_size_in = length;
	opts.data_out = out.data();
	opts.data_size_out = static_cast<uint32_t>(out.size());
	opts.ctx_in = hook == Hook::Xdp ? static_cast<const void *>(&xdp) : &skb;
	opts.ctx_size_in = hook == Hook::Xdp ? sizeof(xdp) : sizeof(skb);
	if (hook == Hook::Tc) {
		opts.ctx_out = &skb;
		opts.ctx_size_out = sizeof(skb);
	}
	opts.repeat = 1;
	if (int err = bpf_prog_test_run_opts(prog_fd, &opts))
		fail(-err, "BPF_PROG_TEST_RUN");

	out.resize(opts.data_size_out);
	return {verdict_of(hook, opts.retval), opts.retval, out, skb.mark};
}

Fd xdp_program(uint32_t ifindex)
{
	uint32_t id = 0;
	if (int err = bpf_xdp_query_id(static_cast<int>(ifindex), 0, &id))
		fail(-err, "bpf_xdp_query_id");
	if (!id)
		fail(ENOENT, "XDP program of interface " + std::to_string(ifindex));
	Fd fd(bpf_prog_get_fd_by_id(id));
	if (!fd)
		fail(errno, "bpf_prog_get_fd_by_id");
	return fd;
}

Fd pinned(const std::string &path)
{
	Fd fd(bpf_obj_get(path.c_str()));
	if (!fd)
		fail(errno, path);
	return fd;
}

} // namespace xovl::test
