/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Lets the host's compiler build headers of bpf/. Kernel memory reads as 0 there. Functions that call a BPF helper must
 * not be called.
 */
#ifndef XOVL_TESTS_HOST_H
#define XOVL_TESTS_HOST_H

#define __BPF_CORE_READ_H__ /* needs clang's BPF target */
#define BPF_CORE_READ(...) 0
#define bpf_core_field_exists(...) 0
#define bpf_core_field_offset(...) 0

#endif
