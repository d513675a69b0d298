// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Files that a user gives or gets: full disks, endless files, control characters; and limits other than the defaults.
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <fmt/format.h>

#include "topology.hpp"

namespace xovl::test {

namespace {

class Files : public OverlayTest {
protected:
	void SetUp() override { prepare({}); }

	/// Runs xovl on h1 with its standard output in a file.
	Result xovl_into(const std::string &line, const std::string &path) const
	{
		return run({"sh", "-c", fmt::format("{} -n {} {} > {}", xovl_command(), h(1).name(), line, path)});
	}
};

/// A file system of 64 KiB.
class TinyDisk {
public:
	TinyDisk()
	{
		if (mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "size=64k") != 0)
			throw std::system_error(errno, std::generic_category(), "mount");
	}
	~TinyDisk() { umount(folder_.path().c_str()); }

	const std::string &path() const { return folder_.path(); }

private:
	TempFolder folder_;
};

std::string contents(const std::string &path)
{
	std::stringstream text;
	text << std::ifstream(path).rdbuf();
	return text.str();
}

/// The configuration of h1 with `count` static entries.
std::string with_entries(const Topology &net, unsigned count)
{
	std::string text = net.config(1) + "    fdb:\n";
	for (unsigned i = 0; i < count; i++)
		text += fmt::format("      - {{mac: \"02:00:00:01:{:02x}:{:02x}\", dst: 192.0.2.2}}\n", i / 256,
				    i % 256);
	return text;
}

} // namespace

TEST_F(Files, FullDiskKeepsTheOldOne)
{
	const TinyDisk disk;
	const std::string path = disk.path() + "/blue.fdb";
	ASSERT_TRUE(h(1).apply(with_entries(net(), 1)).ok());
	h(1).xovl_must("save --fdb " + path);
	const std::string old = contents(path);
	EXPECT_NE(old, "");
	ASSERT_TRUE(h(1).apply(with_entries(net(), 2000)).ok());
	const Result refused = h(1).xovl("save --fdb " + path);
	EXPECT_EQ(refused.status, 2) << refused.text();
	EXPECT_EQ(refused.err, "xovl: save: write " + path + ": No space left on device\n");
	EXPECT_EQ(refused.out, "") << "no file that leads to one that is not there";
	EXPECT_EQ(contents(path), old);
	const Result half = xovl_into("save", disk.path() + "/blue.yaml");
	EXPECT_EQ(half.status, 2) << half.text();
	EXPECT_NE(half.err.find("No space left on device"), std::string::npos) << half.err;
}

TEST_F(Files, StandardOutputCanBeNamed)
{
	ASSERT_TRUE(h(1).apply(with_entries(net(), 1)).ok());
	const TempFile file("");
	ASSERT_TRUE(xovl_into("save --fdb /dev/stdout", file.path()).ok());
	EXPECT_NE(contents(file.path()).find("02:00:00:01:00:00 net blue"), std::string::npos);
	EXPECT_NE(h(1).xovl_must("save --fdb /dev/stdout").find("02:00:00:01:00:00 net blue"), std::string::npos);
}

TEST_F(Files, OnesWithoutAnEndAreRefused)
{
	const TempFolder folder;
	const std::string pipe = folder.path() + "/pipe";
	ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
	const auto expect_refused = [](const Result &result, const std::string &why) {
		EXPECT_EQ(result.status, 1) << result.text();
		EXPECT_NE(result.err.find(why), std::string::npos) << result.err;
	};
	for (const std::string &path : {std::string("/dev/zero"), pipe}) {
		expect_refused(h(1).apply("fdb_files: [" + path + "]\n" + net().config(1)), "not a regular file");
	}
	expect_refused(h(1).xovl("apply /dev/zero"), "not a regular file");
	expect_refused(h(1).xovl("-b /dev/zero"), "not a regular file");
	expect_refused(h(1).xovl("apply " + pipe), "nobody writes to the pipe");
	expect_refused(h(1).xovl("-b " + pipe), "nobody writes to the pipe");
	expect_refused(run({"sh", "-c", fmt::format("{} -n {} apply - < /dev/zero", xovl_command(), h(1).name())}),
		       "<stdin>");
	expect_refused(run({"sh", "-c", fmt::format("{} -n {} -b - < /dev/zero", xovl_command(), h(1).name())}),
		       "a line is too long");
	EXPECT_EQ(h(1).save(), "{}\n");
	// a pipe with a writer is accepted
	const std::string apply =
		fmt::format("{} -n {} apply <(echo 'vtep: {{local: [192.0.2.1]}}')", xovl_command(), h(1).name());
	EXPECT_TRUE(run({"bash", "-c", apply}).ok());
	EXPECT_TRUE(
		run({"bash", "-c",
		     fmt::format("echo 'vtep del 192.0.2.1' | {} -n {} -b /dev/stdin", xovl_command(), h(1).name())})
			.ok());
	EXPECT_EQ(h(1).save(), "{}\n");
}

