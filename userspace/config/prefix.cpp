// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/prefix.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/split.hpp"

namespace xovl {

namespace {

unsigned most_bits(const Address &address)
{
	return address.is_v4() ? 32 : 128;
}

/// Returns the address with all bits behind the first `bits` cleared.
Address network_of(const Address &address, unsigned bits)
{
	xovl_addr raw = address.raw();
	for (unsigned bit = 128 - most_bits(address) + bits; bit < 128; bit++)
		raw.bytes[bit / 8] &= static_cast<uint8_t>(~(0x80 >> bit % 8));
	return Address(raw);
}

/// parse: makes an element from a word.
template <typename Element, typename Parse>
std::vector<Element> parse_list(const char *key, std::string_view text, Parse parse)
{
	std::vector<Element> elements;
	if (text == "none")
		return elements;
	for (const std::string_view word : split_at_commas(text)) {
		const Element element = parse(word);
		if (std::ranges::find(elements, element) != elements.end())
			throw request_error(fmt::format("{} is given twice in {} (once)", element.str(), key));
		elements.push_back(element);
	}
	return elements;
}

template <typename Element> std::vector<std::string> words(const std::vector<Element> &elements)
{
	std::vector<std::string> texts;
	for (const Element &element : elements)
		texts.push_back(element.str());
	return texts;
}

} // namespace

Prefix Prefix::parse(std::string_view text)
{
	const size_t slash = text.find('/');
	Prefix prefix;
	prefix.address = Address::parse(text.substr(0, slash));
	const unsigned most = most_bits(prefix.address);
	prefix.bits = most;
	if (slash != text.npos)
		prefix.bits = parse_number("prefix length", text.substr(slash + 1), 0, most);
	if (const Address network = network_of(prefix.address, prefix.bits); network != prefix.address)
		throw request_error(fmt::format("prefix {} has bits set behind its length ({}/{}, or {})", text,
						network.str(), prefix.bits, prefix.address.str()));
	return prefix;
}

std::string Prefix::str() const
{
	return bits == most_bits(address) ? address.str() : fmt::format("{}/{}", address.str(), bits);
}

std::vector<Mac> parse_mac_list(std::string_view text)
{
	return parse_list<Mac>("mac-guard", text, [](std::string_view word) {
		const Mac mac = Mac::parse(word);
		if (mac.is_group() || mac.is_zero())
			throw request_error(fmt::format("{} cannot be a source (a unicast MAC)", mac.str()));
		return mac;
	});
}

std::vector<Prefix> parse_prefix_list(std::string_view text)
{
	return parse_list<Prefix>("ip-guard", text, Prefix::parse);
}

std::vector<std::string> words_of(const std::vector<Mac> &macs)
{
	return words(macs);
}

std::vector<std::string> words_of(const std::vector<Prefix> &prefixes)
{
	return words(prefixes);
}

} // namespace xovl
