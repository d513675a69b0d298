// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tshark decodes the packets that xovl sends: every field of the outer headers, for each encapsulation and policy, over
 * IPv4 and IPv6.
 *
 *   c1 eth0 --- port0 h1 up0 ------- up0 h2: frames are captured here, without xovl
 *
 * Addresses as in tests/e2e/traffic_test.cpp.
 */
#include <algorithm>
#include <map>
#include <ostream>
#include <string>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sockets.hpp"
#include "topology.hpp"
#include "tshark.hpp"

namespace xovl::test {

namespace {

/*
 * Field -> value. The outermost occurrence counts, unless the value is a list with ";". "" is an absent field, "12*" a
 * prefix, "!0" anything but 0.
 */
using Fields = std::map<std::string, std::string>;

struct Row {
	const char *name;
	const char *network;   ///< words of `net add blue`
	const char *protocols; ///< after the outer IP header
	Fields fields;
	Fields ipv4 = {}; ///< further fields over an IPv4 underlay
	Fields ipv6 = {};
	const char *port = "";   ///< further words of `port add`
	const char *uplink = ""; ///< and of `uplink add`
	bool inner_df = true;    ///< otherwise the tenant sends only IPv4 without DF
	unsigned sport_min = 49152, sport_max = 65535;
	const char *decode_as = nullptr;
};

std::ostream &operator<<(std::ostream &out, const Row &row)
{
	return out << row.name;
}

const Row kRows[] = {
	{.name = "vxlan",
	 .network = "encap vxlan vni 100",
	 .protocols = "udp:vxlan",
	 .fields = {{"udp.dstport", "4789"},
		    {"udp.checksum", "0x0000"},
		    {"vxlan.flags", "0x0800"},
		    {"vxlan.vni", "100"},
		    {"vxlan.gbp", "0"},
		    {"vxlan.reserved8", "0"}}},
	{.name = "vxlan_policy",
	 .network =
		 "encap vxlan vni 0xffffff dstport 8472 ttl 7 dscp 46 df unset udpcsum on gso off srcport 50000-50000 "
		 "flowlabel 0xfffff",
	 .protocols = "udp:vxlan",
	 .fields = {{"udp.dstport", "8472"}, {"udp.checksum.status", "1"}, {"vxlan.vni", "16777215"}},
	 .ipv4 = {{"ip.ttl", "7"}, {"ip.dsfield.dscp", "46"}, {"ip.flags.df", "0"}},
	 .ipv6 = {{"ipv6.hlim", "7"}, {"ipv6.tclass.dscp", "46"}, {"ipv6.flow", "0x0fffff"}},
	 .sport_min = 50000,
	 .sport_max = 50000,
	 .decode_as = "udp.port==8472,vxlan"},
	{.name = "vxlan_inherit",
	 .network = "encap vxlan vni 100 ttl inherit dscp inherit df inherit flowlabel 0",
	 .protocols = "udp:vxlan",
	 .fields = {{"vxlan.vni", "100"}},
	 .ipv4 = {{"ip.ttl", "17"}, {"ip.dsfield.dscp", "10"}, {"ip.flags.df", "1"}},
	 .ipv6 = {{"ipv6.hlim", "17"}, {"ipv6.tclass.dscp", "10"}, {"ipv6.flow", "0x000000"}}},
	{.name = "vxlan_inherit_no_df",
	 .network = "encap vxlan vni 100 df inherit",
	 .protocols = "udp:vxlan",
	 .fields = {{"vxlan.vni", "100"}},
	 .ipv4 = {{"ip.flags.df", "0"}},
	 .inner_df = false},
	{.name = "vxlan_gbp",
	 .network = "encap vxlan vni 100 gbp on",
	 .protocols = "udp:vxlan",
	 .fields = {{"udp.dstport", "4789"},
		    {"vxlan.flags", "0x8800"},
		    {"vxlan.gbp", "4660"},
		    {"vxlan.vni", "100"},
		    {"vxlan.reserved8", "0"}},
	 .port = "group 0x1234"},
	{.name = "vxlan_tagged_underlay",
	 .network = "encap vxlan vni 100",
	 .protocols = "udp:vxlan",
	 .fields = {{"vlan.id", "200"}, {"vlan.priority", "0"}, {"vlan.dei", "0"}, {"vxlan.vni", "100"}},
	 .uplink = "vid 200"},
	{.name = "geneve",
	 .network = "encap geneve vni 0x123456",
	 .protocols = "udp:geneve",
	 .fields = {{"udp.dstport", "6081"},
		    {"udp.checksum", "0x0000"},
		    {"geneve.version", "0"},
		    {"geneve.flags", "0x00"},
		    {"geneve.proto_type", "0x6558"},
		    {"geneve.vni", "0x123456"},
		    {"geneve.reserved", "0x00"},
		    {"geneve.options", ""}}},
	{.name = "geneve_options",
	 .network = "encap geneve vni 100 geneve-opt 0x0102:0x80:00010002,0x0103:0x01:deadbeefcafef00d",
	 .protocols = "udp:geneve",
	 .fields = {{"geneve.version", "0"},
		    {"geneve.flags", "0x40"},
		    {"geneve.flags.oam", "0"},
		    {"geneve.flags.critical", "1"},
		    {"geneve.proto_type", "0x6558"},
		    {"geneve.vni", "0x000064"},
		    {"geneve.option.class", "0x0102;0x0103"},
		    {"geneve.option.length", "20;8;12"},
		    {"geneve.options", "010280010001000201030102deadbeefcafef00d"}}},
	{.name = "geneve_options_of_the_port",
	 .network = "encap geneve vni 100 geneve-opt 0x0103:0x01:deadbeef",
	 .protocols = "udp:geneve",
	 .fields = {{"geneve.flags", "0x40"},
		    {"geneve.option.class", "0x0103;0x0104;0xffff"},
		    {"geneve.options", "01030101deadbeef01048000ffff7f01aabbccdd"}},
	 .port = "geneve-opt 0x0104:0x80:,65535:127:aabbccdd"},
	{.name = "geneve_policy",
	 .network = "encap geneve vni 100 dstport 6082 ttl 255 dscp 63 udpcsum on gso off srcport 1-1024 flowlabel 7",
	 .protocols = "udp:geneve",
	 .fields = {{"udp.dstport", "6082"}, {"udp.checksum.status", "1"}, {"geneve.vni", "0x000064"}},
	 .ipv4 = {{"ip.ttl", "255"}, {"ip.dsfield.dscp", "63"}},
	 .ipv6 = {{"ipv6.hlim", "255"}, {"ipv6.tclass.dscp", "63"}, {"ipv6.flow", "0x000007"}},
	 .sport_min = 1,
	 .sport_max = 1024,
	 .decode_as = "udp.port==6082,geneve"},
	{.name = "gre",
	 .network = "encap gre vni 0xdeadbeef",
	 .protocols = "gre",
	 .fields = {{"gre.flags_and_version", "0x2000"}, {"gre.proto", "0x6558"}, {"gre.key", "0xdeadbeef"}}},
	{.name = "gre_keyless",
	 .network = "encap gre vni none",
	 .protocols = "gre",
	 .fields = {{"gre.flags_and_version", "0x0000"}, {"gre.proto", "0x6558"}, {"gre.key", ""}}},
	{.name = "gre_csum_seq",
	 .network = "encap gre vni 0xdeadbeef csum on seq on gso off",
	 .protocols = "gre",
	 .fields = {{"gre.flags_and_version", "0xb000"},
		    {"gre.proto", "0x6558"},
		    {"gre.checksum.status", "1"},
		    {"gre.offset", "0"},
		    {"gre.key", "0xdeadbeef"}}},
	{.name = "gre_keyless_csum",
	 .network = "encap gre csum on gso off ttl 9 dscp 8 df unset flowlabel 1",
	 .protocols = "gre",
	 .fields = {{"gre.flags_and_version", "0x8000"}, {"gre.checksum.status", "1"}},
	 .ipv4 = {{"ip.ttl", "9"}, {"ip.dsfield.dscp", "8"}, {"ip.flags.df", "0"}},
	 .ipv6 = {{"ipv6.hlim", "9"}, {"ipv6.tclass.dscp", "8"}, {"ipv6.flow", "0x000001"}}},
	{.name = "nvgre",
	 .network = "encap nvgre vni 0x654321",
	 .protocols = "gre",
	 .fields = {{"gre.flags_and_version", "0x2000"}, {"gre.proto", "0x6558"}, {"gre.key", "0x654321*"}}},
};

bool is_udp(const Row &row)
{
	return std::string(row.protocols).starts_with("udp");
}

/// The outer fields of every row, unless the row overrides them. The tenant's frames have ECT(0), which is copied.
Fields outer_fields(bool v6)
{
	if (v6)
		return {{"ipv6.src", "2001:db8::1"}, {"ipv6.dst", "2001:db8::2"}, {"ipv6.hlim", "64"},
			{"ipv6.tclass.dscp", "0"},   {"ipv6.tclass.ecn", "2"},    {"ipv6.flow", "!0x000000"}};
	return {{"ip.src", "192.0.2.1"}, {"ip.dst", "192.0.2.2"},  {"ip.ttl", "64"},
		{"ip.hdr_len", "20"},    {"ip.dsfield.dscp", "0"}, {"ip.dsfield.ecn", "2"},
		{"ip.flags.df", "1"},    {"ip.flags.mf", "0"},     {"ip.frag_offset", "0"}};
}

Fields expected(const Row &row, bool v6)
{
	Fields fields = v6 ? row.ipv6 : row.ipv4;
	fields.insert(row.fields.begin(), row.fields.end());
	fields.merge(outer_fields(v6));
	return fields;
}

bool matches(const std::vector<std::string> &values, const std::string &wanted)
{
	if (wanted.empty())
		return values.empty();
	if (values.empty())
		return false;
	if (wanted.find(';') != std::string::npos)
		return fmt::format("{}", fmt::join(values, ";")) == wanted;
	if (wanted.front() == '!')
		return values.front() != wanted.substr(1);
	if (wanted.back() == '*')
		return values.front().starts_with(wanted.substr(0, wanted.size() - 1));
	return values.front() == wanted;
}

/// The severity of warnings in tshark's remarks. Errors are above it.
constexpr unsigned kWarning = 6291456;

void expect_sound(const Decoded &decoded)
{
	for (const char *field : {"ip.checksum.status", "tcp.checksum.status", "gre.checksum.status"})
		for (const std::string &status : decoded.at(field))
			EXPECT_EQ(status, "1") << field;
	for (const std::string &status : decoded.at("udp.checksum.status"))
		EXPECT_TRUE(status == "1" || status == "3") << "udp.checksum.status " << status;
	EXPECT_EQ(decoded.at("frame.protocols").at(0).find("_ws"), std::string::npos) << "malformed";
	for (const std::string &severity : decoded.at("_ws.expert.severity"))
		EXPECT_LT(std::stoul(severity), kWarning) << testing::PrintToString(decoded.at("_ws.expert.message"));
}

void expect_lengths(const Row &row, bool v6, const Decoded &decoded, const Frame &frame)
{
	const bool tagged = frame.ethertype() == 0x8100;
	const size_t ip = tagged ? 18 : 14;
	const size_t payload = ip + (v6 ? 40 : 20);
	EXPECT_EQ(decoded.at("frame.protocols")
			  .at(0)
			  .find(fmt::format("eth:ethertype:{}{}:{}:eth:", tagged ? "vlan:ethertype:" : "",
					    v6 ? "ipv6" : "ip", row.protocols)),
		  0u)
		<< decoded.at("frame.protocols").at(0);
	EXPECT_EQ(decoded.at(v6 ? "ipv6.plen" : "ip.len").at(0),
		  std::to_string(frame.bytes.size() - (v6 ? payload : ip)));
	if (is_udp(row)) {
		EXPECT_EQ(decoded.at("udp.length").at(0), std::to_string(frame.bytes.size() - payload));
		const unsigned long sport = std::stoul(decoded.at("udp.srcport").at(0));
		EXPECT_GE(sport, row.sport_min);
		EXPECT_LE(sport, row.sport_max);
	}
}

/// Compares frames with each other. The first two are of one flow.
void expect_in_sequence(const Row &row, bool v6, const std::vector<Decoded> &decoded)
{
	if (is_udp(row)) {
		EXPECT_EQ(decoded[0].at("udp.srcport").at(0), decoded[1].at("udp.srcport").at(0))
			<< "one flow, one source port";
	}
	const Fields wanted = expected(row, v6);
	if (!v6 && wanted.at("ip.flags.df") == "0") {
		EXPECT_NE(decoded[0].at("ip.id").at(0), decoded[1].at("ip.id").at(0)) << "RFC 6864";
	}
	const bool numbered = std::string(row.network).find("seq on") != std::string::npos;
	for (size_t i = 0; i < decoded.size(); i++)
		EXPECT_TRUE(matches(decoded[i].at("gre.sequence_number"), numbered ? std::to_string(i) : ""))
			<< i << ": " << testing::PrintToString(decoded[i].at("gre.sequence_number"));
}

/// Checks the captured frames. inner: the tenant's frames, in the same order.
void expect_as_asked(const Row &row, bool v6, const std::vector<Frame> &frames, const std::vector<Bytes> &inner)
{
	const Fields wanted = expected(row, v6);
	std::vector<std::string> fields = {"frame.protocols",
					   "ip.checksum.status",
					   "udp.checksum.status",
					   "tcp.checksum.status",
					   "gre.checksum.status",
					   "udp.srcport",
					   "udp.length",
					   "gre.sequence_number",
					   "ip.id",
					   "ip.len",
					   "ipv6.plen",
					   "_ws.expert.severity",
					   "_ws.expert.message"};
	for (const auto &[field, value] : wanted)
		if (std::ranges::find(fields, field) == fields.end())
			fields.push_back(field);
	const auto decoded = tshark(
		frames, fields, row.decode_as ? std::vector<std::string>{row.decode_as} : std::vector<std::string>());

	for (size_t i = 0; i < frames.size(); i++) {
		SCOPED_TRACE(fmt::format("frame {}\n{}", i, hex_dump(frames[i].bytes)));
		for (const auto &[field, value] : wanted)
			EXPECT_TRUE(matches(decoded[i].at(field), value))
				<< field << " is " << testing::PrintToString(decoded[i].at(field)) << ", not " << value;
		expect_sound(decoded[i]);
		expect_lengths(row, v6, decoded[i], frames[i]);
		const Bytes &bytes = frames[i].bytes;
		ASSERT_GT(bytes.size(), inner[i].size());
		EXPECT_EQ(hex_dump({bytes.end() - static_cast<ptrdiff_t>(inner[i].size()), bytes.end()}),
			  hex_dump(inner[i]));
	}
	expect_in_sequence(row, v6, decoded);
}

class Tshark : public OverlayTest, public testing::WithParamInterface<std::tuple<Row, std::string, bool>> {
protected:
	void SetUp() override
	{
		if (!tshark_installed())
			GTEST_SKIP() << "no tshark here";
		const auto &[row, mode, v6] = GetParam();
		prepare({.port_mode = mode, .uplink_mode = mode, .v6 = v6});
		c(1).sysctl("net/ipv6/conf/eth0/disable_ipv6", "1"); // c1 sends only the frames of the test
		// h2 does not answer if the underlay is a VLAN
		h(1).ip(fmt::format("neigh replace {} lladdr {} dev up0 nud permanent", net().vtep(2),
				    h(2).mac("up0")));
		h(1).xovl_must("vtep add " + net().vtep(1));
		h(1).xovl_must(fmt::format("uplink add up0 {} mode {}", row.uplink, mode));
		h(1).xovl_must(fmt::format("net add blue {}", row.network));
		h(1).xovl_must(fmt::format("port add port0 net blue {} mode {}", row.port, mode));
		h(1).xovl_must(fmt::format("fdb add {} net blue dst {}", Topology::tenant_mac(2), net().vtep(2)));
	}

