// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Applications across two hosts whose underlay link carries only packets up to its MTU, like the wire between network
// cards. One host is measured; its peer is the same for all subjects.
#include <array>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "chain.hpp"
#include "plans.hpp"

namespace xovl::bench {

namespace {

using namespace std::chrono_literals;

/// Fits into 1500 with every encapsulation, so all carry the same segments. VXLAN and GENEVE over IPv6 take 70.
constexpr unsigned kClientMtu = 1430;

/// In place of an encapsulation: compares all of them.
constexpr const char *kAllKinds = "kinds";

struct NamedDirection {
	const char *name; ///< as seen by the measured host
	Direction direction;
};
constexpr NamedDirection kReceive = {"receive", Direction::ToServer}, kSend = {"send", Direction::ToClient},
			 kBoth = {"both", Direction::Both};

enum class LoadKind { Tcp, Udp, Transactions };

struct NamedLoad {
	const char *name;
	LoadKind kind;
	unsigned number = 0; ///< streams, or octets of a datagram
};
constexpr NamedLoad kTransactions = {"rr", LoadKind::Transactions};
constexpr std::array<NamedLoad, 4> kOneWayLoads = {{{"tcp1", LoadKind::Tcp, 1},
						    {"tcp4", LoadKind::Tcp, 4},
						    {"udp64", LoadKind::Udp, 64},
						    {"udp1400", LoadKind::Udp, 1400}}};

struct Row {
	Tunnel tunnel; ///< encap may be kAllKinds
	bool v6 = false;
	bool gro = false; ///< GRO is on at the tenants
	NamedDirection direction = kReceive;
	NamedLoad load = kOneWayLoads[0];

