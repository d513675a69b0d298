// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * xovl on h1 against Open vSwitch with its userspace datapath on h2.
 *
 *   c1 eth0 --- port0 h1 up0 ------- up0 h2 [phy, tun0 - br0 - port0] --- eth0 c2
 *               xovl                        Open vSwitch
 *
 * Addresses as in tests/e2e/traffic_test.cpp.
 */
#include <iostream>
#include <optional>
#include <string>
#include <tuple>

#include <fmt/format.h>

#include "ovs.hpp"
#include "sockets.hpp"
#include "topology.hpp"

namespace xovl::test {

namespace {

/// One tunnel in the configuration of both sides.
struct Kind {
	const char *name;
	const char *encap;
	const char *type;         ///< of Open vSwitch's port
	const char *port;         ///< its options
	const char *network = ""; ///< lines of xovl's network
	unsigned options = 0;     ///< octets that these lines add
	bool keyed = true;
	bool each_its_own = false; ///< every packet has its own checksum or sequence number
};

std::ostream &operator<<(std::ostream &out, const Kind &kind)
{
	return out << kind.name;
}

const Kind kVxlan = {"vxlan", "vxlan", "vxlan", "key=100"};
const Kind kVxlanPort = {"vxlan_port", "vxlan", "vxlan", "key=100 dst_port=8472", "    dstport: 8472\n"};
const Kind kVxlanCsum = {.name = "vxlan_csum",
			 .encap = "vxlan",
			 .type = "vxlan",
			 .port = "key=100 csum=true",
			 .network = "    udpcsum: true\n    gso: false\n",
			 .each_its_own = true};
const Kind kGeneve = {"geneve", "geneve", "geneve", "key=100"};
const Kind kGeneveCsum = {.name = "geneve_csum",
			  .encap = "geneve",
			  .type = "geneve",
			  .port = "key=100 csum=true",
			  .network = "    udpcsum: true\n    gso: false\n",
			  .each_its_own = true};
const Kind kGre = {"gre", "gre", "gre", "key=100"};
const Kind kGreKeyless = {.name = "gre_keyless", .encap = "gre", .type = "gre", .port = "", .keyed = false};
// Not checksum and number together: Open vSwitch 3.1 computes the checksum before it writes the number, and drops its
// own packets.
const Kind kGreCsum = {.name = "gre_csum",
		       .encap = "gre",
		       .type = "gre",
		       .port = "key=100 csum=true",
		       .network = "    csum: true\n    gso: false\n",
		       .options = 4,
		       .each_its_own = true};
const Kind kGreSeq = {.name = "gre_seq",
		      .encap = "gre",
		      .type = "gre",
		      .port = "key=100 seq=true",
		      .network = "    seq: strict\n    gso: false\n",
		      .options = 4,
		      .each_its_own = true};

class OvsTest : public OverlayTest {
protected:
	void SetUp() override
	{
		if (!Ovs::installed())
			GTEST_SKIP() << "no Open vSwitch here (package openvswitch-switch)";
	}

	void TearDown() override
	{
		if (HasFailure() && ovs_)
			std::cerr << ovs_->state();
		ovs_.reset();
		net_.reset();
	}

	static Plan plan(const Kind &kind, bool v6, const std::string &mode = "tc")
	{
		return {.port_mode = mode,
			.uplink_mode = mode,
			.v6 = v6,
			.network = kind.network,
			.encap = kind.encap,
			.vni = kind.keyed ? std::optional<uint32_t>(100) : std::nullopt,
			.options = kind.options};
	}

	/// Succeeds if one of three attempts does. Userspace Open vSwitch loses a packet now and then when it gets no
	/// CPU, but drops packets that it does not understand every time.
	static testing::AssertionResult in_three(const std::function<testing::AssertionResult()> &attempt)
	{
		for (int i = 0; i < 2; i++)
			if (attempt())
				return testing::AssertionSuccess();
		return attempt();
	}

	void carries_everything() const
	{
		const auto pinged = [&](int from, const std::string &address, unsigned count = 3, unsigned size = 56) {
			return in_three([&] { return pings(c(from), address, count, size); });
		};
		EXPECT_TRUE(pinged(1, Topology::tenant4(2)));
		EXPECT_TRUE(pinged(2, Topology::tenant6(1)));
		EXPECT_TRUE(pinged(2, Topology::tenant4(1), 2, net_->tenant_mtu() - 28));
		EXPECT_TRUE(pinged(1, Topology::tenant6(2), 2, net_->tenant_mtu() - 48));
		for (const size_t size : {1, 17, 100, 1300})
			for (const auto &address : {Topology::tenant4, Topology::tenant6})
				ASSERT_TRUE(in_three(
					[&] { return udp_both_ways(c(1), address(1), c(2), address(2), size); }));
	}

