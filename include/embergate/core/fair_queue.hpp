// SPDX-License-Identifier: Apache-2.0
// Jobs that wait for workers, shared fairly among their sources: a worker takes one of each source in turn, a source
// has a bound of its own, and when all places are taken the longest line gives one up to a shorter one. Knows no clock
// and no thread: the owner locks. Failure: push() gives back the job that found no place; with kUnbounded places, for
// jobs that are bounded where they come from, it never does.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <limits>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace embergate::core {

template <class Job>
class FairQueue {
 public:
  static constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max();

  FairQueue(std::size_t places, std::size_t places_per_source)
      : places_(places), places_per_source_(places_per_source) {}

  // The job that has no place: this one, or one that came later than all others of the longest line.
  std::optional<Job> push(std::string_view source, Job job) {
    const auto known = by_source_.find(source);
    const std::size_t waiting = known == by_source_.end() ? 0 : known->second->jobs.size();
    if (places_ == 0 || waiting >= places_per_source_) return job;
    std::optional<Job> displaced;
    if (size_ >= places_) {
      const auto longest = std::max_element(lines_.begin(), lines_.end(),
                                            [](const Line& a, const Line& b) { return a.jobs.size() < b.jobs.size(); });
      if (longest->jobs.size() <= waiting + 1) return job;
      displaced = std::move(longest->jobs.back());
      longest->jobs.pop_back();
      --size_;
    }
    Line& mine = known == by_source_.end() ? add_line(source) : *known->second;
    mine.jobs.push_back(std::move(job));
    ++size_;
    return displaced;
  }

  std::optional<Job> pop() {
    if (lines_.empty()) return std::nullopt;
    Line& first = lines_.front();
    std::optional<Job> job = std::move(first.jobs.front());
    first.jobs.pop_front();
    --size_;
    if (first.jobs.empty()) {
      by_source_.erase(first.source);
      lines_.pop_front();
    } else {
      lines_.splice(lines_.end(), lines_, lines_.begin());
    }
    return job;
  }

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Line {
    std::string source;
    std::deque<Job> jobs;  // never empty
  };
  Line& add_line(std::string_view source) {
    const auto added = lines_.insert(lines_.end(), Line{std::string(source), {}});
    by_source_.emplace(added->source, added);
    return *added;
  }

  std::size_t places_;
  std::size_t places_per_source_;
  std::size_t size_ = 0;
  std::list<Line> lines_;                                                               // whose turn it is in front
  std::unordered_map<std::string_view, typename std::list<Line>::iterator> by_source_;  // its keys are in the lines
};

}  // namespace embergate::core
