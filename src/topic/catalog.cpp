// SPDX-License-Identifier: Apache-2.0
#include "embergate/topic/catalog.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

namespace embergate::topic {
namespace {

constexpr std::uint64_t kEventSteps = 10'000'000;  // of all criteria of one event together (S-34)

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
template <class Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

// What one topic wants to know about one (type, interaction).
struct Listener {
  const SubscriptionTopic* topic = nullptr;
  bool always = false;                                // a trigger without criteria
  std::vector<const fhirpath::Expression*> criteria;  // any of them
  std::vector<std::int64_t> slots;                    // ascending
};
struct Listeners {
  std::vector<Listener> topics;
  bool needs_previous = false;
};

bool listens(const Trigger& trigger, Interaction interaction) {
  switch (interaction) {
    case Interaction::kCreate:
      return trigger.on_create;
    case Interaction::kUpdate:
      return trigger.on_update;
    case Interaction::kDelete:
      return trigger.on_delete;
  }
  return false;
}

}  // namespace

struct Catalog::Impl {
  std::vector<std::shared_ptr<const SubscriptionTopic>> topics;
  std::vector<std::shared_ptr<const TopicDestination>> destinations;
  std::int64_t epoch = 0;
  TextMap<const SubscriptionTopic*> by_url;
  std::array<TextMap<Listeners>, 4> index;  // by Interaction, then type

  [[nodiscard]] const Listeners* find(std::string_view type, Interaction interaction) const {
    const auto& types = index[static_cast<std::size_t>(interaction)];
    const auto found = types.find(type);
    return found == types.end() ? nullptr : &found->second;
  }

  void add(const SubscriptionTopic& topic, const std::vector<std::int64_t>& slots) {
    for (const Trigger& trigger : topic.triggers) {
      for (const Interaction interaction : {Interaction::kCreate, Interaction::kUpdate, Interaction::kDelete}) {
        if (listens(trigger, interaction)) add(topic, trigger, interaction, slots);
      }
    }
  }

  void add(const SubscriptionTopic& topic, const Trigger& trigger, Interaction interaction,
           const std::vector<std::int64_t>& slots) {
    Listeners& listeners = index[static_cast<std::size_t>(interaction)][trigger.resource];
    if (listeners.topics.empty() || listeners.topics.back().topic != &topic)
      listeners.topics.push_back({&topic, false, {}, slots});
    Listener& listener = listeners.topics.back();
    if (trigger.criteria == nullptr) {
      listener.always = true;
      return;
    }
    listener.criteria.push_back(trigger.criteria.get());
    listeners.needs_previous |= interaction == Interaction::kDelete || trigger.criteria->uses_variable("previous");
  }

  static bool fires(const Listener& listener, const fhirpath::EvaluationContext& context,
                    const MatchObserver& observer) {
    if (listener.always) return true;
    for (const fhirpath::Expression* criterion : listener.criteria) {
      fhirpath::EvaluationError error;
      const fhirpath::Truth truth = criterion->evaluate_truth(context, &error);
      if (truth == fhirpath::Truth::kTrue) return true;
      if (truth == fhirpath::Truth::kError && observer.on_error) {
        observer.on_error({listener.topic->url, error.message, error.line, error.column});
      }
    }
    return false;
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

std::vector<std::int64_t> Catalog::match(const Change& change, const MatchObserver& observer) const {
  std::vector<std::int64_t> slots;
  const Listeners* listeners = impl_->find(change.type, change.interaction);
  if (listeners == nullptr) return slots;
  std::uint64_t steps = kEventSteps;
  fhirpath::EvaluationContext context;
  context.resource = change.interaction == Interaction::kDelete ? change.previous : change.current;
  context.variables = {{"current", change.interaction == Interaction::kDelete ? nullptr : change.current},
                       {"previous", change.interaction == Interaction::kCreate ? nullptr : change.previous}};
  context.step_budget = &steps;
  for (const Listener& listener : listeners->topics) {
    if (!Impl::fires(listener, context, observer)) continue;
    slots.insert(slots.end(), listener.slots.begin(), listener.slots.end());
    if (observer.on_match) observer.on_match(listener.topic->url);
  }
  if (listeners->topics.size() > 1) std::sort(slots.begin(), slots.end());
  return slots;
}

const std::vector<std::shared_ptr<const TopicDestination>>& Catalog::destinations() const {
  return impl_->destinations;
}

const SubscriptionTopic* Catalog::topic_by_url(std::string_view url) const {
  const auto found = impl_->by_url.find(url);
  return found == impl_->by_url.end() ? nullptr : found->second;
}

}  // namespace embergate::topic
