// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tshark.hpp"

#include <cstring>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>

#include "process.hpp"

namespace xovl::test {

namespace {

/// Returns a capture file (pcap) in the byte order of this machine.
std::string pcap(const std::vector<Frame> &frames)
{
	std::string file;
	const auto u32 = [&](uint32_t value) {
		char octets[sizeof(value)];
		memcpy(octets, &value, sizeof(value));
		file.append(octets, sizeof(value));
	};
	const uint32_t magic = 0xa1b2c3d4, snaplen = 1 << 18, ethernet = 1;
	const uint16_t version[] = {2, 4};
	u32(magic);
	file.append(reinterpret_cast<const char *>(version), sizeof(version));
	for (const uint32_t value : {0u, 0u, snaplen, ethernet})
		u32(value);
	uint32_t second = 0;
	for (const Frame &frame : frames) {
		const auto length = static_cast<uint32_t>(frame.bytes.size());
		for (const uint32_t value : {second++, 0u, length, length})
			u32(value);
		file.append(frame.bytes.begin(), frame.bytes.end());
	}
	return file;
}

std::vector<std::string> split(const std::string &text, char separator)
{
	std::vector<std::string> list;
	std::istringstream stream(text);
	for (std::string part; std::getline(stream, part, separator);)
		list.push_back(part);
	return list;
}

} // namespace

bool tshark_installed()
{
	return run({"tshark", "--version"}).ok();
}

std::vector<Decoded> tshark(const std::vector<Frame> &frames, const std::vector<std::string> &fields,
			    const std::vector<std::string> &decode_as)
{
	const TempFile file(pcap(frames));
	// a folder that does not exist, so that no user preferences apply
	Args argv = {"env", "WIRESHARK_CONFIG_DIR=/nonexistent", "tshark", "-n", "-r", file.path(), "-T", "fields"};
	for (const char *preference :
	     {"ip.check_checksum", "udp.check_checksum", "tcp.check_checksum", "udp.ignore_ipv6_zero_checksum"})
		argv.insert(argv.end(), {"-o", fmt::format("{}:TRUE", preference)});
	for (const char *format : {"separator=|", "occurrence=a", "aggregator=;"})
		argv.insert(argv.end(), {"-E", format});
	for (const std::string &rule : decode_as)
		argv.insert(argv.end(), {"-d", rule});
	for (const std::string &field : fields)
		argv.insert(argv.end(), {"-e", field});

	std::vector<Decoded> list;
	for (const std::string &line : split(must(argv), '\n')) {
		const auto values = split(line, '|');
		Decoded decoded;
		for (size_t i = 0; i < fields.size(); i++)
			decoded[fields[i]] = i < values.size() ? split(values[i], ';') : std::vector<std::string>();
		list.push_back(std::move(decoded));
	}
	if (list.size() != frames.size())
		throw std::runtime_error(fmt::format("tshark: {} of {} frames", list.size(), frames.size()));
	return list;
}

} // namespace xovl::test
