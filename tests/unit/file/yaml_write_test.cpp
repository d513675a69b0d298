// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// to_yaml(): its layout, and parse_yaml() gives the same Config back.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "config/config.hpp"
#include "config/policy.hpp"
#include "every_kind.hpp"
#include "expect_error.hpp"

using namespace xovl;

namespace {

Address ip(const std::string &text)
{
	return Address::parse(text);
}

void expect_round_trip(const Config &config)
{
	const std::string text = to_yaml(config);
	Config back;
	EXPECT_EQ(complaint([&] { back = parse_yaml(text, "F", Limits{}); }), "no complaint") << text;
	EXPECT_TRUE(back == config) << text;
	EXPECT_EQ(to_yaml(back), text);
}

Config with_names(const std::string &net, const std::string &dev)
{
	Config config;
	config.uplinks = {{dev}};
	config.networks.emplace_back().name = net;
	return config;
}

/// A random valid configuration for each seed.
class RandomConfig {
public:
	explicit RandomConfig(uint32_t seed) : random_(seed) {}

	Config make()
	{
		Config config;
		if (coin())
			config.limits =
				Limits{below(100) + 1000, below(100) + 100, below(100) + 1000, below(9) + 100, 60000};
		for (uint32_t i = 0; i < 3; i++) {
			config.vteps.push_back({ip(fmt::format("10.0.0.{}", i + 1)), foreign(), coin()});
			config.vteps.push_back({ip(fmt::format("fd00::{}", i + 1)), foreign(), coin()});
		}
		for (uint32_t i = below(3); i > 0; i--)
			config.uplinks.push_back({fmt::format("eth{}", i), static_cast<uint16_t>(below(4095)), mode(),
						  static_cast<xovl_rp_filter>(below(4)), coin(), coin()});
		for (uint32_t i = below(6); i > 0; i--)
			config.networks.push_back(network(i));
		return config;
	}

private:
	xovl_foreign foreign() { return static_cast<xovl_foreign>(below(3)); }

	NetworkConfig network(uint32_t number)
	{
		NetworkConfig net;
		net.name = fmt::format("{}{}", number, coin() ? "e3" : "-net.x");
		net.encap = static_cast<xovl_encap>(XOVL_ENCAP_VXLAN + below(4));
		net.vni = number * 1000 + below(1000);
		net.dstport = dstport(net.encap);
		if (coin())
			net.mtu = static_cast<uint16_t>(68 + below(65000));
		net.learning = coin();
		if (coin())
			net.ageing = below(1000001);
		carrier(net);
		if (coin())
			net.local = ip(coin() ? "10.0.0.2" : "fd00::2");
		for (uint32_t i = below(4); i > 0; i--)
			net.ports.push_back(
				{fmt::format("{}v{}", i, number), static_cast<uint16_t>(below(4095)), mode()});
		for (uint32_t i = below(12); i > 0; i--)
			net.flood.push_back(peer(net, i));
		for (uint32_t i = below(12); i > 0; i--)
			net.fdb.push_back(entry(net, static_cast<uint8_t>(i)));
		for (const auto &dst : net.flood)
			maybe_mixed(net, dst);
		for (const auto &entry : net.fdb)
			if (const Address *dst = entry.dst())
				maybe_mixed(net, *dst);
		normalize_peers(net);
		policies(net);
		return net;
	}

	/// The default port or another one. Two encapsulations never get the same port, because the last digits differ.
	uint16_t dstport(xovl_encap encap)
	{
		const uint16_t usual = default_dstport(encap);
		return usual && coin() ? static_cast<uint16_t>(usual + 10 * below(100)) : usual;
	}

	void maybe_mixed(NetworkConfig &net, const Address &dst)
	{
		if (coin() || std::ranges::find(net.peers, dst, &PeerConfig::dst) != net.peers.end())
			return;
		const auto encap = static_cast<xovl_encap>(XOVL_ENCAP_VXLAN + below(4));
		net.peers.insert(std::ranges::lower_bound(net.peers, dst, {}, &PeerConfig::dst),
				 {dst, encap, dstport(encap)});
		carrier(*std::ranges::find(net.peers, dst, &PeerConfig::dst));
	}

	/// Random via and require of a network or peer.
	template <typename Object> void carrier(Object &object)
	{
		if (has_udp(object.encap))
			object.via = static_cast<xovl_via>(below(3));
		object.encrypted = has_udp(object.encap) && object.via != XOVL_VIA_DIRECT && coin();
	}

