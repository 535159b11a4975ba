// SPDX-License-Identifier: Apache-2.0
#include "embergate/topic/catalog.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "topic/evaluation.hpp"

namespace embergate::topic {
namespace {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
template <class Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

// An evaluation that fails after so many steps counts for CriterionWatch.
constexpr std::uint64_t kCostlySteps = 20'000;

// The criterion of one or more triggers, as text: evaluated at most once for an event.
struct Criterion {
  const fhirpath::Expression* expression = nullptr;
  CriterionInUse use;
  std::vector<std::uint32_t> parts;  // numbers of its shareable parts
};
// What one topic wants to know about one (type, interaction).
struct Listener {
  struct Condition {
    std::size_t criterion = 0;  // in Listeners::criteria
    std::size_t trigger = 0;    // in the topic
  };
  const SubscriptionTopic* topic = nullptr;
  bool always = false;                // a trigger without criteria
  std::vector<Condition> conditions;  // any of them
  std::vector<std::int64_t> slots;    // ascending
};
struct Listeners {
  std::vector<Listener> topics;
  std::vector<Criterion> criteria;
  std::unordered_map<std::string_view, std::size_t> by_text;  // index of criteria; used while building
  std::size_t shared_parts = 0;                               // how many numbers Criterion::parts has
  bool needs_previous = false;
};

// Only what two criteria have in common is worth keeping.
void number_shared_parts(Listeners& listeners) {
  std::unordered_map<std::string_view, std::uint32_t> uses;
  for (const Criterion& criterion : listeners.criteria) {
    for (const std::string& part : criterion.expression->shareable_parts()) ++uses[part];
  }
  std::unordered_map<std::string_view, std::uint32_t> numbers;
  for (Criterion& criterion : listeners.criteria) {
    for (const std::string& part : criterion.expression->shareable_parts()) {
      const bool shared = uses.at(part) > 1;
      const auto next = static_cast<std::uint32_t>(numbers.size());
      criterion.parts.push_back(shared ? numbers.emplace(part, next).first->second : fhirpath::SharedParts::kNotShared);
    }
  }
  listeners.shared_parts = numbers.size();
}

// The criteria of one event: each is evaluated when it is first asked for.
class Evaluation {
 public:
  Evaluation(const Listeners& listeners, const Change& change, std::uint64_t steps)
      : criteria_(listeners.criteria),
        states_(listeners.criteria.size(), State::kUnknown),
        steps_(steps),
        bounded_by_transaction_(steps < kEventSteps),
        context_(context_of(change)) {
    context_.step_budget = &steps_;
    if (listeners.shared_parts > 0) context_.shared = &shared_.emplace(listeners.shared_parts);
  }
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

  // Nothing: a criterion could not decide, and undecided() says why.
  std::optional<bool> fires(const Listener& listener, const MatchObserver& observer) {
    if (listener.always) return true;
    undecided_.clear();
    for (const Listener::Condition condition : listener.conditions) {
      State& state = states_[condition.criterion];
      if (state == State::kUnknown) state = evaluate(condition.criterion, observer);
      if (state == State::kTrue) return true;
      if (state == State::kFailed) note_failure(listener, condition, observer);
    }
    return undecided_.empty() ? std::optional(false) : std::nullopt;
  }
  [[nodiscard]] const std::string& undecided() const { return undecided_; }
  [[nodiscard]] std::uint64_t steps_left() const { return steps_; }

 private:
  enum class State : std::uint8_t { kUnknown, kTrue, kNotTrue, kFailed };
  struct Failure {
    std::size_t criterion = 0;
    CriteriaError::Kind kind = CriteriaError::Kind::kFailed;
    fhirpath::EvaluationError error;
  };

