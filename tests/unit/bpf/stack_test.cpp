// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The stack use of the programs as Linux 6.1 counts it: each function's stack is rounded up to 32 octets, and the sum
// along a call chain may be 512. The limit here is 384, which leaves room for growth.
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "xovl/learned.h"

#include "tc.skel.h"
#include "xdp.skel.h"

namespace xovl::test {

namespace {

constexpr int kMost = 384;

/// A function of a loaded program: its start, the functions that it calls, and its stack in octets.
struct Function {
	size_t begin = 0;
	std::set<size_t> calls;
	int stack = 0;
};

bool is_call(const bpf_insn &insn)
{
	return insn.code == (BPF_JMP | BPF_CALL) && insn.src_reg == BPF_PSEUDO_CALL;
}

/// True if the instruction loads the address of a callback, as for bpf_loop().
bool is_function_address(const bpf_insn &insn)
{
	return insn.code == (BPF_LD | BPF_IMM | BPF_DW) && insn.src_reg == BPF_PSEUDO_FUNC;
}

/// The octets below the frame pointer that the instruction touches, or takes the address of.
int stack_of(const bpf_insn &insn, const bpf_insn *before)
{
	const int kind = BPF_CLASS(insn.code);
	const bool stores = (kind == BPF_ST || kind == BPF_STX) && insn.dst_reg == BPF_REG_10;
	const bool loads = kind == BPF_LDX && insn.src_reg == BPF_REG_10;
	if (stores || loads)
		return -insn.off;
	const bool adds = insn.code == (BPF_ALU64 | BPF_ADD | BPF_K) && insn.imm < 0;
	const bool copied = before && before->code == (BPF_ALU64 | BPF_MOV | BPF_X) && before->src_reg == BPF_REG_10 &&
			    before->dst_reg == insn.dst_reg;
	return adds && copied ? -insn.imm : 0;
}

/// The functions of a program, by their first instruction.
std::map<size_t, Function> functions_of(std::span<const bpf_insn> code)
{
	std::map<size_t, Function> functions = {{0, {}}};
	const auto target = [&](size_t at) { return at + 1 + code[at].imm; };
	for (size_t at = 0; at < code.size(); at++)
		if (is_call(code[at]) || is_function_address(code[at]))
			functions[target(at)].begin = target(at);
	for (auto each = functions.begin(); each != functions.end(); ++each) {
		const auto next = std::next(each);
		const size_t end = next == functions.end() ? code.size() : next->first;
		Function &function = each->second;
		for (size_t at = each->first; at < end; at++) {
			if (is_call(code[at]) || is_function_address(code[at]))
				function.calls.insert(target(at));
			function.stack = std::max(function.stack,
						  stack_of(code[at], at > each->first ? &code[at - 1] : nullptr));
		}
	}
	return functions;
}

/// The stack of the deepest call chain from the function at begin. path: the stacks of its functions, as text.
int deepest(const std::map<size_t, Function> &functions, size_t begin, std::string &path)
{
	const Function &function = functions.at(begin);
	const int own = std::max(32, (function.stack + 31) / 32 * 32);
	int below = 0;
	std::string rest;
	for (const size_t call : function.calls) {
		std::string other;
		if (const int stack = deepest(functions, call, other); stack > below) {
			below = stack;
			rest = " > " + other;
		}
	}
	path = std::to_string(function.stack) + " at instruction " + std::to_string(begin) + rest;
	return own + below;
}

/// Checks all programs of an object. libbpf adds the called functions to a program only when it loads the object.
template <typename Skeleton> void check()
{
	Skeleton *skeleton = Skeleton::open();
	ASSERT_NE(skeleton, nullptr);
	const int err = Skeleton::load(skeleton);
	bpf_program *program = nullptr;
	bpf_object__for_each_program (program, skeleton->obj) {
		if (err)
			break;
		const std::span code(bpf_program__insns(program), bpf_program__insn_cnt(program));
		std::string path;
		const int stack = deepest(functions_of(code), 0, path);
		EXPECT_LE(stack, kMost) << bpf_program__name(program) << ": " << path;
		EXPECT_GE(stack, 32);
	}
	Skeleton::destroy(skeleton);
	ASSERT_EQ(err, 0);
}

} // namespace

TEST(Stack, OfEachProgramIsAtMost384)
{
	check<xovl_tc>();
	check<xovl_xdp>();
}

} // namespace xovl::test
