// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "octets.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <stdexcept>

#include <fmt/format.h>

namespace xovl::test {

Bytes truncated(const Bytes &bytes, size_t n)
{
	return Bytes(bytes.begin(), bytes.begin() + std::min(n, bytes.size()));
}

Bytes padded(const Bytes &bytes, size_t n)
{
	Bytes out = bytes;
	out.resize(bytes.size() + n);
	return out;
}

Bytes from_hex(std::string_view text)
{
	std::string digits;
	for (char c : text)
		if (!isspace(static_cast<unsigned char>(c)))
			digits += c;
	if (digits.size() % 2 || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
		throw std::invalid_argument("not pairs of hex digits: " + digits);
	Bytes out;
	for (size_t i = 0; i < digits.size(); i += 2)
		out.push_back(static_cast<uint8_t>(std::stoul(digits.substr(i, 2), nullptr, 16)));
	return out;
}

std::string hex_dump(const Bytes &bytes)
{
	std::string out;
	for (size_t i = 0; i < bytes.size(); i++) {
		if (i % 16 == 0)
			out += fmt::format("{}{:04x} ", i ? "\n" : "", i);
		out += fmt::format(" {:02x}", bytes[i]);
	}
	return out;
}

uint16_t internet_checksum(const Bytes &bytes)
{
	return static_cast<uint16_t>(~folded_sum(bytes));
}

uint16_t folded_sum(const Bytes &bytes)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < bytes.size(); i++)
		sum += i % 2 ? bytes[i] : bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return static_cast<uint16_t>(sum);
}

void put_u16(Bytes &bytes, size_t at, uint16_t value)
{
	bytes[at] = value >> 8;
	bytes[at + 1] = value & 0xff;
}

Bytes mac_bytes(const std::string &text)
{
	unsigned b[6];
	int used = 0;
	if (sscanf(text.c_str(), "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &used) != 6 ||
	    used != static_cast<int>(text.size()))
		throw std::invalid_argument("not a MAC: " + text);
	return Bytes(b, b + 6);
}

Bytes ip_bytes(int family, const std::string &text)
{
	Bytes out(family == AF_INET ? 4 : 16);
	if (inet_pton(family, text.c_str(), out.data()) != 1)
		throw std::invalid_argument("not an IP address: " + text);
	return out;
}

} // namespace xovl::test
