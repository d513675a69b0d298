// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "shadow_bench.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/text_file.hpp"
#include "kernel/link.hpp"

namespace xovl::test {

namespace {

/// Returns the size of one key's value, over all CPUs.
size_t value_size(const bpf_map_info &info)
{
	switch (info.type) {
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
		return (info.value_size + 7) / 8 * 8 * possible_cpus();
	default:
		return info.value_size;
	}
}

/// Reads a map that does not support batches, element by element.
std::string image_by_element(int map, const bpf_map_info &info)
{
	std::string image;
	std::vector<char> key(info.key_size), value(value_size(info));
	bool first = true;
	while (bpf_map_get_next_key(map, first ? nullptr : key.data(), key.data()) == 0) {
		first = false;
		if (bpf_map_lookup_elem(map, key.data(), value.data()) == 0)
			image.append(key.begin(), key.end()).append(value.begin(), value.end());
	}
	return image;
}

/// True for a map. Programs and links are pinned in the same folder.
bool is_map(int fd)
{
	return read_text_file(fmt::format("/proc/self/fdinfo/{}", fd), Pipes::Refused, 4096).find("map_type:") !=
	       std::string::npos;
}

std::string image_of(int map, const bpf_map_info &info)
{
	const size_t size = value_size(info);
	std::vector<char> next(std::max<uint32_t>(info.key_size, 4)), keys(size_t{info.max_entries} * info.key_size);
	std::vector<char> values(info.max_entries * size);
	uint32_t count = info.max_entries;
	if (bpf_map_lookup_batch(map, nullptr, next.data(), keys.data(), values.data(), &count, nullptr) != 0 &&
	    errno != ENOENT)
		return image_by_element(map, info);
	return std::string(keys.data(), count * info.key_size).append(values.data(), count * size);
}

} // namespace

MapImages map_images(const std::string &pin_dir)
{
	MapImages images;
	for (const auto &entry : std::filesystem::directory_iterator(pin_dir)) {
		const Fd fd(bpf_obj_get(entry.path().c_str()));
		bpf_map_info info{};
		uint32_t size = sizeof(info);
		if (fd && is_map(fd.get()) && bpf_obj_get_info_by_fd(fd.get(), &info, &size) == 0 &&
		    info.type != BPF_MAP_TYPE_PROG_ARRAY)
			images[entry.path().filename()] = image_of(fd.get(), info);
	}
	return images;
}

ShadowBench::ShadowBench(const std::string &root, std::string pin_dir)
	: pin_dir_(std::move(pin_dir)), tc_(Shadow::tc(PinDir(root)))
{
	const PinDir dir(root);
	const Map<uint32_t, xovl_device> devices(dir, "devices");
	devices.for_each([&](uint32_t ifindex, const xovl_device &device) {
		const auto mode = static_cast<xovl_mode>(device.mode);
		const auto link = find_link(ifindex);
		if (link && mode != XOVL_MODE_TC && (device.role == XOVL_ROLE_UPLINK || device.role == XOVL_ROLE_PORT))
			xdp_.emplace(link->name, Shadow::xdp(dir, *link, mode, device));
	});
}

RunResult ShadowBench::run(Hook hook, const std::string &dev, bool is_uplink, const RunInput &input) const
{
	const Shadow &shadow = hook == Hook::Xdp ? xdp_.at(dev) : tc_;
	const char *tc_name = is_uplink ? "xovl_tc_uplink" : "xovl_tc_port";
	const char *xdp_name = is_uplink ? "xovl_xdp_uplink" : "xovl_xdp_port";
	shadow.renew();
	const MapImages before = map_images(pin_dir_);
	const int program = shadow.program(hook == Hook::Xdp ? xdp_name : tc_name);
	prog_run(hook, program, input);
	for (const auto &[name, image] : map_images(pin_dir_))
		EXPECT_TRUE(before.at(name) == image) << "a shadow program has changed the map " << name;
	steps_ = shadow.take_steps();
	RunResult result = prog_run(hook, program, input);
	shadow.take_steps();
	return result;
}

} // namespace xovl::test
