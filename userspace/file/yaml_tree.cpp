// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "file/yaml_tree.hpp"

#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>

namespace xovl {

class YamlTree::Builder : public YAML::EventHandler {
public:
	explicit Builder(YamlTree &tree) : tree_(tree) {}

	void OnDocumentStart(const YAML::Mark &mark) override
	{
		if (!tree_.nodes_.empty())
			fail(mark, "a second document (one in a file)");
	}
	void OnDocumentEnd() override {}

	/// yaml-cpp gives an empty value the position of the token after it. If that is on another line, the position
	/// of the token before it is used.
	void OnNull(const YAML::Mark &mark, YAML::anchor_t) override
	{
		add(YamlKind::Null, mark, "", "");
		if (tree_.nodes_.size() < 2)
			return;
		Node &node = tree_.nodes_.back();
		const Node &before = *(&node - 1);
		if (node.line != before.line) {
			node.line = before.line;
			node.column = before.column;
		}
	}
	void OnAlias(const YAML::Mark &mark, YAML::anchor_t) override
	{
		fail(mark, "aliases are not supported (the value itself)");
	}
	void OnScalar(const YAML::Mark &mark, const std::string &tag, YAML::anchor_t, const std::string &value) override
	{
		add(YamlKind::Scalar, mark, tag, value);
	}

	void OnSequenceStart(const YAML::Mark &mark, const std::string &tag, YAML::anchor_t,
			     YAML::EmitterStyle::value) override
	{
		open(YamlKind::List, mark, tag);
	}
	void OnSequenceEnd() override { close(); }

	void OnMapStart(const YAML::Mark &mark, const std::string &tag, YAML::anchor_t,
			YAML::EmitterStyle::value) override
	{
		open(YamlKind::Map, mark, tag);
	}
	void OnMapEnd() override { close(); }

	[[noreturn]] void fail(const YAML::Mark &mark, const std::string &text)
	{
		throw PlacedError(tree_.place(line(mark), column(mark)), text);
	}

private:
	/// Some exceptions of yaml-cpp have the null mark, with line and column -1.
	static uint32_t line(const YAML::Mark &mark) { return static_cast<uint32_t>(std::max(mark.line, 0)) + 1; }
	static uint32_t column(const YAML::Mark &mark) { return static_cast<uint32_t>(std::max(mark.column, 0)) + 1; }

	void add(YamlKind kind, const YAML::Mark &mark, const std::string &tag, const std::string &value)
	{
		// yaml-cpp reports "?" and "!" as the tags of plain and quoted values without a tag.
		if (!tag.empty() && tag != "?" && tag != "!")
			fail(mark, "tags are not supported (the value alone)");
		const auto index = static_cast<Index>(tree_.nodes_.size());
		tree_.nodes_.push_back({tree_.texts_.size(), static_cast<uint32_t>(value.size()), line(mark),
					column(mark), index + 1, kind});
		tree_.texts_ += value;
	}

	void open(YamlKind kind, const YAML::Mark &mark, const std::string &tag)
	{
		add(kind, mark, tag, "");
		open_.push_back(tree_.nodes_.size() - 1);
	}

	void close()
	{
		tree_.nodes_[open_.back()].next = static_cast<Index>(tree_.nodes_.size());
		open_.pop_back();
	}

	YamlTree &tree_;
	std::vector<size_t> open_;
};

YamlTree::YamlTree(const std::string &text, std::string name) : name_(std::move(name))
{
	check_characters(text);
	std::istringstream stream(text);
	Builder builder(*this);
	try {
		YAML::Parser parser(stream);
		while (parser.HandleNextDocument(builder))
			;
	} catch (const YAML::DeepRecursion &e) {
		builder.fail(e.mark, "lists and maps are nested too deep (a file as xovl save prints it)");
	} catch (const YAML::Exception &e) {
		builder.fail(e.mark, fmt::format("this is not YAML: {}", e.msg));
	}
	if (nodes_.empty() || kind(root()) == YamlKind::Null)
		throw PlacedError(place(1, 1), "the file is empty ({} for a configuration without anything)");
}

/// Throws PlacedError if the text has a character that YAML 1.2 (section 5.1) forbids. Without this check yaml-cpp
/// would silently end the text at 0x04.
void YamlTree::check_characters(const std::string &text) const
{
	auto bad = std::find_if(text.begin(), text.end(), [](unsigned char c) {
		return (c < ' ' && c != '\n' && c != '\r' && c != '\t') || c == 0x7f;
	});
	if (bad == text.end())
		return;
	const auto at = static_cast<size_t>(bad - text.begin());
	const size_t newline = at ? text.rfind('\n', at - 1) : std::string::npos;
	const size_t line_start = newline == std::string::npos ? 0 : newline + 1;
	throw PlacedError(place(static_cast<size_t>(std::count(text.begin(), bad, '\n')) + 1, at - line_start + 1),
			  fmt::format("control character 0x{:02x} (text in UTF-8)", static_cast<unsigned char>(*bad)));
}

std::string_view YamlTree::text(Index node) const
{
	return std::string_view(texts_).substr(nodes_[node].text, nodes_[node].size);
}

std::string YamlTree::place(Index node) const
{
	return place(nodes_[node].line, nodes_[node].column);
}

std::string YamlTree::place(size_t line, size_t column) const
{
	return fmt::format("{}:{}:{}: ", name_, line, column);
}

const char *YamlTree::kind_name(Index node) const
{
	switch (kind(node)) {
	case YamlKind::Null:
		return "empty";
	case YamlKind::Scalar:
		return "a single value";
	case YamlKind::List:
		return "a list";
	case YamlKind::Map:
		return "a map";
	}
	return "?";
}

} // namespace xovl
