// SPDX-License-Identifier: Apache-2.0
// Jobs that wait for workers, shared fairly among their sources: a worker takes one of each source in turn, a source
// has a bound of its own, and when all places are taken the longest line gives one up to a shorter one. A job that is
// not suspect takes the place of a suspect one where there is no other, so that many sources of guesses cannot keep
// others out. Knows no clock and no thread: the owner locks. Failure: push() gives back the job that found no place;
// with kUnbounded places, for jobs that are bounded where they come from, it never does.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <limits>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace embergate::core {

// Whose place a job takes.
struct Turn {
  std::string source;    // a client, an address
  bool suspect = false;  // wrong guesses came from there lately
};

template <class Job>
class FairQueue {
 public:
  static constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max();

  FairQueue(std::size_t places, std::size_t places_per_source)
      : places_(places), places_per_source_(places_per_source) {}

  // The job that has no place: this one, or one that gave up its place, the latest of its line that may.
  std::optional<Job> push(const Turn& turn, Job job) {
    const auto known = by_source_.find(turn.source);
    const bool is_new = known == by_source_.end();
    const std::size_t waiting = is_new ? 0 : known->second->jobs.size();
    if (places_ == 0) return job;
    std::optional<Job> displaced;
    if (waiting >= places_per_source_) {
      if (is_new || turn.suspect || !has_suspect(*known->second)) return job;
      displaced = take_suspect(*known->second);
    } else if (size_ >= places_) {
      displaced = make_place(turn, waiting);
      if (!displaced) return job;
    }
    Line& mine = is_new ? add_line(turn.source) : *known->second;
    mine.jobs.push_back({std::move(job), turn.suspect});
    ++size_;
    if (displaced) drop_empty();
    return displaced;
  }

  std::optional<Job> pop() {
    if (lines_.empty()) return std::nullopt;
    Line& first = lines_.front();
    std::optional<Job> job = std::move(first.jobs.front().job);
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
  struct Waiting {
    Job job;
    bool suspect = false;
  };
  struct Line {
    std::string source;
    std::deque<Waiting> jobs;  // never empty between two calls
  };
  using Lines = std::list<Line>;

  Line& add_line(std::string_view source) {
    const auto added = lines_.insert(lines_.end(), Line{std::string(source), {}});
    by_source_.emplace(added->source, added);
    return *added;
  }
  void drop_empty() {
    lines_.remove_if([this](const Line& line) {
      if (line.jobs.empty()) by_source_.erase(line.source);
      return line.jobs.empty();
    });
  }
  static bool has_suspect(const Line& line) {
    return std::any_of(line.jobs.begin(), line.jobs.end(), [](const Waiting& waiting) { return waiting.suspect; });
  }
  Job take(Line& line, const typename std::deque<Waiting>::iterator& which) {
    Job job = std::move(which->job);
    line.jobs.erase(which);
    --size_;
    return job;
  }
  Job take_suspect(Line& line) {
    const auto last =
        std::find_if(line.jobs.rbegin(), line.jobs.rend(), [](const Waiting& one) { return one.suspect; });
    return take(line, std::prev(last.base()));
  }
  // Of the longest ones the last in turn.
  template <class Which>
  typename Lines::iterator longest(Which which) {
    auto found = lines_.end();
    for (auto line = lines_.begin(); line != lines_.end(); ++line) {
      if (which(*line) && (found == lines_.end() || line->jobs.size() >= found->jobs.size())) found = line;
    }
    return found;
  }
  std::optional<Job> make_place(const Turn& turn, std::size_t waiting) {
    if (!turn.suspect) {
      const auto guessed = longest([](const Line& line) { return has_suspect(line); });
      if (guessed != lines_.end()) return take_suspect(*guessed);
    }
    const auto line = longest([](const Line&) { return true; });
    if (line->jobs.size() <= waiting + 1) return std::nullopt;
    return take(*line, std::prev(line->jobs.end()));
  }

  std::size_t places_;
  std::size_t places_per_source_;
  std::size_t size_ = 0;
  Lines lines_;                                                               // whose turn it is in front
  std::unordered_map<std::string_view, typename Lines::iterator> by_source_;  // its keys are in the lines
};

}  // namespace embergate::core