	std::string id() const
	{
		return fmt::format("nic-{}-{}{}{}-{}-{}", tunnel.encap, v6 ? "ipv6" : "ipv4",
				   tunnel.csum ? "-csum" : "", gro ? "-gro" : "", direction.name, load.name);
	}
	std::string conditions(const std::string &peer) const;
	bool receives_only() const { return direction.direction == Direction::ToServer; }
};

std::string Row::conditions(const std::string &peer) const
{
	return fmt::format(
		"{}; {} over {}, outer checksums {}, packets of MTU size on the link, tenants {}; modes uplink-port; "
		"the peer is {}",
		direction.name, tunnel.encap == kAllKinds ? "by encapsulation" : tunnel.encap, v6 ? "IPv6" : "IPv4",
		tunnel.csum ? "on" : "off", gro ? "with gro on" : "as they are by default", peer);
}

/// Returns every combination. NVGRE has no checksum. Request and response only go both ways.
std::vector<Row> all_rows()
{
	std::vector<Row> rows;
	for (const std::string encap : {"vxlan", "geneve", "gre", "nvgre", kAllKinds})
		for (const bool v6 : {false, true})
			for (const bool csum : {false, true})
				for (const bool gro : {false, true}) {
					if (csum && (encap == "nvgre" || encap == kAllKinds))
						continue;
					Row row = {.tunnel = {.encap = encap, .csum = csum}, .v6 = v6, .gro = gro};
					for (const NamedDirection &direction : {kReceive, kSend, kBoth})
						for (const NamedLoad &load : kOneWayLoads) {
							row.direction = direction;
							row.load = load;
							rows.push_back(row);
						}
					row.direction = kBoth;
					row.load = kTransactions;
					rows.push_back(row);
				}
	return rows;
}

/// Returns the ids of the rows that are measured by default.
std::set<std::string> default_rows(bool quick)
{
	if (quick)
		return {"nic-vxlan-ipv4-receive-tcp1"};
	return {"nic-vxlan-ipv4-receive-tcp1", "nic-vxlan-ipv4-receive-tcp4",     "nic-vxlan-ipv4-send-tcp1",
		"nic-vxlan-ipv4-both-tcp1",    "nic-vxlan-ipv4-receive-udp64",    "nic-vxlan-ipv4-receive-udp1400",
		"nic-vxlan-ipv4-both-rr",      "nic-vxlan-ipv4-gro-receive-tcp1", "nic-vxlan-ipv6-csum-receive-tcp1",
		"nic-kinds-ipv4-receive-tcp1"};
}

/// Returns xovl in modes that can send what the tunnel asks for: TC cannot add checksums to super-frames.
Overlay xovl_peer(const Tunnel &tunnel)
{
	return by_xovl(XOVL_COMMAND, {"tc", tunnel.csum ? "native" : "tc"}, tunnel);
}

/// The device or program of the peer, the same for all subjects of a row.
struct Peer {
	std::string name;
	Overlay overlay;
};

Peer peer_for(const Row &row)
{
	if (row.tunnel.encap != kAllKinds && kernel_has(row.tunnel, row.v6))
		return {"the kernel's " + row.tunnel.encap, by_kernel(row.tunnel)};
	return {"xovl", xovl_peer(row.tunnel)};
}

/// Returns all encapsulations, with the same modes and peer.
std::vector<Contender> kinds()
{
	std::vector<Contender> all;
	for (const Tunnel &tunnel : tunnels({}))
		all.push_back({tunnel.name(), xovl_peer(tunnel), by_xovl(XOVL_COMMAND, {"auto", "auto"}, tunnel)});
	return all;
}

/// Returns everything that supports the encapsulation of the row.
std::vector<Contender> contenders(const Settings &settings, const Row &row, const Overlay &peer)
{
	Tunnel tunnel = row.tunnel;
	// A host that only receives sends acknowledgements, which need no checksums. Both ends of a GRE tunnel must use
	// the same setting.
	if (row.receives_only() && tunnel.encap != "gre")
		tunnel.csum = false;
	std::vector<Contender> all = {{"bridge", by_bridge(), by_bridge()}, {"kernel", peer, by_kernel(tunnel)}};
	std::vector<Modes> modes = {{"auto", "auto"}, {"native", "tc"}, {"native", "native"}};
	if (!settings.quick) {
		all.push_back({"ovs", peer, by_ovs(tunnel)});
		modes.insert(modes.end(), {{"tc", "tc"}, {"generic", "generic"}});
	}
	for (const Modes &of : modes)
		for (const Build &build : builds(settings))
			all.push_back({fmt::format("{}-{}-{}", build.name, of.uplink, of.port), peer,
				       by_xovl(build.command, of, tunnel)});
	if (!settings.quick && tunnel.encap == "vxlan")
		all.push_back({"xovl-via-kernel", peer, by_xovl(XOVL_COMMAND, {"tc", "tc", ", via: kernel"}, tunnel)});
	return all;
}

std::vector<Group> groups(const Settings &settings, const Row &row)
{
	const bool by_kind = row.tunnel.encap == kAllKinds;
	const Peer peer = peer_for(row);
	const auto paths =
		chains({.links = wire_links(row.gro ? "gro on" : ""), .v6 = row.v6, .client_mtu = kClientMtu},
		       by_kind ? kinds() : contenders(settings, row, peer.overlay));
	const std::vector<Reference> compared =
		by_kind ? std::vector<Reference>{{"of vxlan", "vxlan"}}
			: std::vector<Reference>{{"of bridge", "bridge"}, {"of kernel", "kernel"}};
	const std::string conditions = row.conditions(peer.name);
	const auto group = [&](const std::string &what, const std::function<Sample(Chain &)> &sample) {
		return std::vector<Group>{{.id = row.id(),
					   .title = what + "; " + conditions,
					   .unit = "thousand/s",
					   .subjects = subjects_of<Chain>(paths, sample),
					   .references = compared}};
	};
	switch (row.load.kind) {
	case LoadKind::Tcp:
		return stream_groups(
			{row.id(), row.id() + "-cpu", conditions}, paths,
			{.streams = row.load.number, .amount = "-t 1", .direction = row.direction.direction}, compared);
	case LoadKind::Udp: {
		const UdpLoad load = {.octets = row.load.number,
				      .time = settings.quick ? 200ms : 1000ms,
				      .direction = row.direction.direction};
		return group(fmt::format("UDP, {} octets: datagrams that arrive (own sender)", load.octets),
			     [load](Chain &path) { return path.udp(load); });
	}
	case LoadKind::Transactions:
		break;
	}
	return group("TCP request and response, on one CPU (sockperf)",
		     [](Chain &path) { return path.transactions(1); });
}

} // namespace

std::vector<Plan> nic_plans(const Settings &settings)
{
	const std::set<std::string> by_default = default_rows(settings.quick);
	std::vector<Plan> plans;
	for (const Row &row : all_rows())
		plans.push_back({row.id(), false, [settings, row] { return groups(settings, row); },
				 by_default.contains(row.id())});
	return plans;
}

} // namespace xovl::bench
