// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Where the state lies: its folder, its lock, who may come near it, whose programs it has, and what namespaces leave behind. A host
// with two interfaces; the pins are on a bpffs of the test's own.
#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "topology.hpp"
#include "xovl/maps.h"

namespace xovl::test {

namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;

std::string config(const std::string &mode)
{
	return fmt::format("vtep: {{local: [192.0.2.1]}}\n"
			   "uplinks: [{{dev: up0, mode: {0}}}]\n"
			   "networks:\n"
			   "  - {{name: blue, encap: vxlan, vni: 100, ports: [{{dev: port0, mode: {0}}}]}}\n",
			   mode);
}

mode_t mode_of(const std::string &path)
{
	struct stat info = {};
	return stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

/// Those of BPF, without what other tests mount meanwhile.
std::string bpf_mounts(const std::string &own)
{
	std::ifstream file("/proc/self/mounts");
	std::string all;
	for (std::string line; std::getline(file, line);)
		if (line.starts_with("bpf ") && (line.find(own) != line.npos || line.find("/xovl-test-") == line.npos))
			all += line + "\n";
	return all;
}

void make_interfaces(const Netns &netns)
{
	netns.ip("link add up0 type veth peer name up1\nlink add port0 type veth peer name port1\n"
		 "link set up0 up\nlink set port0 up");
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

	/// The same through another command, as `setpriv OPTIONS`, which is in the namespace already: entering one needs CAP_SYS_ADMIN.
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

	/// settings as change makes them.
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

void pin_foreign_map(const std::string &path)
{
	const Fd map(bpf_map_create(BPF_MAP_TYPE_ARRAY, "foreign", 4, 4, 1, nullptr));
	ASSERT_EQ(bpf_obj_pin(map.get(), path.c_str()), 0) << path;
}

std::set<std::string> names_in(const std::string &folder)
{
	std::set<std::string> names;
	for (const auto &entry : fs::directory_iterator(folder))
		names.insert(entry.path().filename());
	return names;
}

/// A descriptor of the folder with an exclusive lock on it.
Fd locked(const std::string &folder)
{
	Fd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	EXPECT_EQ(flock(fd.get(), LOCK_EX | LOCK_NB), 0) << folder;
	return fd;
}

} // namespace

TEST_F(State, PinRootIsTheFolderThatIsMeant)
{
	const std::string before = bpf_mounts(bpffs_.path());
	for (const std::string &root : {std::string("/sys/fs/bpf/../xovl-test"), bpffs_.path() + "/../xovl-test",
					std::string("/sys/fs/bpf/gone/../../x"), std::string("/tmp")}) {
		const Result result = run(command(*host_, "vtep add 192.0.2.1", root));
		EXPECT_NE(result.status, 0) << root;
		EXPECT_EQ(result.out, "");
		EXPECT_EQ(bpf_mounts(bpffs_.path()), before) << root;
	}
	fs::create_directory(root());
	EXPECT_TRUE(run(command(*host_, "vtep add 192.0.2.1", root() + "/../xovl/.")).ok());
	EXPECT_TRUE(fs::exists(folder() + "/settings"));
	EXPECT_TRUE(xovl("down").ok());
}

TEST_F(State, FoldersAreForRootAloneWhateverTheUmask)
{
	for (const char *umask : {"000", "777"}) {
		Args argv = {"bash", "-c", fmt::format("umask {}; exec \"$@\"", umask), "bash"};
		for (const std::string &word : command(*host_, "vtep add 192.0.2.1"))
			argv.push_back(word);
		must(argv);
		EXPECT_EQ(mode_of(folder()), 0700u);
		EXPECT_EQ(mode_of(root()) & 0777, 0700u);
		EXPECT_TRUE(xovl("down").ok());
		EXPECT_FALSE(fs::exists(root()));
	}
}

TEST_F(State, DownRemovesWhatXovlMadeAndNothingElse)
{
	ASSERT_EQ(mkdir(root().c_str(), 0755), 0);
	ASSERT_TRUE(apply("tc").ok());
	pin_foreign_map(folder() + "/foreign");
	ASSERT_EQ(mkdir((folder() + "/sub").c_str(), 0700), 0);
	pin_foreign_map(folder() + "/sub/fdb");
	ASSERT_EQ(symlink("/etc/passwd", (folder() + "/link").c_str()), 0);
	EXPECT_TRUE(xovl("down").ok());
	std::set<std::string> left;
	for (const auto &entry : fs::recursive_directory_iterator(folder()))
		left.insert(entry.path().lexically_relative(folder()));
	EXPECT_EQ(left, (std::set<std::string>{"foreign", "sub", "sub/fdb", "link"}));
	EXPECT_TRUE(apply("tc").ok()) << "beside them";
	EXPECT_TRUE(xovl("down").ok());
	for (const char *name : {"foreign", "sub/fdb", "sub", "link"})
		::remove((folder() + "/" + name).c_str());
	EXPECT_TRUE(apply("tc").ok());
	EXPECT_TRUE(xovl("down").ok());
	EXPECT_FALSE(fs::exists(folder()));
	EXPECT_TRUE(fs::exists(root())) << "it was there before";
}

/* Another version may have other names for its maps. Our programs use them: those that are attached, and those that others jump to. */
TEST_F(State, DownRemovesMapsOfNamesThatItDoesNotKnow)
{
	ASSERT_TRUE(apply("tc").ok());
	for (const char *name : {"paths", "floods", "too_big_now", "pmtu_reports"})
		fs::rename(folder() + "/" + name, folder() + "/other_" + name);
	EXPECT_TRUE(xovl("down").ok());
	EXPECT_FALSE(fs::exists(folder())) << testing::PrintToString(names_in(folder()));
}

TEST_F(State, FolderOfSomebodyElseIsNotUsed)
{
	ASSERT_EQ(mkdir(root().c_str(), 0755), 0);
	ASSERT_EQ(chown(root().c_str(), kNobody, kNobody), 0);
	for (const char *line : {"vtep add 192.0.2.1", "save"}) {
		const Result result = xovl(line);
		EXPECT_EQ(result.status, 2) << result.text();
		EXPECT_NE(result.err.find("belongs to user 65534"), std::string::npos) << result.err;
	}
	EXPECT_TRUE(fs::is_empty(root()));
	ASSERT_EQ(chown(root().c_str(), 0, 0), 0);
	EXPECT_EQ(symlink("/tmp", folder().c_str()), 0);
	EXPECT_EQ(xovl("vtep add 192.0.2.1").status, 2);
	EXPECT_EQ(unlink(folder().c_str()), 0);
}

TEST_F(State, UnprivilegedUserCannotComeNear)
{
	ASSERT_TRUE(apply("tc").ok());
	const std::string nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups ";
	EXPECT_FALSE(run(words(nobody + "ls " + folder())).ok());
	for (const char *line : {"save", "vtep add 192.0.2.2", "down"}) {
		const Result result = xovl_by(nobody, line);
		EXPECT_EQ(result.status, 2) << result.text();
		EXPECT_NE(result.err.find("CAP_BPF"), std::string::npos) << result.err;
	}
	EXPECT_TRUE(xovl("save").ok());
}

TEST_F(State, WaitForTheLockEndsAndNamesTheHolder)
{
	ASSERT_TRUE(apply("tc").ok());
	const Fd lock = locked(folder());
	const auto begin = std::chrono::steady_clock::now();
	Process save(command(*host_, "save"));
	Process change(command(*host_, "net set blue ttl 3"));
	for (Process *process : {&save, &change}) {
		const Result result = process->wait(15s);
		EXPECT_EQ(result.status, 2) << result.text();
		EXPECT_NE(result.err.find(fmt::format("process {} ", getpid())), std::string::npos) << result.err;
	}
	EXPECT_LT(std::chrono::steady_clock::now() - begin, 14s);
}

TEST_F(State, LooksDoNotWaitForEachOther)
{
	ASSERT_TRUE(apply("tc").ok());
	const Fd look(open(folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	ASSERT_EQ(flock(look.get(), LOCK_SH | LOCK_NB), 0);
	const auto begin = std::chrono::steady_clock::now();
	EXPECT_TRUE(xovl("save").ok());
	EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST_F(State, LockOfTheWholeBpffsBlocksNobody)
{
	ASSERT_EQ(setenv("LIBXDP_BPFFS", bpffs_.path().c_str(), 1), 0);
	const Fd lock = locked(bpffs_.path());
	EXPECT_TRUE(apply("native").ok());
	EXPECT_TRUE(xovl("down").ok());
	unsetenv("LIBXDP_BPFFS");
}

TEST_F(State, ProgramsOfAnotherBuildAreNotMixed)
{
	ASSERT_TRUE(apply("tc").ok());
	EXPECT_NE(xovl_must("version").find("running: this build"), std::string::npos);
	rewrite(folder(), [](xovl_settings &settings) { settings.build++; });
	const std::string version = xovl_must("version");
	EXPECT_NE(version.find("running: 0."), std::string::npos) << version;

	const Result same = apply("tc");
	EXPECT_TRUE(same.ok());
	EXPECT_EQ(same.out, "");
	EXPECT_NE(same.err.find(" runs, this is "), std::string::npos) << same.err;
	EXPECT_TRUE(xovl("net set blue ttl 9").ok()) << "tables only";

	const std::string before = xovl_must("save");
	host_->ip("link add port2 type veth peer name port3");
	for (const char *line : {"port add port2 net blue", "uplink add port2"}) {
		const Result refused = xovl(line);
		EXPECT_EQ(refused.status, 2) << refused.text();
		EXPECT_NE(refused.err.find("(xovl down, then apply)"), std::string::npos) << refused.err;
	}
	EXPECT_EQ(apply("native").status, 2);
	EXPECT_EQ(xovl_must("save"), before);
	EXPECT_TRUE(xovl("port del port0").ok());
	EXPECT_TRUE(xovl("down").ok());
	host_->ip("addr add 192.0.2.1/24 dev up0"); // else apply says that nobody has it
	EXPECT_TRUE(apply("tc").ok());
	EXPECT_EQ(apply("tc").err, "");
}

TEST_F(State, WhatAGoneNamespaceLeftIsSweptByAChange)
{
	auto gone = std::make_unique<Netns>("gone");
	const Netns live("live");
	make_interfaces(*gone);
	for (const Netns *netns : {static_cast<const Netns *>(gone.get()), &live})
		must(command(*netns, "net add blue encap vxlan vni 7"));
	must(command(*gone, "port add port0 net blue mode tc"));
	const std::string left = folder(*gone);
	gone.reset();
	std::this_thread::sleep_for(500ms); // the kernel ends namespaces in the background
	EXPECT_EQ(xovl_must("save"), "{}\n");
	EXPECT_TRUE(fs::exists(left)) << "a look removes nothing";
	xovl_must("vtep add 192.0.2.1");
	EXPECT_FALSE(fs::exists(left));
	EXPECT_TRUE(fs::exists(folder(live)));
	must(command(live, "down"));
}

TEST_F(State, DownStaleTellsWhatItRemoves)
{
	auto gone = std::make_unique<Netns>("gone");
	const Netns live("live");
	make_interfaces(*gone);
	for (const Netns *netns : {static_cast<const Netns *>(gone.get()), &live})
		must(command(*netns, "net add blue encap vxlan vni 7"));
	must(command(*gone, "uplink add up0 mode tc"));
	const std::string left = folder(*gone);
	gone.reset();
	std::this_thread::sleep_for(500ms);
	const auto removed = nlohmann::json::parse(must(command(*host_, "-j down --stale")));
	EXPECT_EQ(removed.at("removed"), nlohmann::json::array({fs::path(left).filename().string()})) << removed;
	EXPECT_FALSE(fs::exists(left));
	EXPECT_TRUE(fs::exists(folder(live)));
	EXPECT_EQ(xovl_must("down --stale"), "");
	must(command(live, "down"));
}

TEST_F(State, DownStaleKeepsWhatOthersPutThere)
{
	const std::string other = root() + "/net-1";
	xovl_must("vtep add 192.0.2.1");
	ASSERT_TRUE(fs::remove(folder() + "/settings")); // as a load that was killed
	ASSERT_EQ(rename(folder().c_str(), other.c_str()), 0) << strerror(errno);
	ASSERT_EQ(mkdir((other + "/sub").c_str(), 0700), 0);
	EXPECT_EQ(xovl_must("down --stale"), "kept net-1: all pins of xovl are removed; sub does not belong to xovl\n");
	EXPECT_EQ(names_in(other), std::set<std::string>{"sub"});
	EXPECT_EQ(xovl_must("down --stale"), "kept net-1: sub does not belong to xovl\n");
	ASSERT_EQ(rmdir((other + "/sub").c_str()), 0);
	EXPECT_EQ(xovl_must("down --stale"), "- net-1\n");
	EXPECT_FALSE(fs::exists(other));
}

TEST_F(State, DownStaleSaysWhatItCannotLookAt)
{
	xovl_must("vtep add 192.0.2.1");
	for (const char *name : {"/net-1", "/net-2"}) {
		ASSERT_EQ(mkdir((root() + name).c_str(), 0700), 0);
		ASSERT_EQ(chown((root() + name).c_str(), kNobody, kNobody), 0);
	}
	const Result result = xovl("down --stale");
	EXPECT_EQ(result.status, 2) << result.text();
	EXPECT_NE(result.out.find("kept net-1: "), std::string::npos) << result.out;
	EXPECT_NE(result.out.find("kept net-2: "), std::string::npos) << result.out;
	EXPECT_NE(result.err.find("belongs to user 65534"), std::string::npos) << result.err;
	EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
	EXPECT_EQ(xovl("-j down --stale").status, 2);
	for (const char *name : {"/net-1", "/net-2"})
		EXPECT_EQ(rmdir((root() + name).c_str()), 0);
}

/* Somebody removed the pin; the programs run on. */
TEST_F(State, WithoutSettingsWhatRunsIsNotTakenForNothing)
{
	for (const char *mode : {"tc", "native"}) {
		ASSERT_TRUE(apply(mode).ok());
		ASSERT_TRUE(fs::remove(folder() + "/settings"));
		const std::set<std::string> before = names_in(folder());
		for (const char *line : {"save", "stats", "net show", "version", "net add red encap vxlan vni 5",
					 "limits set fdb 9", "flood add net blue dst 192.0.2.2"}) {
			const Result result = xovl(line);
			EXPECT_EQ(result.status, 2) << line << result.text();
			EXPECT_NE(result.err.find("/settings is missing"), std::string::npos) << result.err;
		}
		EXPECT_EQ(apply(mode).status, 2);
		EXPECT_EQ(names_in(folder()), before);
		EXPECT_EQ(host_->ip_show("link show up0").at(0).contains("xdp"), mode == std::string("native"));
		xovl_must("down");
		EXPECT_FALSE(fs::exists(folder()));
		EXPECT_FALSE(host_->ip_show("link show up0").at(0).contains("xdp"));
	}
}

/* A load that was killed has pinned its settings last, and has no interfaces yet. */
TEST_F(State, InterruptedLoadIsNothing)
{
	xovl_must("vtep add 192.0.2.1");
	ASSERT_TRUE(fs::remove(folder() + "/settings"));
	EXPECT_EQ(xovl_must("save"), "{}\n");
	xovl_must("vtep add 192.0.2.2");
	EXPECT_TRUE(fs::exists(folder() + "/settings"));
}

// An open socket keeps a namespace; nothing in /proc shows it.
TEST_F(State, NamespaceThatASocketHoldsIsNotGone)
{
	auto held = std::make_unique<Netns>("held");
	Fd socket;
	in_netns(held->name(), [&] { socket = Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); });
	must(command(*held, "net add blue encap vxlan vni 7"));
	const std::string kept = folder(*held);
	held.reset();
	std::this_thread::sleep_for(500ms);
	xovl_must("vtep add 192.0.2.1");
	EXPECT_TRUE(fs::exists(kept));
	must({xovl_command(), "--pin-root", root(), "down", "--stale"});
	EXPECT_TRUE(fs::exists(kept));
}

TEST_F(State, MissingCapabilityIsNamed)
{
	const std::string only = "setpriv --bounding-set=-all,{0} --inh-caps=-all,{0} ";
	const auto with = [&](const std::string &capabilities, const std::string &mode) {
		return xovl_by(fmt::format(fmt::runtime(only), capabilities), "apply -", config(mode));
	};
	const Result none = with("+net_admin", "tc");
	EXPECT_EQ(none.status, 2) << none.text();
	EXPECT_NE(none.err.find("missing: CAP_BPF and CAP_PERFMON)"), std::string::npos) << none.err;
	const Result one = with("+net_admin,+bpf", "tc");
	EXPECT_NE(one.err.find("missing: CAP_PERFMON)"), std::string::npos) << one.err;
	EXPECT_FALSE(fs::exists(folder()));
	for (const char *mode : {"tc", "native"}) {
		const Result all = with("+net_admin,+bpf,+perfmon", mode);
		EXPECT_TRUE(all.ok()) << mode << all.text();
		const Result down = xovl_by(fmt::format(fmt::runtime(only), "+net_admin,+bpf,+perfmon"), "down");
		EXPECT_TRUE(down.ok()) << mode << down.text();
		EXPECT_FALSE(host_->ip_show("link show up0").at(0).contains("xdp"));
	}
}

TEST_F(State, RootOfAUserNamespaceIsNotRoot)
{
	if (!run({"unshare", "-Ur", "true"}).ok())
		GTEST_SKIP() << "user namespaces are not allowed here";
	const Result result = run({"unshare", "-Ur", xovl_command(), "--pin-root", root(), "vtep", "add", "192.0.2.1"});
	EXPECT_EQ(result.status, 2) << result.text();
	EXPECT_NE(result.err.find("missing: CAP_BPF and CAP_NET_ADMIN and CAP_PERFMON)"), std::string::npos)
		<< result.err;
}

} // namespace xovl::test
