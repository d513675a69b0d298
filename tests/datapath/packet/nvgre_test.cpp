// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/packet/gre.h, NVGRE: VSID and FlowID (RFC 7637).
#include <set>

#include "tunnel_fixture.hpp"

namespace xovl::test {

class Nvgre : public TunnelTest {
protected:
	void SetUp() override
	{
		TunnelTest::SetUp();
		set_blue([](NetworkConfig &net) {
			net.encap = XOVL_ENCAP_NVGRE;
			net.dstport = 0;
		});
	}

	Bytes arriving(uint8_t flow_id, uint32_t vsid = kBlueVni) const
	{
		return from_a(Gre::nvgre(vsid, flow_id) / inner_);
	}
	uint8_t flow_id(const Bytes &made) const { return made.at(ip_end() + 7); }
	Bytes nvgre_sent(const Packet &inner, const Bytes &made) const
	{
		return gre_sent(Gre::nvgre(kBlueVni, flow_id(made)), inner, made);
	}
	static Packet of_flow(uint16_t sport, size_t payload)
	{
		return Ethernet{mac::kRemoteA, mac::kTenant1} / IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} /
		       UDP{sport, 80} / Payload::of(payload);
	}
};

INSTANTIATE_TEST_SUITE_P(, Nvgre, every_setup(), setup_name);

TEST_P(Nvgre, SendsEveryKindOfFrame)
{
	sends_every_kind([&](const Packet &inner, const Bytes &made) { return nvgre_sent(inner, made); });
}

TEST_P(Nvgre, FlowIdIsOfTheFlow)
{
	std::set<uint8_t> ids;
	for (uint16_t sport = 1000; sport < 1100; sport++) {
		const uint8_t id = flow_id(made_of(of_flow(sport, 20)));
		EXPECT_EQ(flow_id(made_of(of_flow(sport, 200))), id);
		ids.insert(id);
	}
	/* a hundred random draws out of 256 give about 83 different values */
	EXPECT_GT(ids.size(), 60u);
}

TEST_P(Nvgre, SuperFrames)
{
	keeps_super_frames(ip_end() - 14 + 8,
			   [&](const Packet &inner, const Bytes &made) { return nvgre_sent(inner, made); });
}

TEST_P(Nvgre, ReceivesEveryKindOfFrame)
{
	receives_every_kind([&](const Packet &inner) { return from_a(Gre::nvgre(kBlueVni, 0x5a) / inner); });
}

/* A tagged frame is refused, also after an untagged one with the same MACs (RFC 7637, section 3.3). */
TEST_P(Nvgre, NoTags)
{
	const Packet rest = IPv4{.src = "10.1.0.1", .dst = "10.1.0.2"} / UDP{1111, 2222} / Payload::of(20);
	for (const Packet &tagged :
	     {Vlan{100} / rest, Vlan{.vid = 7, .tpid = 0x88a8} / rest, Vlan{7} / (Vlan{100} / rest)}) {
		const Packet in = Ethernet{mac::kTenant2, mac::kRemoteA} / tagged;
		delivers(arriving(7), inner_);
		finishes("uplink", from_a(Gre::nvgre(kBlueVni, 7) / in),
			 {Verdict::Drop, {}, dropped_from_peer(ip().peer_a, "blue", "nvgre_tag", in.bytes().size())});
		const Packet out = Ethernet{mac::kRemoteA, mac::kTenant1} / tagged;
		made_of(out_);
		finishes_in_tc("port1", out,
			       {Verdict::Drop, {}, dropped_from_port("port1", "nvgre_tag", out.bytes().size())});
		wire("tenant1", out, {}, dropped_from_port("port1", "nvgre_tag", out.bytes().size()));
	}
}

/* Any FlowID is accepted, with and without a path. */
TEST_P(Nvgre, AnyFlowId)
{
	for (int id = 0; id < 256; id += 17)
		delivers(arriving(static_cast<uint8_t>(id)), inner_);
}

TEST_P(Nvgre, Vsid)
{
	for (int i = 0; i < 2; i++) {
		delivers(arriving(7), inner_);
		for (int bit : {0, 7, 8, 23})
			refuses(arriving(7, kBlueVni ^ 1u << bit), "key_unknown");
		refuses(from_a(Gre{} / inner_), "key_unknown");
	}
}

/* Packets with C or S set are refused (RFC 7637, section 3.2). */
TEST_P(Nvgre, Flags)
{
	Gre gre = Gre::nvgre(kBlueVni, 7);
	for (int i = 0; i < 2; i++) {
		delivers(arriving(7), inner_);
		gre.csum = true;
		refuses(from_a(gre / inner_), "gre_flags");
		gre.csum = false;
		gre.seq = 1;
		refuses(from_a(gre / inner_), "gre_flags");
		gre.seq = {};
	}
	for (uint16_t ignored : {0x0200, 0x0008}) {
		gre.flags = static_cast<uint16_t>(0x2000 | ignored);
		delivers(from_a(gre / inner_), inner_);
	}
	for (const auto &[flags, reason] : std::vector<std::pair<uint16_t, std::string>>{
		     {0x4000, "gre_routing"}, {0x0800, "gre_flags"}, {0x0400, "gre_flags"}, {0x0001, "gre_version"}}) {
		gre.flags = static_cast<uint16_t>(0x2000 | flags);
		refuses(from_a(gre / inner_), reason);
	}
}

TEST_P(Nvgre, TruncatedAnywhere)
{
	refuses_prefixes(arriving(9), ip_end() + 4);
	delivers(arriving(9), inner_);
}

} // namespace xovl::test
