// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "config/types.hpp"

namespace xovl {

/// Assigns indexes of an array: free ones first, then those that this change frees. All keep() calls must come before
/// the first take().
class Slots {
public:
	template <typename IsUsed> Slots(const char *what, uint32_t count, IsUsed is_used) : what_(what), taken_(count)
	{
		for (uint32_t i = 0; i < count; i++)
			if (!is_used(i))
				free_.push_back(i);
		for (uint32_t i = 0; i < count; i++)
			if (is_used(i))
				freed_.push_back(i);
	}

	/// Keeps the index for what it holds now.
	uint32_t keep(uint32_t index)
	{
		taken_[index] = true;
		return index;
	}

	uint32_t take()
	{
		for (auto *list : {&free_, &freed_}) {
			while (!list->empty()) {
				uint32_t index = list->front();
				list->pop_front();
				if (!taken_[index])
					return keep(index);
			}
		}
		throw too_many(taken_.size(), what_);
	}

private:
	const char *what_;
	std::vector<bool> taken_;
	std::deque<uint32_t> free_, freed_;
};

} // namespace xovl
