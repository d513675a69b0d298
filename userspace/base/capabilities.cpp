// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/capabilities.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>

namespace xovl {

namespace {

// Defined in linux/capability.h from Linux 5.8 on.
constexpr unsigned kCapPerfmon = 38;
constexpr unsigned kCapBpf = 39;

/// Returns one bit for each effective capability. If capget() fails, all bits are set: the kernel will refuse what is
/// not permitted.
uint64_t effective_capabilities()
{
	__user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
	__user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
	if (syscall(SYS_capget, &header, data) != 0)
		return UINT64_MAX;
	return data[0].effective | uint64_t{data[1].effective} << 32;
}

/// True if the user namespace maps every user ID to itself (user_namespaces(7)), or if the map cannot be read.
bool is_initial_user_namespace()
{
	std::ifstream map("/proc/self/uid_map");
	uint64_t inside = 0;
	uint64_t outside = 0;
	uint64_t count = 0;
	if (!(map >> inside >> outside >> count))
		return true;
	return inside == 0 && outside == 0 && count == UINT32_MAX;
}

} // namespace

std::string missing_capabilities()
{
	const uint64_t held = is_initial_user_namespace() ? effective_capabilities() : 0;
	const auto has = [held](unsigned capability) { return (held >> capability & 1) != 0; };
	const bool admin = has(CAP_SYS_ADMIN);
	std::string missing;
	const auto need = [&missing](bool present, const char *name) {
		if (!present)
			missing += (missing.empty() ? "" : " and ") + std::string(name);
	};
	need(has(kCapBpf) || admin, "CAP_BPF");
	need(has(CAP_NET_ADMIN), "CAP_NET_ADMIN");
	need(has(kCapPerfmon) || admin, "CAP_PERFMON");
	return missing;
}

} // namespace xovl