	void carries_tcp() const
	{
		EXPECT_TRUE(tcp_content(c(1), c(2), Topology::tenant4(2), 4 << 20));
		EXPECT_TRUE(tcp_content(c(2), c(1), Topology::tenant4(1), 4 << 20));
		EXPECT_TRUE(tcp_content(c(1), c(2), Topology::tenant6(2), 4 << 20));
		EXPECT_TRUE(tcp_content(c(2), c(1), Topology::tenant6(1), 4 << 20));
	}

	std::optional<Ovs> ovs_;
};

/// Open vSwitch at both ends, without xovl: a failure here is not a fault of xovl.
class OvsItself : public OvsTest, public testing::WithParamInterface<std::tuple<Kind, bool>> {
protected:
	void TearDown() override
	{
		other_.reset();
		OvsTest::TearDown();
	}

	std::optional<Ovs> other_;
};

/// xovl on h1.
class OvsAndXovl : public OvsTest {
protected:
	void TearDown() override
	{
		if (net_) {
			EXPECT_EQ(h(1).down_and_check(), "");
		}
		OvsTest::TearDown();
	}

	void start(const Kind &kind, bool v6, const std::string &mode)
	{
		prepare(plan(kind, v6, mode));
		ovs_.emplace(net(), 2);
		ovs_->tunnel(kind.type, kind.port);
		const Result result = h(1).apply(net().config(1));
		ASSERT_TRUE(result.ok()) << result.text();
	}

	void expect_no_drops() const { EXPECT_TRUE(h(1).drops().empty()) << h(1).drops().dump(1); }
};

class OvsPeer : public OvsAndXovl, public testing::WithParamInterface<std::tuple<Kind, std::string, bool>> {
protected:
	void SetUp() override
	{
		OvsAndXovl::SetUp();
		if (IsSkipped())
			return;
		const auto &[kind, mode, v6] = GetParam();
		start(kind, v6, mode);
		// a super-frame cannot be segmented if each packet needs its own checksum or number: gso_numbered
		if (!HasFatalFailure() && kind.each_its_own)
			c(1).offload("eth0", "tso off");
	}
};

/*
 * GENEVE options: flows of Open vSwitch match the options that xovl sends, and set the options that xovl requires.
 */
class OvsOptions : public OvsAndXovl, public testing::WithParamInterface<std::tuple<std::string, bool>> {
protected:
	static constexpr const char *kToXovl = "priority=9,cookie=1,in_port=port0,actions={}output:tun0\n";
	static constexpr const char *kFromXovl = "priority=9,cookie=2,in_port=tun0{},actions=output:port0\n";

	void SetUp() override
	{
		OvsAndXovl::SetUp();
		if (IsSkipped())
			return;
		Kind kind = kGeneve;
		kind.options = 140; // room for the options of both sides
		start(kind, std::get<1>(GetParam()), std::get<0>(GetParam()));
		if (!HasFatalFailure())
			ovs_->ofctl("add-tlv-map", "{class=0x0102,type=0x80,len=4}->tun_metadata0,"
						   "{class=0x0103,type=0x01,len=8}->tun_metadata1,"
						   "{class=0x0104,type=0x02,len=60}->tun_metadata2,"
						   "{class=0x0105,type=0x03,len=124}->tun_metadata3");
	}

	/// set: "set_field:1->tun_metadata0,"; required: ",tun_metadata0=1"
	void flows(const std::string &set, const std::string &required = {}) const
	{
		ovs_->flows(fmt::format(fmt::runtime(kToXovl), set) + fmt::format(fmt::runtime(kFromXovl), required) +
			    "priority=0,actions=drop");
	}

	/// Open vSwitch sends the options before xovl requires them, so that no tenant's packet is dropped in between.
	/// xovl knows the critical options, because it sends them itself.
	void require(const std::string &match, const std::string &set) const
	{
		h(1).xovl_must("net set blue geneve-opt 0x0102:0x80:00010002,0x0103:0x01:deadbeefcafef00d");
		flows(set);
		h(1).xovl_must("net set blue geneve-match " + match);
	}

