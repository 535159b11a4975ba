// SPDX-License-Identifier: Apache-2.0
// Jobs that wait for one worker, shared fairly among their sources: the worker takes one of each source in turn, a
// source has a bound of its own, and when all places are taken the longest line gives one up to a shorter one. Knows no
// clock and no thread: the owner locks. Failure: push() gives back the job that found no place.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace embergate::auth {

template <class Job>
class FairQueue {
 public:
  FairQueue(std::size_t places, std::size_t places_per_source)
      : places_(places), places_per_source_(places_per_source) {}

  // The job that has no place: this one, or one that came later than all others of the longest line.
  std::optional<Job> push(std::string_view source, Job job) {
    const auto line = find(source);
    const std::size_t waiting = line == lines_.end() ? 0 : line->jobs.size();
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
    Line& mine = line == lines_.end() ? lines_.emplace_back(Line{std::string(source), {}}) : *line;
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
  typename std::list<Line>::iterator find(std::string_view source) {
    return std::find_if(lines_.begin(), lines_.end(), [&](const Line& line) { return line.source == source; });
  }

  std::size_t places_;
  std::size_t places_per_source_;
  std::size_t size_ = 0;
  std::list<Line> lines_;  // whose turn it is in front
};

}  // namespace embergate::auth
