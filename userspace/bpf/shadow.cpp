// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bpf/shadow.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "bpf/attach.hpp"

namespace xovl {

namespace {

int map_fd(const bpf_object *object, const char *name)
{
	const int fd = bpf_object__find_map_fd_by_name(object, name);
	if (fd < 0)
		throw system_error("find", fmt::format("map {}", name), -fd);
	return fd;
}

} // namespace

Shadow::Shadow(const PinDir &dir, BpfObject object) : object_(std::move(object)), port_states_(dir, "port_states")
{
	BpfLog log;
	if (const int err = bpf_object__load(object_.get()))
		throw Error(Error::Kind::System, fmt::format("load the shadow programs: {}", log.reason(-err)));
	renew();
}

void Shadow::renew() const
{
	const int copy = map_fd(object_.get(), "port_states");
	for (uint32_t index = 0; index < port_states_.max_entries(); index++)
		if (const auto state = port_states_.get(index);
		    state && bpf_map_update_elem(copy, &index, &*state, BPF_ANY) != 0)
			throw system_error("copy", "map port_states", errno);
}

Shadow Shadow::tc(const PinDir &dir)
{
	return {dir, open_tc_shadow(dir)};
}

Shadow Shadow::xdp(const PinDir &dir, const LinkInfo &link, xovl_mode mode, const xovl_device &device)
{
	return {dir, open_xdp_object(dir, link, mode, device, Purpose::Shadow)};
}

int Shadow::program(const char *name) const
{
	const bpf_program *program = bpf_object__find_program_by_name(object_.get(), name);
	if (!program)
		throw system_error("find", fmt::format("program {}", name), ENOENT);
	return bpf_program__fd(program);
}

std::vector<xovl_step> Shadow::take_steps() const
{
	constexpr uint32_t key = 0;
	const int map = map_fd(object_.get(), "steps");
	std::vector<xovl_steps> cpus(possible_cpus());
	if (bpf_map_lookup_elem(map, &key, cpus.data()) != 0)
		throw system_error("read", "map steps", errno);
	std::vector<xovl_step> steps;
	for (xovl_steps &cpu : cpus) {
		const auto count = std::min<uint32_t>(cpu.count, XOVL_STEPS_MAX);
		steps.insert(steps.end(), cpu.step, cpu.step + count);
		cpu = {};
	}
	if (bpf_map_update_elem(map, &key, cpus.data(), BPF_ANY) != 0)
		throw system_error("write", "map steps", errno);
	return steps;
}

} // namespace xovl
