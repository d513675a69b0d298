// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// GENEVE options: their text, their octets on the wire, and the messages for invalid ones.
#include "config/geneve.hpp"

#include <gtest/gtest.h>

#include "expect_error.hpp"

using namespace xovl;

namespace {

using Octets = std::vector<uint8_t>;

struct Case {
	const char *text;
	GeneveOption option;
	const char *printed;
};

const Case kOptions[] = {
	{"0x0102:0x80:00010002", {0x0102, 0x80, {0, 1, 0, 2}}, "0x0102:0x80:00010002"},
	{"258:128:00010002", {0x0102, 0x80, {0, 1, 0, 2}}, "0x0102:0x80:00010002"},
	{"0xFFFF:0XFF:AbCdEf01", {0xffff, 0xff, {0xab, 0xcd, 0xef, 0x01}}, "0xffff:0xff:abcdef01"},
	{"0:0:", {0, 0, {}}, "0x0000:0x00:"},
	{"1:2:0011223344556677", {1, 2, {0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77}}, "0x0001:0x02:0011223344556677"},
};

std::string not_an_option(const std::string &text)
{
	return '"' + text + "\" is not a GENEVE option (CLASS:TYPE:HEXDATA, as 0x0102:0x80:00010002)";
}

std::string too_much_data(size_t octets)
{
	return "option data of " + std::to_string(octets) + " octets (a multiple of 4, at most 60)";
}

std::string digits(size_t octets)
{
	return std::string(2 * octets, 'a');
}

} // namespace

TEST(GeneveOption, ParsesAndPrints)
{
	for (const auto &c : kOptions) {
		SCOPED_TRACE(c.text);
		EXPECT_EQ(GeneveOption::parse(c.text), c.option);
		EXPECT_EQ(c.option.str(), c.printed);
		EXPECT_EQ(GeneveOption::parse(c.printed), c.option);
		EXPECT_EQ(c.option.size(), 4 + c.option.data.size());
	}
	EXPECT_EQ(GeneveOption::parse("1:2:" + digits(60)).size(), kOptionsMax);
}

TEST(GeneveOption, SaysWhatIsNone)
{
	auto refused = [](const std::string &text) { return complaint([&] { GeneveOption::parse(text); }); };
	for (const char *text : {"", "1", "1:2", "00010002"})
		EXPECT_EQ(refused(text), not_an_option(text));
	EXPECT_EQ(refused(":1:"), "option class \"\" is not a number (0-65535)");
	EXPECT_EQ(refused("65536:1:"), "option class 65536 is out of range (0-65535)");
	EXPECT_EQ(refused("1::"), "option type \"\" is not a number (0-255)");
	EXPECT_EQ(refused("1:0x100:"), "option type 0x100 is out of range (0-255)");
	for (const char *data : {"0", "000", "0x00010002", "0001 002", "0001000g", "00010002:", "00010002 "})
		EXPECT_EQ(refused("1:2:" + std::string(data)),
			  "option data " + in_quotes(data) + " is not hex (pairs of hex digits, as 00010002)");
	for (size_t octets : {1, 2, 3, 5, 61, 64, 124, 128})
		EXPECT_EQ(refused("1:2:" + digits(octets)), too_much_data(octets));
}

TEST(GeneveOptions, Lists)
{
	EXPECT_TRUE(parse_options("none").empty());
	const std::vector<GeneveOption> two = parse_options("1:2:00010002,0x0102:0x80:");
	EXPECT_EQ(two, (std::vector<GeneveOption>{{1, 2, {0, 1, 0, 2}}, {0x0102, 0x80, {}}}));
	EXPECT_EQ(octets_of(two), 12u);
	EXPECT_EQ(words_of(two), (std::vector<std::string>{"0x0001:0x02:00010002", "0x0102:0x80:"}));
	EXPECT_EQ(octets_of({}), 0u);
	EXPECT_EQ(complaint([] { parse_options(""); }), not_an_option(""));
	EXPECT_EQ(complaint([] { parse_options("1:2:,"); }), not_an_option(""));
	EXPECT_EQ(complaint([] { parse_options("1:2:,none"); }), not_an_option("none"));
}

TEST(GeneveOptions, RoomForAll)
{
	EXPECT_EQ(octets_of(parse_options("1:2:" + digits(28) + ",1:3:" + digits(28))), kOptionsMax);
	EXPECT_EQ(octets_of(parse_options("1:2:" + digits(60))), kOptionsMax);
	EXPECT_EQ(complaint([] { parse_options("1:2:" + digits(28) + ",1:3:" + digits(28) + ",1:4:"); }),
		  "options of 68 octets, their headers included (at most 64)");
}

TEST(GeneveOptions, OnTheWire)
{
	EXPECT_EQ(wire_octets(parse_options("0x0102:0x80:00010002,0xfffe:1:,3:4:1122334455667788")),
		  (Octets{0x01, 0x02, 0x80, 0x01, 0x00, 0x01, 0x00, 0x02, 0xff, 0xfe, 0x01, 0x00,
			  0x00, 0x03, 0x04, 0x02, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88}));
	EXPECT_TRUE(wire_octets({}).empty());
}

TEST(GeneveMatch, ParsesAndPrints)
{
	const GeneveMatch whole = GeneveMatch::parse("0x0102:0x80:00010002");
	EXPECT_EQ(whole.option, GeneveOption::parse("0x0102:0x80:00010002"));
	EXPECT_EQ(whole.mask, Octets(4, 0xff));
	EXPECT_EQ(whole.str(), "0x0102:0x80:00010002");
	EXPECT_EQ(GeneveMatch::parse("0x0102:0x80:00010002/FFFFFFFF"), whole);

	const GeneveMatch half = GeneveMatch::parse("258:128:00010002/ffff0000");
	EXPECT_EQ(half.mask, (Octets{0xff, 0xff, 0, 0}));
	EXPECT_EQ(half.str(), "0x0102:0x80:00010002/ffff0000");
	EXPECT_EQ(GeneveMatch::parse(half.str()), half);

	EXPECT_EQ(GeneveMatch::parse("1:2:").str(), "0x0001:0x02:");
	EXPECT_EQ(GeneveMatch::parse("1:2:/"), GeneveMatch::parse("1:2:"));
}

TEST(GeneveMatch, SaysWhatIsNone)
{
	auto refused = [](const std::string &text) { return complaint([&] { GeneveMatch::parse(text); }); };
	EXPECT_EQ(refused("1:2"), not_an_option("1:2"));
	EXPECT_EQ(refused("1:2:00010002/ff"), "option mask of 1 octets (as many as the data, 4)");
	EXPECT_EQ(refused("1:2:00010002/"), "option mask of 0 octets (as many as the data, 4)");
	EXPECT_EQ(refused("1:2:00010002/0x0000"),
		  "option mask \"0x0000\" is not hex (pairs of hex digits, as 00010002)");
	EXPECT_EQ(refused("1:2:" + digits(64)), too_much_data(64));
}
