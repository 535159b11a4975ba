// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/validate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "embergate/fhir/model.hpp"
#include "embergate/fhir/reference.hpp"
#include "fhir/nearest_name.hpp"
#include "fhir/primitive_syntax.hpp"

namespace embergate::fhir {
namespace {

constexpr std::size_t kMaxIssues = 50;
constexpr std::size_t kShownChars = 64;

// What the check needs of a type beside the model, found once.
struct TypeRules {
  bool is_primitive = false;
  bool is_resource = false;
  PrimitiveForm form = PrimitiveForm::kText;
  std::vector<const Element*> required;
};

std::vector<TypeRules> make_rules() {
  const Model& model = Model::r4();
  std::vector<TypeRules> rules(model.type_count());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const auto type = static_cast<TypeId>(i);
    rules[i].is_primitive = model.kind_of(type) == TypeKind::kPrimitive;
    rules[i].is_resource = model.kind_of(type) == TypeKind::kResource;
    if (rules[i].is_primitive) rules[i].form = form_of(model.name_of(type));
    for (const Element* element : model.elements_of(type)) {
      if (element->is_required) rules[i].required.push_back(element);
    }
  }
  return rules;
}

const TypeRules& rules_of(TypeId type) {
  static const std::vector<TypeRules> rules = make_rules();
  return rules[type];
}

// Walks one resource against the model. The place is a stack of steps; it becomes text only for an issue.
class ShapeCheck {
 public:
  explicit ShapeCheck(std::string_view place) : prefix_(place) {}

  void resource(Node node, std::string_view expected_type) {
    const std::string_view name = node.member("resourceType").string();
    if (prefix_.empty()) prefix_ = name;
    if (name.empty()) return issue("resourceType is missing; it names the type of the resource");
    if (!is_resource_type(name)) return issue(fmt::format("resourceType \"{}\" is not known", shown(name)));
    if (!expected_type.empty() && name != expected_type) {
      return issue(fmt::format("resourceType is {}, where {} is expected", name, expected_type));
    }
    const TypeId type = model_.find_type(name);
    if (type == kNoType) {
      system_resource(node);
    } else {
      object(node, type);
    }
  }

  std::vector<Issue> take() { return std::move(issues_); }

 private:
  struct Step {
    std::string_view name;  // of a member, or empty:
    std::size_t position;   // of an item
  };
  // Which of several types a choice was written with.
  struct SeenChoice {
    const Element* element;
    TypeId type;
  };

  // This server's own types have no model here: the module that serves them checks the rest.
  void system_resource(Node node) {
    static const TypeId kId = model_.find_type("id");
    static const TypeId kMeta = model_.find_type("Meta");
    for (const auto& [name, type] : {std::pair{"id", kId}, std::pair{"meta", kMeta}}) {
      if (const Node member = node.member(name)) step_into(member, type);
    }
  }

  void object(Node node, TypeId type) {
    if (node.size() == 0) return issue("an object must not be empty; leave the element out");
    const TypeRules& rules = rules_of(type);
    std::uint64_t required_seen = 0;
    std::array<SeenChoice, 8> choices;
    std::size_t choice_count = 0;
    for (Node member = node.first_child(); member; member = member.next_sibling(node)) {
      if (issues_.size() >= kMaxIssues) return;
      std::string_view name = member.name();
      if (rules.is_resource && name == "resourceType") continue;
      const bool is_sibling = name.starts_with('_');
      if (is_sibling) name.remove_prefix(1);
      const auto [element, member_type] = model_.find_json_member(type, name);
      if (!element || (is_sibling && !rules_of(member_type).is_primitive)) {
        unknown_member(member, type);
        continue;
      }
      if (element->is_required) {
        const auto at = std::find(rules.required.begin(), rules.required.end(), element);
        required_seen |= std::uint64_t{1} << (at - rules.required.begin());
      }
      if (element->is_choice) {
        const auto end = choices.begin() + static_cast<std::ptrdiff_t>(choice_count);
        const auto twin = std::find_if(choices.begin(), end, [&](const SeenChoice& c) { return c.element == element; });
        if (twin != end && twin->type != member_type) {
          issue_at(member, fmt::format("only one type may be given for {}[x]", element->name));
        } else if (twin == end && choice_count < choices.size()) {
          choices[choice_count++] = {element, member_type};
        }
      }
      steps_.push_back({member.name(), 0});
      if (is_sibling) {
        primitive_sibling(member, *element, member_type);
      } else {
        value(node, member, *element, member_type);
      }
      steps_.pop_back();
    }
    check_required(rules, required_seen);
  }

