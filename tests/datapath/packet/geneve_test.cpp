// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/packet/geneve.h: the options that are sent, and the checks of received headers and options (RFC 8926).
#include "tunnel_fixture.hpp"

namespace xovl::test {

class GeneveHeader : public TunnelTest {
protected:
	static constexpr uint16_t kPort = 6081;

	void SetUp() override
	{
		TunnelTest::SetUp();
		set_geneve([](NetworkConfig &) {});
	}
	void set_geneve(const Edit &edit)
	{
		set_blue([&](NetworkConfig &net) {
			net.encap = XOVL_ENCAP_GENEVE;
			net.dstport = kPort;
			edit(net);
		});
	}
	static GeneveOption option(const GeneveTlv &tlv) { return {tlv.option_class, tlv.type, tlv.data}; }
	void require(const char *match)
	{
		set_geneve([&](NetworkConfig &net) { net.match = GeneveMatch::parse(match); });
	}

	Bytes arriving(const Geneve &geneve, const Packet &inner) const { return from_a(udp(kPort, geneve / inner)); }
	Bytes arriving(const Geneve &geneve) const { return arriving(geneve, inner_); }
	Bytes arriving_with(const std::vector<GeneveTlv> &options) const
	{
		return arriving({.vni = kBlueVni, .options = options});
	}
	void accepts(const std::vector<GeneveTlv> &options) { delivers(arriving_with(options), inner_); }
	void refuses_options(const std::vector<GeneveTlv> &options, const std::string &reason)
	{
		refuses(arriving_with(options), reason);
	}

	/// out_ leaves from port1 with these options.
	void sends_options(const std::vector<GeneveTlv> &options)
	{
		sends([&](const Bytes &made) {
			return udp_sent(kPort, Geneve{.vni = kBlueVni, .options = options}, out_, made);
		});
	}

	const GeneveTlv plain_ = {0x0103, 0x01, {1, 2, 3, 4}};
	const GeneveTlv empty_ = {0xffff, 0x7f};
	const GeneveTlv critical_ = {0x0102, 0x80, {0, 1, 0, 2}}; ///< OVN's
	const GeneveTlv other_critical_ = {0x0102, 0x81, {0, 1, 0, 2}};
};

/// A network that requires an option of received packets.
class GeneveRequired : public GeneveHeader {};

INSTANTIATE_TEST_SUITE_P(, GeneveHeader, every_setup(), setup_name);
INSTANTIATE_TEST_SUITE_P(, GeneveRequired, every_setup(), setup_name);

TEST_P(GeneveHeader, SendsEveryKindOfFrame)
{
	sends_every_kind([&](const Packet &inner, const Bytes &made) {
		return udp_sent(kPort, Geneve{.vni = kBlueVni}, inner, made);
	});
}

TEST_P(GeneveHeader, SendsOptionsWithEveryKindOfFrame)
{
	set_geneve([&](NetworkConfig &net) { net.options = {option(critical_), option(plain_)}; });
	sends_every_kind([&](const Packet &inner, const Bytes &made) {
		return udp_sent(kPort, Geneve{.vni = kBlueVni, .options = {critical_, plain_}}, inner, made);
	});
}

TEST_P(GeneveHeader, SendsOptionsOfNetworkAndPort)
{
	set_geneve([&](NetworkConfig &net) { net.options = {option(plain_)}; });
	sends_options({plain_});
	/* options of port1 are sent in its frames only; any critical one sets the C flag */
	set_geneve([&](NetworkConfig &net) { net.ports[0].options = {option(critical_), option(empty_)}; });
	sends_options({plain_, critical_, empty_});
	set_geneve([](NetworkConfig &net) { net.options.clear(); });
	sends_options({critical_, empty_});
	set_geneve([](NetworkConfig &net) { std::swap(net.ports[0].options, net.ports[1].options); });
	sends_options({});
}

TEST_P(GeneveHeader, SendsOptionsOfEveryLength)
{
	for (size_t octets = 0; octets <= 60; octets += 4) {
		SCOPED_TRACE(octets);
		const GeneveTlv tlv = {0x1234, 0x56, Payload::of(octets).data};
		set_geneve([&](NetworkConfig &net) { net.options = {option(tlv)}; });
		sends_options({tlv});
	}
	set_geneve([&](NetworkConfig &net) {
		net.options.assign(8, option(empty_));
		net.ports[0].options.assign(4, option(critical_));
	});
	std::vector<GeneveTlv> all(8, empty_);
	all.insert(all.end(), 4, critical_);
	sends_options(all);
}

TEST_P(GeneveHeader, SendsForVlanPort)
{
	set_geneve([&](NetworkConfig &net) {
		net.options = {option(plain_)};
		net.ports[2].options = {option(critical_)};
	});
	const Packet rest = IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} / UDP{1111, 2222} / Payload::of(20);
	const Packet inner = Ethernet{mac::kRemoteA, mac::kTagged} / rest;
	const Bytes made = made_of(inner);
	const Bytes want = udp_sent(kPort, Geneve{.vni = kBlueVni, .options = {plain_, critical_}}, inner, made);
	wire("tenants", Ethernet{mac::kRemoteA, mac::kTagged} / Vlan{10} / rest, {{"under", want}},
	     sent("trunk.10", "blue", ip().peer_a, inner.bytes().size()));
}

