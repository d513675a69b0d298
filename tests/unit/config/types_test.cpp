// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/types.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstring>
#include <limits>

#include "expect_error.hpp"

using namespace xovl;

namespace {

struct AddressCase {
	const char *text;
	const char *printed;
	int family;
	bool multicast = false;
	bool unspecified = false;
};

const AddressCase kAddresses[] = {
	{"10.0.0.1", "10.0.0.1", AF_INET},
	{"255.255.255.255", "255.255.255.255", AF_INET},
	{"0.0.0.0", "0.0.0.0", AF_INET, false, true},
	{"223.255.255.255", "223.255.255.255", AF_INET},
	{"224.0.0.1", "224.0.0.1", AF_INET, true},
	{"239.255.255.255", "239.255.255.255", AF_INET, true},
	{"240.0.0.1", "240.0.0.1", AF_INET},
	{"::ffff:10.0.0.1", "10.0.0.1", AF_INET},
	{"::ffff:e000:1", "224.0.0.1", AF_INET, true},
	{"fd00::1", "fd00::1", AF_INET6},
	{"FD00:0:0::0001", "fd00::1", AF_INET6},
	{"::", "::", AF_INET6, false, true},
	{"::1", "::1", AF_INET6},
	{"::10.0.0.1", "::10.0.0.1", AF_INET6},
	{"fe80::1", "fe80::1", AF_INET6},
	{"ff02::1", "ff02::1", AF_INET6, true},
	{"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", AF_INET6},
};

} // namespace

TEST(Address, ParsesAndPrints)
{
	for (const auto &c : kAddresses) {
		SCOPED_TRACE(c.text);
		const Address address = Address::parse(c.text);
		EXPECT_EQ(address.str(), c.printed);
		EXPECT_EQ(address.family(), c.family);
		EXPECT_EQ(address.is_v4(), c.family == AF_INET);
		EXPECT_STREQ(address.family_name(), c.family == AF_INET ? "IPv4" : "IPv6");
		EXPECT_EQ(address.is_multicast(), c.multicast);
		EXPECT_EQ(address.is_unspecified(), c.unspecified);
		EXPECT_EQ(Address(address.raw()), address);
		EXPECT_EQ(Address::parse(address.str()), address);
	}
}

TEST(Address, KeepsIpv4Mapped)
{
	const uint8_t expected[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1};
	EXPECT_EQ(memcmp(Address::parse("10.0.0.1").raw().bytes, expected, sizeof(expected)), 0);
}

TEST(Address, DefaultIsUnspecified)
{
	EXPECT_TRUE(Address().is_unspecified());
	EXPECT_EQ(Address().str(), "::");
}

TEST(Address, Orders)
{
	EXPECT_LT(Address::parse("10.0.0.1"), Address::parse("10.0.0.2"));
	EXPECT_EQ(Address::parse("10.0.0.1"), Address::parse("::ffff:10.0.0.1"));
	EXPECT_NE(Address::parse("::10.0.0.1"), Address::parse("10.0.0.1"));
}

TEST(Address, RefusesWhatIsNone)
{
	for (const char *text :
	     {"",          " ",           "10.0.0",       "10.0.0.256", "10.0.0.1/24",       "10.0.0.1 ",
	      " 10.0.0.1", "10.0.0.1.2",  "0x0a000001",   "167772161",  "010.0.0.1",         "fd00::1/64",
	      "fd00:::1",  "fd00::12345", "fe80::1%eth0", "[fd00::1]",  "1:2:3:4:5:6:7:8:9", "localhost",
	      "10,0,0,1",  "-1.0.0.1"}) {
		SCOPED_TRACE(text);
		EXPECT_EQ(complaint([&] { Address::parse(text); }),
			  '"' + std::string(text) + "\" is not an IP address (as 10.0.0.1 or fd00::1)");
	}
	EXPECT_EQ(complaint([] { Address::parse(std::string_view("10.0.0.1\0x", 10)); }),
		  "\"10.0.0.1\\x00x\" is not an IP address (as 10.0.0.1 or fd00::1)");
}

