// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A host: running the command, reading its output, checking for leftovers.
#include <bpf/bpf.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include <fmt/format.h>

#include "topology.hpp"

namespace xovl::test {

namespace {

constexpr int kTcxIngress = 46, kTcxEgress = 47; // BPF_TCX_…, missing in the UAPI headers of Debian 12

Args command_line(const Host &host, const Args &options, const std::string &line)
{
	Args argv = {xovl_command(), "-n", host.name()};
	argv.insert(argv.end(), options.begin(), options.end());
	for (const std::string &word : words(line))
		argv.push_back(word);
	return argv;
}

std::string leftovers_of_link(const Netns &netns, const nlohmann::json &link)
{
	const std::string dev = link.at("ifname");
	std::string text;
	if (link.contains("xdp"))
		text += fmt::format("{}: XDP program\n", dev);
	if (link.value("promiscuity", 0) != 0)
		text += fmt::format("{}: promiscuous\n", dev);
	in_netns(netns.name(), [&] {
		const int ifindex = link.at("ifindex");
		for (int type : {kTcxIngress, kTcxEgress}) {
			uint32_t ids[8], flags = 0, count = 8;
			if (!bpf_prog_query(ifindex, static_cast<bpf_attach_type>(type), 0, &flags, ids, &count) &&
			    count)
				text += fmt::format("{}: tcx program\n", dev);
		}
	});
	return text;
}

} // namespace

Host::~Host()
{
	if (std::filesystem::exists(pin_folder()))
		xovl("down");
}

Result Host::xovl(const std::string &line) const
{
	return test::run(command_line(*this, {}, line));
}

std::string Host::xovl_must(const std::string &line) const
{
	return test::must(command_line(*this, {}, line));
}

nlohmann::json Host::xovl_show(const std::string &line) const
{
	return nlohmann::json::parse(test::must(command_line(*this, {"-j"}, line)));
}

Result Host::apply(const std::string &yaml) const
{
	return test::run(command_line(*this, {}, "apply -"), {.input = yaml});
}

Process Host::start_xovl(const std::string &line) const
{
	return Process(command_line(*this, {}, line));
}

std::optional<nlohmann::json> Host::fdb(const std::string &mac) const
{
	for (const auto &entry : xovl_show("fdb show"))
		if (entry.at("mac") == mac)
			return entry;
	return std::nullopt;
}

uint64_t Host::drops(const std::string &reason) const
{
	const auto stats = xovl_show("stats drop");
	for (const auto &drop : stats.at("drops"))
		if (drop.at("reason") == reason)
			return drop.at("packets");
	return 0;
}

nlohmann::json Host::drops() const
{
	auto occurred = nlohmann::json::array();
	const auto stats = xovl_show("stats drop");
	for (const auto &drop : stats.at("drops"))
		if (drop.at("packets") != 0 || drop.at("copies") != 0)
			occurred.push_back(drop);
	return occurred;
}

uint64_t Host::port_counter(const std::string &dev, const std::string &key) const
{
	const auto stats = xovl_show("stats port");
	for (const auto &port : stats.at("ports"))
		if (port.at("dev") == dev)
			return port.at(key);
	throw std::runtime_error("stats: no port " + dev);
}

std::string Host::pin_folder() const
{
	return fmt::format("/sys/fs/bpf/xovl/net-{}", inode());
}

std::string Host::tc_pin(const std::string &dev) const
{
	const int index = ip_show("link show dev " + dev).at(0).at("ifindex");
	return fmt::format("{}/tc_{}", pin_folder(), index);
}

bool Host::has_tcx_link(const std::string &dev) const
{
	return static_cast<bool>(Fd(bpf_obj_get(tc_pin(dev).c_str())));
}

std::string Host::down_and_check() const
{
	const Result down = xovl("down");
	std::string text;
	if (!down.ok())
		text += "down: " + down.text() + "\n";
	if (std::filesystem::exists(pin_folder()))
		text += pin_folder() + " is still there\n";
	for (const auto &link : ip_show("link show"))
		text += leftovers_of_link(*this, link);
	if (must("tc qdisc show").find("clsact") != std::string::npos)
		text += "clsact qdisc\n";
	return text;
}

} // namespace xovl::test