TEST_P(GeneveHeader, SuperFrames)
{
	set_geneve([&](NetworkConfig &net) { net.options = {option(critical_), option(plain_)}; });
	keeps_super_frames(ip_end() - 14 + 8 + 8 + 16, [&](const Packet &inner, const Bytes &made) {
		return udp_sent(kPort, Geneve{.vni = kBlueVni, .options = {critical_, plain_}}, inner, made);
	});
	set_geneve([](NetworkConfig &net) { net.outer.udpcsum = true; });
	refuses_super_frames();
}

TEST_P(GeneveHeader, ReceivesEveryKindOfFrame)
{
	receives_every_kind([&](const Packet &inner) { return arriving({.vni = kBlueVni}, inner); });
	receives_every_kind([&](const Packet &inner) {
		return arriving({.vni = kBlueVni, .options = {plain_, empty_}}, inner);
	});
}

TEST_P(GeneveHeader, UnknownOptionsAreSkipped)
{
	/* one or more options of at most 32 words each */
	for (size_t words = 1; words <= 63; words++) {
		SCOPED_TRACE(words);
		std::vector<GeneveTlv> options;
		for (size_t left = words; left; left -= std::min<size_t>(left, 32))
			options.push_back({0x0103, 0x7f, Payload::of(4 * std::min<size_t>(left, 32) - 4).data});
		accepts(options);
		options.assign(words, empty_);
		accepts(options);
	}
}

TEST_P(GeneveHeader, ReservedBitsAreIgnored)
{
	for (int bit = 0; bit < 6; bit++)
		delivers(arriving({.vni = kBlueVni, .flags = static_cast<uint8_t>(1 << bit)}), inner_);
	delivers(arriving({.vni = kBlueVni, .reserved = 0xff}), inner_);
	for (uint8_t reserved : {1, 2, 4, 7})
		accepts({{.option_class = 1, .type = 1, .data = {1, 2, 3, 4}, .reserved = reserved}});
}

TEST_P(GeneveHeader, Version)
{
	for (uint8_t version : {1, 2, 3})
		refuses(arriving({.vni = kBlueVni, .version = version}), "geneve_version");
}

TEST_P(GeneveHeader, Protocol)
{
	for (uint16_t protocol : {0x0000, 0x0800, 0x86dd, 0x6559, 0x5865, 0xffff})
		refuses(arriving({.vni = kBlueVni, .protocol = protocol}), "geneve_protocol");
}

/* Control packets pass to the kernel: they are not for the tenant (RFC 8926, section 3.4). */
TEST_P(GeneveHeader, ControlPacketsPass)
{
	for (uint8_t flags : {0x80, 0xbf})
		passes("uplink", arriving({.vni = kBlueVni, .flags = flags}));
	passes("uplink", arriving({.vni = kBlueVni, .options = {critical_}, .flags = uint8_t(0xc0)}));
	delivers(arriving({.vni = kBlueVni}), inner_);
	passes("uplink", arriving({.vni = kBlueVni, .flags = uint8_t(0x80)}));
}

TEST_P(GeneveHeader, OptionIsLongerThanTheList)
{
	GeneveTlv lying = plain_;
	for (uint8_t words : {2, 3, 31}) {
		lying.length = words;
		refuses_options({lying}, "geneve_option_length");
		refuses_options({empty_, lying}, "geneve_option_length");
	}
	/* data after a shortened option is parsed as the next option, here with 3 words of data */
	lying = {0x0103, 0x01, {0, 0, 0, 3}, 0, 0};
	refuses_options({lying}, "geneve_option_length");
	lying.data = {0, 0, 0, 0};
	refuses_options({lying, {1, 2, {1, 2, 3, 4}, 0, 31}}, "geneve_option_length");
	accepts({lying});
}

TEST_P(GeneveHeader, CriticalOptions)
{
	refuses_options({critical_}, "geneve_critical");
	refuses_options({plain_, empty_, critical_}, "geneve_critical");
	const auto flagged = [&](const std::vector<GeneveTlv> &options, uint8_t flags) {
		return arriving({.vni = kBlueVni, .options = options, .flags = flags});
	};
	refuses(flagged({}, 0x40), "geneve_c_flag");
	refuses(flagged({plain_}, 0x40), "geneve_c_flag");
	refuses(flagged({critical_}, 0), "geneve_c_flag");
	refuses(flagged({plain_, critical_}, 0), "geneve_c_flag");
}

