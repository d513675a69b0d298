// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bpf/map.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text_file.hpp"
#include "bpf/attach.hpp"
#include "bpf/datapath.hpp"

namespace xovl {

uint32_t cpu_numbers(std::string_view list)
{
	const std::string_view last = list.substr(list.find_last_of(",-") + 1);
	uint32_t number = 0;
	if (std::from_chars(last.begin(), last.end(), number).ec != std::errc())
		throw system_error("read", "the list of possible CPUs", EINVAL);
	return number + 1;
}

uint32_t possible_cpus()
{
	const BpfLog log;
	const int count = libbpf_num_possible_cpus();
	if (count < 0)
		throw system_error("read", "the number of possible CPUs", -count);
	return static_cast<uint32_t>(count);
}

MapBase::MapBase(const PinDir &dir, const std::string &name, uint32_t key_size, uint32_t value_size)
	: fd_(dir.open_map(name)), name_(name)
{
	if (!fd_)
		throw system_error("open", dir.pin(name), ENOENT);
	bpf_map_info info{};
	uint32_t size = sizeof(info);
	if (bpf_obj_get_info_by_fd(fd_.get(), &info, &size) != 0)
		throw system_error("inspect", dir.pin(name), errno);
	if (info.key_size != key_size || info.value_size != value_size)
		throw Error(Error::Kind::System,
			    fmt::format("{} has another layout than this xovl knows", dir.pin(name)));
	max_entries_ = info.max_entries;
}

} // namespace xovl