TEST(Mac, TakesEveryUsualForm)
{
	const Mac expected({0x02, 0x0a, 0xbc, 0xde, 0xf0, 0x99});
	for (const char *text : {"02:0a:bc:de:f0:99", "02:0A:BC:DE:F0:99", "02-0a-bc-de-f0-99", "020a.bcde.f099",
				 "020A.BCDE.F099", "020abcdef099", "020ABCDEF099"}) {
		SCOPED_TRACE(text);
		EXPECT_EQ(Mac::parse(text), expected);
		EXPECT_EQ(Mac::parse(text).str(), "02:0a:bc:de:f0:99");
	}
}

TEST(Mac, RefusesWhatIsNone)
{
	for (const char *text :
	     {"", "02", "02:00:00:00:00", "02:00:00:00:00:99:", "02:00:00:00:00:99:00", ":02:00:00:00:00:99",
	      "02:00-00:00:00:99", "02:00:00:00:00:9g", "2:0:0:0:0:99", "020000000", "0200000000990",
	      "02.00.00.00.00.99", "0200:0000:0099", "02 00 00 00 00 99", "0x0200000000", "02:00:00:00:00:99 "}) {
		SCOPED_TRACE(text);
		EXPECT_EQ(complaint([&] { Mac::parse(text); }),
			  '"' + std::string(text) + "\" is not a MAC address (as 02:00:00:00:00:99)");
	}
}

TEST(Mac, KnowsGroupAndZero)
{
	EXPECT_FALSE(Mac::parse("02:00:00:00:00:99").is_group());
	EXPECT_TRUE(Mac::parse("01:00:5e:00:00:01").is_group());
	EXPECT_TRUE(Mac::parse("ff:ff:ff:ff:ff:ff").is_group());
	EXPECT_TRUE(Mac::parse("00:00:00:00:00:00").is_zero());
	EXPECT_FALSE(Mac::parse("00:00:00:00:00:01").is_zero());
	EXPECT_TRUE(Mac().is_zero());
}

TEST(Encap, NamesAndMessages)
{
	EXPECT_EQ(parse_encap("vxlan"), XOVL_ENCAP_VXLAN);
	EXPECT_EQ(parse_encap("geneve"), XOVL_ENCAP_GENEVE);
	EXPECT_EQ(parse_encap("gre"), XOVL_ENCAP_GRE);
	EXPECT_EQ(parse_encap("nvgre"), XOVL_ENCAP_NVGRE);
	for (auto encap : {XOVL_ENCAP_VXLAN, XOVL_ENCAP_GENEVE, XOVL_ENCAP_GRE, XOVL_ENCAP_NVGRE})
		EXPECT_EQ(parse_encap(name_of(encap)), encap);
	for (const char *unknown : {"", "VXLAN", "vxlan ", "ipip"})
		EXPECT_EQ(complaint([&] { parse_encap(unknown); }),
			  '"' + std::string(unknown) + "\" is not an encap (vxlan|geneve|gre|nvgre)");
}

TEST(Types, WhoCarriesPackets)
{
	EXPECT_EQ(parse_via("direct"), XOVL_VIA_DIRECT);
	EXPECT_EQ(parse_via("kernel"), XOVL_VIA_KERNEL);
	EXPECT_EQ(parse_via("auto"), XOVL_VIA_AUTO);
	for (auto via : {XOVL_VIA_AUTO, XOVL_VIA_DIRECT, XOVL_VIA_KERNEL})
		EXPECT_EQ(parse_via(name_of(via)), via);
	EXPECT_TRUE(parse_require("encrypted"));
	EXPECT_FALSE(parse_require("none"));
	for (bool encrypted : {false, true})
		EXPECT_EQ(parse_require(require_word(encrypted)), encrypted);
	for (const char *unknown : {"", "Kernel", "kernel ", "off"}) {
		EXPECT_EQ(complaint([&] { parse_via(unknown); }),
			  '"' + std::string(unknown) + "\" is not a value of via (direct|kernel|auto)");
		EXPECT_EQ(complaint([&] { parse_require(unknown); }),
			  '"' + std::string(unknown) + "\" is not a value of require (encrypted|none)");
	}
}

