// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The kernel refuses a system call of a command: seccomp of a service, a missing capability, no descriptors or memory
// left. Each command runs once to count its calls, then repeatedly with one call refused, or with all from one on. A
// command that shows something is right or reports an error, and changes nothing. A command that changes something does
// its work or leaves a state that the next command repairs. Direct underlay (see traffic_test.cpp).
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>

#include <fmt/format.h>

#include "topology.hpp"

namespace xovl::test {

namespace {

constexpr int kTcxIngress = 46; // BPF_TCX_INGRESS, which the UAPI headers of Debian 12 lack

struct Kind {
	std::string name; ///< as in the command `refuse`
	std::vector<int> errors;
};

const std::vector<Kind> kKinds = {
	{"bpf", {EPERM, ENOMEM, EACCES, EMFILE, ENOSYS}},
	{"socket", {EAFNOSUPPORT, EMFILE, EPERM}},
	{"net", {EPERM, ENOBUFS, ENOMEM}},
	{"open", {EMFILE, EACCES}},
	{"file", {EACCES, ENOMEM}},
};

const std::vector<std::string> kLooks = {"stats",       "save",       "port show",  "uplink show",
					 "net show",    "fdb show",   "flood show", "vtep show",
					 "limits show", "stats port", "stats drop", "version"};

class Refusal : public OverlayTest, public testing::WithParamInterface<std::string> {
protected:
	void SetUp() override
	{
		build({.port_mode = GetParam(), .uplink_mode = GetParam()});
		ASSERT_TRUE(pings(c(1), net().tenant4(2)));
	}

	/// Runs a command on h1 and refuses its calls first to last of this kind; 0: none.
	Result refused(const Kind &kind, size_t first, size_t last, const std::string &line)
	{
		Args argv = {REFUSE_COMMAND,
			     kind.name,
			     std::to_string(kind.errors[first % kind.errors.size()]),
			     std::to_string(first),
			     std::to_string(last),
			     count_.path(),
			     xovl_command(),
			     "-n",
			     h(1).name()};
		for (const std::string &word : words(line))
			argv.push_back(word);
		return run(argv);
	}

	size_t calls(const Kind &kind, const std::string &line)
	{
		const Result result = refused(kind, 0, 0, line);
		EXPECT_TRUE(result.ok()) << line << ": " << result.text();
		size_t count = 0;
		std::ifstream(count_.path()) >> count;
		return count;
	}

	/// The numbers of the calls to refuse: a few, chosen by salt, or all with XOVL_REFUSE_ALL.
	static std::vector<size_t> samples(size_t count, size_t wanted, size_t salt)
	{
		const size_t step = std::getenv("XOVL_REFUSE_ALL") ? 1 : std::max<size_t>(1, count / wanted);
		std::vector<size_t> numbers;
		for (size_t i = 1 + salt % step; i <= count; i += step)
			numbers.push_back(i);
		return numbers;
	}

	/// Calls attempt(kind, first, last) with one call refused, and with all calls from one on.
	template <typename Attempt>
	void for_each_refusal(const std::string &line, size_t wanted, size_t salt, Attempt attempt)
	{
		for (const Kind &kind : kKinds) {
			const size_t count = calls(kind, line);
			revert();
			for (size_t first : samples(count, wanted, salt++)) {
				SCOPED_TRACE(testing::Message()
					     << line << ": " << kind.name << " " << first << " of " << count
					     << ", errno " << kind.errors[first % kind.errors.size()]);
				ASSERT_NO_FATAL_FAILURE(attempt(kind, first, first));
				if (first % 3 == 0) {
					ASSERT_NO_FATAL_FAILURE(attempt(kind, first, SIZE_MAX));
				}
			}
		}
	}

	virtual void revert() {}

	/// The pins and the attached programs: "port0 tcx 7 xdp 0".
	std::vector<std::string> state() const
	{
		std::vector<std::string> lines;
		for (const auto &entry : std::filesystem::directory_iterator(h(1).pin_folder()))
			lines.push_back(entry.path().filename());
		std::ranges::sort(lines);
		in_netns(h(1).name(), [&] {
			for (const char *dev : {"port0", "up0"}) {
				const int ifindex = static_cast<int>(if_nametoindex(dev));
				uint32_t ids[8] = {}, flags = 0, count = 8, xdp = 0;
				bpf_prog_query(ifindex, static_cast<bpf_attach_type>(kTcxIngress), 0, &flags, ids,
					       &count);
				bpf_xdp_query_id(ifindex, 0, &xdp);
				lines.push_back(fmt::format("{} tcx {} xdp {}", dev, ids[0], xdp));
			}
		});
		return lines;
	}

	TempFile count_{""};
};

bool is_one_line(const std::string &text)
{
	return text.starts_with("xovl: ") && std::ranges::count(text, '\n') == 1 && text.ends_with('\n');
}

/// Replaces numbers, because counters change between two runs.
std::string without_numbers(const std::string &text)
{
	return std::regex_replace(text, std::regex(" *[0-9]+"), " #");
}

using RefusedLook = Refusal;

class RefusedChange : public Refusal {
protected:
	void SetUp() override
	{
		Refusal::SetUp();
		before_ = h(1).save();
	}

	void revert() override
	{
		const Result result = h(1).apply(net().config(1));
		ASSERT_TRUE(result.ok()) << result.text();
	}