  void check_required(const TypeRules& rules, std::uint64_t seen) {
    for (std::size_t i = 0; i < rules.required.size(); ++i) {
      if (seen & (std::uint64_t{1} << i)) continue;
      const Element& element = *rules.required[i];
      steps_.push_back({element.name, 0});
      issue(fmt::format("{}{} is required", element.name, element.is_choice ? "[x]" : ""));
      steps_.pop_back();
    }
  }

  void value(Node parent, Node member, const Element& element, TypeId type) {
    if (!element.is_list) {
      if (member.is_array()) return issue("must not be a list: the element occurs once");
      return single(member, type);
    }
    if (!member.is_array()) return issue("must be a list, also with one item");
    if (member.size() == 0) return issue("a list must not be empty; leave the element out");
    std::size_t position = 0;
    for (Node item = member.first_child(); item; item = item.next_sibling(member), ++position) {
      if (item.is_null() && has_sibling_item(parent, member, position, type)) continue;
      steps_.push_back({{}, position});
      single(item, type);
      steps_.pop_back();
    }
  }

  // A null in a list of primitives says that only the extension of that item exists.
  static bool has_sibling_item(Node parent, Node list, std::size_t position, TypeId type) {
    if (!rules_of(type).is_primitive) return false;
    return parent.member(fmt::format("_{}", list.name())).at(position).is_object();
  }

  void primitive_sibling(Node member, const Element& element, TypeId type) {
    if (!element.is_list) {
      if (!member.is_object()) return issue("must be an object with id or extension");
      return object(member, type);
    }
    if (!member.is_array()) return issue("must be a list of objects and nulls");
    if (member.size() == 0) return issue("a list must not be empty; leave the element out");
    std::size_t position = 0;
    for (Node item = member.first_child(); item; item = item.next_sibling(member), ++position) {
      if (item.is_null()) continue;
      steps_.push_back({{}, position});
      if (item.is_object()) {
        object(item, type);
      } else {
        issue("must be an object with id or extension, or null");
      }
      steps_.pop_back();
    }
  }

  void single(Node node, TypeId type) {
    const TypeRules& rules = rules_of(type);
    if (node.is_null()) return issue("must not be null; leave the element out");
    if (rules.is_primitive) {
      const std::string_view fault = fault_of(node, rules.form);
      if (!fault.empty()) issue(fmt::format("must be {}", fault));
      return;
    }
    if (!node.is_object()) return issue(fmt::format("must be an object of type {}", model_.name_of(type)));
    if (rules.is_resource) {
      resource(node, {});
    } else {
      object(node, type);
    }
  }

  void step_into(Node member, TypeId type) {
    steps_.push_back({member.name(), 0});
    single(member, type);
    steps_.pop_back();
  }

  void unknown_member(Node member, TypeId type) {
    const std::string near = nearest_member_name(model_, type, member.name());
    issue_at(member, fmt::format("{} has no element \"{}\"{}", model_.name_of(type), shown(member.name()),
                                 near.empty() ? "" : fmt::format("; the nearest is \"{}\"", near)));
  }

  void issue_at(Node member, std::string what) {
    steps_.push_back({member.name(), 0});
    issue(std::move(what));
    steps_.pop_back();
  }

  void issue(std::string what) {
    if (issues_.size() >= kMaxIssues) return;
    std::string place = prefix_;
    for (const Step& step : steps_) {
      if (step.name.empty()) {
        place += fmt::format("[{}]", step.position);
      } else {
        if (!place.empty()) place += '.';
        place += shown(step.name);
      }
    }
    std::string text = place.empty() ? std::move(what) : fmt::format("{}: {}", place, what);
    issues_.push_back({"fatal", std::string(issue_code(core::ErrorCode::kInvalid)), std::move(text), std::move(place)});
  }

  static std::string_view shown(std::string_view text) {
    if (text.size() <= kShownChars) return text;
    std::size_t end = kShownChars;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return text.substr(0, end);
  }

  const Model& model_ = Model::r4();
  std::string prefix_;
  std::vector<Step> steps_;
  std::vector<Issue> issues_;
};

}  // namespace

std::vector<Issue> check_shape(const Resource& resource, std::string_view expected_type) {
  return check_shape(resource.root(), expected_type, {});
}

std::vector<Issue> check_shape(Node resource, std::string_view expected_type, std::string_view place) {
  ShapeCheck check(place);
  check.resource(resource, expected_type);
  return check.take();
}

}  // namespace embergate::fhir
