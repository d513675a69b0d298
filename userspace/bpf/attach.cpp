// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bpf/attach.hpp"

#include <bpf/bpf.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace xovl {

namespace {

thread_local BpfLog *current_log;

int keep_libbpf(libbpf_print_level level, const char *format, va_list args)
{
	if (current_log && level == LIBBPF_WARN)
		current_log->append(format, args);
	return 0;
}

int keep_libxdp(libxdp_print_level, const char *, va_list)
{
	return 0; // the warnings only repeat the error codes
}

/// Returns the kernel's information about a program, map or link. wanted: names the buffers for lists.
template <typename Info> Info object_info(int object, const char *what, Info wanted = {})
{
	__u32 length = sizeof(wanted);
	if (bpf_obj_get_info_by_fd(object, &wanted, &length))
		throw system_error("inspect", what, errno);
	return wanted;
}

bpf_prog_info program_info(int program)
{
	return object_info<bpf_prog_info>(program, "a BPF program");
}

// Returns the text from pos to the end of its line.
std::string line_at(const std::string &text, size_t pos)
{
	return text.substr(pos, text.find('\n', pos) - pos);
}

} // namespace

std::string program_name(const Fd &program)
{
	return program_info(program.get()).name;
}

std::string program_name(uint32_t prog_id)
{
	const Fd program(bpf_prog_get_fd_by_id(prog_id));
	if (!program && errno == EPERM) // needs CAP_SYS_ADMIN
		return "number " + std::to_string(prog_id);
	if (!program && errno != ENOENT)
		throw system_error("open", "BPF program " + std::to_string(prog_id), errno);
	return program ? program_name(program) : "";
}

uint32_t program_id(int program)
{
	return program_info(program).id;
}

std::set<uint32_t> program_maps(const Fd &program)
{
	std::vector<__u32> ids(program_info(program.get()).nr_map_ids);
	bpf_prog_info wanted = {};
	wanted.nr_map_ids = static_cast<__u32>(ids.size());
	wanted.map_ids = reinterpret_cast<uintptr_t>(ids.data());
	object_info(program.get(), "a BPF program", wanted);
	return {ids.begin(), ids.end()};
}

uint32_t map_id(int object)
{
	char kind[PATH_MAX] = {};
	const std::string link = "/proc/self/fd/" + std::to_string(object);
	if (readlink(link.c_str(), kind, sizeof(kind) - 1) < 0)
		throw system_error("read", link, errno);
	if (std::string_view(kind) != "anon_inode:bpf-map")
		return 0;
	return object_info<bpf_map_info>(object, "a BPF map").id;
}

bpf_link_info link_info(const Fd &link)
{
	return object_info<bpf_link_info>(link.get(), "a BPF link");
}

BpfLog::BpfLog()
	: outer_(current_log), libbpf_print_(libbpf_set_print(keep_libbpf)),
	  libxdp_print_(libxdp_set_print(keep_libxdp))
{
	current_log = this;
}

BpfLog::~BpfLog()
{
	current_log = outer_;
	libbpf_set_print(libbpf_print_);
	libxdp_set_print(libxdp_print_);
}

void BpfLog::append(const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int length = vsnprintf(nullptr, 0, format, again);
	va_end(again);
	if (length <= 0)
		return;
	size_t end = text_.size();
	text_.resize(end + static_cast<size_t>(length) + 1);
	vsnprintf(text_.data() + end, static_cast<size_t>(length) + 1, format, args);
	text_.pop_back();
}

std::string BpfLog::reason(int err) const
{
	constexpr std::string_view extack = "Kernel error message: ";
	if (size_t pos = text_.rfind(extack); pos != std::string::npos)
		return line_at(text_, pos + extack.size());

	// The verifier's log ends with its error message, followed by this line of statistics.
	if (size_t end = text_.rfind("\nprocessed "); end != std::string::npos && end > 0) {
		size_t before = text_.rfind('\n', end - 1);
		return "verifier: " + line_at(text_, before == std::string::npos ? 0 : before + 1);
	}
	return strerror(err);
}

} // namespace xovl
