// SPDX-License-Identifier: Apache-2.0
// Jobs that wait for one worker, shared fairly among their sources: the worker takes one of each source in turn, a
// source has a bound of its own, and when all places are taken the longest line gives one up to a shorter one. A job
// that is not suspect takes the place of a suspect one where there is no other, so that many sources of guesses cannot
// keep others out. Knows no clock and no thread: the owner locks. Failure: push() gives back the job that found no
// place.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <list>
#include <optional>
#include <string>
#include <utility>

namespace embergate::auth {

// Whose place a job takes.
struct Turn {
  std::string source;    // an address
  bool suspect = false;  // wrong guesses came from there lately
};

template <class Job>
class FairQueue {
 public:
  FairQueue(std::size_t places, std::size_t places_per_source)
      : places_(places), places_per_source_(places_per_source) {}

  // The job that has no place: this one, or one that gave up its place, the latest of its line that may.
  std::optional<Job> push(const Turn& turn, Job job) {
    const auto mine = find(turn.source);
    const std::size_t waiting = mine == lines_.end() ? 0 : mine->jobs.size();
    if (places_ == 0) return job;
    std::optional<Job> displaced;
    if (waiting >= places_per_source_) {
      if (mine == lines_.end() || turn.suspect || !has_suspect(*mine)) return job;
      displaced = take_suspect(*mine);
    } else if (size_ >= places_) {
      displaced = make_place(turn, waiting);
      if (!displaced) return job;
    }
    Line& line = find_or_add(turn.source);
    line.jobs.push_back({std::move(job), turn.suspect});
    ++size_;
    drop_empty();
    return displaced;
  }

  std::optional<Job> pop() {
    if (lines_.empty()) return std::nullopt;
    Line& first = lines_.front();
    std::optional<Job> job = std::move(first.jobs.front().job);
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
  struct Waiting {
    Job job;
    bool suspect = false;
  };
  struct Line {
    std::string source;
    std::deque<Waiting> jobs;  // never empty
  };
  using Lines = std::list<Line>;

  // Lines are at most as many as places.
  typename Lines::iterator find(const std::string& source) {
    return std::find_if(lines_.begin(), lines_.end(), [&](const Line& line) { return line.source == source; });
  }
  Line& find_or_add(const std::string& source) {
    const auto found = find(source);
    return found == lines_.end() ? lines_.emplace_back(Line{source, {}}) : *found;
  }
  void drop_empty() {
    lines_.remove_if([](const Line& line) { return line.jobs.empty(); });
  }
  static bool has_suspect(const Line& line) {
    return std::any_of(line.jobs.begin(), line.jobs.end(), [](const Waiting& waiting) { return waiting.suspect; });
  }
  Job take(Line& line, typename std::deque<Waiting>::iterator which) {
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
  Lines lines_;  // whose turn it is in front
};

}  // namespace embergate::auth
