// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The class behind validate(). Its members are in config_check*.cpp.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "base/error.hpp"
#include "config/config.hpp"
#include "config/receivers.hpp"

namespace xovl {

/// Checks a configuration in the order of the file. The first violation throws.
class Checker {
public:
	Checker(const Config &config, const Where &where, const Limits &in_force)
		: config_(config), limits_(config.limits.value_or(in_force)), where_(where)
	{
	}

	void check();

private:
	/// How the configuration uses an interface.
	struct Device {
		xovl_mode mode;
		bool uplink;
		std::map<uint16_t, std::string> networks; ///< name of the network, by VLAN
		bool whole = false;                       ///< its untagged port takes tagged frames whole, by name
	};
	using PortSet = std::set<std::pair<std::string, uint16_t>>;

	[[noreturn]] void fail(const ConfigPath &path, const std::string &text) const
	{
		throw request_error(where_(path) + text);
	}

	/// Runs rule(). An error gets the position of the value at path.
	template <typename Rule> void hold(const ConfigPath &path, Rule &&rule) const
	{
		try {
			rule();
		} catch (const Error &e) {
			fail(path, e.what());
		}
	}

	void check_limits() const;
	void check_vteps();
	void check_uplinks();
	void check_network(size_t n);
	void check_values(size_t n) const;
	void check_outer(size_t n) const;
	void check_policy(size_t n) const;
	void check_known_options(size_t n) const;
	/// Checks `via` and `require` of the network and its peers.
	void check_vias(size_t n) const;
	/// Checks what the network receives with its own encapsulation and with those of its peers.
	void check_tunnels(size_t n);
	void check_peer_tunnel(size_t n, size_t i);
	/// Counts the tunnels for one more encapsulation and port of a network.
	void count_tunnels(const NetworkConfig &net, const ConfigPath &path);
	void check_ports(size_t n);
	void check_device(size_t n, size_t i);
	/// Checks who takes the tagged frames of an interface.
	void check_tagged(size_t n, size_t i, Device &device) const;
	void check_port_policy(size_t n, size_t i) const;
	void check_guards(size_t n, size_t i);
	void check_flood(size_t n);
	void check_fdb(size_t n);
	void check_target(size_t n, size_t i);
	void check_endpoint(const Address &address, const ConfigPath &path) const;
	/// Checks and counts a peer. Called once for each member of a network.
	void check_member(const NetworkConfig &net, const Address &peer, const ConfigPath &path);
	void check_count(size_t count, size_t limit, const char *what, const ConfigPath &path) const;
	bool is_vtep(const Address &address) const;

	const Config &config_;
	const Limits limits_;
	const Where &where_;

	std::map<std::string, Device> devices_;
	std::set<std::string> names_;
	Receivers receivers_;
	/// Peers are counted by outer header (addresses, port, encapsulation) and by the way their packets are carried.
	std::set<std::tuple<Address, Address, uint16_t, xovl_encap, xovl_via, bool>> peers_;
	size_t nr_tunnels_ = 0;
	size_t nr_ports_ = 0;
	size_t nr_guard_macs_ = 0;
	size_t nr_guard_prefixes_ = 0;
	size_t nr_members_ = 0;
	size_t nr_entries_ = 0;

	// state of the network being checked
	PortSet ports_;
	std::set<Address> members_;
};

} // namespace xovl
