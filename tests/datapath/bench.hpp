// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The machine under test is a network namespace that libxovl configures. Its veths end in a second namespace, "far".
//
//   far                 machine under test
//   tenant1 ──────────  port1   network blue
//   tenant2 ──────────  port2   network blue
//   tenants ──────────  trunk   VLAN 10: network blue, VLAN 20: network green
//   under   ──────────  uplink  192.0.2.1/24, 2001:db8::1/64
//   beside  ──────────  side    198.51.100.1/24, 2001:db8:51::1/64, nothing of xovl
//
// Blue has VNI 0x123456 and floods to peers A and B, green has VNI 0x14 and floods to A. Every far end has GRO on, so
// that XDP can redirect to it, and every underlay neighbour is permanent. The kernel has no tunnel device (gro off).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "counts.hpp"
#include "netns.hpp"
#include "overlay/overlay.hpp"
#include "prog_run.hpp"
#include "shadow_bench.hpp"
#include "sockets.hpp"

namespace xovl::test {

inline constexpr uint32_t kBlueVni = 0x123456;
inline constexpr uint32_t kGreenVni = 0x14;
inline constexpr uint16_t kUplinkMtu = 1500;
inline constexpr uint16_t kNarrowMtu = 1300;

namespace mac {
inline const std::string kUplink = "02:00:00:00:aa:01";
inline const std::string kPeerA = "02:00:00:00:bb:02"; ///< on the underlay
inline const std::string kPeerB = "02:00:00:00:bb:03";
inline const std::string kTenant1 = "02:00:00:00:01:01"; ///< not in the FDB until learned
inline const std::string kTenant2 = "02:00:00:00:01:02"; ///< static, behind port2
inline const std::string kTagged = "02:00:00:00:01:10";  ///< static, behind trunk, VLAN 10
inline const std::string kGreen = "02:00:00:00:01:20";   ///< static in green, behind trunk, VLAN 20
inline const std::string kRemoteA = "02:00:00:00:0a:01"; ///< static, behind peer A
inline const std::string kRemoteB = "02:00:00:00:0b:01";
inline const std::string kRemoteNarrow = "02:00:00:00:0c:01";
inline const std::string kRemoteNoRoute = "02:00:00:00:0d:01";
inline const std::string kRemoteBeside = "02:00:00:00:0e:01";
inline const std::string kUnknown = "02:00:00:00:0f:01";
inline const std::string kBroadcast = "ff:ff:ff:ff:ff:ff";
inline const std::string kLinkLocal = "01:80:c2:00:00:00";
} // namespace mac

/// The underlay addresses of one family.
struct Addresses {
	std::string local;
	std::string peer_a;
	std::string peer_b;
	std::string narrow;   ///< its route has MTU 1300
	std::string no_route; ///< has no route
	std::string beside;   ///< its route leaves by an interface that is no uplink
	std::string stranger; ///< on the underlay, not a peer
};

const Addresses &addresses(int family);

class Bench {
public:
	/// mode: applies to the uplink and all ports. family: address family of the peers.
	Bench(xovl_mode mode, int family);
	Bench(const Bench &) = delete;
	Bench &operator=(const Bench &) = delete;
	~Bench();

	Overlay &overlay() { return *overlay_; }
	/// The active configuration. To change it, edit a copy and apply() it.
	const Config &config() const { return config_; }
	void apply(const Config &config);

	/// Runs the program attached to dev at the hook. gso_size: makes the packet a super-frame (TC only).
	RunResult run(Hook hook, const std::string &dev, const Bytes &packet, uint32_t gso_size = 0) const;
	/// From now on, run() runs each packet through the shadow programs first. They must change no map and reach the
	/// same result.
	void run_shadow();
	/// Returns the steps that the shadow programs recorded for the last packet.
	const std::vector<xovl_step> &shadow_steps() const { return shadow_->steps(); }
	Counts counts() const;
	/// Returns the frames that XDP finished in all networks. counts() includes them.
	uint64_t by_xdp() const;

	std::optional<FdbEntry> fdb(const std::string &net, const std::string &mac) const;
	/// Makes a learned entry older by this many seconds, and forgets all paths.
	void age(const std::string &mac, unsigned seconds) const;
	/// Invalidates all paths, so that the datapath looks everything up again.
	void forget_paths() const;
	/// Makes the datapath read the state of the ports' interfaces again, and look everything else up, too.
	void forget_port_states() const;
	/// Returns the path of a pinned map or program.
	std::string pin(const std::string &name) const;
	/// Makes an entry point to a port or peer by index, as happens briefly while the target is removed.
	void misdirect(const std::string &mac, xovl_target target, uint32_t index) const;
	/// Removes an entry from the map without telling the datapath.
	void lose(const std::string &mac) const;

	/// Returns the far end of a veth: "tenant1", "under" …
	PacketSocket &far(const std::string &dev);
	/// Runs `ethtool -K` on a far end.
	void far_offload(const std::string &dev, const std::string &features) const { far_.offload(dev, features); }
	/// Returns the end of a veth in the machine, such as "uplink".
	PacketSocket &near(const std::string &dev);
	/// Sets a sysctl in the machine. key: such as "net/ipv4/ip_forward".
	void sysctl(const std::string &key, const std::string &value) const { machine_.sysctl(key, value); }
	/// Makes the datapath see all peers as unconfirmed for a long time.
	void unconfirm() const { set_confirmed(0); }
	/// Makes the datapath see all peers as confirmed for the rest of the test.
	void keep_confirmed() const { set_confirmed(uint64_t{1} << 62); }
	/// Runs lines with `ip -batch` in the machine.
	void ip(const std::string &lines) const { machine_.ip(lines); }
	/// Runs lines with `ip -batch` at the far ends.
	void far_ip(const std::string &lines) const { far_.ip(lines); }

private:
	void set_confirmed(uint64_t jiffies) const;
	void link() const;
	void enter();
	void leave() noexcept;
	/// Returns the key in the first network that has the MAC. Throws std::runtime_error if none has it.
	xovl_fdb_key fdb_key_of(const std::string &mac) const;
	void edit_fdb(const std::string &mac, const std::function<void(xovl_fdb &)> &change) const;

	Netns far_;
	Netns machine_;
	Fd home_netns_;
	Fd home_mounts_;
	Config config_;
	std::unique_ptr<Overlay> overlay_;
	std::unique_ptr<ShadowBench> shadow_;
	std::map<std::string, std::unique_ptr<PacketSocket>> sockets_;
};

} // namespace xovl::test
