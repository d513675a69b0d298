// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The counters at one moment, as rows of numbers, and their rates since an earlier moment.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "overlay/counters.hpp"
#include "print.hpp"

namespace xovl {

struct CounterRow {
	std::vector<Json> id; ///< whose counters these are
	std::vector<uint64_t> values;
	std::vector<Json> remarks;
};

struct CounterSection {
	std::string key;
	std::vector<Column> id;
	std::vector<Column> values;
	std::vector<Column> remarks;
	std::vector<CounterRow> rows;
};

struct Snapshot {
	std::chrono::steady_clock::time_point time;
	std::vector<CounterSection> sections;
};

/// Sums over the CPUs, or one row for each CPU that counted anything.
enum class Cpus { Together, Each };

/// net, port, peer or drop. Returns it. Error(Request) for another word.
std::string parse_section(const std::string &text);

/// Reasons of drops that did not occur.
enum class Zeros { Shown, Hidden };

/// which: of parse_section(); empty: all.
Snapshot snapshot_of(const Counters &counters, const std::string &which, Cpus cpus, Zeros zeros);

/// Tables of now; beside each number its rate per second since before. before nullptr: no rates.
std::vector<Section> tables_of(const Snapshot &now, const Snapshot *before);

} // namespace xovl