	/// Random policies, out of those that the encapsulations in use have.
	void policies(NetworkConfig &net)
	{
		const Encaps used = encaps_in_use(net);
		auto has = [&](xovl_encap encap) { return used & 1u << encap && coin(); };
		if (coin())
			net.outer.ttl = coin() ? std::nullopt : std::optional<uint8_t>(1 + below(255));
		if (coin())
			net.outer.dscp = coin() ? std::nullopt : std::optional<uint8_t>(below(64));
		if (coin())
			net.outer.df = coin() ? std::nullopt : std::optional(coin());
		if (coin())
			net.outer.flowlabel = below(0x100000);
		net.mss_clamp = coin();
		net.bpdu = static_cast<Bpdu>(below(3));
		if (has(XOVL_ENCAP_VXLAN)) {
			net.gbp = true;
			net.reserved_strict = coin();
			for (auto &port : net.ports)
				if (coin())
					port.group = static_cast<uint16_t>(below(65536));
		}
		if (has(XOVL_ENCAP_GENEVE)) {
			net.outer.udpcsum = coin();
			net.outer.udp6zerocsumrx = coin();
			net.outer.sport_min = static_cast<uint16_t>(1 + below(30000));
			net.outer.sport_max = static_cast<uint16_t>(30000 + below(30000));
			net.options = options();
			net.match = {option(), {}};
			for (uint32_t i = 0; i < net.match->option.data.size(); i++)
				net.match->mask.push_back(coin() ? 0xff : static_cast<uint8_t>(below(256)));
			for (auto &port : net.ports)
				port.options = options();
		}
		if (has(XOVL_ENCAP_GRE)) {
			net.csum = coin();
			net.seq = static_cast<GreSeq>(below(3));
			if (used == 1u << XOVL_ENCAP_GRE && net.name[0] == '1')
				net.vni = coin() ? std::nullopt : std::optional<uint32_t>(0xffffff00 + below(256));
		}
		net.gso = !numbering_policy(net) && coin();
	}

	GeneveOption option()
	{
		GeneveOption option{static_cast<uint16_t>(below(65536)), static_cast<uint8_t>(below(256)), {}};
		for (uint32_t i = 4 * below(3); i > 0; i--)
			option.data.push_back(static_cast<uint8_t>(below(256)));
		return option;
	}

	std::vector<GeneveOption> options()
	{
		std::vector<GeneveOption> options;
		for (uint32_t i = below(3); i > 0; i--)
			options.push_back(option());
		return options;
	}

	FdbConfig entry(const NetworkConfig &net, uint8_t number)
	{
		const Mac mac({0x02, static_cast<uint8_t>(below(256)), 0, 0, 0, number});
		if (net.ports.empty() || coin())
			return {mac, peer(net, number)};
		const PortConfig &port = net.ports[below(static_cast<uint32_t>(net.ports.size()))];
		return {mac, FdbPort(port.dev, port.vid)};
	}

	Address peer(const NetworkConfig &net, uint32_t number)
	{
		const bool v4 = net.local ? net.local->is_v4() : coin();
		return ip(fmt::format("{}{}", v4 ? "10.1.0." : "fd01::", number));
	}

	xovl_mode mode() { return static_cast<xovl_mode>(below(4)); }
	bool coin() { return below(2); }
	uint32_t below(uint32_t end) { return static_cast<uint32_t>(random_() % end); }

	std::mt19937 random_;
};

} // namespace

// A whole file as users see it, so it is long.
TEST(YamlWrite, LooksLikeTheContract)
{
	Config config;
	config.vteps = {{ip("10.0.0.1"), XOVL_FOREIGN_DROP, true}, {ip("fd00::1"), XOVL_FOREIGN_PASS}};
	config.uplinks = {{"eth0"}, {"eth2", 0, XOVL_MODE_NATIVE}};
	NetworkConfig &blue = config.networks.emplace_back();
	blue.name = "blue";
	blue.vni = 100;
	blue.local = ip("10.0.0.1");
	blue.dstport = 8472;
	blue.mtu = 1450;
	blue.learning = false;
	blue.ageing = 60;
	blue.ports = {{"veth-blue"}, {"eth1", 100, XOVL_MODE_TC}};
	blue.flood = {ip("10.0.0.2"), ip("10.0.0.3")};
	blue.fdb = {{Mac::parse("02:00:00:00:00:99"), ip("10.0.0.2")},
		    {Mac::parse("02:00:00:00:00:98"), FdbPort("veth-blue")},
		    {Mac::parse("02:00:00:00:00:97"), FdbPort("eth1", 100)}};
	config.networks.emplace_back().name = "red";

	EXPECT_EQ(to_yaml(config),
		  R"(vtep: {local: [{ip: 10.0.0.1, foreign: drop, xfrm: ignore}, {ip: "fd00::1", foreign: pass}]}
uplinks:
  - {dev: eth0}
  - {dev: eth2, mode: native}
networks:
  - name: blue
    encap: vxlan
    vni: 100
    local: 10.0.0.1
    dstport: 8472
    mtu: 1450
    learning: false
    ageing: 60
    ports:
      - {dev: veth-blue}
      - {dev: eth1, vid: 100, mode: tc}
    flood: [10.0.0.2, 10.0.0.3]
    fdb:
      - {mac: "02:00:00:00:00:99", dst: 10.0.0.2}
      - {mac: "02:00:00:00:00:98", dev: veth-blue}
      - {mac: "02:00:00:00:00:97", dev: eth1, vid: 100}
  - name: red
    encap: vxlan
    vni: 0
)");
	expect_round_trip(config);
}

