// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The print layer: a table is described once, and printed as aligned text or as JSON.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "bpf/hooks.hpp"

namespace xovl {

using Json = nlohmann::ordered_json;

struct Column {
	std::string key;     ///< key in JSON
	std::string heading; ///< heading in text
	/// Returns the text of a value. nullptr: a string as it is, a number in decimal, a bool as on or off.
	std::string (*text)(const Json &) = nullptr;
};

/// Rows of values. A null value is left out of JSON and printed as "-" in text.
class Table {
public:
	explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

	/// row: one value for each column.
	void add(std::vector<Json> row) { rows_.push_back(std::move(row)); }

	bool empty() const { return rows_.empty(); }
	/// Returns a heading and one line for each row; empty if there are no rows. Numbers are right-aligned.
	std::string text() const;
	/// Returns an array with one object for each row.
	Json json() const;

private:
	std::vector<Column> columns_;
	std::vector<std::vector<Json>> rows_;
};

/// Returns the text of a VLAN ID: "-" if untagged.
std::string vid_text(const Json &vid);

/// Returns null for 0.
Json number_or_none(uint32_t number);

/// Returns the text of an object of settings: "ttl inherit, udpcsum on"; "-" if it is empty.
std::string options_text(const Json &options);

/// Returns the programs at the hooks of an interface: an object with a list for each hook.
Json hooks_json(const Hooks &hooks);
/// Returns the text for hooks_json(): "xdp a; tcx b, c; clsact 7 d".
std::string hooks_text(const Json &hooks);

/// A table with a title, printed together with others.
struct Section {
	std::string key; ///< key in JSON, title in text
	Table table;
};

struct Format {
	bool json = false;
	bool pretty = false; ///< JSON with line breaks
};

/// Buffers the output of a command until flush(), so that a slow reader does not block a command that holds the lock.
class Output {
public:
	explicit Output(Format format) : format_(format) {}

	bool is_json() const { return format_.json; }
	bool empty() const { return buffer_.empty(); }

	/// Appends text as it is. The caller adds newlines.
	void text(std::string_view text) { buffer_ += text; }
	void json(const Json &value);
	/// Prints an array in JSON.
	void table(const Table &table);
	/// In JSON, prints an object with an array for each section.
	void sections(const std::vector<Section> &sections);

	/// Writes to stdout. Throws Error(System) if that fails, and OutputClosed if the reader has closed the pipe.
	void flush();

private:
	Format format_;
	std::string buffer_;
};

/// The reader has closed stdout. The command ends without a message.
struct OutputClosed {};

} // namespace xovl
