// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Configurations of a Forwarder's host with many of something.
#pragma once

#include <cstdint>
#include <string>

#include "packet.hpp"
#include "process.hpp"

namespace xovl::bench {

struct Large {
	uint32_t entries = 0;  ///< static FDB entries behind peers, spread over networks and peers
	uint32_t networks = 1; ///< at most 4094 with vlans
	uint32_t peers = 1;    ///< at most 50000
	bool vlans =
		false; ///< every network is a VLAN of port0 and has both tenants as static entries; else port0 is in network 0
};

/// MAC number i of the entries.
test::Bytes entry_mac(uint32_t i);
uint32_t network_vni(uint32_t network);
uint16_t network_vid(uint32_t network);

/// The file for it, and the plain one with its entries, which lives as long as this.
class LargeFile {
public:
	LargeFile(const Large &large, const std::string &mode);

	const std::string &yaml() const { return yaml_; }

private:
	test::TempFile entries_;
	std::string yaml_;
};

} // namespace xovl::bench
