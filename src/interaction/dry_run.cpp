// SPDX-License-Identifier: Apache-2.0
#include "interaction/dry_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "embergate/core/text.hpp"
#include "embergate/fhir/reference.hpp"
#include "embergate/fhir/validate.hpp"
#include "embergate/topic/dry_run.hpp"
#include "interaction/catalog_cache.hpp"
#include "interaction/dry_run_answer.hpp"
#include "interaction/write_path.hpp"

namespace embergate::interaction {
namespace {

using core::ErrorCode;
using TopicPtr = std::shared_ptr<const topic::SubscriptionTopic>;

constexpr std::array<std::string_view, 3> kNames{"topic", "current", "previous"};
constexpr std::array<std::string_view, 4> kUrlMembers{"valueCanonical", "valueUri", "valueUrl", "valueString"};

Refusal refuse(std::string diagnostics, std::string place) {
  return {core::make_error(ErrorCode::kInvalid, std::move(diagnostics), std::move(place)), {}};
}

struct Parameter {
  fhir::Node node;
  std::string place;  // "Parameters.parameter[1]"
  explicit operator bool() const { return static_cast<bool>(node); }
};

class Reader {
 public:
  Reader(const Options& options, const topic::Catalog& catalog, const RequestContext& context)
      : limits_(options.parse_limits), catalog_(catalog), context_(context), base_(options.base_url + "/fhir") {}

  Answer<std::string> run(std::string body) {
    EG_TRY(parameters_, parse(std::move(body)));
    EG_CHECK(read_names());
    EG_CHECK(read_topic());
    EG_TRY(current_, read_state(current_parameter_));
    EG_TRY(previous_, read_state(previous_parameter_));
    EG_CHECK(check_pair());
    const topic::Change change = change_of();
    DryRunSubject subject{*topic_, change, std::nullopt};
    if (stored_ && context_.may("read", kDestinationType)) {
      subject.destinations = 0;
      for (const auto& destination : catalog_.destinations())
        *subject.destinations += destination->topic_url == topic_->url ? 1U : 0U;
    }
    return render_dry_run(subject, topic::dry_run(*topic_, change));
  }

 private:
  Answer<fhir::ResourcePtr> parse(std::string text) const {
    auto parsed = fhir::Resource::parse(std::move(text), limits_);
    if (!parsed) return Refusal{std::move(parsed).error(), {}};
    return *std::move(parsed);
  }

  Answer<void> read_names() {
    if (parameters_->type() != "Parameters") {
      return refuse("the body must be a Parameters resource with the parameters topic, current and previous",
                    "Parameters.resourceType");
    }
    const fhir::Node list = parameters_->root().member("parameter");
    std::size_t index = 0;
    for (fhir::Node item = list.first_child(); item; item = item.next_sibling(list), ++index) {
      std::string place = fmt::format("Parameters.parameter[{}]", index);
      const std::string_view name = item.member("name").string();
      Parameter* known = parameter_of(name);
      if (known == nullptr) {
        return refuse(fmt::format("there is no parameter \"{}\"; there are topic, current and previous",
                                  core::whole_characters(name, 100)),
                      place + ".name");
      }
      if (*known) return refuse(fmt::format("{} is there twice", name), place + ".name");
      *known = {item, std::move(place)};
    }
    return {};
  }

  Parameter* parameter_of(std::string_view name) {
    const std::array<Parameter*, 3> parameters{&topic_parameter_, &current_parameter_, &previous_parameter_};
    const auto* const found = std::find(kNames.begin(), kNames.end(), name);
    return found == kNames.end() ? nullptr : parameters[static_cast<std::size_t>(found - kNames.begin())];
  }

  Answer<void> read_topic() {
    if (!topic_parameter_) {
      return refuse(
          "the parameter topic is missing: give an AidboxSubscriptionTopic as its resource, the url of a stored one "
          "as valueCanonical, or a reference to one as valueReference",
          "Parameters.parameter");
    }
    const fhir::Node node = topic_parameter_.node;
    if (node.member("resource").is_object()) return read_given_topic(node.member("resource"));
    if (auto allowed = context_.may("read", kTopicType); !allowed) {
      return Refusal{core::make_error(ErrorCode::kForbidden, allowed.error().diagnostics, topic_parameter_.place), {}};
    }
    if (node.member("valueReference").is_object())
      return find_by_reference(node.member("valueReference").member("reference").string());
    for (const std::string_view member : kUrlMembers) {
      if (node.member(member).is_string()) return find_by_url(node.member(member).string(), member);
    }
    return refuse("topic needs a resource, a valueCanonical with the url of a topic, or a valueReference to one",
                  topic_parameter_.place);
  }

