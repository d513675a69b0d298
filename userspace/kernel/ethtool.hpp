// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What ethtool tells about an interface.
#pragma once

#include <net/if.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"

namespace xovl {

/// Ethtool requests for one interface. If the driver does not support a request, the result is empty. Throws
/// Error(System) if the kernel refuses.
class Ethtool {
public:
	explicit Ethtool(const std::string &name);

	std::string driver();
	/// Returns the names of the features that are on.
	std::vector<std::string_view> features();

private:
	bool call(void *command);
	/// Returns the kernel's feature names. They are the same for every interface, so they are read only once. Empty
	/// if this interface is gone.
	const std::vector<std::string> &feature_names();
	uint32_t feature_count();

	Fd socket_;
	ifreq request_ = {};
};

} // namespace xovl
