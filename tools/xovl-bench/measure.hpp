// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Measures subjects side by side: one sample of each in turn, round after round.
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

/// Throws std::invalid_argument if there are no samples.
Spread spread_of(std::vector<double> samples);

/// The result of one measurement.
struct Sample {
	Sample() = default;
	Sample(double value, std::optional<double> packet = {}) : value(value), packet(packet) {}

	double value = 0;             ///< in the group's unit
	std::optional<double> packet; ///< between two hosts: mean length of the packets on their link, octets
};

/// The measurement did not have the stated conditions, so the run has failed. Other exceptions mean that this machine
/// cannot measure it.
struct Invalid : std::runtime_error {
	using std::runtime_error::runtime_error;
};

/// One thing that is measured in a group.
struct Subject {
	std::string name;
	std::function<Sample()> sample; ///< measures once
	std::string failure = {};       ///< why this machine cannot measure it; empty if it can
	bool invalid = false;           ///< failure is an Invalid
	std::vector<double> samples = {};
	std::vector<double> packets = {}; ///< see Sample::packet
};

/// A subject that the others of the group are compared with.
struct Reference {
	std::string title;    ///< heading of the column: "of bare"
	std::string subject;  ///< name of the subject
	bool inverse = false; ///< show reference / subject: for rates, the ratio of the costs
};

/// Subjects that answer the same question.
struct Group {
	std::string id;    ///< for --only and JSON: "xdp-ipv4-60-1flow-encap"
	std::string title; ///< the question and the conditions
	std::string unit;
	std::vector<Subject> subjects;
	std::vector<Reference> references = {};
	/// For units of millions per second: adds a column with the nanoseconds that each subject takes more than this
	/// one.
	std::optional<std::string> floor = {};

	/// Maximum number of rounds. Slow measurements need fewer samples.
	unsigned most_rounds = std::numeric_limits<unsigned>::max();

	/// Returns the subject of that name; nullptr if there is none or it could not be measured.
	const Subject *measured(const std::string &name) const;
	/// True if a subject is invalid.
	bool invalid() const;
};

/// Samples every subject in turn, for this number of rounds, after one round that does not count. If a sample throws,
/// the subject gets its failure and is left out from then on.
void measure(std::vector<Group> &groups, unsigned rounds);

/// Returns the spread of the ratios of each round.
Spread ratio_of(const Subject &subject, const Subject &reference, bool inverse = false);

/// A signal to end the run has arrived. Not a std::exception, because it is not a failure.
struct Interrupted {
	int signal;
};

/// Blocks SIGINT, SIGTERM, SIGHUP and SIGPIPE from now on, so that they do not interrupt a set-up half-way.
void hold_signals();
/// Throws Interrupted if a signal is pending.
void stop_if_interrupted();

/// A path that several groups measure. It is set up by the constructor, or has the reason why this machine cannot.
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

/// Constructs Path(name, args…) and sets it up with join().
template <typename Path, typename... Args>
Candidate<Path> joined(const std::string &name, const std::function<void(Path &)> &join, const Args &...args)
{
	return {name, [&] {
			auto path = std::make_unique<Path>(name, args...);
			join(*path);
			return path;
		}};
}

/// Returns a subject with the same measurement for every candidate.
template <typename Path>
std::vector<Subject> subjects_of(const std::vector<Candidate<Path>> &candidates,
				 const std::function<Sample(Path &)> &sample)
{
	std::vector<Subject> subjects;
	for (const Candidate<Path> &candidate : candidates)
		subjects.push_back(candidate.subject(sample));
	return subjects;
}

/// Two quantities of one measurement. take() returns each quantity once. Taking one a second time starts a new
/// measurement.
class Both {
public:
	explicit Both(std::function<std::array<Sample, 2>()> sample) : sample_(std::move(sample)) {}

	Sample take(size_t which);

private:
	std::function<std::array<Sample, 2>()> sample_;
	std::array<std::optional<Sample>, 2> left_;
};

/// Returns subjects with the same measurement of every candidate, for two groups: by the first and by the second
/// quantity.
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
