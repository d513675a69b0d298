// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "file/fdb_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text_file.hpp"

namespace xovl {

namespace {

constexpr uint64_t kFdbFileMost = 1 << 30; ///< octets: about 20 million entries

constexpr std::string_view kUsage = "MAC net NAME dst IP [encap KIND] [dstport P] [via direct|kernel|auto] [require "
				    "encrypted|none] | dev DEV [vid V]";
constexpr size_t kLineMax = UINT16_MAX;
constexpr size_t kFilesMax = UINT16_MAX;

/// Splits a line into words, one after the other.
class Words {
public:
	explicit Words(std::string_view line) : line_(line) {}

	/// Returns the next word; empty at the end of the line.
	std::string_view next()
	{
		auto is_blank = [&](size_t i) { return line_[i] == ' ' || line_[i] == '\t' || line_[i] == '\r'; };
		for (begin_ = end_; begin_ < line_.size() && is_blank(begin_);)
			begin_++;
		for (end_ = begin_; end_ < line_.size() && !is_blank(end_);)
			end_++;
		return line_.substr(begin_, end_ - begin_);
	}

	/// Returns the next word; empty at the end of the line or before a comment.
	std::string_view next_or_comment()
	{
		const std::string_view word = next();
		return word.starts_with('#') ? std::string_view() : word;
	}

	/// Returns the column of the last word, counted from 1.
	uint16_t column() const { return static_cast<uint16_t>(begin_ + 1); }

private:
	std::string_view line_;
	size_t begin_ = 0, end_ = 0;
};

bool is_key(const ConfigPath &path, size_t step, std::string_view key)
{
	const auto *name = path.size() > step ? std::get_if<const char *>(&path[step]) : nullptr;
	return name && *name == key;
}

std::string peer_text(const PeerWords &words)
{
	return (words.encap ? fmt::format(" encap {}", name_of(*words.encap)) : "") +
	       (words.dstport ? fmt::format(" dstport {}", *words.dstport) : "") +
	       (words.via ? fmt::format(" via {}", name_of(*words.via)) : "") +
	       (words.encrypted ? fmt::format(" require {}", require_word(*words.encrypted)) : "");
}

} // namespace

/// Parses one line. If it throws, the error is about the word at column().
class FdbFiles::LineParser {
public:
	LineParser(const FdbFiles &files, std::string_view line) : files_(files), words_(line) {}

	/// Returns false if the line has no entry.
	bool parse();

	uint16_t column() const { return words_.column(); }
	/// Returns the keys that say how the entry's peer is reached.
	const PeerWords &peer() const { return said_.peer; }

	// Valid after parse() has returned true:
	uint32_t network = 0;
	FdbConfig entry;
	uint16_t mac_column = 0, target_column = 0;

private:
	enum KeyBit { Net = 1, Dst = 2, Dev = 4, Vid = 8, Encap = 16, Dstport = 32, Via = 64, Require = 128 };

	static KeyBit find_key(std::string_view name);
	void read_value(std::string_view key);

