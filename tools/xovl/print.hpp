// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The print layer: a table is described once and printed as aligned text for people or as JSON for programs.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "bpf/hooks.hpp"

namespace xovl {

using Json = nlohmann::ordered_json;

struct Column {
	std::string key;     ///< in JSON
	std::string heading; ///< in text
	/// How a value reads in text; nullptr: a string as it is, a number in decimal, a bool as on or off.
	std::string (*text)(const Json &) = nullptr;
};

/// Rows of values under columns. A null value is left out of JSON and is "-" in text.
class Table {
public:
	explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

	/// row: one value for each column
	void add(std::vector<Json> row) { rows_.push_back(std::move(row)); }

	bool empty() const { return rows_.empty(); }
	/// A heading line and one line for each row; nothing where there are no rows. Numbers stand to the right.
	std::string text() const;
	/// An array with one object for each row.
	Json json() const;

private:
	std::vector<Column> columns_;
	std::vector<std::vector<Json>> rows_;
};

/// A text cell for a VLAN ID: "-" for untagged.
std::string vid_text(const Json &vid);

/// Null for 0.
Json number_or_none(uint32_t number);

/// A text cell for an object: "ttl inherit, udpcsum on"; "-" for an empty one.
std::string options_text(const Json &options);

/// What runs at the hooks of an interface: an object with a list for each hook.
Json hooks_json(const Hooks &hooks);
/// A text cell of hooks_json(): "xdp a; tcx b, c; clsact 7 d".
std::string hooks_text(const Json &hooks);

/// A titled table, one of several that are printed together.
struct Section {
	std::string key; ///< in JSON, and the title in text
	Table table;
};

struct Format {
	bool json = false;
	bool pretty = false; ///< JSON over several lines
};

/// What a command prints, kept until flush(), so that nobody who reads slowly holds up a command.
class Output {
public:
	explicit Output(Format format) : format_(format) {}

	bool is_json() const { return format_.json; }
	bool empty() const { return buffer_.empty(); }

	/// Text as it is, newline included.
	void text(std::string_view text) { buffer_ += text; }
	void json(const Json &value);
	/// An array in JSON.
	void table(const Table &table);
	/// An object with an array for each section in JSON.
	void sections(const std::vector<Section> &sections);

	/// Writes to stdout. Error(System) where that fails; OutputClosed where nobody reads any more.
	void flush();

private:
	Format format_;
	std::string buffer_;
};

/// The reader of stdout has gone: the command ends without a message.
struct OutputClosed {};

} // namespace xovl
