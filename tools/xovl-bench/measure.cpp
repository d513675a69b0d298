// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "measure.hpp"

#include <algorithm>
#include <stdexcept>

namespace xovl::bench {

Spread spread_of(std::vector<double> samples)
{
	if (samples.empty())
		throw std::invalid_argument("no samples");
	std::sort(samples.begin(), samples.end());
	const size_t half = samples.size() / 2;
	const double median = samples.size() % 2 ? samples[half] : (samples[half - 1] + samples[half]) / 2;
	return {median, samples.front(), samples.back()};
}

const Subject &Group::subject(const std::string &name) const
{
	for (const Subject &subject : subjects)
		if (subject.name == name)
			return subject;
	throw std::invalid_argument(id + ": no subject " + name);
}

void measure(Group &group, unsigned rounds)
{
	for (Subject &subject : group.subjects)
		subject.sample();
	for (unsigned round = 0; round < rounds; round++)
		for (Subject &subject : group.subjects)
			subject.samples.push_back(subject.sample());
}

Spread ratio(const Subject &subject, const Subject &reference)
{
	std::vector<double> ratios;
	for (size_t round = 0; round < std::min(subject.samples.size(), reference.samples.size()); round++)
		ratios.push_back(subject.samples[round] / reference.samples[round]);
	return spread_of(ratios);
}

} // namespace xovl::bench