	const FdbFiles &files_;
	Words words_;
	FdbWords said_;
	unsigned given_ = 0;
};

bool FdbFiles::LineParser::parse()
{
	const std::string_view mac = words_.next_or_comment();
	if (mac.empty())
		return false;
	mac_column = column();
	said_.mac = Mac::parse(mac);
	for (auto key = words_.next_or_comment(); !key.empty(); key = words_.next_or_comment())
		read_value(key);
	if (!(given_ & Net))
		throw request_error(fmt::format("\"net\" is missing ({})", kUsage));
	entry = to_entry(said_);
	return true;
}

FdbFiles::LineParser::KeyBit FdbFiles::LineParser::find_key(std::string_view name)
{
	if (name == "net")
		return Net;
	if (name == "dst")
		return Dst;
	if (name == "dev")
		return Dev;
	if (name == "vid")
		return Vid;
	if (name == "encap")
		return Encap;
	if (name == "dstport")
		return Dstport;
	if (name == "via")
		return Via;
	if (name == "require")
		return Require;
	throw request_error(
		fmt::format("unknown key {} (net, dst, encap, dstport, via, require, dev, vid)", in_quotes(name)));
}

void FdbFiles::LineParser::read_value(std::string_view name)
{
	const KeyBit key = find_key(name);
	if (given_ & key)
		throw request_error(fmt::format("\"{}\" is given twice (once)", name));
	given_ |= key;
	const std::string_view value = words_.next();
	if (value.empty())
		throw request_error(fmt::format("\"{}\" has no value ({})", name, kUsage));
	if (key == Net)
		network = files_.network(value);
	else if (key == Dst)
		said_.dst = Address::parse(value);
	else if (key == Dev)
		said_.dev = check_dev_name(value);
	else if (key == Vid)
		said_.vid = static_cast<uint16_t>(parse_number(kVlanRange, value));
	else if (key == Encap)
		said_.peer.encap = parse_encap(value);
	else if (key == Via)
		said_.peer.via = parse_via(value);
	else if (key == Require)
		said_.peer.encrypted = parse_require(value);
	else
		said_.peer.dstport = static_cast<uint16_t>(parse_number(kDstportRange, value));
	if (key & (Dst | Dev))
		target_column = column();
}

FdbFiles::FdbFiles(Config &config, std::vector<PeerStatements> &peers) : config_(config), peers_(peers)
{
	for (const auto &net : config.networks) {
		by_name_.emplace(net.name, networks_.size());
		networks_.push_back({net.fdb.size(), {}});
	}
}

uint32_t FdbFiles::network(std::string_view name) const
{
	auto found = by_name_.find(name);
	if (found == by_name_.end())
		throw no_network(std::string(name));
	return found->second;
}

void FdbFiles::read(const std::string &path)
{
	const Fd fd = open_to_read(path, path, Pipes::Refused, kFdbFileMost);
	LineReader lines(fd.get(), path);
	if (paths_.size() == kFilesMax)
		throw request_error(fmt::format("too many files of FDB entries (at most {})", kFilesMax));
	const auto file = static_cast<uint16_t>(paths_.size());
	paths_.push_back(path);
	for (uint32_t number = 1; auto line = lines.next(); number++) {
		LineParser parser(*this, *line);
		try {
			if (line->size() > kLineMax)
				throw request_error(fmt::format("the line is too long (at most {} octets)", kLineMax));
			if (!parser.parse())
				continue;
			NetworkConfig &net = config_.networks[parser.network];
			if (const Address *dst = parser.entry.dst())
				peers_[parser.network].add(net.name, *dst, parser.peer(), {"fdb", net.fdb.size()});
			net.fdb.push_back(parser.entry);
		} catch (const Error &e) {
			throw PlacedError(fmt::format("{}:{}:{}: ", path, number, parser.column()), e.what());
		}
		networks_[parser.network].places.push_back({number, file, parser.mac_column, parser.target_column});
	}
}

std::optional<std::string> FdbFiles::place(const ConfigPath &path) const
{
	if (!is_key(path, 2, "fdb"))
		return std::nullopt;
	const Network &net = networks_[std::get<size_t>(path[1])];
	const size_t position = std::get<size_t>(path[3]);
	if (position < net.before)
		return std::nullopt;
	const Place &place = net.places[position - net.before];
	const bool of_target = path.size() > 4 && !is_key(path, 4, "mac");
	return fmt::format("{}:{}:{}: ", paths_[place.file], place.line,
			   of_target ? place.target_column : place.mac_column);
}

std::string to_fdb_file(const Config &config)
{
	fmt::memory_buffer out;
	auto put = std::back_inserter(out);

	for (const auto &net : config.networks) {
		const std::vector<PeerConfig> peers = peers_off_flood(net);
		for (const auto &entry : net.fdb) {
			fmt::format_to(put, "{} net {} ", entry.mac.str(), net.name);
			if (const Address *dst = entry.dst())
				fmt::format_to(put, "dst {}{}\n", dst->str(), peer_text(words_for(net, peers, *dst)));
			else
				fmt::format_to(put, "dev {}\n", port_name(entry.port()->dev(), entry.port()->vid()));
		}
	}
	return fmt::to_string(out);
}

} // namespace xovl
