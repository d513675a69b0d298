/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Asserts the size of a struct that BPF and C++ share, beside its definition. */
#ifndef XOVL_ASSERT_H
#define XOVL_ASSERT_H

#ifdef __cplusplus
#define XOVL_ASSERT_SIZE(type, size) static_assert(sizeof(type) == (size), #type)
#else
#define XOVL_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
#endif

#endif
