// SPDX-License-Identifier: Apache-2.0
#include "embergate/topic/subscription_topic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "embergate/fhir/model.hpp"
#include "embergate/fhir/reference.hpp"
#include "topic/elements.hpp"

namespace embergate::topic {
namespace {

constexpr std::string_view kRoot = "AidboxSubscriptionTopic";
constexpr std::string_view kTypePrefix = "http://hl7.org/fhir/StructureDefinition/";

constexpr ElementRule kTopicElements[] = {
    {"url", Shape::kString, true},
    {"status", Shape::kString, true},
    {"version", Shape::kString},
    {"versionAlgorithmString", Shape::kString},
    {"versionAlgorithmCoding", Shape::kObject},
    {"name", Shape::kString},
    {"title", Shape::kString},
    {"description", Shape::kString},
    {"publisher", Shape::kString},
    {"purpose", Shape::kString},
    {"copyright", Shape::kString},
    {"copyrightLabel", Shape::kString},
    {"date", Shape::kString},
    {"approvalDate", Shape::kString},
    {"lastReviewDate", Shape::kString},
    {"experimental", Shape::kBoolean},
    {"identifier", Shape::kObjects},
    {"contact", Shape::kObjects},
    {"useContext", Shape::kObjects},
    {"jurisdiction", Shape::kObjects},
    {"derivedFrom", Shape::kStrings},
    {"effectivePeriod", Shape::kObject},
    {"trigger", Shape::kObjects},
    {"canFilterBy", Shape::kObjects},
};
constexpr ElementRule kTriggerElements[] = {
    {"resource", Shape::kString, true}, {"supportedInteraction", Shape::kStrings}, {"fhirPathCriteria", Shape::kString},
    {"description", Shape::kString},    {"canFilterBy", Shape::kObjects},
};
constexpr ElementRule kFilterElements[] = {
    {"filterParameter", Shape::kString, true},
    {"comparator", Shape::kStrings, true},
    {"filterDefinitionFhirPathExpression", Shape::kString, true},
    {"description", Shape::kString},
};
constexpr ElementRule kTopFilterElements[] = {
    {"resource", Shape::kString, true},    {"filterParameter", Shape::kString, true},
    {"comparator", Shape::kStrings, true}, {"filterDefinitionFhirPathExpression", Shape::kString, true},
    {"description", Shape::kString},
};
constexpr std::array<std::string_view, 4> kStatuses{"draft", "active", "retired", "unknown"};
constexpr std::array<std::string_view, 3> kInteractions{"create", "update", "delete"};
constexpr std::array<std::string_view, 9> kComparators{"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"};

class TopicParser {
 public:
  TopicParser(Issues& issues, const fhirpath::Limits& limits) : issues_(issues), limits_(limits) {}

  std::shared_ptr<SubscriptionTopic> parse(const fhir::Resource& resource, std::string_view id) {
    const std::size_t before = issues_.size();
    const fhir::Node root = resource.root();
    check_elements(root, kRoot, kTopicElements, resource_elements(), issues_);
    topic_->id = std::string(id);
    read_head(root);
    read_triggers(root.member("trigger"));
    const fhir::Node filters = root.member("canFilterBy");
    check_each(filters, kRoot, "canFilterBy",
               [this](fhir::Node filter, const std::string& path) { check_top_filter(filter, path); });
    return has_errors(issues_, before) ? nullptr : topic_;
  }

 private:
  template <class Check>
  void check_each(fhir::Node list, std::string_view owner, std::string_view name, const Check& check) {
    if (!list.is_array()) return;
    std::size_t index = 0;
    for (fhir::Node item = list.first_child(); item; item = item.next_sibling(list), ++index) {
      if (item.is_object()) check(item, fmt::format("{}.{}[{}]", owner, name, index));
    }
  }

  void read_head(fhir::Node root) {
    topic_->url = std::string(root.member("url").string());
    if (root.member("url").is_string() && topic_->url.empty()) {
      add_issue(issues_, "invalid", "url must not be empty", fmt::format("{}.url", kRoot));
    }
    topic_->status = std::string(root.member("status").string());
    if (root.member("status").is_string())
      check_code(root.member("status"), kStatuses, fmt::format("{}.status", kRoot));
  }

  void check_code(fhir::Node node, std::span<const std::string_view> allowed, std::string path) {
    if (std::find(allowed.begin(), allowed.end(), node.string()) == allowed.end()) {
      add_issue(issues_, "invalid", fmt::format("\"{}\" is not one of {}", node.string(), list_of(allowed)),
                std::move(path));
    }
  }

  void read_triggers(fhir::Node triggers) {
    check_each(triggers, kRoot, "trigger",
               [this](fhir::Node trigger, const std::string& path) { read_trigger(trigger, path); });
  }

