// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The pinned state: its folder, lock, permissions and programs. State of namespaces that are gone:
// stale_state_test.cpp.
#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>

#include <fmt/format.h>

#include "state_bench.hpp"

namespace xovl::test {

namespace {

namespace fs = std::filesystem;

mode_t mode_of(const std::string &path)
{
	struct stat info = {};
	return stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

/// The mounts of type bpf, without those of other tests.
std::string bpf_mounts(const std::string &own)
{
	std::ifstream file("/proc/self/mounts");
	std::string all;
	for (std::string line; std::getline(file, line);)
		if (line.starts_with("bpf ") && (line.find(own) != line.npos || line.find("/xovl-test-") == line.npos))
			all += line + "\n";
	return all;
}

void pin_foreign_map(const std::string &path)
{
	const Fd map(bpf_map_create(BPF_MAP_TYPE_ARRAY, "foreign", 4, 4, 1, nullptr));
	ASSERT_EQ(bpf_obj_pin(map.get(), path.c_str()), 0) << path;
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

/* Another version may name its maps differently. `down` finds them by the programs that use them. */
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
	host_->ip("addr add 192.0.2.1/24 dev up0"); // otherwise apply warns that no interface has it
	EXPECT_TRUE(apply("tc").ok());
	EXPECT_EQ(apply("tc").err, "");
}

/* The pin of the settings is removed while programs run: commands report an error, and do not see an empty state. */
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

/* A load pins its settings last. A load killed before that has no interfaces yet and counts as no state. */
TEST_F(State, InterruptedLoadIsNothing)
{
	xovl_must("vtep add 192.0.2.1");
	ASSERT_TRUE(fs::remove(folder() + "/settings"));
	EXPECT_EQ(xovl_must("save"), "{}\n");
	xovl_must("vtep add 192.0.2.2");
	EXPECT_TRUE(fs::exists(folder() + "/settings"));
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
