// SPDX-License-Identifier: Apache-2.0
#include "interaction/condition.hpp"

#include <fmt/format.h>

#include "embergate/core/text.hpp"

namespace embergate::interaction {
namespace {

constexpr std::size_t kMaxIdentifiers = 100;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

// The value of a parameter, taken apart where no '\\' stands before the character.
struct Value {
  std::optional<std::string> system;  // before the first '|'
  std::string text;
  bool is_list = false;
};

Value split_value(std::string_view value) {
  constexpr std::string_view kEscaped = "\\,|$";
  Value parts;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool escapes = c == '\\' && i + 1 < value.size() && kEscaped.find(value[i + 1]) != std::string_view::npos;
    if (escapes) {
      parts.text.push_back(value[++i]);
    } else if (c == ',') {
      parts.is_list = true;
    } else if (c == '|' && !parts.system) {
      parts.system = std::move(parts.text);
      parts.text.clear();
    } else {
      parts.text.push_back(c);
    }
  }
  return parts;
}

void append_identifier(fhir::Node node, std::vector<store::Identifier>& identifiers) {
  const std::string_view value = node.member("value").string();
  if (value.empty() || identifiers.size() >= kMaxIdentifiers) return;
  identifiers.push_back({std::string(node.member("system").string()), std::string(value)});
}

core::Error refuse(std::string_view query, std::string_view why) {
  return core::make_error(
      core::ErrorCode::kNotSupported,
      fmt::format("the condition \"{}\" {}; write identifier=<system>|<value>, identifier=<value> or _id=<id>",
                  core::whole_characters(query, 200), why));
}

}  // namespace

core::Result<Condition> parse_condition(std::string_view query) {
  std::string_view rest = query;
  if (rest.starts_with('?')) rest.remove_prefix(1);
  if (rest.find('&') != std::string_view::npos) return refuse(query, "has more than one parameter");
  const std::size_t equals = rest.find('=');
  if (equals == std::string_view::npos) return refuse(query, "has no value");
  const std::string_view name = rest.substr(0, equals);
  const auto value = decode(rest.substr(equals + 1));
  if (!value || value->empty()) return refuse(query, "has no usable value");
  const Value parts = split_value(*value);
  if (parts.is_list) return refuse(query, "lists several values");
  Condition condition;
  if (name == "_id") {
    if (parts.system) return refuse(query, "has more than an id");
    condition.id = parts.text;
    return condition;
  }
  if (name != "identifier")
    return refuse(query, fmt::format("uses the parameter \"{}\", which cannot be searched for here",
                                     core::whole_characters(name, 64)));
  condition.system = parts.system;
  condition.value = parts.text;
  if (condition.value.empty()) return refuse(query, "names a system without a value");
  return condition;
}

core::Result<std::string> search_part(std::string_view text, std::string_view type, std::string_view base_url) {
  const std::size_t mark = text.find('?');
  if (mark == std::string_view::npos || text.find('=') < mark) return std::string(text);
  std::string_view path = text.substr(0, mark);
  if (path.starts_with(base_url)) path.remove_prefix(base_url.size());
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.starts_with("fhir/")) path.remove_prefix(5);
  if (!path.empty() && path != type) {
    return core::make_error(
        core::ErrorCode::kInvalid,
        fmt::format("the condition \"{}\" searches for another type than {}, which is to be created",
                    core::whole_characters(text, 200), type));
  }
  return std::string(text.substr(mark + 1));
}

core::Result<std::vector<std::string>> find_matches(store::Reader& reader, std::string_view type,
                                                    const Condition& condition, std::size_t limit) {
  if (!condition.id) return reader.find_by_identifier(type, condition.system, condition.value, limit);
  EG_TRY(const bool present, reader.exists(type, *condition.id));
  return present ? std::vector<std::string>{*condition.id} : std::vector<std::string>{};
}

core::Error several_matches(std::string_view type, std::string_view query) {
  return core::make_error(
      core::ErrorCode::kMultipleMatches,
      fmt::format("If-None-Exist \"{}\" matches several {} resources", core::whole_characters(query, 300), type));
}

// `identifier` is a list on most types and a single element on some (Composition, QuestionnaireResponse).
std::vector<store::Identifier> identifiers_of(const fhir::Resource& resource) {
  std::vector<store::Identifier> identifiers;
  const fhir::Node element = resource.root().member("identifier");
  if (element.is_object()) append_identifier(element, identifiers);
  if (element.is_array()) {
    for (fhir::Node item = element.first_child(); item; item = item.next_sibling(element))
      append_identifier(item, identifiers);
  }
  return identifiers;
}

}  // namespace embergate::interaction
