// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bpf/packet/ecn.h, on the host: RFC 6040, figure 4, cell by cell.
#include <gtest/gtest.h>

#include "host/functions.h"

namespace xovl::test {

TEST(EcnOnHost, Figure4)
{
	enum { NotEct, Ect1, Ect0, Ce };
	const uint8_t drop = host_ecn_drop;
	ASSERT_GT(drop, Ce);
	/* rows: the inner field; columns: the outer one, Not-ECT, ECT(1), ECT(0), CE */
	const uint8_t figure[4][4] = {
		{NotEct, NotEct, NotEct, drop},
		{Ect1, Ect1, Ect1, Ce},
		{Ect0, Ect1, Ect0, Ce},
		{Ce, Ce, Ce, Ce},
	};
	for (uint8_t inner = 0; inner < 4; inner++)
		for (uint8_t outer = 0; outer < 4; outer++)
			EXPECT_EQ(host_ecn_combine(outer, inner), figure[inner][outer])
				<< int{inner} << ' ' << int{outer};
}

} // namespace xovl::test
