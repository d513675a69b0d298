// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bpf/build_id.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <cstring>
#include <string_view>

#include "xovl/learned.h"

#include "tc.skel.h"
#include "xdp.skel.h"

namespace xovl {

namespace {

/// FNV-1a, 64 bits.
uint64_t hash_octets(uint64_t hash, std::string_view octets)
{
	for (const unsigned char octet : octets)
		hash = (hash ^ octet) * 0x100000001b3;
	return hash;
}

template <typename Header> Header header_at(std::string_view elf, size_t offset)
{
	Header header;
	std::memcpy(&header, elf.data() + offset, sizeof(header));
	return header;
}

/// Hashes code, data and relocations: everything that defines the programs, except the types of their maps (see
/// XOVL_LAYOUT). The debug information is left out, because it contains the path of the build folder.
uint64_t hash_programs(uint64_t hash, std::string_view elf)
{
	const auto head = header_at<Elf64_Ehdr>(elf, 0);
	const auto section = [&](size_t i) {
		return header_at<Elf64_Shdr>(elf, head.e_shoff + i * sizeof(Elf64_Shdr));
	};
	const auto is_debug = [&](const Elf64_Shdr &header) {
		const std::string_view name = elf.data() + section(head.e_shstrndx).sh_offset + header.sh_name;
		return name.find(".BTF") != name.npos || name.find(".debug") != name.npos;
	};
	for (size_t i = 0; i < head.e_shnum; i++) {
		const Elf64_Shdr header = section(i);
		if ((header.sh_type == SHT_PROGBITS || header.sh_type == SHT_REL) && !is_debug(header))
			hash = hash_octets(hash, elf.substr(header.sh_offset, header.sh_size));
	}
	return hash;
}

template <typename Skeleton> std::string_view elf_of()
{
	size_t size = 0;
	const void *octets = Skeleton::elf_bytes(&size);
	return {static_cast<const char *>(octets), size};
}

} // namespace

std::string Build::id_str() const
{
	return id ? fmt::format("{:016x}", id) : "unknown";
}

std::string Build::str() const
{
	return fmt::format("{} build {}", version.empty() ? "of an unknown version," : version, id_str());
}

const Build &own_build()
{
	static const Build build{
		XOVL_VERSION, hash_programs(hash_programs(0xcbf29ce484222325, elf_of<xovl_tc>()), elf_of<xovl_xdp>())};
	return build;
}

Build build_of(const xovl_settings &settings)
{
	return {{settings.version, strnlen(settings.version, sizeof(settings.version))}, settings.build};
}

void put_build(const Build &build, xovl_settings &settings)
{
	settings.build = build.id;
	build.version.copy(settings.version, sizeof(settings.version) - 1);
}

} // namespace xovl
