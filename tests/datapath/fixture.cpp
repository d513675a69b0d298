// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fixture.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

namespace xovl::test {

namespace {

constexpr Milliseconds kArrival = 1s;
constexpr Milliseconds kSilence = 20ms;
const std::vector<std::string> kFarEnds = {"tenant1", "tenant2", "tenants", "under", "beside"};

Counts traffic(const std::string &object, const std::string &way, size_t len)
{
	return {{object + " " + way + "_packets", 1}, {object + " " + way + "_bytes", len}};
}

/// True for received frames other than MLD reports and router solicitations of the machine's own IPv6.
bool is_ours(const Frame &frame)
{
	const bool mld =
		frame.be16(0) == 0x3333 && frame.be16(2) == 0 && (frame.be16(4) == 0x16 || frame.be16(4) == 0x02);
	return !frame.outgoing && !mld;
}

std::string dumps(const std::vector<std::pair<std::string, Bytes>> &frames)
{
	std::vector<std::string> lines;
	for (const auto &[dev, bytes] : frames)
		lines.push_back(dev + ":\n" + hex_dump(bytes) + "\n");
	std::ranges::sort(lines);
	std::string text;
	for (const std::string &line : lines)
		text += line;
	return text;
}

} // namespace

Counts moved(const Counts &before, const Counts &after)
{
	Counts difference;
	for (const auto &[name, value] : after) {
		const auto old = before.find(name);
		const uint64_t was = old == before.end() ? 0 : old->second;
		if (value != was)
			difference[name] = value - was;
	}
	return difference;
}

std::ostream &operator<<(std::ostream &out, const Setup &setup)
{
	return out << name_of(setup.mode) << (setup.family == AF_INET ? "V4" : "V6");
}

std::string setup_name(const testing::TestParamInfo<Setup> &info)
{
	return testing::PrintToString(info.param);
}

Counts sent(const std::string &port, const std::string &net, const std::string &peer, size_t len)
{
	return traffic("port " + port, "rx", len) + traffic("net " + net, "tx", len) +
	       traffic("peer " + peer, "tx", len) + Counts{{"net " + net + " sent", 1}};
}

Counts switched(const std::string &from, const std::string &to, const std::string &net, size_t len)
{
	return traffic("port " + from, "rx", len) + traffic("port " + to, "tx", len) +
	       Counts{{"net " + net + " delivered", 1}};
}

Counts delivered(const std::string &peer, const std::string &net, const std::string &port, size_t len)
{
	return traffic("peer " + peer, "rx", len) + traffic("net " + net, "rx", len) +
	       traffic("port " + port, "tx", len) + Counts{{"net " + net + " delivered", 1}};
}

Counts dropped_from_port(const std::string &port, const std::string &reason, size_t len)
{
	return traffic("port " + port, "rx", len) + dropped_outer(reason);
}

Counts dropped_from_peer(const std::string &peer, const std::string &net, const std::string &reason, size_t len)
{
	return traffic("peer " + peer, "rx", len) + traffic("net " + net, "rx", len) + dropped_outer(reason);
}

Counts dropped_outer(const std::string &reason)
{
	return {{"drop " + reason + " packets", 1}};
}

void DatapathTest::SetUp()
{
	bench_ = std::make_unique<Bench>(GetParam().mode, GetParam().family);
	home_.emplace(sched_getcpu());
	if (getenv("XOVL_TEST_SHADOW"))
		bench_->run_shadow();
	confirm_peers();
}

/* Sends one frame to each peer: the first one goes through the kernel's neighbour code. */
void DatapathTest::confirm_peers()
{
	for (const std::string &dst : {mac::kRemoteA, mac::kRemoteB, mac::kRemoteNarrow})
		bench_->run(Hook::Tc, "port1", udp_frame(dst, mac::kTenant1));
	bench_->overlay().fdb_flush({.net = "blue"});
}

void DatapathTest::check(Hook hook, const std::string &dev, const Bytes &packet, const Outcome &want)
{
	const Counts before = bench_->counts();
	const uint64_t by_xdp = bench_->by_xdp();
	const RunResult result = bench_->run(hook, dev, packet);
	EXPECT_EQ(result.verdict, want.verdict) << "return value " << result.retval;
	/* a dropped packet need not be intact */
	if (result.verdict != Verdict::Drop) {
		EXPECT_EQ(hex_dump(result.packet), hex_dump(want.packet.empty() ? packet : want.packet));
	}
	EXPECT_EQ(moved(before, bench_->counts()), want.counts);
	EXPECT_EQ(bench_->by_xdp() - by_xdp, hook == Hook::Xdp && want.verdict == Verdict::Redirect ? 1u : 0u);
}

void DatapathTest::finishes(const std::string &dev, const Bytes &packet, const Outcome &want)
{
	check(hook(), dev, packet, want);
}

bool DatapathTest::runs(const Bytes &packet) const
{
	try {
		bench_->run(Hook::Tc, "uplink", packet);
		return true;
	} catch (const std::system_error &error) {
		EXPECT_EQ(error.code(), std::errc::invalid_argument);
		return false;
	}
}

void DatapathTest::finishes_in_tc(const std::string &dev, const Bytes &packet, const Outcome &want)
{
	if (hook() == Hook::Xdp) {
		SCOPED_TRACE("XDP leaves it to TC");
		check(Hook::Xdp, dev, packet, {});
	}
	check(Hook::Tc, dev, packet, want);
}

void DatapathTest::finishes_frame(const std::string &name, const std::string &dev, const Bytes &packet,
				  const Outcome &want)
{
	if (is_left_to_tc(name))
		finishes_in_tc(dev, packet, want);
	else
		finishes(dev, packet, want);
}

void DatapathTest::passes(const std::string &dev, const Bytes &packet)
{
	finishes_in_tc(dev, packet, {});
}

void DatapathTest::wire(const std::function<void()> &send, const std::vector<std::pair<std::string, Bytes>> &want,
			const Counts &counts)
{
	std::vector<std::pair<std::string, Bytes>> came;
	const auto collect = [&] {
		for (const std::string &dev : kFarEnds)
			for (const Frame &frame : bench_->far(dev).frames(is_ours))
				came.emplace_back(dev, frame.bytes);
		return came.size() >= want.size();
	};
	collect();
	came.clear();

	const Counts before = bench_->counts();
	send();
	wait_until(collect, kArrival);
	wait_until([&] { return collect() && came.size() > want.size(); }, kSilence);
	EXPECT_EQ(dumps(came), dumps(want));
	EXPECT_EQ(moved(before, bench_->counts()), counts);
}

Packet DatapathTest::outer_ip(const std::string &src, const std::string &dst) const
{
	if (is_v4())
		return IPv4{.src = src, .dst = dst};
	return IPv6{.src = src, .dst = dst};
}

Packet DatapathTest::arriving(uint32_t vni, const Packet &inner, const std::string &peer) const
{
	return Ethernet{mac::kUplink, mac::kPeerA} / outer_ip(peer, ip().local) /
	       UDP{.sport = 50000, .dport = 4789, .checksum = 0} / Vxlan{vni} / inner;
}

uint16_t DatapathTest::sport(const Bytes &made) const
{
	const size_t at = is_v4() ? 34 : 54;
	return made.size() < at + 2 ? 0 : static_cast<uint16_t>(made[at] << 8 | made[at + 1]);
}

namespace {

/// Returns the ECN field of a frame's IP header, or 0 without IP.
uint8_t ecn_of(const Bytes &frame)
{
	auto type_at = [&](size_t at) { return at + 4 > frame.size() ? 0 : frame[at] << 8 | frame[at + 1]; };
	size_t at = 12;
	while (type_at(at) == 0x8100 || type_at(at) == 0x88a8)
		at += 4;
	if (type_at(at) == 0x0800)
		return frame[at + 3] & 3;
	return type_at(at) == 0x86dd ? frame[at + 3] >> 4 & 3 : 0;
}

} // namespace

uint32_t DatapathTest::flow_label(const Bytes &made) const
{
	return made.size() < 18 ? 0 : (made[15] & 0xf) << 16 | made[16] << 8 | made[17];
}

Bytes DatapathTest::encapsulated(uint32_t vni, const Packet &inner, const std::string &peer_mac,
				 const std::string &peer, const Bytes &made) const
{
	const uint16_t port = sport(made);
	EXPECT_GE(port, 49152);
	const uint8_t ecn = ecn_of(inner.bytes());
	const Packet outer =
		is_v4() ? Packet(IPv4{.src = ip().local, .dst = peer, .tos = ecn, .id = 0, .df = true, .ttl = 64})
			: Packet(IPv6{.src = ip().local,
				      .dst = peer,
				      .traffic_class = ecn,
				      .flow_label = flow_label(made),
				      .hop_limit = 64});
	return Ethernet{peer_mac, mac::kUplink} / outer / UDP{.sport = port, .dport = 4789, .checksum = 0} /
	       Vxlan{.vni = vni, .flags = 0x08} / inner;
}

namespace {

constexpr size_t kTooBigMaxIPv4 = 576;  ///< RFC 1812, 4.3.2.3
constexpr size_t kTooBigMaxIPv6 = 1280; ///< RFC 4443, 2.4 (c)

std::string ip_text(int family, const Bytes &bytes, size_t at)
{
	char text[INET6_ADDRSTRLEN];
	return inet_ntop(family, bytes.data() + at, text, sizeof(text));
}

} // namespace

Bytes DatapathTest::too_big(const Bytes &frame, uint32_t mtu, size_t l2_len)
{
	const Bytes ip(frame.begin() + static_cast<long>(l2_len), frame.end());
	const bool v4 = ip[0] >> 4 == 4;
	const Bytes quote = truncated(ip, v4 ? kTooBigMaxIPv4 - 28 : kTooBigMaxIPv6 - 48);
	const Packet error = v4 ? IPv4{.src = ip_text(AF_INET, ip, 16), .dst = ip_text(AF_INET, ip, 12), .df = true} /
					     ICMP{.type = 3, .code = 4, .rest = mtu} / Payload{quote}
				: IPv6{.src = ip_text(AF_INET6, ip, 24), .dst = ip_text(AF_INET6, ip, 8)} /
					     ICMP{.type = 2, .rest = mtu} / Payload{quote};
	/* the answer swaps the MACs and keeps the tags */
	Bytes answer(frame.begin() + 6, frame.begin() + 12);
	answer.insert(answer.end(), frame.begin(), frame.begin() + 6);
	answer.insert(answer.end(), frame.begin() + 12, frame.begin() + static_cast<long>(l2_len));
	const Bytes rest = error;
	answer.insert(answer.end(), rest.begin(), rest.end());
	return answer;
}

void DatapathTest::answers_too_big(const Bytes &frame, const std::string &reason, uint32_t mtu, size_t l2_len)
{
	finishes_in_tc(
		"port1", frame,
		{Verdict::Redirect, too_big(frame, mtu, l2_len), dropped_from_port("port1", reason, frame.size())});
}

void DatapathTest::set_blue(const std::function<void(NetworkConfig &)> &edit)
{
	Config config = bench_->config();
	edit(*config.find_network("blue"));
	bench_->apply(config);
}

Bytes DatapathTest::made_of(const Packet &inner, Hook hook)
{
	const RunResult result = bench_->run(hook, "port1", inner);
	EXPECT_EQ(result.verdict, Verdict::Redirect);
	return result.packet;
}

Packet udp_frame(const std::string &dst, const std::string &src, size_t payload)
{
	return Ethernet{dst, src} / IPv4{.src = "10.1.0.1", .dst = "10.1.0.2", .tos = 0xb8, .id = 0x4711, .ttl = 3} /
	       UDP{1111, 2222} / Payload::of(payload);
}

Packet frame_of(const std::string &dst, const std::string &src, size_t len)
{
	return udp_frame(dst, src, len - 14 - 20 - 8);
}

std::vector<std::pair<std::string, Packet>> tenant_frames(const std::string &dst, const std::string &src)
{
	const Ethernet eth = {dst, src};
	const IPv4 v4 = {.src = "10.1.0.1", .dst = "10.1.0.2"};
	const IPv6 v6 = {.src = "fd00:1::1", .dst = "fd00:1::2", .traffic_class = 0x12, .flow_label = 0x54321};
	const IPv4 fragment = {
		.src = "10.1.0.1", .dst = "10.1.0.2", .id = 9, .mf = true, .offset = 100, .protocol = 17};
	return {
		{"UDP", udp_frame(dst, src)},
		{"UDP without checksum", eth / v4 / UDP{.sport = 7, .dport = 9, .checksum = 0} / Payload::of(3)},
		{"TCP", eth / v4 / TCP{.sport = 40000, .dport = 80} / Payload::of(1000)},
		{"ICMP", eth / v4 / ICMP{} / Payload::of(56)},
		{"IPv4 with options",
		 eth / IPv4{.src = "10.1.0.1", .dst = "10.1.0.2", .options = {148, 4, 0, 0, 1, 1, 1, 0}} /
			 UDP{1111, 2222} / Payload::of(20)},
		{"IPv4 fragment", eth / fragment / Payload::of(40)},
		{"UDP header cut off", Payload{truncated(eth / v4 / UDP{1, 2}, 36)}},
		{"UDP over IPv6", eth / v6 / UDP{1111, 2222} / Payload::of(20)},
		{"TCP over IPv6", eth / v6 / TCP{.sport = 40000, .dport = 80} / Payload::of(20)},
		{"ICMPv6", eth / v6 / ICMP{.type = 128} / Payload::of(56)},
		{"IPv6 with extension header",
		 eth / v6 / IPv6Ext{60, {0, 1, 4, 0, 0, 0, 0}} / UDP{1, 2} / Payload::of(5)},
		{"ARP reply",
		 eth / ARP{.op = 2, .sha = src, .spa = "10.1.0.1", .tha = dst, .tpa = "10.1.0.2"} / Payload{Bytes(18)}},
		{"unknown EtherType", eth / Payload::of(46)},
	};
}

} // namespace xovl::test
