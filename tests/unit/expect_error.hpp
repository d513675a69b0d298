// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include <string>

#include "base/error.hpp"

/// The message of the request error that action() throws, or a text that equals no message.
template <typename Action> std::string complaint(Action &&action)
{
	try {
		action();
	} catch (const xovl::Error &e) {
		return e.kind() == xovl::Error::Kind::Request ? e.what()
							      : std::string("not a request error: ") + e.what();
	}
	return "no complaint";
}