/* Messages escape control characters, because a terminal may take them for commands. */
TEST_F(Files, ControlCharactersAreNotEchoed)
{
	const std::string nasty = "x\x1b[31m\x07\xc2\x9b";
	const TempFolder folder;
	const std::string path = folder.path() + "/" + nasty;
	std::ofstream(path) << "networks: [{name: \"\\e[31m\", encap: vxlan}]\n";
	const auto run_with = [&](Args argv) {
		argv.insert(argv.begin(), {xovl_command(), "-n", h(1).name()});
		const Result result = run(argv);
		EXPECT_EQ(result.status, 1) << result.text();
		EXPECT_EQ((result.out + result.err).find_first_of("\x1b\x07\x9b"), std::string::npos) << result.text();
		EXPECT_NE(result.err.find("x1b"), std::string::npos) << result.text();
	};
	run_with({nasty});
	run_with({"net", nasty});
	run_with({"net", "add", nasty});
	run_with({"net", "add", "red", "encap", nasty});
	run_with({"net", "add", "red", nasty, "1"});
	run_with({"net", "show", nasty});
	run_with({"uplink", "add", nasty});
	run_with({"port", "add", "p0", "net", nasty});
	run_with({"port", "show", "net", nasty});
	run_with({"vtep", "add", nasty});
	run_with({"fdb", "show", "net", nasty});
	run_with({"stats", nasty});
	run_with({"apply", path});
	run_with({"apply", nasty});
	run_with({"-b", nasty});
	run_with({"help", nasty});
	run_with({"--" + nasty});
	const TempFile batch("net add " + nasty + "\n");
	run_with({"-b", batch.path()});
	const TempFile yaml("networks: [{name: \"" + nasty + "\"}]\n");
	run_with({"apply", yaml.path()});
	const TempFile quoted("networks: [{name: \"\\e[31m\", encap: vxlan, vni: 1}]\n");
	run_with({"apply", quoted.path()});
}

TEST_F(Files, LimitsAreShownWithTheirUse)
{
	h(1).xovl_must("limits set fdb 10");
	ASSERT_TRUE(h(1).apply(with_entries(net(), 9)).ok());
	const auto shown = h(1).xovl_show("limits show").at(0);
	EXPECT_EQ(shown.at("fdb"), 10);
	EXPECT_EQ(shown.at("fdb_used"), 9);
	EXPECT_EQ(shown.at("networks"), 4096);
	for (const char *one : {"networks_used", "peers_used", "ports_used", "members_used"})
		EXPECT_EQ(shown.at(one), 1) << one;
	EXPECT_EQ(h(1).xovl_show("stats").at("nearly_full").size(), 0u) << "90 % are not more than that";
	EXPECT_EQ(h(1).xovl_must("stats").find("nearly_full"), std::string::npos);
	h(1).xovl_must("fdb add 02:00:00:00:00:99 net blue dst 192.0.2.2");
	const auto full = h(1).xovl_show("stats").at("nearly_full");
	EXPECT_EQ(full, nlohmann::json::parse(R"([{"limit": "fdb", "used": 10, "most": 10}])"));
	EXPECT_NE(h(1).xovl_must("stats").find("nearly_full:\nlimit  used  most\nfdb      10    10\n"),
		  std::string::npos);
}

TEST_F(Files, LimitsThatDoNotFitTheMachineAreRefused)
{
	h(1).xovl_must("limits set fdb 1000");
	for (const char *limits :
	     {"fdb 4294967295", "peers 4294967295", "ports 4294967295", "members 4294967295",
	      "fdb 4294967295 peers 4294967295 ports 4294967295 members 4294967295 networks 65535"}) {
		const Result refused = h(1).xovl(std::string("limits set ") + limits);
		EXPECT_EQ(refused.status, 2) << refused.text();
		EXPECT_NE(refused.err.find(" would take "), std::string::npos) << refused.err;
		EXPECT_EQ(std::count(refused.err.begin(), refused.err.end(), '\n'), 1) << refused.err;
		EXPECT_EQ(h(1).xovl_show("limits show").at(0).at("fdb"), 1000) << "as before";
	}
	const TempFile file("limits: {fdb: 4294967295}\n");
	const Result dry = h(1).xovl("apply " + file.path() + " --dry-run");
	EXPECT_EQ(dry.status, 2) << dry.text();
	EXPECT_EQ(dry.err, h(1).xovl("apply " + file.path()).err);
	EXPECT_EQ(h(1).apply("limits: {fdb: 4000000000}\n" + net().config(1)).status, 2);
	EXPECT_TRUE(h(1).xovl("limits set fdb 1100000").ok());
}

/* A network with more ports than the default limit can be changed in every way: the limits in force count. */
TEST_F(Files, LimitsInForceAreThoseThatCount)
{
	constexpr unsigned ports = 1100;
	h(1).xovl_must("limits set ports 4096");
	std::string text = net().config(1);
	h(1).ip("link add trunk0 type veth peer name trunk1");
	std::string list;
	for (unsigned vid = 1; vid <= ports; vid++)
		list += fmt::format("{}{{dev: trunk0, vid: {}, mode: tc}}", vid > 1 ? ", " : "", vid);
	text += "  - {name: many, encap: vxlan, vni: 7, ports: [" + list + "]}\n";
	const Result result = h(1).apply(text);
	ASSERT_TRUE(result.ok()) << result.text();
	for (const char *line : {"fdb add 02:00:00:00:07:01 net many dev trunk0 vid 5",
				 "fdb replace 02:00:00:00:07:01 net many dst 192.0.2.2", "net set many mtu 1400",
				 "port add trunk0 net many vid 2000 mode tc", "flood add net many dst 192.0.2.9"}) {
		const Result done = h(1).xovl(line);
		EXPECT_TRUE(done.ok()) << line << ": " << done.text();
	}
	const TempFile batch("fdb add 02:00:00:00:07:02 net many dev trunk0 vid 6\nnet set many mtu 1300\n"
			     "port add trunk0 net many vid 2001 mode tc\n");
	EXPECT_TRUE(h(1).xovl("-b " + batch.path()).ok());
	const TempFile saved(h(1).save());
	EXPECT_EQ(h(1).xovl_must("apply " + saved.path()), "");
	// a lower limit is enforced, too
	h(1).xovl_must("down");
	h(1).xovl_must("limits set ports 1");
	EXPECT_EQ(h(1).apply(text).status, 1);
}

} // namespace xovl::test
