/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Shadow programs: the same programs, loaded once more to tell what would become of a packet. They read the live
 * tables but write none of them, count nothing, learn nothing and send nothing. Caches and per-CPU memory are their own
 * (userspace: bpf/shadow.hpp). They run by BPF_PROG_TEST_RUN, which carries out no redirect.
 */
#ifndef XOVL_BPF_HOOK_SHADOW_H
#define XOVL_BPF_HOOK_SHADOW_H

#include <stdbool.h>

/* Set by userspace between open and load. In live programs the verifier removes the code behind it. */
const volatile bool shadow;

#endif
