// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A BPF object with its owner in the type.
#pragma once

#include <bpf/libbpf.h>

#include <memory>

namespace xovl {

struct BpfObjectCloser {
	void operator()(bpf_object *object) const { bpf_object__close(object); }
};

/// An object of libbpf, opened or loaded, that is closed with its owner.
using BpfObject = std::unique_ptr<bpf_object, BpfObjectCloser>;

} // namespace xovl
