// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ovs.hpp"

#include <csignal>

#include <stdexcept>

#include <fmt/format.h>

namespace xovl::test {

namespace {

constexpr const char *kSchema = "/usr/share/openvswitch/vswitch.ovsschema";

/// Returns the MAC of the device that has the address.
std::string mac_behind(const Netns &netns, const std::string &address)
{
	for (const auto &link : netns.ip_show("addr show to " + address))
		if (link.contains("address"))
			return link.at("address");
	throw std::runtime_error(netns.name() + ": no device has " + address);
}

} // namespace

Ovs::Ovs(const Topology &net, unsigned i)
	: Ovs(OvsSite{.host = net.host(i),
		      .tenant = net.tenant(i),
		      .facing = net.host(3 - i),
		      .local = net.vtep(i),
		      .remote = net.vtep(3 - i),
		      .number = i})
{
}

Ovs::Ovs(const OvsSite &site) : site_(site)
{
	site.facing.offload("up0", "tx off");
	site.tenant.offload("eth0", "tx off");

	must({"ovsdb-tool", "create", path("conf.db"), kSchema});
	database_.emplace(daemon(fmt::format("ovsdb-server {} --remote=punix:{} --unixctl={}", path("conf.db"),
					     path("db.sock"), path("db.ctl"))));
	const auto answers = [&](const std::string &words) {
		return wait_until([&] { return run(test::words(words)).ok(); }, 5s);
	};
	if (!answers(fmt::format("ovs-vsctl --db=unix:{} --timeout=1 --no-wait init", path("db.sock"))))
		throw std::runtime_error("ovsdb-server: " + database_->stop(SIGTERM).text());
	switch_.emplace(daemon(
		fmt::format("ovs-vswitchd unix:{} --unixctl={} --disable-system", path("db.sock"), path("vs.ctl"))));
	if (!answers(fmt::format("ovs-appctl -t {} version", path("vs.ctl"))))
		throw std::runtime_error("ovs-vswitchd: " + switch_->stop(SIGTERM).text());

	take_underlay();
	vsctl("add-br br0 -- set bridge br0 datapath_type=netdev fail_mode=standalone -- add-port br0 port0");
}

Ovs::~Ovs()
{
	if (switch_)
		switch_->stop(SIGTERM);
	if (database_)
		database_->stop(SIGTERM);
}

bool Ovs::installed()
{
	return run(words("ovs-vswitchd --version")).ok() && run(words("ovsdb-tool --version")).ok();
}

/// Moves the VTEP addresses from up0 to a bridge that contains up0.
void Ovs::take_underlay() const
{
	const Netns &host = site_.host;
	const auto addresses = host.ip_show("addr show dev up0").at(0).at("addr_info");
	// Ports of Open vSwitch do not accept frames that GRO has merged, so the size is limited. GRO stays on, because
	// a veth needs NAPI for frames that XDP redirects to it.
	host.ip("addr flush dev up0\nlink set up0 arp off gro_max_size 1500");
	host.sysctl("net/ipv6/conf/up0/disable_ipv6", "1");
	vsctl(fmt::format("add-br phy -- set bridge phy datapath_type=netdev fail_mode=standalone "
			  "other_config:hwaddr=02:00:00:00:0e:{:02x} -- add-port phy up0",
			  site_.number));
	host.ip("link set phy up");
	for (const auto &address : addresses)
		if (address.at("scope") == "global")
			host.ip(fmt::format("addr add {}/{} dev phy", address.at("local").get<std::string>(),
					    address.at("prefixlen").get<unsigned>()));
}

void Ovs::tunnel(const std::string &type, const std::string &options, const std::string &name)
{
	std::string line = fmt::format("add-port br0 {0} -- set interface {0} type={1} options:remote_ip={2} "
				       "options:local_ip={3}",
				       name, type, site_.remote, site_.local);
	for (const std::string &option : words(options))
		line += " options:" + option;
	vsctl(line);
	// otherwise the first packets are lost while Open vSwitch resolves the address
	appctl(fmt::format("tnl/arp/set phy {} {}", site_.remote, mac_behind(site_.facing, site_.remote)));
}

std::string Ovs::vsctl(const std::string &line) const
{
	return must(words(fmt::format("ovs-vsctl --db=unix:{} --timeout=10 {}", path("db.sock"), line)));
}

std::string Ovs::ofctl(const std::string &command, const std::string &rest) const
{
	return must(words(fmt::format("ovs-ofctl {} unix:{} {}", command, path("br0.mgmt"), rest)));
}

std::string Ovs::appctl(const std::string &line) const
{
	return must(words(fmt::format("ovs-appctl -t {} {}", path("vs.ctl"), line)));
}

void Ovs::flows(const std::string &lines) const
{
	must(words(fmt::format("ovs-ofctl replace-flows unix:{} -", path("br0.mgmt"))), {.input = lines + "\n"});
	appctl("revalidator/wait"); // waits until the datapath has dropped the old flows
}

std::string Ovs::state() const
{
	std::string text = vsctl("show");
	for (const char *line :
	     {"tnl/ports/show", "tnl/neigh/show", "ovs/route/show", "dpctl/dump-flows", "coverage/show"})
		text += fmt::format("--- {}\n{}", line, appctl(line));
	return text + ofctl("dump-flows");
}

uint64_t Ovs::packets(unsigned cookie) const
{
	const std::string text = ofctl("dump-aggregate", fmt::format("cookie={}/-1", cookie));
	const std::string key = "packet_count=";
	const size_t at = text.find(key);
	if (at == std::string::npos)
		throw std::runtime_error("ovs-ofctl dump-aggregate: " + text);
	return std::stoull(text.substr(at + key.size()));
}

Process Ovs::daemon(const std::string &line) const
{
	return Process(words(fmt::format("env OVS_RUNDIR={0} OVS_LOGDIR={0} OVS_DBDIR={0} {1} -vconsole:warn",
					 folder_.path(), line)),
		       {.netns = site_.host.name()});
}

} // namespace xovl::test
