// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "foreign.hpp"

#include <cerrno>
#include <system_error>

namespace xovl::test {

Fd foreign_program(bpf_prog_type type, int verdict, const char *name)
{
	const bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = verdict},
		{.code = BPF_JMP | BPF_EXIT},
	};
	Fd fd(bpf_prog_load(type, name, "GPL", code, 2, nullptr));
	if (!fd)
		throw std::system_error(errno, std::generic_category(), "foreign program");
	return fd;
}

} // namespace xovl::test
