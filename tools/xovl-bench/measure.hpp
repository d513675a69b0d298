// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Things measured side by side: one sample of each, in turn, round after round.
#pragma once

#include <array>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace xovl::bench {

struct Spread {
	double median = 0;
	double min = 0;
	double max = 0;
};

/// Throws std::invalid_argument when there is none.
Spread spread_of(std::vector<double> samples);

/// What was measured once.
struct Sample {
	Sample() = default;
	Sample(double value, std::optional<double> packet = {}) : value(value), packet(packet) {}

	double value = 0;             ///< in the group's unit
	std::optional<double> packet; ///< between two hosts: mean octets of what their link carried
};

/// What was measured is not what it is said to be: the run has failed. Other exceptions mean that this machine cannot measure it.
struct Invalid : std::runtime_error {
	using std::runtime_error::runtime_error;
};

/// One thing of a group.
struct Subject {
	std::string name;
	std::function<Sample()> sample; ///< measures once
	std::string failure = {};       ///< why this machine cannot measure it; empty when it can
	bool invalid = false;           ///< the failure is an Invalid
	std::vector<double> samples = {};
	std::vector<double> packets = {}; ///< as Sample::packet
};

/// What all other subjects of the group are compared with.
struct Reference {
	std::string title;    ///< of the column: "of bare"
	std::string subject;  ///< its name
	bool inverse = false; ///< reference / subject: of rates, the ratio of the costs
};

/// Subjects that answer one question.
struct Group {
	std::string id;    ///< for --only and JSON: "xdp-ipv4-60-1flow-encap"
	std::string title; ///< the question, and the conditions
	std::string unit;
	std::vector<Subject> subjects;
	std::vector<Reference> references = {};
	/// The unit is millions a second: another column with the nanoseconds that each adds to this subject.
	std::optional<std::string> floor = {};

	/// It has its turn in that many rounds at most: what takes long need not be sampled as often.
	unsigned most_rounds = std::numeric_limits<unsigned>::max();

	/// nullptr when there is none of that name, or it could not be measured.
	const Subject *measured(const std::string &name) const;
	/// True if a subject is invalid.
	bool invalid() const;
};

/// A sample of every subject in turn, for so many rounds, after one that does not count. A subject whose sample throws gets
/// its failure and is left out from then on.
void measure(std::vector<Group> &groups, unsigned rounds);

/// Of the ratios of each round.
Spread ratio_of(const Subject &subject, const Subject &reference, bool inverse = false);

/// A signal that ends the run has arrived. Not a std::exception: it is nobody's failure.
struct Interrupted {
	int signal;
};

/// From here on SIGINT, SIGTERM, SIGHUP and SIGPIPE wait until they are asked for, so that no set-up is left half-way.
void hold_signals();
/// Throws Interrupted when a signal is waiting.
void stop_if_interrupted();

/// A path that several groups measure: set up when it is made, or known not to work here.
template <typename Path> class Candidate {
public:
	Candidate(std::string name, const std::function<std::unique_ptr<Path>()> &set_up) : name_(std::move(name))
	{
		stop_if_interrupted();
		try {
			path_ = set_up();
		} catch (const std::exception &error) {
			failure_ = error.what();
		}
	}

	Subject subject(const std::function<Sample(Path &)> &sample) const
	{
		return {name_, [path = path_, sample] { return sample(*path); }, failure_};
	}

private:
	std::string name_;
	std::shared_ptr<Path> path_;
	std::string failure_;
};

/// Path(name, args…), when join() has set it up.
template <typename Path, typename... Args>
Candidate<Path> joined(const std::string &name, const std::function<void(Path &)> &join, const Args &...args)
{
	return {name, [&] {
			auto path = std::make_unique<Path>(name, args...);
			join(*path);
			return path;
		}};
}

/// The same sample of every candidate.
template <typename Path>
std::vector<Subject> subjects_of(const std::vector<Candidate<Path>> &candidates,
				 const std::function<Sample(Path &)> &sample)
{
	std::vector<Subject> subjects;
	for (const Candidate<Path> &candidate : candidates)
		subjects.push_back(candidate.subject(sample));
	return subjects;
}

/// Two quantities of one measurement, asked for in turn: the first that is asked for again measures anew.
class Both {
public:
	explicit Both(std::function<std::array<Sample, 2>()> sample) : sample_(std::move(sample)) {}

	Sample take(size_t which);

private:
	std::function<std::array<Sample, 2>()> sample_;
	std::array<std::optional<Sample>, 2> left_;
};

/// The same measurement of every candidate, for two groups: the subjects by the first and by the second quantity.
template <typename Path>
std::array<std::vector<Subject>, 2> subjects_of_both(const std::vector<Candidate<Path>> &candidates,
						     const std::function<std::array<Sample, 2>(Path &)> &sample)
{
	std::array<std::vector<Subject>, 2> subjects;
	for (const Candidate<Path> &candidate : candidates) {
		const auto both = std::make_shared<std::optional<Both>>();
		for (const size_t which : {0, 1})
			subjects.at(which).push_back(candidate.subject([both, sample, which](Path &path) {
				if (!*both)
					both->emplace([&path, sample] { return sample(path); });
				return (*both)->take(which);
			}));
	}
	return subjects;
}

} // namespace xovl::bench