	/// The frames that the tenant sends: ECT(0), DSCP 10, TTL 17, an odd length.
	static std::vector<Bytes> inner_frames(const Row &row)
	{
		const Ethernet eth = {.dst = Topology::tenant_mac(2), .src = Topology::tenant_mac(1)};
		const Packet v4 = eth /
				  IPv4{.src = "10.1.0.1",
				       .dst = "10.1.0.2",
				       .tos = 0x2a,
				       .id = 7,
				       .df = row.inner_df,
				       .ttl = 17} /
				  UDP{40001, 40002} / Payload::of(101);
		const Packet v6 = eth /
				  IPv6{.src = "fd01::1", .dst = "fd01::2", .traffic_class = 0x2a, .hop_limit = 17} /
				  TCP{.sport = 40003, .dport = 40004, .flags = 0x02, .options = TCP::mss(1400)};
		return {v4, v4, row.inner_df ? v6 : v4, v4};
	}

	bool is_outer(const Frame &frame) const
	{
		const size_t ip = frame.ethertype() == 0x8100 ? 18 : 14;
		const uint16_t type = frame.be16(ip - 2);
		const uint8_t protocol = frame.bytes.size() < 100 ? 0
					 : type == 0x0800         ? frame.bytes[ip + 9]
					 : type == 0x86dd         ? frame.bytes[ip + 6]
								  : 0;
		return !frame.outgoing && (protocol == 17 || protocol == 47);
	}
};

std::string row_name(const testing::TestParamInfo<Tshark::ParamType> &info)
{
	const auto &[row, mode, v6] = info.param;
	return row.name + ("_" + mode) + (v6 ? "_v6" : "_v4");
}

} // namespace

TEST_P(Tshark, ReadsWhatWasAskedFor)
{
	const auto &[row, mode, v6] = GetParam();
	PacketSocket wire(h(2), "up0"), tenant(c(1), "eth0");
	std::vector<Frame> frames;
	const auto inner = inner_frames(row);
	for (const Bytes &frame : inner) {
		// one by one: the first takes the slow path, and no later one may overtake it
		tenant.send(frame);
		const auto got = wire.collect(1, [&](const Frame &f) { return is_outer(f); });
		ASSERT_EQ(got.size(), 1u) << h(1).xovl_show("stats").dump(1);
		frames.push_back(got[0]);
		EXPECT_EQ(hex_dump(truncated(got[0].bytes, 12)),
			  hex_dump(truncated(Ethernet{h(2).mac("up0"), h(1).mac("up0")} / Payload{}, 12)));
	}
	expect_as_asked(row, v6, frames, inner);
	EXPECT_TRUE(h(1).drops().empty()) << h(1).drops().dump(1);
}

INSTANTIATE_TEST_SUITE_P(Rows, Tshark,
			 testing::Combine(testing::ValuesIn(kRows), testing::Values("native", "tc"), testing::Bool()),
			 row_name);

} // namespace xovl::test
