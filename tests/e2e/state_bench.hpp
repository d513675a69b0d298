// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Base of the state tests: a host with two interfaces, and its pins on a bpffs of the test's own.
#pragma once

#include <bpf/bpf.h>
#include <sys/mount.h>
#include <sys/types.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include <fmt/format.h>

#include "topology.hpp"
#include "xovl/maps.h"

namespace xovl::test {

inline constexpr uid_t kNobody = 65534;

inline std::string config(const std::string &mode)
{
	return fmt::format("vtep: {{local: [192.0.2.1]}}\n"
			   "uplinks: [{{dev: up0, mode: {0}}}]\n"
			   "networks:\n"
			   "  - {{name: blue, encap: vxlan, vni: 100, ports: [{{dev: port0, mode: {0}}}]}}\n",
			   mode);
}

inline void make_interfaces(const Netns &netns)
{
	netns.ip("link add up0 type veth peer name up1\nlink add port0 type veth peer name port1\n"
		 "link set up0 up\nlink set port0 up");
}

inline std::set<std::string> names_in(const std::string &folder)
{
	std::set<std::string> names;
	for (const auto &entry : std::filesystem::directory_iterator(folder))
		names.insert(entry.path().filename());
	return names;
}

class State : public testing::Test {
protected:
	void SetUp() override
	{
		ASSERT_EQ(mount("bpf", bpffs_.path().c_str(), "bpf", 0, "mode=0755"), 0) << strerror(errno);
		make_interfaces(*host_);
	}

	void TearDown() override
	{
		xovl("down");
		host_.reset();
		umount2(bpffs_.path().c_str(), MNT_DETACH);
	}

	Args command(const Netns &netns, const std::string &line, const std::string &root = {}) const
	{
		Args argv = {xovl_command(), "--pin-root", root.empty() ? this->root() : root, "-n", netns.name()};
		for (const std::string &word : words(line))
			argv.push_back(word);
		return argv;
	}

	Result xovl(const std::string &line) const { return run(command(*host_, line)); }
	std::string xovl_must(const std::string &line) const { return must(command(*host_, line)); }
	Result apply(const std::string &mode) const { return run(command(*host_, "apply -"), {.input = config(mode)}); }

	/// Runs xovl through another command, such as `setpriv OPTIONS`. Enters the namespace first, which needs
	/// CAP_SYS_ADMIN.
	Result xovl_by(const std::string &prefix, const std::string &line, const std::string &input = {}) const
	{
		Args argv = words(prefix);
		for (const std::string &word : words(xovl_command() + " --pin-root " + root() + " " + line))
			argv.push_back(word);
		return run(argv, {.netns = host_->name(), .input = input});
	}

	std::string root() const { return bpffs_.path() + "/xovl"; }
	std::string folder(const Netns &netns) const { return fmt::format("{}/net-{}", root(), netns.inode()); }
	std::string folder() const { return folder(*host_); }

	/// Applies change to the pinned settings.
	void rewrite(const std::string &folder, const std::function<void(xovl_settings &)> &change) const
	{
		const Fd map(bpf_obj_get((folder + "/settings").c_str()));
		const uint32_t key = 0;
		xovl_settings settings{};
		ASSERT_EQ(bpf_map_lookup_elem(map.get(), &key, &settings), 0);
		change(settings);
		ASSERT_EQ(bpf_map_update_elem(map.get(), &key, &settings, BPF_ANY), 0);
	}

	TempFolder bpffs_;
	std::unique_ptr<Netns> host_ = std::make_unique<Netns>("host");
};

} // namespace xovl::test