  Answer<void> read_given_topic(fhir::Node node) {
    const std::string place = topic_parameter_.place + ".resource";
    EG_TRY(const fhir::ResourcePtr resource, parse(std::string(node.raw())));
    std::vector<fhir::Issue> issues = fhir::check_shape(node, kTopicType, place);
    if (issues.empty()) topic_ = topic::SubscriptionTopic::parse(*resource, resource->id(), issues);
    for (fhir::Issue& issue : issues) {
      if (issue.expression.starts_with(kTopicType)) issue.expression.replace(0, kTopicType.size(), place);
    }
    if (auto refusal = refusal_of(std::move(issues))) return *std::move(refusal);
    return {};
  }

  Answer<void> find_by_reference(std::string_view text) {
    const fhir::Reference reference = fhir::parse_reference(text, base_);
    std::string place = topic_parameter_.place + ".valueReference.reference";
    if (reference.kind != fhir::Reference::Kind::kLocal || reference.type != kTopicType || !reference.version.empty()) {
      return refuse(fmt::format("\"{}\" is no reference to a topic; write {}/<id>", core::whole_characters(text, 200),
                                kTopicType),
                    std::move(place));
    }
    for (const TopicPtr& candidate : catalog_.topics()) {
      if (candidate->id == reference.id) return found(candidate);
    }
    return refuse(fmt::format("Referenced resource {}/{} does not exist", kTopicType, reference.id), std::move(place));
  }

  Answer<void> find_by_url(std::string_view url, std::string_view member) {
    for (const TopicPtr& candidate : catalog_.topics()) {
      if (candidate->url == url) return found(candidate);
    }
    return refuse(fmt::format("no stored topic has the url \"{}\"", core::whole_characters(url, 300)),
                  fmt::format("{}.{}", topic_parameter_.place, member));
  }

  Answer<void> found(const TopicPtr& stored) {
    topic_ = stored;
    stored_ = true;
    return {};
  }

  // Null when the parameter is absent.
  Answer<fhir::ResourcePtr> read_state(const Parameter& parameter) const {
    if (!parameter) return fhir::ResourcePtr();
    const fhir::Node node = parameter.node.member("resource");
    const std::string place = parameter.place + ".resource";
    if (!node.is_object()) {
      return refuse("a state is given as a resource; leave the parameter out when there is no such state", place);
    }
    if (node.raw().size() > kMaxStateBytes) {
      return Refusal{
          core::make_error(ErrorCode::kTooLarge,
                           fmt::format("a state in a dry run may have {} bytes at most", kMaxStateBytes), place),
          {}};
    }
    if (fhir::is_system_type(node.member("resourceType").string())) {
      return refuse(fmt::format("{} is a resource of the server itself: no topic may listen to it",
                                node.member("resourceType").string()),
                    place);
    }
    if (auto refusal = refusal_of(fhir::check_shape(node, {}, place))) return *std::move(refusal);
    return parse(std::string(node.raw()));
  }

  Answer<void> check_pair() const {
    if (!current_ && !previous_) {
      return refuse(
          "give the state before the change as previous, after it as current; one alone is a delete or a create",
          "Parameters.parameter");
    }
    if (!current_ || !previous_) return {};
    const bool same_id = current_->id().empty() || previous_->id().empty() || current_->id() == previous_->id();
    if (current_->type() == previous_->type() && same_id) return {};
    return refuse(fmt::format("current is {}/{} and previous is {}/{}: both must be states of one resource",
                              current_->type(), current_->id(), previous_->type(), previous_->id()),
                  previous_parameter_.place + ".resource");
  }

  [[nodiscard]] topic::Change change_of() const {
    topic::Change change;
    change.current = current_.get();
    change.previous = previous_.get();
    change.type = current_ ? current_->type() : previous_->type();
    if (current_)
      change.interaction = previous_ ? topic::Interaction::kUpdate : topic::Interaction::kCreate;
    else
      change.interaction = topic::Interaction::kDelete;
    return change;
  }

  const fhir::ParseLimits& limits_;
  const topic::Catalog& catalog_;
  const RequestContext& context_;
  std::string base_;  // for references to topics that are written as URLs
  fhir::ResourcePtr parameters_;
  Parameter topic_parameter_;
  Parameter current_parameter_;
  Parameter previous_parameter_;
  TopicPtr topic_;
  bool stored_ = false;
  fhir::ResourcePtr current_;
  fhir::ResourcePtr previous_;
};

}  // namespace

Answer<std::string> dry_run(std::string body, const Options& options, const topic::Catalog& catalog,
                            const RequestContext& context) {
  return Reader(options, catalog, context).run(std::move(body));
}

}  // namespace embergate::interaction
