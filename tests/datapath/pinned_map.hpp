// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include <bpf/bpf.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

#include "base/fd.hpp"

namespace xovl::test {

/// A map that the test reads and corrupts while the bench's overlay holds its lock.
template <typename Key, typename Value> class PinnedMap {
public:
	explicit PinnedMap(const std::string &path) : fd_(bpf_obj_get(path.c_str()))
	{
		if (!fd_)
			throw std::system_error(errno, std::generic_category(), path);
	}
	Value get(const Key &key) const
	{
		Value value{};
		EXPECT_EQ(bpf_map_lookup_elem(fd_.get(), &key, &value), 0);
		return value;
	}
	void set(const Key &key, const Value &value) const
	{
		EXPECT_EQ(bpf_map_update_elem(fd_.get(), &key, &value, BPF_ANY), 0);
	}
	/// Calls visit(key, value), which may change the element. All keys are read first, because written hash
	/// elements move.
	template <typename Visit> void for_each(Visit visit) const
	{
		std::vector<Key> keys;
		Key key{};
		for (Key *last = nullptr; bpf_map_get_next_key(fd_.get(), last, &key) == 0; last = &key)
			keys.push_back(key);
		for (const Key &each : keys)
			visit(each, get(each));
	}

private:
	Fd fd_;
};

} // namespace xovl::test
