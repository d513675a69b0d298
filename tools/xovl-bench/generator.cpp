// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "generator.hpp"

#include <bpf/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <unistd.h>

#include <cstring>
#include <numeric>
#include <stdexcept>
#include <system_error>

#include <fmt/format.h>

#include "bench.skel.h"

namespace xovl::bench {

namespace {

[[noreturn]] void fail(int error, const std::string &what)
{
	throw std::system_error(error, std::generic_category(), what);
}

void check(int err, const std::string &what)
{
	if (err < 0)
		fail(-err, what);
}

void fill(const xovl_bench &skeleton, const ProgramConstants &constants)
{
	auto count = static_cast<uint32_t>(constants.traffic.variation.octets.size());
	std::vector<uint32_t> keys(count);
	std::iota(keys.begin(), keys.end(), 0);
	check(bpf_map_update_batch(bpf_map__fd(skeleton.maps.bench_patches), keys.data(),
				   constants.traffic.variation.octets.data(), &count, nullptr),
	      "bench_patches");
	const uint32_t zero = 0;
	if (bpf_map_update_elem(bpf_map__fd(skeleton.maps.bench_next), &zero, &constants.next, 0))
		fail(errno, "bench_next");
}

} // namespace

OneCpu::OneCpu()
{
	cpu_set_t last;
	CPU_ZERO(&last);
	CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &last);
	if (sched_getaffinity(0, sizeof(before_), &before_) || sched_setaffinity(0, sizeof(last), &last))
		fail(errno, "sched_setaffinity");
}

OneCpu::~OneCpu()
{
	sched_setaffinity(0, sizeof(before_), &before_);
}

Variation variation_of(uint32_t at, size_t count, const std::function<Bytes(size_t)> &frame)
{
	Variation variation = {at};
	variation.octets.resize(count);
	for (size_t i = 0; i < count; i++)
		std::memcpy(&variation.octets[i], frame(i).data() + at, sizeof(uint64_t));
	return variation;
}

uint32_t ifindex_of(const Netns &netns, const std::string &dev)
{
	uint32_t ifindex = 0;
	test::in_netns(netns.name(), [&] { ifindex = if_nametoindex(dev.c_str()); });
	if (!ifindex)
		fail(ENODEV, netns.name() + ": " + dev);
	return ifindex;
}

void Programs::Destroy::operator()(xovl_bench *skeleton) const
{
	xovl_bench::destroy(skeleton);
}

Programs::Programs() : Programs(ProgramConstants{})
{
}

Programs::Programs(const ProgramConstants &constants) : skeleton_(xovl_bench::open())
{
	const size_t nr_patches = constants.traffic.variation.octets.size();

	if (!skeleton_)
		fail(errno, "bench.bpf.o");
	skeleton_->rodata->out_ifindex = constants.redirect_to;
	skeleton_->rodata->patch_at = constants.traffic.variation.at;
	skeleton_->rodata->nr_patches = static_cast<uint32_t>(nr_patches);
	if (constants.traffic.restore_head) {
		skeleton_->rodata->restore_head = 1;
		std::memcpy(skeleton_->rodata->head, constants.traffic.frame.data(), sizeof(skeleton_->rodata->head));
	}
	if (nr_patches)
		bpf_map__set_max_entries(skeleton_->maps.bench_patches, static_cast<uint32_t>(nr_patches));
	check(xovl_bench::load(skeleton_.get()), "bench.bpf.o");
	if (nr_patches)
		fill(*skeleton_, constants);
}

Programs::Programs(Programs &&) noexcept = default;
Programs::~Programs() = default;

int Programs::vary() const
{
	return bpf_program__fd(skeleton_->progs.bench_vary);
}

int Programs::redirect() const
{
	return bpf_program__fd(skeleton_->progs.bench_redirect);
}

int Programs::pass() const
{
	return bpf_program__fd(skeleton_->progs.bench_pass);
}

int Programs::sink(SinkKind kind) const
{
	return bpf_program__fd(kind == SinkKind::Xdp ? skeleton_->progs.bench_sink_xdp
						     : skeleton_->progs.bench_sink_tc);
}

uint64_t Programs::received() const
{
	return *const_cast<const volatile decltype(skeleton_->bss->received) *>(&skeleton_->bss->received);
}

Sink::Sink(const Netns &netns, const std::string &dev, SinkKind kind)
{
	const auto ifindex = static_cast<int>(ifindex_of(netns, dev));
	const int prog_fd = programs_.sink(kind);
	test::in_netns(netns.name(), [&] {
		if (kind == SinkKind::Xdp)
			return check(bpf_xdp_attach(ifindex, prog_fd, XDP_FLAGS_DRV_MODE, nullptr), dev + ": XDP");
		LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
		LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog_fd);
		check(bpf_tc_hook_create(&hook), dev + ": clsact");
		check(bpf_tc_attach(&hook, &opts), dev + ": TC");
	});
}

Generator::Generator(const Netns &netns, const std::string &dev, int prog_fd, const Traffic &traffic)
	: netns_(netns), ifindex_(ifindex_of(netns, dev)), frame_(traffic.frame), prog_fd_(prog_fd)
{
	if (traffic.variation.octets.empty())
		return;
	vary_ = std::make_unique<Programs>(ProgramConstants{.traffic = traffic, .next = prog_fd});
	prog_fd_ = vary_->vary();
}

double Generator::send(uint32_t count, uint32_t batch) const
{
	xdp_md xdp = {.data_end = static_cast<uint32_t>(frame_.size()), .ingress_ifindex = ifindex_};
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	opts.data_in = frame_.data();
	opts.data_size_in = xdp.data_end;
	opts.ctx_in = &xdp;
	opts.ctx_size_in = sizeof(xdp);
	opts.repeat = static_cast<int>(count);
	opts.batch_size = batch;
	opts.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
	test::in_netns(netns_.name(), [&] { check(bpf_prog_test_run_opts(prog_fd_, &opts), "live frames"); });
	return opts.duration + 0.5; // the kernel rounds down
}

double million_per_second(const Generator &generator, const Sink &sink, const Burst &burst)
{
	const uint64_t before = sink.received();
	const double nanoseconds = generator.send(burst.count, burst.batch) * burst.count;
	const uint64_t expected = uint64_t{burst.count} * burst.copies, arrived = sink.received() - before;
	if (static_cast<double>(arrived) < 0.99 * static_cast<double>(expected))
		throw std::runtime_error(fmt::format("of {} frames only {} arrived", expected, arrived));
	return 1000 * static_cast<double>(arrived) / nanoseconds;
}

} // namespace xovl::bench
