// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "measure.hpp"

#include <csignal>

#include <algorithm>
#include <stdexcept>

namespace xovl::bench {

namespace {

sigset_t held_signals()
{
	sigset_t set;
	sigemptyset(&set);
	for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE})
		sigaddset(&set, signal);
	return set;
}

void sample_once(Subject &subject, bool counts)
{
	stop_if_interrupted();
	if (!subject.failure.empty())
		return;
	try {
		const Sample sample = subject.sample();
		if (!counts)
			return;
		subject.samples.push_back(sample.value);
		if (sample.packet)
			subject.packets.push_back(*sample.packet);
	} catch (const Invalid &error) {
		subject.failure = error.what();
		subject.invalid = true;
	} catch (const std::exception &error) {
		subject.failure = error.what();
	}
}

} // namespace

Spread spread_of(std::vector<double> samples)
{
	if (samples.empty())
		throw std::invalid_argument("no samples");
	std::sort(samples.begin(), samples.end());
	const size_t half = samples.size() / 2;
	const double median = samples.size() % 2 ? samples[half] : (samples[half - 1] + samples[half]) / 2;
	return {median, samples.front(), samples.back()};
}

const Subject *Group::measured(const std::string &name) const
{
	for (const Subject &subject : subjects)
		if (subject.name == name && subject.failure.empty())
			return &subject;
	return nullptr;
}

bool Group::invalid() const
{
	return std::any_of(subjects.begin(), subjects.end(), [](const Subject &subject) { return subject.invalid; });
}

void measure(std::vector<Group> &groups, unsigned rounds)
{
	for (unsigned round = 0; round <= rounds; round++)
		for (Group &group : groups)
			for (Subject &subject : group.subjects)
				if (round <= group.most_rounds)
					sample_once(subject, round > 0);
}

Spread ratio_of(const Subject &subject, const Subject &reference, bool inverse)
{
	std::vector<double> ratios;
	for (size_t round = 0; round < std::min(subject.samples.size(), reference.samples.size()); round++) {
		const double ratio = subject.samples[round] / reference.samples[round];
		ratios.push_back(inverse ? 1 / ratio : ratio);
	}
	return spread_of(ratios);
}

void hold_signals()
{
	const sigset_t held = held_signals();
	sigprocmask(SIG_BLOCK, &held, nullptr);
}

void stop_if_interrupted()
{
	const sigset_t held = held_signals();
	const timespec now = {};
	if (const int signal = sigtimedwait(&held, nullptr, &now); signal > 0)
		throw Interrupted{signal};
}

Sample Both::take(size_t which)
{
	if (!left_.at(which)) {
		const std::array<Sample, 2> taken = sample_();
		left_ = {taken[0], taken[1]};
	}
	return *std::exchange(left_.at(which), std::nullopt);
}

} // namespace xovl::bench
