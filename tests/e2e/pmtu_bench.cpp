// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "pmtu_bench.hpp"

#include <regex>
#include <thread>

#include <fmt/format.h>

namespace xovl::test {

std::ostream &operator<<(std::ostream &out, const TooBig &error)
{
	return out << "from " << error.from << ", MTU " << error.mtu;
}

std::optional<TooBig> too_big(const Netns &from, const std::string &address, unsigned length)
{
	const unsigned headers = address.find(':') == std::string::npos ? 28 : 48;
	const Result result = from.run(fmt::format("ping -n -c 1 -W 1 -M do -s {} {}", length - headers, address));
	static const std::regex error(
		R"(From (\S+) icmp_seq=1 (?:Frag needed and DF set \(mtu = |Packet too big: mtu=)(\d+))");
	std::smatch match;
	if (!std::regex_search(result.out, match, error))
		return std::nullopt;
	return TooBig{match[1], static_cast<unsigned>(std::stoul(match[2]))};
}

void forget_pmtu(const Netns &tenant)
{
	tenant.must("ip -4 route flush cache");
	tenant.must("ip -6 route flush cache");
}

bool is_ipv4(const Frame &frame)
{
	return frame.ethertype() == 0x0800;
}

void PmtuBase::wide_tenants() const
{
	for (unsigned i = 1; i <= 2; i++)
		c(i).ip(fmt::format("link set eth0 mtu {}", kTenantMtu));
}

void PmtuBase::expect_told(unsigned mtu, unsigned from) const
{
	const unsigned to = 3 - from;
	for (const std::string &address : {Topology::tenant4(to), Topology::tenant6(to)}) {
		SCOPED_TRACE(fmt::format("c{} to {}", from, address));
		ASSERT_TRUE(pings(c(from), address));
		for (const unsigned length : {kTenantMtu, mtu + 1}) {
			forget_pmtu(c(from));
			const auto error = too_big(c(from), address, length);
			ASSERT_TRUE(error) << "nothing was said of " << length << " octets\n"
					   << h(from).xovl_show("stats drop").dump(1);
			EXPECT_EQ(*error, (TooBig{address, mtu})) << "for " << length << " octets";
		}
		const auto route = c(from).ip_show("route get " + address);
		EXPECT_EQ(route.at(0).at("metrics").at(0).at("mtu"), mtu) << "the tenant's kernel believes it";
		const unsigned headers = address.find(':') == std::string::npos ? 28 : 48;
		EXPECT_TRUE(pings(c(from), address, 2, mtu - headers)) << "what fits passes";
	}
}

void PmtuBase::expect_told_soon(unsigned mtu) const
{
	EXPECT_TRUE(wait_until([&] {
		forget_pmtu(c(1));
		const auto error = too_big(c(1), Topology::tenant4(2), net_->tenant_mtu());
		return error == TooBig{Topology::tenant4(2), mtu};
	})) << h(1).xovl_show("stats drop").dump(1);
	std::this_thread::sleep_for(1100ms); // each CPU learns it separately
	expect_told(mtu, 1);
}

void PmtuBase::narrow_far_link(unsigned mtu) const
{
	net_->middle().ip(fmt::format("link set h2up0 mtu {}", mtu));
	h(2).ip(fmt::format("link set up0 mtu {}", mtu));
}

void PmtuBase::send_large() const
{
	c(1).run(fmt::format("ping -n -c 1 -W 1 -M do -s {} {}", net_->tenant_mtu() - 28, Topology::tenant4(2)));
}

void PmtuBase::expect_reported(unsigned mtu, unsigned said) const
{
	EXPECT_TRUE(wait_until([&] {
		send_large();
		return peer().at("pmtu") == mtu;
	})) << h(1).xovl_show("peer show").dump(1);
	const nlohmann::json now = peer();
	EXPECT_EQ(now.at("pmtu_said"), said);
	EXPECT_NE(now.at("pmtu_from"), "route");
	EXPECT_GT(now.at("pmtu_expires"), 500);
	EXPECT_LE(now.at("pmtu_expires"), 600);
	EXPECT_GE(now.at("icmp_believed"), 1);
	EXPECT_EQ(
		h(1).xovl_show("net show").at(0).at("narrower"),
		nlohmann::json::array({{{"dst", now.at("dst")}, {"mtu", mtu - net_->overhead()}, {"path_mtu", mtu}}}));
}

void PmtuBase::expect_tcp_completes() const
{
	EXPECT_TRUE(tcp_content(c(1), c(2), Topology::tenant4(2), 4 << 20));
	EXPECT_TRUE(tcp_content(c(2), c(1), Topology::tenant4(1), 4 << 20));
	EXPECT_TRUE(tcp_content(c(1), c(2), Topology::tenant6(2), 4 << 20));
	EXPECT_TRUE(tcp_content(c(2), c(1), Topology::tenant6(1), 4 << 20));
}

std::string mode_name(const testing::TestParamInfo<Pmtu::ParamType> &info)
{
	return std::get<0>(info.param) + (std::get<1>(info.param) ? "_v6" : "_v4");
}

} // namespace xovl::test