  State evaluate(std::size_t index, const MatchObserver& observer) {
    using Finding = CriterionWatch::Finding;
    const Criterion& criterion = criteria_[index];
    const auto cost = [&](Finding finding) {
      const CriterionInUse& use = criterion.use;
      if (observer.on_cost) observer.on_cost({use.watch, finding, std::string(use.topic_url), use.trigger});
    };
    const CriterionWatch& watch = *criterion.use.watch;
    const CriterionWatch::Count count = observer.count_of ? observer.count_of(watch) : watch.count();
    if (count.puts_off()) {
      cost(Finding::kPutOff);
      return failed({index, CriteriaError::Kind::kPutOff, {"put off: its last evaluations exceeded the limits", 1, 1}});
    }
    if (steps_ == 0) return failed({index, CriteriaError::Kind::kExhausted, no_steps_left(bounded_by_transaction_)});
    const std::uint64_t before = steps_;
    context_.parts = criterion.parts;
    fhirpath::EvaluationError error;
    const fhirpath::Truth truth = criterion.expression->evaluate_truth(context_, &error);
    const bool failure = truth == fhirpath::Truth::kError;
    // A budget that others used up says nothing about this one.
    const bool costly = failure && ((error.exhausted && steps_ > 0) || before - steps_ >= kCostlySteps);
    if (costly) cost(Finding::kCostly);
    if (!costly && steps_ > 0 && count.has_failures()) cost(Finding::kWithinLimits);
    if (failure) {
      const auto kind = error.exhausted ? CriteriaError::Kind::kExhausted : CriteriaError::Kind::kFailed;
      return failed({index, kind, std::move(error)});
    }
    return truth == fhirpath::Truth::kTrue ? State::kTrue : State::kNotTrue;
  }

  State failed(Failure failure) {
    failures_.push_back(std::move(failure));
    return State::kFailed;
  }

  void note_failure(const Listener& listener, const Listener::Condition& condition, const MatchObserver& observer) {
    const auto failure = std::find_if(failures_.begin(), failures_.end(), [&](const Failure& candidate) {
      return candidate.criterion == condition.criterion;
    });
    const fhirpath::EvaluationError& error = failure->error;
    if (failure->kind != CriteriaError::Kind::kFailed && undecided_.empty())
      undecided_ = undecided_reason(condition.trigger, error.message);
    if (!observer.on_error) return;
    observer.on_error({failure->kind, listener.topic->url, condition.trigger, error.message, error.line, error.column});
  }

  const std::vector<Criterion>& criteria_;
  std::vector<State> states_;  // by criterion
  std::vector<Failure> failures_;
  std::string undecided_;  // of the listener asked last
  std::uint64_t steps_;
  const bool bounded_by_transaction_;
  std::optional<fhirpath::SharedParts> shared_;
  fhirpath::EvaluationContext context_;
};

}  // namespace

struct Catalog::Impl {
  std::vector<std::shared_ptr<const SubscriptionTopic>> topics;
  std::vector<std::shared_ptr<const TopicDestination>> destinations;
  std::int64_t epoch = 0;
  TextMap<const SubscriptionTopic*> by_url;
  std::array<TextMap<Listeners>, 4> by_interaction;  // then by type

  [[nodiscard]] const Listeners* find(std::string_view type, Interaction interaction) const {
    const auto& types = by_interaction[static_cast<std::size_t>(interaction)];
    const auto found = types.find(type);
    return found == types.end() ? nullptr : &found->second;
  }

  void add(const SubscriptionTopic& topic, const std::vector<std::int64_t>& slots) {
    for (std::size_t i = 0; i < topic.triggers.size(); ++i) {
      for (const Interaction interaction : {Interaction::kCreate, Interaction::kUpdate, Interaction::kDelete}) {
        if (listens(topic.triggers[i], interaction)) add(topic, i, interaction, slots);
      }
    }
  }

