// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Things measured side by side: one sample of each, in turn, round after round.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace xovl::bench {

struct Spread {
	double median = 0;
	double min = 0;
	double max = 0;
};

/// Throws std::invalid_argument when there is none.
Spread spread_of(std::vector<double> samples);

/// One thing of a group.
struct Subject {
	std::string name;
	std::function<double()> sample; ///< measures once, in the group's unit
	std::vector<double> samples = {};
};

/// What all other subjects of the group are compared with.
struct Reference {
	std::string title;  ///< of the column, "of bare bridge"
	std::string subject; ///< its name
};

/// Subjects that answer one question.
struct Group {
	std::string id;	   ///< of a word or two, for --only and JSON: "xdp-ipv4-60"
	std::string title; ///< the question, and the conditions
	std::string unit;
	std::vector<Subject> subjects;
	std::vector<Reference> references = {};
	/// The unit is millions a second: another column with the nanoseconds that each adds to this subject.
	std::optional<std::string> floor = {};

	const Subject &subject(const std::string &name) const;
};

/// A sample of every subject in turn, for so many rounds, after one that does not count.
void measure(Group &group, unsigned rounds);

/// Of the ratios of each round, subject / reference.
Spread ratio(const Subject &subject, const Subject &reference);

} // namespace xovl::bench