TEST(Encap, PortsOfThoseThatHaveOne)
{
	EXPECT_EQ(default_dstport(XOVL_ENCAP_VXLAN), 4789);
	EXPECT_EQ(default_dstport(XOVL_ENCAP_GENEVE), 6081);
	EXPECT_EQ(default_dstport(XOVL_ENCAP_GRE), 0);
	EXPECT_EQ(default_dstport(XOVL_ENCAP_NVGRE), 0);
}

TEST(Encap, Identifiers)
{
	EXPECT_EQ(parse_id(XOVL_ENCAP_VXLAN, "16777215"), 0xffffffu);
	EXPECT_EQ(parse_id(XOVL_ENCAP_GENEVE, "0"), 0u);
	EXPECT_EQ(parse_id(XOVL_ENCAP_NVGRE, "0xffffff"), 0xffffffu);
	EXPECT_EQ(parse_id(XOVL_ENCAP_GRE, "0xffffffff"), 0xffffffffu);
	EXPECT_EQ(parse_id(XOVL_ENCAP_GRE, "none"), std::nullopt);
	auto refused = [](xovl_encap encap, const char *text) { return complaint([&] { parse_id(encap, text); }); };
	EXPECT_EQ(refused(XOVL_ENCAP_GENEVE, "16777216"), "VNI 16777216 is out of range (0-16777215)");
	EXPECT_EQ(refused(XOVL_ENCAP_NVGRE, "16777216"), "VSID 16777216 is out of range (0-16777215)");
	EXPECT_EQ(refused(XOVL_ENCAP_GRE, "4294967296"), "GRE key 4294967296 is out of range (0-4294967295)");
	EXPECT_EQ(refused(XOVL_ENCAP_VXLAN, "none"), "VNI \"none\" is not a number (0-16777215)");
	EXPECT_EQ(refused(XOVL_ENCAP_NVGRE, "none"), "VSID \"none\" is not a number (0-16777215)");
}

TEST(Mode, NamesAndMessages)
{
	for (auto mode : {XOVL_MODE_AUTO, XOVL_MODE_NATIVE, XOVL_MODE_GENERIC, XOVL_MODE_TC})
		EXPECT_EQ(parse_mode(name_of(mode)), mode);
	EXPECT_EQ(parse_mode("auto"), XOVL_MODE_AUTO);
	EXPECT_EQ(parse_mode("native"), XOVL_MODE_NATIVE);
	EXPECT_EQ(parse_mode("generic"), XOVL_MODE_GENERIC);
	EXPECT_EQ(parse_mode("tc"), XOVL_MODE_TC);
	for (const char *unknown : {"", "xdp", "TC", "skb"})
		EXPECT_EQ(complaint([&] { parse_mode(unknown); }),
			  '"' + std::string(unknown) + "\" is not a mode (auto|native|generic|tc)");
}

TEST(Number, TakesDecimalAndHex)
{
	EXPECT_EQ(parse_number(kVniRange, "0"), 0u);
	EXPECT_EQ(parse_number(kVniRange, "16777215"), 16777215u);
	EXPECT_EQ(parse_number(kVniRange, "0xffffff"), 16777215u);
	EXPECT_EQ(parse_number(kVniRange, "0XAb"), 0xabu);
	EXPECT_EQ(parse_number(kVniRange, "010"), 10u);
	EXPECT_EQ(parse_number("key", "0xffffffffffffffff", 0, std::numeric_limits<uint64_t>::max()),
		  std::numeric_limits<uint64_t>::max());
}

TEST(Number, SaysWhatIsNotOne)
{
	for (const char *text :
	     {"", "abc", "1x", "x1", "0x", "0xg", "1.5", "1e3", "+1", " 1", "1 ", "-", "--1", "- 1", "1,000"}) {
		SCOPED_TRACE(text);
		EXPECT_EQ(complaint([&] { parse_number("VNI", text, 0, 16777215); }),
			  "VNI \"" + std::string(text) + "\" is not a number (0-16777215)");
	}
}

