// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Missing interfaces: their ports wait, and the next change of any kind attaches them.
#include <string>

#include <fmt/format.h>

#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

class Missing : public OverlayTest {
protected:
	void SetUp() override { build({}); }

	/// config(1) with one more port.
	std::string with_port(const std::string &port) const
	{
		std::string text = net_->config(1);
		const std::string ports = "    ports:\n";
		return text.insert(text.find(ports) + ports.size(), "      - " + port + "\n");
	}

	void make_late() const
	{
		h(1).ip("link add late0 type veth peer name late1\nlink set late0 up\nlink set late1 up");
	}

	std::string note(const std::string &dev) const
	{
		for (const auto &port : h(1).xovl_show("port show"))
			if (port.at("dev") == dev)
				return port.at("note");
		return "no such port";
	}

	/// True if a frame that arrives at a port is counted there. tenant: the other end of its veth.
	bool is_attached(const std::string &dev, const std::string &tenant) const
	{
		h(1).ip("link set " + dev + " up\nlink set " + tenant + " up");
		const auto counted = [&] { return h(1).port_counter(dev, "rx_packets"); };
		const uint64_t before = counted();
		PacketSocket(h(1), tenant)
			.send(Ethernet{.dst = "02:00:00:00:00:07", .src = "02:00:00:00:00:08"} / Payload::of(50));
		return wait_until([&] { return counted() > before; }, 1s);
	}
};

constexpr const char *kWaits = "the interface is missing (xovl apply or any change attaches it once it is there)";

} // namespace

TEST_F(Missing, OptionalPortWaits)
{
	const std::string file = with_port("{dev: late0, mode: tc, optional: true}");
	const Result applied = h(1).apply(file);
	ASSERT_TRUE(applied.ok()) << applied.text();
	EXPECT_EQ(applied.err, "");
	EXPECT_EQ(h(1).apply(file).out, "") << "a second run changes nothing";
	EXPECT_EQ(note("late0"), kWaits);
	EXPECT_NE(h(1).save().find("{dev: late0, mode: tc, optional: true}"), std::string::npos) << h(1).save();
	EXPECT_TRUE(pings(c(1), net().tenant4(2))) << "the others work";
	const TempFile saved(h(1).save());
	EXPECT_EQ(h(1).xovl_must("apply --dry-run " + saved.path()), "");
	make_late();
	for (const char *look : {"port show", "net show", "stats", "fdb show", "save", "limits show"})
		h(1).xovl_must(look);
	EXPECT_FALSE(is_attached("late0", "late1")) << "a look attaches nothing";
	EXPECT_NE(h(1).apply(file).out.find("~ late0 attached, mode tc"), std::string::npos);
	EXPECT_TRUE(is_attached("late0", "late1"));
	EXPECT_EQ(note("late0"), "");
}

TEST_F(Missing, AnyChangeAttachesWhatIsThere)
{
	unsigned number = 0;
	for (const char *change : {"fdb add 02:00:00:00:00:77 net blue dst 192.0.2.2",
				   "fdb del 02:00:00:00:00:77 net blue", "fdb flush net blue", "net set blue mtu 1400",
				   "net add red encap vxlan vni 7", "flood add net blue dst 192.0.2.9",
				   "port add other0 net blue optional", "vtep add 198.51.100.9", "port del other0"}) {
		SCOPED_TRACE(change);
		const std::string dev = fmt::format("late{}", number++);
		h(1).xovl_must("port add " + dev + " net blue mode tc optional");
		EXPECT_EQ(note(dev), kWaits);
		h(1).ip("link add " + dev + " up type veth peer name peer" + dev + "\nlink set peer" + dev + " up");
		h(1).xovl_must(change);
		EXPECT_EQ(note(dev), "");
		EXPECT_TRUE(is_attached(dev, "peer" + dev));
	}
}