	/// Runs a command with a refusal. It succeeds or reports an error, and the state is the old one, the new one,
	/// or one that apply repairs.
	void check(const Kind &kind, size_t first, size_t last, const std::string &line, const std::string &target)
	{
		const Result result = refused(kind, first, last, line);
		if (!result.ok()) {
			EXPECT_TRUE(is_one_line(result.err) && (result.status == 1 || result.status == 2))
				<< result.text();
		}
		const Result save = h(1).xovl("save");
		ASSERT_TRUE(save.ok()) << save.text();
		if (!result.ok() && save.out == before_)
			return;
		if (result.ok()) {
			EXPECT_EQ(save.out, after_);
		}
		const Result mended = h(1).apply(target);
		ASSERT_TRUE(mended.ok()) << result.text() << mended.text();
		EXPECT_EQ(h(1).save(), after_);
		revert();
		EXPECT_EQ(h(1).save(), before_);
	}

	void check_line(const std::string &line, size_t salt)
	{
		h(1).xovl_must(line);
		after_ = h(1).save();
		revert();
		for_each_refusal(line, 2, salt, [&](const Kind &kind, size_t first, size_t last) {
			check(kind, first, last, line, after_);
		});
	}

	std::string before_;
	std::string after_;
};

} // namespace

TEST_P(RefusedLook, SaysSoAndTouchesNothing)
{
	const auto before = state();
	size_t salt = 0;
	for (const std::string &line : kLooks) {
		const std::string right = without_numbers(h(1).xovl_must(line));
		/* the first line of `version` does not depend on the kernel */
		const std::string known = line == "version" ? right.substr(0, right.find('\n') + 1) : "";
		for_each_refusal(line, 2, salt++, [&](const Kind &kind, size_t first, size_t last) {
			const Result result = refused(kind, first, last, line);
			if (result.ok()) {
				EXPECT_EQ(without_numbers(result.out), right);
			} else {
				EXPECT_EQ(result.status, 2) << result.text();
				EXPECT_TRUE(is_one_line(result.err)) << result.err;
				EXPECT_TRUE(result.out.empty() || without_numbers(result.out) == known) << result.out;
			}
			ASSERT_EQ(state(), before) << result.text();
		});
	}
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
}

TEST_P(RefusedLook, DryRunSaysSoAndTouchesNothing)
{
	const auto before = state();
	const TempFile other(std::regex_replace(net().config(1), std::regex("vni: 100"), "vni: 101"));
	const std::string line = "apply " + other.path() + " --dry-run";
	const std::string right = h(1).xovl_must(line);
	for_each_refusal(line, 5, 0, [&](const Kind &kind, size_t first, size_t last) {
		const Result result = refused(kind, first, last, line);
		if (result.ok()) {
			EXPECT_EQ(result.out, right);
		} else {
			EXPECT_TRUE(is_one_line(result.err)) << result.text();
		}
		ASSERT_EQ(state(), before) << result.text();
	});
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
}

TEST_P(RefusedChange, OfTablesIsDoneOrCanBeMended)
{
	size_t salt = 0;
	for (const char *line : {"net set blue ttl 33", "flood add net blue dst 192.0.2.77",
				 "net add red encap vxlan vni 7", "fdb add 02:00:00:00:00:77 net blue dst 192.0.2.77"})
		ASSERT_NO_FATAL_FAILURE(check_line(line, salt++));
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
}

TEST_P(RefusedChange, OfInterfacesIsDoneOrCanBeMended)
{
	h(1).ip("link add port1 type veth peer name port1x\nlink set port1 up");
	const std::string mode = " mode " + GetParam();
	ASSERT_NO_FATAL_FAILURE(check_line("port add port1 net blue vid 7" + mode, 0));
	ASSERT_NO_FATAL_FAILURE(check_line("port del port0", 1));
	ASSERT_NO_FATAL_FAILURE(check_line("uplink del up0", 2));
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
}

TEST_P(RefusedChange, DownIsDoneByTheNextOne)
{
	for_each_refusal("down", 3, 0, [&](const Kind &kind, size_t first, size_t last) {
		const Result result = refused(kind, first, last, "down");
		if (!result.ok()) {
			EXPECT_TRUE(is_one_line(result.err) && result.status == 2) << result.text();
		}
		if (result.ok() && std::filesystem::exists(h(1).pin_folder()))
			ADD_FAILURE() << "exit 0, and not down";
		EXPECT_EQ(h(1).down_and_check(), "") << result.text();
		revert();
	});
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
}

TEST_P(RefusedChange, FirstApplyIsDoneOrLeavesWhatDownRemoves)
{
	const TempFile file(net().config(1));
	const std::string line = "apply " + file.path();
	h(1).xovl_must("down");
	for (const Kind &kind : kKinds) {
		const size_t count = calls(kind, line);
		for (size_t first : samples(count, 3, 1)) {
			SCOPED_TRACE(testing::Message() << kind.name << " " << first << " of " << count);
			EXPECT_EQ(h(1).down_and_check(), "");
			const Result result = refused(kind, first, first % 2 ? first : SIZE_MAX, line);
			if (!result.ok()) {
				EXPECT_TRUE(is_one_line(result.err)) << result.text();
			}
			if (result.ok() || first % 4 == 0) {
				revert();
				EXPECT_EQ(h(1).save(), before_);
			}
		}
	}
	revert();
	EXPECT_TRUE(pings(c(1), net().tenant4(2)));
}

INSTANTIATE_TEST_SUITE_P(Modes, RefusedLook, testing::Values("tc", "native"),
			 [](const auto &info) { return info.param; });
INSTANTIATE_TEST_SUITE_P(Modes, RefusedChange, testing::Values("tc", "native"),
			 [](const auto &info) { return info.param; });

} // namespace xovl::test
