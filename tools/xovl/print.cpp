// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "print.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.hpp"

namespace xovl {

namespace {

constexpr std::string_view kGap = "  ";

std::string cell(const Column &column, const Json &value)
{
	if (value.is_null())
		return "-";
	if (column.text)
		return column.text(value);
	if (value.is_string())
		return printable(value.get<std::string>());
	if (value.is_boolean())
		return value.get<bool>() ? "on" : "off";
	return value.dump();
}

/// Formats one line. The last cell is not padded.
std::string line(const std::vector<std::string> &cells, const std::vector<size_t> &widths,
		 const std::vector<bool> &to_right)
{
	std::string out;
	for (size_t i = 0; i < cells.size(); i++) {
		if (i)
			out += kGap;
		out += to_right[i] ? fmt::format("{:>{}}", cells[i], widths[i])
				   : fmt::format("{:<{}}", cells[i], widths[i]);
	}
	out.erase(out.find_last_not_of(' ') + 1);
	return out + "\n";
}

} // namespace

std::string Table::text() const
{
	if (empty())
		return "";
	std::vector<std::vector<std::string>> lines(1);
	std::vector<size_t> widths;
	for (const Column &column : columns_) {
		lines[0].push_back(column.heading);
		widths.push_back(column.heading.size());
	}
	std::vector<bool> to_right(columns_.size());
	for (const auto &row : rows_) {
		auto &cells = lines.emplace_back();
		for (size_t i = 0; i < columns_.size(); i++) {
			cells.push_back(cell(columns_[i], row[i]));
			widths[i] = std::max(widths[i], cells[i].size());
			to_right[i] = to_right[i] || row[i].is_number();
		}
	}
	std::string out;
	for (const auto &cells : lines)
		out += line(cells, widths, to_right);
	return out;
}

Json Table::json() const
{
	Json array = Json::array();
	for (const auto &row : rows_) {
		Json object = Json::object();
		for (size_t i = 0; i < columns_.size(); i++)
			if (!row[i].is_null())
				object[columns_[i].key] = row[i];
		array.push_back(std::move(object));
	}
	return array;
}

std::string vid_text(const Json &vid)
{
	return vid == 0 ? "-" : vid.dump();
}

Json number_or_none(uint32_t number)
{
	return number ? Json(number) : Json();
}

std::string options_text(const Json &options)
{
	std::string text;
	for (const auto &[key, value] : options.items()) {
		text += fmt::format("{}{}", text.empty() ? "" : ", ", key);
		const Json values = value.is_array() ? value : Json::array({value});
		const char *separator = " ";
		for (const Json &each : values) {
			text.append(separator).append(cell({}, each));
			separator = ",";
		}
	}
	return text.empty() ? "-" : text;
}

Json hooks_json(const Hooks &hooks)
{
	auto list = [](const std::vector<HookProgram> &programs) {
		Json out = Json::array();
		for (const HookProgram &program : programs) {
			Json each = {{"program", program.name}, {"id", program.id}, {"own", program.own}};
			if (program.priority)
				each["priority"] = program.priority;
			out.push_back(std::move(each));
		}
		return out;
	};
	return {{"xdp", list(hooks.xdp)},
		{"tcx", list(hooks.tcx_ingress)},
		{"clsact", list(hooks.clsact_ingress)},
		{"tcx_egress", list(hooks.tcx_egress)},
		{"clsact_egress", list(hooks.clsact_egress)}};
}

std::string hooks_text(const Json &hooks)
{
	std::string text;
	for (const auto &[key, programs] : hooks.items()) {
		const char *separator = text.empty() ? "" : "; ";
		std::string hook = key;
		std::ranges::replace(hook, '_', ' ');
		if (!programs.empty())
			text += separator + hook;
		separator = " ";
		for (const Json &program : programs) {
			text += separator;
			if (program.contains("priority"))
				text += program["priority"].dump() + " ";
			text += program["program"].get<std::string>();
			separator = ", ";
		}
	}
	return text.empty() ? "-" : text;
}

void Output::json(const Json &value)
{
	// Interface names can contain any octets. Invalid UTF-8 is replaced, and non-ASCII characters are written as
	// \uNNNN, because a terminal might interpret them.
	buffer_ += value.dump(format_.pretty ? 4 : -1, ' ', true, Json::error_handler_t::replace) + "\n";
}

void Output::table(const Table &table)
{
	if (format_.json)
		json(table.json());
	else
		text(table.text());
}

void Output::sections(const std::vector<Section> &sections)
{
	if (format_.json) {
		Json object = Json::object();
		for (const Section &section : sections)
			object[section.key] = section.table.json();
		json(object);
		return;
	}
	std::string_view gap;
	for (const Section &section : sections) {
		text(fmt::format("{}{}:{}\n", gap, section.key, section.table.empty() ? " none" : ""));
		text(section.table.text());
		gap = "\n";
	}
}

void Output::flush()
{
	std::string pending;
	pending.swap(buffer_);
	for (size_t done = 0; done < pending.size();) {
		ssize_t n = write(STDOUT_FILENO, pending.data() + done, pending.size() - done);
		if (n < 0 && errno == EPIPE)
			throw OutputClosed();
		if (n < 0 && errno != EINTR)
			throw system_error("write", "standard output", errno);
		if (n > 0)
			done += static_cast<size_t>(n);
	}
}

} // namespace xovl
