// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Large configurations for a Forwarder's host.
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
		/// True: every network is a VLAN of port0 and has both tenants as static entries. False: port0 is in
		/// network 0.
		false;
};

/// Returns the MAC of entry i.
test::Bytes entry_mac(uint32_t i);
uint32_t network_vni(uint32_t network);
uint16_t network_vid(uint32_t network);

/// The configuration file, and the plain file with its entries. The plain file lives as long as this object.
class LargeFile {
public:
	LargeFile(const Large &large, const std::string &mode);

	const std::string &yaml() const { return yaml_; }

private:
	test::TempFile entries_;
	std::string yaml_;
};

} // namespace xovl::bench
