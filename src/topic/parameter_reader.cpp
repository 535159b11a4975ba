// SPDX-License-Identifier: Apache-2.0
#include "topic/parameter_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "embergate/core/nearest.hpp"
#include "embergate/core/text.hpp"
#include "topic/parameter_table.hpp"

namespace embergate::topic {
namespace {

constexpr std::string_view kSecretReferenceUrl = "http://health-samurai.io/fhir/secret-reference";  // contract 1.3

std::string_view expected_value(ValueType type) {
  switch (type) {
    case ValueType::kString:
      return "valueString";
    case ValueType::kInteger:
      return "valueInteger or valueUnsignedInt";
    case ValueType::kBoolean:
      return "valueBoolean";
  }
  return "";
}

bool allows_member(ValueType type, std::string_view member) {
  switch (type) {
    case ValueType::kString:
      return member == "valueString";
    case ValueType::kInteger:
      return member == "valueInteger" || member == "valueUnsignedInt" || member == "valuePositiveInt";
    case ValueType::kBoolean:
      return member == "valueBoolean";
  }
  return false;
}

// The name in the extension pair; the pair itself is checked where references are (a broken pair gives no name here).
std::string secret_name_in(fhir::Node sibling) {
  const fhir::Node extensions = sibling.member("extension");
  for (fhir::Node item = extensions.first_child(); item; item = item.next_sibling(extensions)) {
    if (item.member("url").string() == kSecretReferenceUrl) return std::string(item.member("valueString").string());
  }
  return {};
}

bool has_value(const DestinationParameter& parameter) {
  return parameter.text || parameter.number || parameter.boolean || parameter.secret_reference;
}

bool asks_for_nothing(const DestinationParameter& parameter) {
  return (parameter.boolean && !*parameter.boolean) || (parameter.number && *parameter.number == 0);
}

class ParameterReader {
 public:
  explicit ParameterReader(Issues& issues) : issues_(issues) {}

  void read(fhir::Node node, std::size_t index) {
    path_ = path_of(index);
    const fhir::Node name = node.member("name");
    if (!name.is_string() || name.string().empty()) {
      add_issue(issues_, "invalid", "name is required and must be a string", path_ + ".name");
      return;
    }
    const ParameterRule* rule = find_kafka_parameter(name.string());
    if (rule == nullptr) return refuse_name(node, index);
    if (is_duplicate(rule->name)) {
      add_issue(issues_, "invalid", fmt::format("parameter \"{}\" is given twice", rule->name), path_ + ".name");
      return;
    }
    read_as(*rule, node, index);
  }

  // Only when each right name was read: it goes before those that are like it.
  void read_misspelt() {
    for (const Misspelt& one : misspelt_) {
      path_ = path_of(one.index);
      const bool is_given =
          is_duplicate(one.meant->name) || std::find(unread_.begin(), unread_.end(), one.meant->name) != unread_.end();
      if (!is_given) read_as(*one.meant, one.node, one.index);
    }
  }

  std::vector<DestinationParameter> take() { return std::move(found_); }
  std::vector<std::string> take_unread() { return std::move(unread_); }

 private:
  struct Misspelt {
    const ParameterRule* meant;
    fhir::Node node;
    std::size_t index;
  };

  static std::string path_of(std::size_t index) { return fmt::format("AidboxTopicDestination.parameter[{}]", index); }

  void refuse_name(fhir::Node node, std::size_t index) {
    const std::string_view name = node.member("name").string();
    core::Nearest nearest(name, name.size() / 3 + 1);
    for (const ParameterRule& rule : kafka_parameters()) nearest.offer(rule.name);
    const ParameterRule* meant = find_kafka_parameter(nearest.name());
    add_issue(issues_, "invalid",
              meant == nullptr ? fmt::format("unknown parameter \"{}\": leave it out", core::shortened(name, 100))
                               : fmt::format("unknown parameter \"{}\"; did you mean \"{}\"?",
                                             core::shortened(name, 100), meant->name),
              path_ + ".name");
    if (meant != nullptr && misspelt_.size() < kMaxIssues) misspelt_.push_back({meant, node, index});
  }

  void read_as(const ParameterRule& rule, fhir::Node node, std::size_t index) {
    DestinationParameter parameter;
    parameter.name = std::string(rule.name);
    parameter.index = index;
    // Without room for another issue nothing says that a value could not be read.
    if (!read_value(node, rule, parameter) || !has_value(parameter)) {
      unread_.push_back(std::move(parameter.name));
      return;
    }
    if (rule.support == Support::kNotYet && !asks_for_nothing(parameter)) {
      add_issue(issues_, "not-supported", fmt::format("parameter \"{}\" is not supported yet; leave it out", rule.name),
                path_);
    }
    found_.push_back(std::move(parameter));
  }

