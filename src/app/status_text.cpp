// SPDX-License-Identifier: Apache-2.0
#include "app/status_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "embergate/core/text.hpp"

namespace embergate::app {
namespace {

using json = nlohmann::ordered_json;
using Row = std::vector<std::string>;

constexpr std::ptrdiff_t kCodeColumn = 3;  // of a row of a check

std::string text_of(const json& value) {
  const std::string text =
      value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, json::error_handler_t::replace);
  return core::printable(text);
}

std::string member(const json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found == object.end() ? std::string() : text_of(*found);
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// Columns two blanks apart; the last one is as wide as it is.
std::string table(const std::vector<Row>& rows, std::string_view indent = "") {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  for (const Row& row : rows) {
    std::string line(indent);
    for (std::size_t i = 0; i < row.size(); ++i) line += row[i] + std::string(widths[i] - width_of(row[i]) + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

// All codes of a check once each, the worst first.
std::string codes_of(const json& check) {
  std::string codes = member(check, "code");
  const auto all = check.is_object() ? check.find("codes") : check.end();
  if (all == check.end() || !all->is_array()) return codes;
  for (const json& one : *all) {
    const std::string code = text_of(one);
    if (code != member(check, "code")) codes += (codes.empty() ? "" : ", ") + code;
  }
  return codes;
}

Row row_of_check(const std::string& name, const json& check) {
  static constexpr std::array<std::string_view, 8> kShown{"componentType", "status", "time", "observedValue",
                                                          "observedUnit",  "output", "code", "codes"};
  std::string value = member(check, "observedValue");
  if (const auto dot = value.find('.'); dot != std::string::npos) value.resize(std::min(value.size(), dot + 2));
  std::string says = member(check, "output");
  for (const auto& [key, other] : check.items()) {
    if (std::find(kShown.begin(), kShown.end(), key) != kShown.end()) continue;
    says += fmt::format("{}{}={}", says.empty() ? "" : "  ", core::printable(key), text_of(other));
  }
  if (!value.empty()) value += " " + member(check, "observedUnit");
  return {core::printable(name), member(check, "status"), std::move(value), codes_of(check), std::move(says)};
}

// The value of a Parameters.parameter or part, whatever its type.
std::string value_of(const json& parameter) {
  for (const auto& [key, value] : parameter.items()) {
    if (key.starts_with("value")) return text_of(value);
  }
  if (!parameter.contains("part")) return {};
  std::string all;
  for (const json& part : parameter["part"])
    all += fmt::format("{}{}={}", all.empty() ? "" : " ", member(part, "name"), value_of(part));
  return all;
}

// Long texts last, the former names of others not at all.
int place_of(std::string_view part) {
  static constexpr std::array<std::string_view, 7> kFirst{"name",  "resource", "state",    "code",
                                                          "count", "first",    "timestamp"};
  static constexpr std::array<std::string_view, 5> kLast{"title", "reason", "detail", "explanation", "message"};
  const auto* const first = std::find(kFirst.begin(), kFirst.end(), part);
  if (first != kFirst.end()) return static_cast<int>(first - kFirst.begin());
  const auto* const last = std::find(kLast.begin(), kLast.end(), part);
  return last == kLast.end() ? 50 : 100 + static_cast<int>(last - kLast.begin());
}

bool is_former_name(std::string_view part) { return part == "generation" || part == "fileGeneration"; }

std::string heading_of(const std::string& parameter) {
  if (parameter == "secret") return "secrets";
  return parameter == "lastErrorDetail" ? "errors" : parameter;
}

// Those of one name: a row each, a column for each part that any of them has.
std::string table_of_parts(const std::vector<const json*>& parameters) {
  Row names;
  for (const json* parameter : parameters) {
    for (const json& part : (*parameter)["part"]) {
      const std::string name = member(part, "name");
      if (!is_former_name(name) && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  std::multimap<int, std::string> placed;  // those without a place of their own keep their order
  for (const std::string& name : names) placed.emplace(place_of(name), name);
  std::transform(placed.begin(), placed.end(), names.begin(), [](const auto& one) { return one.second; });
  std::vector<Row> rows{names};
  std::replace(rows.front().begin(), rows.front().end(), std::string("timestamp"), std::string("last"));
  for (const json* parameter : parameters) {
    Row& row = rows.emplace_back(names.size());
    for (const json& part : (*parameter)["part"]) {
      const auto found = std::find(names.begin(), names.end(), member(part, "name"));
      if (found != names.end()) row[static_cast<std::size_t>(found - names.begin())] = value_of(part);
    }
  }
  return table(rows, "  ");
}

const json& parameters_of(const json& resource) {
  static const json none = json::array();
  const auto found = resource.is_object() ? resource.find("parameter") : resource.end();
  return found != resource.end() && found->is_array() ? *found : none;
}

// What stands in the way is read first.
bool is_of_state(const std::string& parameter) {
  static constexpr std::array<std::string_view, 5> kOfState{"state", "stateDetail", "code", "title", "remedy"};
  return std::find(kOfState.begin(), kOfState.end(), parameter) != kOfState.end();
}

bool has_parts(const json& parameter) { return parameter.contains("part") && parameter["part"].is_array(); }

}  // namespace

std::string text_of_health(const json& health) {
  std::string version;
  if (health.is_object() && health.contains("about")) version = member(health["about"], "version");
  std::string out = fmt::format("{}  Embergate{}{}\n", member(health, "status"), version.empty() ? "" : " ", version);
  if (!member(health, "output").empty()) out += member(health, "output") + '\n';
  if (!health.is_object() || !health.contains("checks") || !health["checks"].is_object()) return out;
  std::vector<Row> rows{{"check", "state", "value", "code", "says"}};
  bool has_codes = false;
  for (const auto& [name, checks] : health["checks"].items()) {
    for (const json& check : checks) {
      rows.push_back(row_of_check(name, check));
      has_codes |= !rows.back().at(kCodeColumn).empty();
    }
  }
  if (has_codes) return fmt::format("{}\n{}\nembergate explain CODE says what to do about a code.\n", out, table(rows));
  for (Row& row : rows) row.erase(row.begin() + kCodeColumn);
  return out + '\n' + table(rows);
}

std::string text_of_status(const json& resource) {
  std::vector<Row> state;
  std::vector<Row> plain;
  std::vector<std::pair<std::string, std::vector<const json*>>> groups;
  for (const json& parameter : parameters_of(resource)) {
    const std::string name = member(parameter, "name");
    if (!has_parts(parameter)) {
      (is_of_state(name) ? state : plain).push_back({name, value_of(parameter)});
      continue;
    }
    auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& one) { return one.first == name; });
    if (group == groups.end()) group = groups.insert(groups.end(), {name, {}});
    group->second.push_back(&parameter);
  }
  std::string out = table(state);
  if (!state.empty() && !plain.empty()) out += '\n';
  out += table(plain);
  for (const auto& [name, members] : groups) out += fmt::format("\n{}\n{}", heading_of(name), table_of_parts(members));
  return out;
}

bool is_well(const json& health) { return member(health, "status") == "pass"; }

std::optional<std::string> state_of_check(const json& health, const std::string& name) {
  if (!health.is_object() || !health.contains("checks") || !health["checks"].contains(name)) return std::nullopt;
  for (const json& check : health["checks"][name]) return member(check, "status");
  return std::nullopt;
}

bool is_destination_well(const json& resource) {
  for (const json& parameter : parameters_of(resource)) {
    const std::string name = member(parameter, "name");
    const std::string value = has_parts(parameter) ? std::string() : value_of(parameter);
    if (name == "connected" && value == "false") return false;
    const bool counts = name == "messagesWaiting" || name == "messagesSuperseded" || name == "messagesUndecided";
    if (counts && value != "0" && value != "0.0") return false;
    if (name == "unanswered" || name == "topicFault" || name == "code") return false;
    if (name != "secret" || !has_parts(parameter)) continue;
    for (const json& part : parameter["part"]) {
      if (member(part, "name") == "state" && value_of(part) != "ok") return false;
    }
  }
  return true;
}

std::string text_of_outcome(std::string_view body) {
  const json outcome = json::parse(body, nullptr, false);
  if (!outcome.is_object() || !outcome.contains("issue") || !outcome["issue"].is_array()) return {};
  std::string all;
  for (const json& issue : outcome["issue"]) {
    std::string text = member(issue, "diagnostics");
    if (text.empty() && issue.is_object() && issue.contains("details")) text = member(issue["details"], "text");
    if (!text.empty()) all += (all.empty() ? "" : "; ") + text;
  }
  return all;
}

}  // namespace embergate::app