TEST_F(Missing, MadeAgainIsAttachedAgain)
{
	h(1).xovl_must("fdb add 02:00:00:00:00:55 net blue dev port0");
	make_late();
	h(1).xovl_must("port add late0 net blue mode tc");
	const TempFile saved(h(1).save());
	h(1).ip("link del late0");
	EXPECT_EQ(note("late0"), kWaits);
	const Result applied = h(1).xovl("apply " + saved.path());
	EXPECT_TRUE(applied.ok()) << applied.text();
	EXPECT_EQ(applied.out, "");
	EXPECT_EQ(applied.err, "xovl: apply: note: late0 is missing: any change attaches it once it is there\n");
	EXPECT_EQ(h(1).xovl("port add late0 net blue mode tc").status, 1) << "it is known, and not there";
	make_late();
	EXPECT_NE(note("late0"), "");
	const Result other = h(1).xovl("port add late0 net blue mode auto");
	EXPECT_EQ(other.status, 1);
	EXPECT_NE(other.err.find(
			  "its interface is back (xovl apply or any change attaches it; xovl port set changes it)"),
		  std::string::npos)
		<< other.err;
	EXPECT_EQ(h(1).xovl_must("apply --dry-run " + saved.path()), "~ late0 is attached\n");
	h(1).xovl_must("port add late0 net blue mode tc");
	EXPECT_EQ(note("late0"), "");
	EXPECT_TRUE(is_attached("late0", "late1"));
	EXPECT_EQ(h(1).xovl("port add late0 net blue mode tc").status, 1) << "now it exists";
	EXPECT_EQ(h(1).xovl_must("apply " + saved.path()), "");
	EXPECT_TRUE(h(1).fdb("02:00:00:00:00:55"));
}

TEST_F(Missing, OptionalUplinkWaits)
{
	std::string file = net_->config(1);
	const std::string uplinks = "uplinks:\n";
	file.insert(file.find(uplinks) + uplinks.size(), "  - {dev: late0, mode: tc, optional: true}\n");
	const Result applied = h(1).apply(file);
	ASSERT_TRUE(applied.ok()) << applied.text();
	EXPECT_EQ(h(1).apply(file).out, "") << "a second run changes nothing";
	EXPECT_EQ(h(1).xovl_show("uplink show").at(0).at("note"), kWaits);
	EXPECT_NE(h(1).save().find("{dev: late0, mode: tc, optional: true}"), std::string::npos) << h(1).save();
	EXPECT_TRUE(pings(c(1), net().tenant4(2))) << "the other one works";
	make_late();
	h(1).xovl_must("fdb flush net blue");
	EXPECT_EQ(h(1).xovl_show("uplink show").at(0).at("note"), "");
}

TEST_F(Missing, UplinkMadeAgainIsAttachedAgain)
{
	make_late();
	h(1).xovl_must("uplink add late0 mode tc");
	const std::string before = h(1).save();
	h(1).ip("link del late0");
	EXPECT_EQ(h(1).xovl("uplink add late0 mode tc").status, 1) << "it is known, and not there";
	make_late();
	const auto note_of_uplink = [&]() -> std::string { return h(1).xovl_show("uplink show").at(1).at("note"); };
	EXPECT_NE(note_of_uplink(), "");
	const Result other = h(1).xovl("uplink add late0");
	EXPECT_EQ(other.status, 1);
	EXPECT_NE(other.err.find(
			  "its interface is back (xovl apply or any change attaches it; xovl uplink set late0 changes "
			  "it)"),
		  std::string::npos)
		<< other.err;
	h(1).xovl_must("uplink add late0 mode tc");
	EXPECT_EQ(note_of_uplink(), "");
	EXPECT_EQ(h(1).save(), before);
	EXPECT_NE(h(1).xovl("uplink add late0 mode tc").err.find("exists already (another interface)"),
		  std::string::npos);
}

TEST_F(Missing, ErrorNamesTheCure)
{
	const Result refused = h(1).apply(with_port("{dev: late0}"));
	EXPECT_EQ(refused.status, 1) << refused.text();
	EXPECT_NE(refused.err.find("there is no interface late0 (ip link; with optional on, in a file optional: true, "
				   "xovl waits for it)"),
		  std::string::npos)
		<< refused.err;
	EXPECT_EQ(h(1).xovl("uplink add late0").status, 1);
	EXPECT_EQ(h(1).xovl("port add late0 net blue").status, 1);
	EXPECT_EQ(h(1).xovl("port add late0 net blue optional off").status, 1);
	h(1).xovl_must("port add late0 net blue optional on vid 7");
	h(1).xovl_must("port add late0 net blue optional vid 8");
	EXPECT_EQ(note("late0"), kWaits);
}

} // namespace xovl::test