  [[nodiscard]] bool is_duplicate(std::string_view name) const {
    for (const DestinationParameter& parameter : found_) {
      if (parameter.name == name) return true;
    }
    return false;
  }

  // Goes through the members once: exactly one value, of the table's type, or one secret reference.
  bool read_value(fhir::Node node, const ParameterRule& rule, DestinationParameter& parameter) {
    const std::size_t before = issues_.size();
    bool is_given = false;
    for (fhir::Node member = node.first_child(); member; member = member.next_sibling(node)) {
      const std::string_view name = member.name();
      if (name == "name" || name == "id" || name == "extension") continue;
      if (name == "resource" || name == "part") {
        add_issue(
            issues_, "invalid",
            fmt::format("{} is not allowed in a destination's parameter: give {}", name, expected_value(rule.type)),
            fmt::format("{}.{}", path_, name));
      } else if (name == "_valueString" && rule.type == ValueType::kString) {
        read_reference(member, rule, parameter);
      } else if (allows_member(rule.type, name)) {
        if (is_given) add_issue(issues_, "invalid", "more than one value", fmt::format("{}.{}", path_, name));
        is_given = true;
        read_typed(member, rule, parameter);
      } else {
        const bool other_value = name.starts_with("value") || name.starts_with("_value");
        add_issue(issues_, "invalid",
                  other_value
                      ? fmt::format("parameter \"{}\" takes {}, not {}", rule.name, expected_value(rule.type), name)
                      : fmt::format("unknown element \"{}\"", name),
                  fmt::format("{}.{}", path_, name));
      }
    }
    if (issues_.size() != before) return false;
    if (is_given && parameter.secret_reference) {
      add_issue(issues_, "invalid", "a value and a secret reference exclude each other", path_);
      return false;
    }
    if (!is_given && !parameter.secret_reference) {
      add_issue(issues_, "invalid",
                fmt::format("parameter \"{}\" has no value: give {}{}", rule.name, expected_value(rule.type),
                            rule.secret_allowed ? " or a secret reference in _valueString" : ""),
                path_);
      return false;
    }
    return true;
  }

  void read_reference(fhir::Node sibling, const ParameterRule& rule, DestinationParameter& parameter) {
    std::string name = secret_name_in(sibling);
    if (name.empty()) return;
    if (!rule.secret_allowed) {
      add_issue(issues_, "invalid", fmt::format("parameter \"{}\" cannot be a secret reference", rule.name),
                path_ + "._valueString");
      return;
    }
    parameter.secret_reference = std::move(name);
  }

  void read_typed(fhir::Node value, const ParameterRule& rule, DestinationParameter& parameter) {
    const std::string place = fmt::format("{}.{}", path_, value.name());
    switch (rule.type) {
      case ValueType::kString:
        if (!value.is_string()) return wrong_kind(value, "a string", place);
        parameter.text = std::string(value.string());
        return;
      case ValueType::kBoolean:
        if (!value.is_bool()) return wrong_kind(value, "true or false", place);
        parameter.boolean = value.boolean();
        return;
      case ValueType::kInteger:
        return read_integer(value, place, parameter);
    }
  }

  void wrong_kind(fhir::Node value, std::string_view wanted, const std::string& place) {
    add_issue(issues_, "invalid", fmt::format("{} must be {}", value.name(), wanted), place);
  }

  void read_integer(fhir::Node value, const std::string& place, DestinationParameter& parameter) {
    const std::string_view text = value.number_text();
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc() || end != text.data() + text.size())
      return wrong_kind(value, "a whole number", place);
    const std::int64_t lowest = value.name() == "valuePositiveInt" ? 1 : 0;
    if (number < lowest || number > std::numeric_limits<std::int32_t>::max()) {
      add_issue(
          issues_, "invalid",
          fmt::format("{} must be between {} and {}", value.name(), lowest, std::numeric_limits<std::int32_t>::max()),
          place);
      return;
    }
    parameter.number = number;
  }

  Issues& issues_;
  std::string path_;
  std::vector<DestinationParameter> found_;
  std::vector<Misspelt> misspelt_;
  std::vector<std::string> unread_;
};

}  // namespace

std::vector<DestinationParameter> read_kafka_parameters(fhir::Node parameters, Issues& issues,
                                                        std::vector<std::string>& unread) {
  ParameterReader reader(issues);
  std::size_t index = 0;
  if (!parameters.is_array()) return {};
  for (fhir::Node item = parameters.first_child(); item; item = item.next_sibling(parameters), ++index) {
    if (item.is_object()) reader.read(item, index);
  }
  reader.read_misspelt();
  unread = reader.take_unread();
  return reader.take();
}

}  // namespace embergate::topic