	/// Expects that xovl drops every packet from the other side for this reason.
	void expect_dropped(const std::string &reason) const
	{
		const uint64_t before = h(1).drops(reason);
		EXPECT_FALSE(pings(c(2), Topology::tenant4(1), 3));
		EXPECT_GE(h(1).drops(reason), before + 3);
	}
};

std::string itself_name(const testing::TestParamInfo<OvsItself::ParamType> &info)
{
	const auto &[kind, v6] = info.param;
	return std::string(kind.name) + (v6 ? "_v6" : "_v4");
}

std::string peer_name(const testing::TestParamInfo<OvsPeer::ParamType> &info)
{
	const auto &[kind, mode, v6] = info.param;
	return kind.name + ("_" + mode) + (v6 ? "_v6" : "_v4");
}

std::string options_name(const testing::TestParamInfo<OvsOptions::ParamType> &info)
{
	const auto &[mode, v6] = info.param;
	return mode + (v6 ? "_v6" : "_v4");
}

std::string repeated(const std::string &digits, size_t times)
{
	std::string text;
	for (size_t i = 0; i < times; i++)
		text += digits;
	return text;
}

} // namespace

TEST_P(OvsItself, CarriesEverything)
{
	const auto &[kind, v6] = GetParam();
	prepare(plan(kind, v6));
	ovs_.emplace(net(), 1);
	other_.emplace(net(), 2);
	ovs_->tunnel(kind.type, kind.port);
	other_->tunnel(kind.type, kind.port);
	carries_everything();
	carries_tcp();
}

TEST_P(OvsPeer, CarriesEverythingBothWays)
{
	carries_everything();
	EXPECT_EQ(h(1).fdb(net().tenant_mac(2))->at("dst"), net().vtep(2));
	expect_no_drops();
}

TEST_P(OvsPeer, TcpBothWays)
{
	carries_tcp();
	expect_no_drops();
}

TEST_P(OvsOptions, BothSendAndRequireThem)
{
	require("0x0102:0x80:00010002", "set_field:0x00010002->tun_metadata0,set_field:7->tun_metadata1,");
	flows("set_field:0x00010002->tun_metadata0,set_field:7->tun_metadata1,",
	      ",tun_metadata0=0x00010002,tun_metadata1=0xdeadbeefcafef00d");
	carries_everything();
	carries_tcp();
	expect_no_drops();
	EXPECT_TRUE(wait_until([&] { return ovs_->packets(2) > 1000; })) << ovs_->ofctl("dump-flows");
}

TEST_P(OvsOptions, OthersThanRequiredAreDropped)
{
	require("0x0102:0x80:00010002/ffff0000", "set_field:0x0001abcd->tun_metadata0,");
	EXPECT_TRUE(pings(c(2), Topology::tenant4(1)));
	EXPECT_TRUE(pings(c(2), Topology::tenant6(1)));
	expect_no_drops();
	flows("set_field:0x0003abcd->tun_metadata0,");
	expect_dropped("geneve_match");
	flows("");
	expect_dropped("geneve_match");
	flows("set_field:0x00010002->tun_metadata0,");
	EXPECT_TRUE(pings(c(2), Topology::tenant4(1)));
}

TEST_P(OvsOptions, OpenVswitchTellsOursApart)
{
	h(1).xovl_must("net set blue geneve-opt 0x0103:0x01:0000000000000001");
	flows("", ",tun_metadata1=1");
	EXPECT_TRUE(pings(c(1), Topology::tenant4(2)));
	h(1).xovl_must("net set blue geneve-opt 0x0103:0x01:0000000000000002");
	EXPECT_FALSE(pings(c(1), Topology::tenant4(2)));
	h(1).xovl_must("net set blue geneve-opt none");
	EXPECT_FALSE(pings(c(1), Topology::tenant4(2)));
	flows("");
	EXPECT_TRUE(pings(c(1), Topology::tenant4(2)));
	expect_no_drops();
}

TEST_P(OvsOptions, UnknownOnesPassUnlessCritical)
{
	flows(fmt::format("set_field:7->tun_metadata1,set_field:0x{}->tun_metadata3,", repeated("5a", 124)));
	EXPECT_TRUE(pings(c(2), Topology::tenant4(1)));
	EXPECT_TRUE(tcp_content(c(2), c(1), Topology::tenant6(1)));
	expect_no_drops();
	flows("set_field:7->tun_metadata0,");
	expect_dropped("geneve_critical");
}

TEST_P(OvsOptions, TheLongestListThatWeSend)
{
	const std::string data = repeated("0123456789", 12);
	h(1).xovl_must("net set blue geneve-opt 0x0104:0x02:" + data);
	flows("", ",tun_metadata2=0x" + data);
	carries_everything();
	carries_tcp();
	expect_no_drops();
}

const auto kKinds = testing::Values(kVxlan, kGeneve, kGre);
const auto kVariants = testing::Values(kVxlanPort, kVxlanCsum, kGeneveCsum, kGreKeyless, kGreCsum, kGreSeq);
const auto kModes = testing::Values("native", "tc");

INSTANTIATE_TEST_SUITE_P(Kinds, OvsItself, testing::Combine(kKinds, testing::Bool()), itself_name);
INSTANTIATE_TEST_SUITE_P(Variants, OvsItself, testing::Combine(kVariants, testing::Values(false)), itself_name);
INSTANTIATE_TEST_SUITE_P(Kinds, OvsPeer, testing::Combine(kKinds, kModes, testing::Bool()), peer_name);
INSTANTIATE_TEST_SUITE_P(NativeVariants, OvsPeer,
			 testing::Combine(kVariants, testing::Values("native"), testing::Values(true)), peer_name);
INSTANTIATE_TEST_SUITE_P(TcVariants, OvsPeer,
			 testing::Combine(kVariants, testing::Values("tc"), testing::Values(false)), peer_name);
INSTANTIATE_TEST_SUITE_P(Modes, OvsOptions, testing::Combine(kModes, testing::Bool()), options_name);

} // namespace xovl::test
