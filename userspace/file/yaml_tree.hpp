// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A YAML document as a flat tree with the position of every value. For a million FDB entries yaml-cpp's own tree takes
// 2.4 GB and three times as long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace xovl {

enum class YamlKind : uint8_t { Null, Scalar, List, Map };

/// Nodes are in the order of the text. The children of a node follow it; those of a map alternate key, value, key, …
class YamlTree {
public:
	using Index = uint32_t;

	/// Parses one document without tags and aliases. name: the file's name in messages. Throws PlacedError
	/// "NAME:LINE:COLUMN: …" if the text is not such a document.
	YamlTree(const std::string &text, std::string name);

	Index root() const { return 0; }
	YamlKind kind(Index node) const { return nodes_[node].kind; }
	/// Returns the text of a scalar.
	std::string_view text(Index node) const;
	/// Returns the position of a node: "NAME:LINE:COLUMN: ".
	std::string place(Index node) const;

	/// To visit the children: for (auto child = first(node); child != end(node); child = next(child))
	Index first(Index node) const { return node + 1; }
	Index next(Index node) const { return nodes_[node].next; }
	Index end(Index node) const { return nodes_[node].next; }

	/// Returns "empty", "a single value", "a list" or "a map", for messages.
	const char *kind_name(Index node) const;

private:
	class Builder;

	struct Node {
		size_t text; ///< offset in texts_
		uint32_t size;
		uint32_t line, column; ///< counted from 1
		Index next;            ///< the node after this one and all nodes below it
		YamlKind kind;
	};

	std::string place(size_t line, size_t column) const;
	void check_characters(const std::string &text) const;

	std::string name_;
	std::vector<Node> nodes_;
	std::string texts_;
};

} // namespace xovl
