// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <bpf/bpf.h>
#include <fmt/format.h>

#include "xovl/caches.h"

namespace xovl::test {

namespace {

constexpr const char *kBpffs = "/sys/fs/bpf";
constexpr const char *kPinRoot = "/sys/fs/bpf/xovl";

void check(bool ok, const std::string &what)
{
	if (!ok)
		throw std::system_error(errno, std::generic_category(), what);
}

Fd open_namespace(const std::string &path)
{
	Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
	check(bool(fd), path);
	return fd;
}

FdbConfig behind_peer(const std::string &mac, const std::string &dst)
{
	return {Mac::parse(mac), Address::parse(dst)};
}

FdbConfig behind_port(const std::string &mac, const std::string &dev, uint16_t vid = 0)
{
	return {Mac::parse(mac), FdbPort(dev, vid)};
}

/* GSO is off, so that every mode accepts every policy. */
NetworkConfig blue(xovl_mode mode, const Addresses &underlay)
{
	return {{.name = "blue", .vni = kBlueVni, .gso = false},
		{{"port1", 0, mode}, {"port2", 0, mode}, {"trunk", 10, mode}},
		{Address::parse(underlay.peer_a), Address::parse(underlay.peer_b)},
		{},
		{behind_port(mac::kTenant2, "port2"), behind_port(mac::kTagged, "trunk", 10),
		 behind_peer(mac::kRemoteA, underlay.peer_a), behind_peer(mac::kRemoteB, underlay.peer_b),
		 behind_peer(mac::kRemoteNarrow, underlay.narrow), behind_peer(mac::kRemoteNoRoute, underlay.no_route),
		 behind_peer(mac::kRemoteBeside, underlay.beside)}};
}

NetworkConfig green(xovl_mode mode, const Addresses &underlay)
{
	return {{.name = "green", .vni = kGreenVni, .gso = false},
		{{"trunk", 20, mode}},
		{Address::parse(underlay.peer_a)},
		{},
		{behind_port(mac::kGreen, "trunk", 20), behind_peer(mac::kRemoteA, underlay.peer_a)}};
}

Config base_config(xovl_mode mode, const Addresses &underlay)
{
	Config config;
	config.limits = Limits{.fdb = 256, .networks = 16, .peers = 320, .ports = 16, .members = 640};
	config.vteps = {{Address::parse("192.0.2.1")}, {Address::parse("2001:db8::1")}};
	config.uplinks = {{.dev = "uplink", .mode = mode, .gro = false}};
	config.networks = {blue(mode, underlay), green(mode, underlay)};
	return config;
}

/// Returns the machine's addresses, neighbours and routes for `ip -batch`.
std::string underlay()
{
	std::string lines = "addr add 192.0.2.1/24 dev uplink\naddr add 2001:db8::1/64 dev uplink nodad\n"
			    "addr add 198.51.100.1/24 dev side\naddr add 2001:db8:51::1/64 dev side nodad\n";
	for (int family : {AF_INET, AF_INET6}) {
		const Addresses &ip = addresses(family);
		const std::pair<std::string, std::string> neighbours[] = {
			{ip.peer_a, mac::kPeerA}, {ip.peer_b, mac::kPeerB}, {ip.narrow, mac::kPeerB}};
		for (const auto &[address, lladdr] : neighbours)
			lines += fmt::format("neigh add {} lladdr {} dev uplink nud permanent\n", address, lladdr);
		lines += fmt::format("neigh add {} lladdr 02:00:00:00:bb:51 dev side nud permanent\n", ip.beside);
		lines += fmt::format("route add {} dev uplink mtu lock {}\n", ip.narrow, kNarrowMtu);
	}
	return lines;
}

} // namespace

const Addresses &addresses(int family)
{
	static const Addresses v4 = {.local = "192.0.2.1",
				     .peer_a = "192.0.2.2",
				     .peer_b = "192.0.2.3",
				     .narrow = "192.0.2.9",
				     .no_route = "203.0.113.9",
				     .beside = "198.51.100.2",
				     .stranger = "192.0.2.77"};
	static const Addresses v6 = {.local = "2001:db8::1",
				     .peer_a = "2001:db8::2",
				     .peer_b = "2001:db8::3",
				     .narrow = "2001:db8::9",
				     .no_route = "2001:db8:dead::9",
				     .beside = "2001:db8:51::2",
				     .stranger = "2001:db8::77"};
	return family == AF_INET ? v4 : v6;
}

Bench::Bench(xovl_mode mode, int family)
	: far_("far"), machine_("machine"), home_netns_(open_namespace("/proc/self/ns/net")),
	  home_mounts_(open_namespace("/proc/self/ns/mnt"))
{
	link();
	enter();
	try {
		overlay_ = std::make_unique<Overlay>(kPinRoot);
		apply(base_config(mode, addresses(family)));
	} catch (...) {
		overlay_.reset();
		leave();
		throw;
	}
}

Bench::~Bench()
{
	overlay_.reset();
	leave();
}

/* IPv6 is off at the far ends and ports, so that only the test sends frames there. */
void Bench::link() const
{
	static const std::vector<std::pair<std::string, std::string>> kVeths = {{"port1", "tenant1"},
										{"port2", "tenant2"},
										{"trunk", "tenants"},
										{"uplink", "under"},
										{"side", "beside"}};
	std::string near, far;

	far_.sysctl("net/ipv6/conf/default/disable_ipv6", "1");
	machine_.sysctl("net/ipv6/conf/default/disable_ipv6", "1");
	for (const auto &[dev, end] : kVeths) {
		near += fmt::format("link add {0} type veth peer name {1} netns {2}\nlink set {0} up\n", dev, end,
				    far_.name());
		far += fmt::format("link set {} up\n", end);
	}
	near += fmt::format("link set uplink address {}\n", mac::kUplink);
	machine_.ip(near);
	far_.ip(far);
	for (const auto &[dev, end] : kVeths)
		far_.offload(end, "gro on");
	/* otherwise XDP does not see tags */
	machine_.offload("trunk", "rxvlan off");
	for (const char *dev : {"uplink", "side"})
		machine_.sysctl(fmt::format("net/ipv6/conf/{}/disable_ipv6", dev), "0");
	machine_.ip(underlay());
}

/* Mounts a private bpffs: no pin survives this process. */
void Bench::enter()
{
	check(unshare(CLONE_NEWNS) == 0, "unshare");
	check(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "mount private");
	check(mount("bpf", kBpffs, "bpf", 0, nullptr) == 0, "mount bpffs");
	check(setns(open_namespace("/run/netns/" + machine_.name()).get(), CLONE_NEWNET) == 0, "setns");
}

void Bench::leave() noexcept
{
	setns(home_netns_.get(), CLONE_NEWNET);
	setns(home_mounts_.get(), CLONE_NEWNS);
}

std::string Bench::pin(const std::string &name) const
{
	return fmt::format("{}/net-{}/{}", kPinRoot, machine_.inode(), name);
}

void Bench::apply(const Config &config)
{
	overlay_->apply(config);
	config_ = config;
	if (shadow_)
		run_shadow();
}

void Bench::run_shadow()
{
	shadow_.reset();
	overlay_.reset(); // shadow programs are loaded without the lock, as read-only commands do
	shadow_ = std::make_unique<ShadowBench>(kPinRoot, pin(""));
	overlay_ = std::make_unique<Overlay>(kPinRoot);
}

RunResult Bench::run(Hook hook, const std::string &dev, const Bytes &packet, uint32_t gso_size) const
{
	const uint32_t ifindex = if_nametoindex(dev.c_str());
	const bool is_uplink = std::ranges::count(config_.uplinks, dev, &UplinkConfig::dev);
	const char *tc_name = is_uplink ? "xovl_tc_uplink" : "xovl_tc_port";
	const Fd prog = hook == Hook::Xdp ? xdp_program(ifindex) : pinned(pin(tc_name));
	const RunInput input = {.ifindex = ifindex, .packet = packet, .gso_size = gso_size};
	if (!shadow_)
		return prog_run(hook, prog.get(), input);
	const RunResult told = shadow_->run(hook, dev, is_uplink, input);
	RunResult result = prog_run(hook, prog.get(), input);
	EXPECT_EQ(told.verdict, result.verdict) << "shadow program";
	if (result.verdict != Verdict::Drop) {
		EXPECT_EQ(hex_dump(told.packet), hex_dump(result.packet)) << "shadow program";
	}
	EXPECT_EQ(told.mark, result.mark) << "shadow program";
	return result;
}

Counts Bench::counts() const
{
	return counts_of(overlay_->counters());
}

uint64_t Bench::by_xdp() const
{
	uint64_t frames = 0;
	for (const NetCounters &net : overlay_->counters().networks)
		for (const xovl_net_stats &cpu : net.stats.cpu)
			frames += cpu.by_xdp;
	return frames;
}

std::optional<FdbEntry> Bench::fdb(const std::string &net, const std::string &mac) const
{
	const std::vector<FdbEntry> entries = overlay_->fdb({.net = net});
	const auto found = std::ranges::find(entries, Mac::parse(mac), &FdbEntry::mac);
	return found == entries.end() ? std::nullopt : std::optional(*found);
}

void Bench::age(const std::string &mac, unsigned seconds) const
{
	edit_fdb(mac, [&](xovl_fdb &entry) { entry.seen -= seconds * 1000000000ull; });
	forget_paths();
}

void Bench::forget_paths() const
{
	const Fd map = pinned(pin("epoch"));
	const uint32_t key = 0;
	uint64_t epoch = 0;
	check(bpf_map_lookup_elem(map.get(), &key, &epoch) == 0, "epoch");
	epoch++;
	check(bpf_map_update_elem(map.get(), &key, &epoch, BPF_ANY) == 0, "epoch");
}

void Bench::forget_port_states() const
{
	const Fd map = pinned(pin("port_states"));
	xovl_port_state state{};
	for (uint32_t index = 0; bpf_map_lookup_elem(map.get(), &index, &state) == 0; index++) {
		if (!state.ifindex)
			continue;
		state.expires -= 1000;
		check(bpf_map_update_elem(map.get(), &index, &state, BPF_ANY) == 0, "port_states");
	}
	forget_paths();
}

void Bench::misdirect(const std::string &mac, xovl_target target, uint32_t index) const
{
	edit_fdb(mac, [&](xovl_fdb &entry) {
		entry.dst = xovl_fdb_dst(xovl_fdb_net(entry.dst), target, xovl_fdb_state_of(entry.dst), index);
	});
}

void Bench::lose(const std::string &mac) const
{
	const xovl_fdb_key key = fdb_key_of(mac);
	check(bpf_map_delete_elem(pinned(pin("fdb")).get(), &key) == 0, "fdb");
}

xovl_fdb_key Bench::fdb_key_of(const std::string &mac) const
{
	const Fd map = pinned(pin("fdb"));
	const auto octets = Mac::parse(mac).bytes();
	xovl_fdb_key key = {};
	for (xovl_fdb_key *at = nullptr; bpf_map_get_next_key(map.get(), at, &key) == 0; at = &key)
		if (std::ranges::equal(key.mac, octets))
			return key;
	throw std::runtime_error("not in the FDB: " + mac);
}

void Bench::edit_fdb(const std::string &mac, const std::function<void(xovl_fdb &)> &change) const
{
	const Fd map = pinned(pin("fdb"));
	const xovl_fdb_key key = fdb_key_of(mac);
	xovl_fdb entry = {};
	check(bpf_map_lookup_elem(map.get(), &key, &entry) == 0, "fdb");
	change(entry);
	check(bpf_map_update_elem(map.get(), &key, &entry, BPF_EXIST) == 0, "fdb");
}

void Bench::set_confirmed(uint64_t jiffies) const
{
	const Fd map = pinned(pin("peers"));
	xovl_peer peer = {};
	for (uint32_t index = 0; bpf_map_lookup_elem(map.get(), &index, &peer) == 0; index++) {
		peer.confirmed = jiffies;
		check(bpf_map_update_elem(map.get(), &index, &peer, BPF_EXIST) == 0, "peers");
	}
}

PacketSocket &Bench::near(const std::string &dev)
{
	auto &socket = sockets_["near " + dev];
	if (!socket)
		socket = std::make_unique<PacketSocket>(machine_, dev);
	return *socket;
}

PacketSocket &Bench::far(const std::string &dev)
{
	auto &socket = sockets_[dev];
	if (!socket)
		socket = std::make_unique<PacketSocket>(far_, dev);
	return *socket;
}

} // namespace xovl::test