TEST(Number, SaysWhatIsOutOfRange)
{
	struct Case {
		NumberRange range;
		const char *text;
		const char *message;
	};
	const Case cases[] = {
		{kVniRange, "16777216", "VNI 16777216 is out of range (0-16777215)"},
		{kVniRange, "-1", "VNI -1 is out of range (0-16777215)"},
		{kVniRange, "0x1000000", "VNI 0x1000000 is out of range (0-16777215)"},
		{kVniRange, "18446744073709551616", "VNI 18446744073709551616 is out of range (0-16777215)"},
		{kVlanRange, "0", "VLAN 0 is out of range (1-4094)"},
		{kVlanRange, "4095", "VLAN 4095 is out of range (1-4094)"},
		{kDstportRange, "0", "dstport 0 is out of range (1-65535)"},
		{kDstportRange, "65536", "dstport 65536 is out of range (1-65535)"},
		{kMtuRange, "67", "MTU 67 is out of range (68-65535, or 0)"},
		{kMtuRange, "65536", "MTU 65536 is out of range (68-65535, or 0)"},
		{kAgeingRange, "1000001", "ageing 1000001 is out of range (0-1000000)"},
	};
	for (const auto &c : cases) {
		SCOPED_TRACE(c.message);
		EXPECT_EQ(complaint([&] { parse_number(c.range, c.text); }), c.message);
	}
}

TEST(Number, KeepsTheEdges)
{
	EXPECT_EQ(parse_number(kVlanRange, "1"), 1u);
	EXPECT_EQ(parse_number(kVlanRange, "4094"), 4094u);
	EXPECT_EQ(parse_number(kDstportRange, "1"), 1u);
	EXPECT_EQ(parse_number(kDstportRange, "65535"), 65535u);
	EXPECT_EQ(parse_number(kMtuRange, "0"), 0u);
	EXPECT_EQ(parse_number(kMtuRange, "68"), 68u);
	EXPECT_EQ(parse_number(kMtuRange, "65535"), 65535u);
	EXPECT_EQ(parse_number(kAgeingRange, "0"), 0u);
	EXPECT_EQ(parse_number(kAgeingRange, "1000000"), 1000000u);
}

TEST(OnOff, TakesNothingElse)
{
	EXPECT_TRUE(parse_on_off("learning", "on"));
	EXPECT_FALSE(parse_on_off("learning", "off"));
	for (const char *text : {"", "On", "true", "1", "yes"})
		EXPECT_EQ(complaint([&] { parse_on_off("learning", text); }),
			  '"' + std::string(text) + "\" is not a value of learning (on|off)");
}

TEST(NetName, Rules)
{
	for (const char *good : {"blue", "a", "0", ".", "a-b_c.d", "_x", "null", "1234567890123456789012345678901"})
		EXPECT_EQ(parse_net_name(good), good);
	for (const char *bad : {"", "-blue", "a b", "a/b", "a:b", "bl\xc3\xbc", "12345678901234567890123456789012"})
		EXPECT_EQ(complaint([&] { parse_net_name(bad); }),
			  in_quotes(bad) +
				  " is not a network name (1-31 letters, digits, '.', '_' or '-', and no '-' first)");
}

TEST(DevName, Rules)
{
	for (const char *good :
	     {"eth0", "a", "eth0.100", "-x", "...", "veth@x", "br-{1}", "#1", "\"q\\", "123456789012345"})
		EXPECT_EQ(parse_dev_name(good), good);
	for (const char *bad : {"", ".", "..", "a b", "a\tb", "a/b", "a:b", "\x7f", "et\xc3\xbc", "1234567890123456"})
		EXPECT_EQ(complaint([&] { parse_dev_name(bad); }),
			  in_quotes(bad) +
				  " is not an interface name (1-15 printable characters, no space, '/' or ':')");
}