  void add(const SubscriptionTopic& topic, std::size_t index, Interaction interaction,
           const std::vector<std::int64_t>& slots) {
    const Trigger& trigger = topic.triggers[index];
    Listeners& listeners = by_interaction[static_cast<std::size_t>(interaction)][trigger.resource];
    if (listeners.topics.empty() || listeners.topics.back().topic != &topic)
      listeners.topics.push_back({&topic, false, {}, slots});
    Listener& listener = listeners.topics.back();
    if (trigger.criteria == nullptr) {
      listener.always = true;
      return;
    }
    const auto [known, is_new] = listeners.by_text.emplace(trigger.criteria->text(), listeners.criteria.size());
    if (is_new) listeners.criteria.push_back({trigger.criteria.get(), {trigger.watch, topic.url, index}, {}});
    listener.conditions.push_back({known->second, index});
    listeners.needs_previous |= interaction == Interaction::kDelete || trigger.criteria->uses_variable("previous");
  }
};

Catalog::Catalog(std::vector<std::shared_ptr<const SubscriptionTopic>> topics,
                 std::vector<std::shared_ptr<const TopicDestination>> destinations, std::int64_t epoch)
    : impl_(std::make_unique<Impl>()) {
  impl_->topics = std::move(topics);
  impl_->destinations = std::move(destinations);
  impl_->epoch = epoch;
  TextMap<std::vector<std::int64_t>> bound;
  for (const auto& destination : impl_->destinations) bound[destination->topic_url].push_back(destination->slot);
  for (const auto& topic : impl_->topics) {
    // Of two topics with one url, which the write path refuses, the first counts.
    if (!impl_->by_url.emplace(topic->url, topic.get()).second) continue;
    const auto slots = bound.find(topic->url);
    if (topic->status != "active" || slots == bound.end()) continue;
    std::sort(slots->second.begin(), slots->second.end());
    impl_->add(*topic, slots->second);
  }
  for (auto& types : impl_->by_interaction) {
    for (auto& [type, listeners] : types) number_shared_parts(listeners);
  }
}

Catalog::~Catalog() = default;

std::int64_t Catalog::epoch() const { return impl_->epoch; }

bool Catalog::interested(std::string_view type, Interaction interaction) const {
  return impl_->find(type, interaction) != nullptr;
}

bool Catalog::needs_previous(std::string_view type, Interaction interaction) const {
  const Listeners* listeners = impl_->find(type, interaction);
  return listeners != nullptr && listeners->needs_previous;
}

Match Catalog::match(const Change& change, const MatchObserver& observer) const {
  Match match;
  const Listeners* listeners = impl_->find(change.type, change.interaction);
  if (listeners == nullptr) return match;
  std::uint64_t* const of_transaction = observer.transaction_steps;
  const std::uint64_t steps = of_transaction != nullptr ? std::min(kEventSteps, *of_transaction) : kEventSteps;
  Evaluation evaluation(*listeners, change, steps);
  for (const Listener& listener : listeners->topics) {
    const std::optional<bool> fires = evaluation.fires(listener, observer);
    if (!fires) match.undecided.push_back({listener.slots, listener.topic->version, evaluation.undecided()});
    if (!fires.value_or(false)) continue;
    match.slots.insert(match.slots.end(), listener.slots.begin(), listener.slots.end());
    if (observer.on_match) observer.on_match(listener.topic->url);
  }
  if (of_transaction != nullptr) *of_transaction -= steps - evaluation.steps_left();
  if (listeners->topics.size() > 1) std::sort(match.slots.begin(), match.slots.end());
  return match;
}

const std::vector<std::shared_ptr<const TopicDestination>>& Catalog::destinations() const {
  return impl_->destinations;
}

const std::vector<std::shared_ptr<const SubscriptionTopic>>& Catalog::topics() const { return impl_->topics; }

std::vector<CriterionInUse> Catalog::criteria_in_use() const {
  std::map<const CriterionWatch*, CriterionInUse> by_watch;
  for (const auto& types : impl_->by_interaction) {
    for (const auto& [type, listeners] : types) {
      for (const Criterion& criterion : listeners.criteria) by_watch.emplace(criterion.use.watch.get(), criterion.use);
    }
  }
  std::vector<CriterionInUse> all;
  all.reserve(by_watch.size());
  for (auto& [watch, use] : by_watch) all.push_back(std::move(use));
  return all;
}

const SubscriptionTopic* Catalog::topic_by_url(std::string_view url) const {
  const auto found = impl_->by_url.find(url);
  return found == impl_->by_url.end() ? nullptr : found->second;
}

}  // namespace embergate::topic
