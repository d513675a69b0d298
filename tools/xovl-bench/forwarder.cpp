// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "forwarder.hpp"

#include <net/if.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "overlays.hpp"
#include "prog_run.hpp"

namespace xovl::bench {

using namespace test;

namespace {

const char *const kUplinkMac = "02:00:00:00:02:01";
const char *const kUnderlayMac = "02:00:00:00:02:02";
constexpr uint16_t kFirstPort = 10000;
constexpr unsigned kUnderlayMtu = 1600;
constexpr uint32_t kPrimer = 64; // frames each way, so that both sides have learned
constexpr uint32_t kFastBurst = 1'000'000;
constexpr uint32_t kSlowBurst = 100'000;

constexpr uint32_t kEthernetIpv4 = 14 + 20;
constexpr uint32_t kEthernetIpv6 = 14 + 40;
constexpr uint32_t kUdp = 8;

Packet inner_frame(const std::string &dst, const std::string &src, const std::string &dst_ip, const std::string &src_ip,
		   uint16_t sport, unsigned length)
{
	return Ethernet{dst, src} / IPv4{src_ip, dst_ip} / UDP{sport, 20000} /
	       Payload::of(length - kEthernetIpv4 - kUdp);
}

Packet from_tenant(uint16_t sport, unsigned length)
{
	return inner_frame(kRemoteMac, kTenantMac, "10.1.0.2", "10.1.0.1", sport, length);
}

Packet from_underlay(const Load &load, uint16_t sport)
{
	const Packet inner = inner_frame(kTenantMac, kRemoteMac, "10.1.0.1", "10.1.0.2", kFirstPort, load.inner_len);
	const Packet tunnel = load.tunnel.headers(sport) / inner;
	if (load.v6)
		return Ethernet{kUplinkMac, kUnderlayMac} / IPv6{"2001:db8::2", "2001:db8::1"} / tunnel;
	return Ethernet{kUplinkMac, kUnderlayMac} / IPv4{"192.0.2.2", "192.0.2.1"} / tunnel;
}

} // namespace

Traffic Load::traffic(Way way) const
{
	const auto frame = [&](size_t flow) -> Bytes {
		const auto sport = static_cast<uint16_t>(kFirstPort + flow);
		return way == Way::Encap ? from_tenant(sport, inner_len) : from_underlay(*this, sport);
	};
	Traffic traffic = {frame(0)};
	if (flows > 1)
		traffic.variation = variation_of(way == Way::Decap && v6 ? kEthernetIpv6 : kEthernetIpv4, flows, frame);
	return traffic;
}

std::string Load::peer() const
{
	return v6 ? "2001:db8::2" : "192.0.2.2";
}

std::string peer_address(size_t i)
{
	return i ? fmt::format("198.18.{}.{}", i / 250, i % 250 + 1) : "192.0.2.2";
}

std::string blue_yaml(const std::string &mode, const std::vector<std::string> &peers, const Tunnel &tunnel,
		      const std::string &port_words)
{
	return fmt::format(R"(vtep: {{local: [192.0.2.1, "2001:db8::1"]}}
uplinks: [{{dev: up0, mode: {0}}}]
networks:
  - {{name: blue, {1}, ports: [{{dev: port0, mode: {0}{3}}}], flood: ["{2}"]}}
)",
			   mode, tunnel.keys(), fmt::join(peers, "\", \""), port_words);
}

/// Generators and sinks, made after the host has been set up.
struct Forwarder::Ends {
	Sink at_tenant, at_underlay;
	Generator tenant, underlay;
};

Forwarder::Forwarder(const std::string &role, const Traffic &from_tenant, const Traffic &from_underlay)
	: host_(role + "-host"), far_(role + "-far"), from_tenant_(from_tenant), from_underlay_(from_underlay)
{
	veth(host_, "port0", far_, "tenant0");
	veth(host_, "up0", far_, "underlay0");
	for (const char *dev : {"tenant0", "underlay0"})
		far_.sysctl(fmt::format("net/ipv6/conf/{}/disable_ipv6", dev), "1");
	host_.sysctl("net/ipv6/conf/port0/disable_ipv6", "1");
	far_.ip(fmt::format("link set underlay0 mtu {} address {}", kUnderlayMtu, kUnderlayMac));
	host_.ip(fmt::format(
		"link set up0 mtu {} address {}\n"
		"addr add 192.0.2.1/24 dev up0\naddr add 2001:db8::1/64 dev up0\n"
		"neigh add 192.0.2.2 lladdr {} dev up0 nud permanent\nroute add 198.18.0.0/15 via 192.0.2.2\n"
		"neigh add 2001:db8::2 lladdr {} dev up0 nud permanent",
		kUnderlayMtu, kUplinkMac, kUnderlayMac, kUnderlayMac));
}

Forwarder::~Forwarder() = default;

void Forwarder::join_by_redirect()
{
	burst_ = kFastBurst;
	programs_.emplace_back(ProgramConstants{.redirect_to = ifindex_of(host_, "up0")});
	programs_.emplace_back(ProgramConstants{.redirect_to = ifindex_of(host_, "port0")});
	start(programs_.at(0).redirect(), programs_.at(1).redirect(), SinkKind::Xdp);
}

void Forwarder::join_by_xovl(Layer layer, const std::string &command, const std::string &yaml)
{
	if (layer == Layer::Xdp)
		for (const char *dev : {"tenant0", "underlay0"})
			far_.offload(dev, "gro on");
	apply(host_, command, yaml);
	if (layer == Layer::Tc)
		return start_through_stack();
	burst_ = kFastBurst;
	in_netns(host_.name(), [&] {
		tenant_prog_ = xdp_program(if_nametoindex("port0"));
		underlay_prog_ = xdp_program(if_nametoindex("up0"));
	});
	start(tenant_prog_.get(), underlay_prog_.get(), SinkKind::Xdp);
}

void Forwarder::join_by_kernel(const std::vector<std::string> &peers)
{
	const bool v6 = peers.at(0).find(':') != std::string::npos;
	join_vxlan(host_, kVni, v6 ? "2001:db8::1" : "192.0.2.1", peers);
	for (const char *dev : {"port0", "up0"})
		host_.offload(dev, "gro on");
	start_through_stack();
}

void Forwarder::start_through_stack()
{
	burst_ = kSlowBurst;
	programs_.emplace_back();
	start(programs_.at(0).pass(), programs_.at(0).pass(), SinkKind::Tc);
}

void Forwarder::start(int from_tenant, int from_underlay, SinkKind sinks)
{
	ends_ = std::make_unique<Ends>(Ends{{far_, "tenant0", sinks},
					    {far_, "underlay0", sinks},
					    {host_, "port0", from_tenant, from_tenant_},
					    {host_, "up0", from_underlay, from_underlay_}});
	for (int i = 0; i < 2; i++) {
		ends_->tenant.send(kPrimer);
		ends_->underlay.send(kPrimer);
	}
}

double Forwarder::sample(Way way) const
{
	return sample(way, {.count = burst_});
}

double Forwarder::sample(Way way, const Burst &burst) const
{
	if (way == Way::Encap)
		return million_per_second(ends_->tenant, ends_->at_underlay, burst);
	return million_per_second(ends_->underlay, ends_->at_tenant, burst);
}

} // namespace xovl::bench
