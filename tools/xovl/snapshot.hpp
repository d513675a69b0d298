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
	std::vector<Json> id; ///< object that the counters belong to
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

/// Together: sums over all CPUs. Each: one row for each CPU that has counted anything.
enum class Cpus { Together, Each };

/// Checks and returns the name of a section: net, port, peer or drop. Throws Error(Request) for another word.
std::string parse_section(const std::string &text);

/// Whether to show drop reasons that did not occur.
enum class Zeros { Shown, Hidden };

/// which: from parse_section(); empty means all sections.
Snapshot snapshot_of(const Counters &counters, const std::string &which, Cpus cpus, Zeros zeros);

/// Returns the tables of now. With before, each number has its rate per second since then.
std::vector<Section> tables_of(const Snapshot &now, const Snapshot *before);

} // namespace xovl