TEST(YamlWrite, EveryKind)
{
	EXPECT_EQ(to_yaml(test::every_kind()), test::kEveryKind);
	expect_round_trip(test::every_kind());
}

TEST(YamlWrite, LimitsAndLongFloodList)
{
	Config config;
	config.limits.emplace();
	config.vteps = {{ip("fd00::1")}};
	config.networks.emplace_back().name = "blue";
	for (int i = 2; i < 9; i++)
		config.networks[0].flood.push_back(ip(fmt::format("fd00::{}", i)));
	config.networks[0].peers = {{ip("fd00::8"), XOVL_ENCAP_GENEVE, 6081}};

	EXPECT_EQ(to_yaml(config),
		  R"(limits: {fdb: 65536, networks: 4096, peers: 1024, ports: 1024, members: 65536, guards: 16384}
vtep: {local: ["fd00::1"]}
networks:
  - name: blue
    encap: vxlan
    vni: 0
    flood:
      - "fd00::2"
      - "fd00::3"
      - "fd00::4"
      - "fd00::5"
      - "fd00::6"
      - "fd00::7"
      - {dst: "fd00::8", encap: geneve}
)");
	expect_round_trip(config);
}

TEST(YamlWrite, EmptyConfig)
{
	EXPECT_EQ(to_yaml(Config()), "{}\n");
	expect_round_trip(Config());
}

TEST(YamlWrite, NamesThatNeedQuotes)
{
	for (const char *net : {"null", "Null", "NULL", "true", "No", "on", "y", "123", "0x10", "1e3", "1_000", ".5",
				".", "..", "_", "a-b"}) {
		SCOPED_TRACE(net);
		expect_round_trip(with_names(net, "eth0"));
	}
	for (const char *dev : {"~",   "null",  "-",   "--",  "---", "-x",  "...", "#x", "x#",  "!x",       "&x",
				"*x",  "{x}",   "[x]", "a,b", "x?",  "?",   "@x",  "`x", "%x",  "|",        ">",
				"'x'", "\"x\"", "\"",  "\\",  "\\n", "x=1", "<<",  "=",  "1.5", "eth0.100", "a'b"}) {
		SCOPED_TRACE(dev);
		expect_round_trip(with_names("blue", dev));
	}
	EXPECT_EQ(to_yaml(with_names("on", "a\"\\b")), "uplinks:\n  - {dev: \"a\\\"\\\\b\"}\n"
						       "networks:\n  - name: \"on\"\n    encap: vxlan\n    vni: 0\n");
	EXPECT_EQ(to_yaml(with_names("123", "eth0.100")),
		  "uplinks:\n  - {dev: eth0.100}\n"
		  "networks:\n  - name: \"123\"\n    encap: vxlan\n    vni: 0\n");
}

TEST(YamlWrite, EveryPrintableDeviceName)
{
	for (char c = '!'; c <= '~'; c++) {
		if (c == '/' || c == ':')
			continue;
		for (const std::string &dev :
		     {std::string(2, c), std::string("a") + c, std::string("a") + c + "b", c + std::string("b")})
			if (dev != "..")
				expect_round_trip(with_names("blue", dev));
	}
}

TEST(YamlWrite, RandomConfigsRoundTrip)
{
	for (uint32_t seed = 0; seed < 300; seed++) {
		SCOPED_TRACE(seed);
		expect_round_trip(RandomConfig(seed).make());
	}
}