/* A critical option that the network sends is also accepted, with any data. */
TEST_P(GeneveHeader, CriticalOptionsThatAreSentAreKnown)
{
	set_geneve([&](NetworkConfig &net) { net.options = {option(critical_)}; });
	accepts({critical_});
	accepts({plain_, {critical_.option_class, critical_.type, {9, 9, 9, 9, 9, 9, 9, 9}}});
	accepts({});
	accepts({plain_});
	refuses_options({other_critical_}, "geneve_critical");
	refuses_options({critical_, other_critical_}, "geneve_critical");
	refuses_options({{0x0103, critical_.type}}, "geneve_critical");
	refuses(arriving({.vni = kBlueVni, .options = {critical_}, .flags = uint8_t(0)}), "geneve_c_flag");
}

TEST_P(GeneveHeader, TruncatedAnywhere)
{
	const Bytes whole = arriving_with({plain_, empty_});
	refuses_prefixes(whole, ip_end() + 8);
	delivers(whole, inner_);
}

/* Packets too short for the headers are refused, even if the outer lengths agree. */
TEST_P(GeneveHeader, NoRoomForTheInnerHeader)
{
	const Bytes tunnel = Geneve{.vni = kBlueVni, .options = {plain_, empty_}} / inner_;
	for (size_t length = 0; length < 8 + 12 + 14; length++) {
		SCOPED_TRACE(length);
		refuses(from_a(udp(kPort, Payload{truncated(tunnel, length)})), "geneve_short");
	}
	for (uint8_t words : {0x3f, 0x20})
		refuses(arriving({.vni = kBlueVni, .opt_len = words}), "geneve_short");
}

/* A known path does not skip the checks of the options. */
TEST_P(GeneveHeader, OptionsAreLookedAtOnceTheFlowIsKnown)
{
	GeneveTlv longer = plain_;
	longer.length = 2;
	for (int i = 0; i < 2; i++) {
		accepts({plain_});
		accepts({plain_});
		refuses_options({longer}, "geneve_option_length");
		refuses_options({critical_}, "geneve_critical");
		accepts({plain_});
		refuses(arriving({.vni = kBlueVni, .options = {critical_}, .flags = uint8_t(0)}), "geneve_c_flag");
		accepts({empty_});
		accepts({});
		refuses(arriving({.vni = kBlueVni, .version = 1}), "geneve_version");
		accepts({});
	}
	/* more options than a path stores */
	std::vector<GeneveTlv> many(40, empty_);
	for (int i = 0; i < 2; i++) {
		accepts(many);
		many[39] = {0x0102, 0x80};
		refuses_options(many, "geneve_critical");
		many[39] = empty_;
	}
}

TEST_P(GeneveRequired, Exact)
{
	require("0x0102:0x80:00010002");
	accepts({critical_});
	accepts({plain_, critical_, empty_});
	refuses_options({}, "geneve_match");
	refuses_options({plain_}, "geneve_match");
	refuses_options({{0x0102, 0x80, {0, 1, 0, 3}}}, "geneve_match");
	refuses_options({{0x0102, 0x80}}, "geneve_match");
	refuses_options({{0x0102, 0x00, {0, 1, 0, 2}}}, "geneve_match");
	refuses_options({other_critical_}, "geneve_critical");
	/* longer data matches by its prefix */
	accepts({{0x0102, 0x80, {0, 1, 0, 2, 0xff, 0xff, 0xff, 0xff}}});
	accepts({{.option_class = 0x0102, .type = 0x80, .data = {0, 1, 0, 2}, .reserved = 7}});
	/* one matching option is enough */
	accepts({{0x0102, 0x80, {9, 9, 9, 9}}, critical_});
}

TEST_P(GeneveRequired, Masked)
{
	require("0x0102:0x00:0001000200030000/00ff0000fffe0000");
	accepts({{0x0102, 0, {0xaa, 1, 0xbb, 0xcc, 0, 3, 9, 9}}});
	accepts({{0x0102, 0, {0, 1, 0, 2, 0, 2, 0, 0}}});
	refuses_options({{0x0102, 0, {0, 2, 0, 2, 0, 3, 0, 0}}}, "geneve_match");
	refuses_options({{0x0102, 0, {0, 1, 0, 2, 0, 5, 0, 0}}}, "geneve_match");
	refuses_options({{0x0102, 0, {0, 1, 0, 2}}}, "geneve_match");
}

/* Without required data, class and type are enough. */
TEST_P(GeneveRequired, WithoutData)
{
	require("0xffff:0x7f:");
	accepts({empty_});
	accepts({{0xffff, 0x7f, {1, 2, 3, 4}}});
	refuses_options({{0xffff, 0x7e}}, "geneve_match");
	/* the check for a malformed header comes first */
	refuses(arriving({.vni = kBlueVni, .flags = uint8_t(0x40)}), "geneve_c_flag");
}

TEST_P(GeneveRequired, OnceTheFlowIsKnown)
{
	require("0x0102:0x80:00010002");
	for (int i = 0; i < 2; i++) {
		accepts({critical_});
		accepts({critical_});
		refuses_options({{0x0102, 0x80, {0, 1, 0, 3}}}, "geneve_match");
		refuses_options({}, "geneve_match");
		accepts({critical_});
		accepts({critical_, plain_});
		refuses_options({plain_, plain_}, "geneve_match");
	}
}

} // namespace xovl::test
