// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A packet that ends at a guard page: a read behind its end faults. It lies below 4 GiB, as __sk_buff requires.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <stdexcept>

#include "packet.hpp"

namespace xovl::test {

class Guarded {
public:
	explicit Guarded(size_t room = 16384) : room_(room)
	{
		const size_t page = sysconf(_SC_PAGESIZE);
		constexpr uintptr_t kFirst = 0x10000000, kEnd = 0x60000000, kStep = 0x1000000;
		for (uintptr_t at = kFirst; at < kEnd && memory_ == MAP_FAILED; at += kStep)
			memory_ = mmap(reinterpret_cast<void *>(at), room_ + page, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		if (memory_ == MAP_FAILED || mprotect(static_cast<uint8_t *>(memory_) + room_, page, PROT_NONE) != 0)
			throw std::runtime_error("no memory with a guard page");
	}
	~Guarded() { munmap(memory_, room_ + sysconf(_SC_PAGESIZE)); }
	Guarded(const Guarded &) = delete;
	Guarded &operator=(const Guarded &) = delete;

	/// A copy of the packet, valid until the next call.
	const uint8_t *put(const Bytes &packet)
	{
		uint8_t *at = static_cast<uint8_t *>(memory_) + room_ - packet.size();
		std::memcpy(at, packet.data(), packet.size());
		return at;
	}

private:
	size_t room_; ///< octets, whole pages
	void *memory_ = MAP_FAILED;
};

} // namespace xovl::test