  void read_trigger(fhir::Node node, const std::string& path) {
    check_elements(node, path, kTriggerElements, backbone_elements(), issues_);
    Trigger trigger;
    trigger.resource = read_type(node.member("resource"), path);
    read_interactions(node.member("supportedInteraction"), path, trigger);
    if (!trigger.resource.empty()) {
      trigger.criteria =
          compile(node.member("fhirPathCriteria"), trigger.resource, path + ".fhirPathCriteria", Use::kCriterion);
      if (trigger.criteria != nullptr) trigger.watch = std::make_shared<CriterionWatch>();
      check_each(node.member("canFilterBy"), path, "canFilterBy", [&](fhir::Node filter, const std::string& place) {
        check_elements(filter, place, kFilterElements, backbone_elements(), issues_);
        check_filter(filter, trigger.resource, place);
      });
    }
    topic_->triggers.push_back(std::move(trigger));
  }

  // The bare name of the type, empty when there is an issue with it.
  std::string read_type(fhir::Node node, const std::string& path) {
    if (!node.is_string()) return {};
    std::string_view name = node.string();
    if (name.starts_with(kTypePrefix)) name.remove_prefix(kTypePrefix.size());
    if (!fhir::is_resource_type(name)) {
      add_issue(issues_, "invalid",
                fmt::format("\"{}\" is not a resource type: write its name or {}<Type>", node.string(), kTypePrefix),
                path + ".resource");
      return {};
    }
    if (fhir::is_system_type(name)) {
      add_issue(issues_, "invalid",
                fmt::format("{} is a resource of the server itself: no topic may listen to it", name),
                path + ".resource");
      return {};
    }
    return std::string(name);
  }

  void read_interactions(fhir::Node list, const std::string& path, Trigger& trigger) {
    if (!list.is_array()) return;
    trigger.on_create = trigger.on_update = trigger.on_delete = false;
    std::size_t index = 0;
    for (fhir::Node item = list.first_child(); item; item = item.next_sibling(list), ++index) {
      if (!item.is_string()) continue;
      check_code(item, kInteractions, fmt::format("{}.supportedInteraction[{}]", path, index));
      trigger.on_create |= item.string() == "create";
      trigger.on_update |= item.string() == "update";
      trigger.on_delete |= item.string() == "delete";
    }
  }

  // A filter gives values of any type; what a criterion should give as a whole is no matter of it.
  enum class Use { kCriterion, kFilter };

  std::shared_ptr<const fhirpath::Expression> compile(fhir::Node node, const std::string& type, std::string path,
                                                      Use use) {
    if (node.string().find_first_not_of(" \t\r\n") == std::string_view::npos) return nullptr;
    fhirpath::CompileOptions options;
    options.context_type = fhir::Model::r4().find_type(type);
    options.variables = {"current", "previous"};
    options.limits = limits_;
    auto compiled = fhirpath::Expression::compile(node.string(), options);
    if (!compiled) {
      add_issue(issues_, "invalid", compiled.error().diagnostics, std::move(path));
      return nullptr;
    }
    for (const fhirpath::Warning& warning : (*compiled)->warnings()) {
      if (use == Use::kFilter && warning.about_result) continue;
      topic_->warnings.push_back(
          fmt::format("{}, line {}, column {}: {}", path, warning.line, warning.column, warning.message));
    }
    return *compiled;
  }

  void check_top_filter(fhir::Node filter, const std::string& path) {
    check_elements(filter, path, kTopFilterElements, backbone_elements(), issues_);
    const std::string type = read_type(filter.member("resource"), path);
    if (!type.empty()) check_filter(filter, type, path);
  }

  void check_filter(fhir::Node filter, const std::string& type, const std::string& path) {
    const fhir::Node comparators = filter.member("comparator");
    std::size_t index = 0;
    for (fhir::Node item = comparators.first_child(); item; item = item.next_sibling(comparators), ++index) {
      if (item.is_string()) check_code(item, kComparators, fmt::format("{}.comparator[{}]", path, index));
    }
    compile(filter.member("filterDefinitionFhirPathExpression"), type, path + ".filterDefinitionFhirPathExpression",
            Use::kFilter);
  }

  Issues& issues_;
  const fhirpath::Limits& limits_;
  std::shared_ptr<SubscriptionTopic> topic_ = std::make_shared<SubscriptionTopic>();
};

}  // namespace

std::shared_ptr<SubscriptionTopic> SubscriptionTopic::parse(const fhir::Resource& resource, std::string_view id,
                                                            std::vector<fhir::Issue>& issues,
                                                            const fhirpath::Limits& limits) {
  return TopicParser(issues, limits).parse(resource, id);
}

}  // namespace embergate::topic
