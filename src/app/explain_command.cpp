// SPDX-License-Identifier: Apache-2.0
#include "app/explain_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "app/environment.hpp"
#include "app/settings_table.hpp"
#include "embergate/core/ascii.hpp"
#include "embergate/core/fault.hpp"
#include "embergate/core/nearest.hpp"
#include "embergate/vault/explanations.hpp"

namespace embergate::app {
namespace {

using core::Fault;
using core::FaultText;

constexpr std::size_t kMostLettersWrong = 3;
constexpr std::size_t kLeastOfAPart = 3;  // of a name: less stands in half of them

struct Group {
  std::string_view prefix;  // of its codes
  std::string_view title;
  std::string_view about;
};
constexpr std::array<Group, 7> kGroups{{
    {"kafka.", "Kafka", "What brokers and token endpoints answer, or that they do not."},
    {"secret.", "Secrets",
     "The files to which the names of the vault config lead: what is said of a file is said of the one of the secret."},
    {"vault.", "Vault config", "The file at `BOX_VAULT_CONFIG`."},
    {"topic.", "Topics", "What keeps a topic from saying which events there are."},
    {"destination.", "Destinations", "What keeps a destination from being started, or an event from being sent."},
    {"store.", "Database", "The file at `BOX_DB_PATH` and its volume."},
    {"web.", "Listener", "The port of the gateway itself."},
}};

std::string_view group_of(std::string_view code) { return code.substr(0, code.find('.') + 1); }

// As a cell of a table of Markdown.
std::string sentence(std::string_view text) {
  std::string whole;
  for (const char c : text) whole += c == '|' ? std::string("\\|") : std::string(1, c);
  whole.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(whole.front())));
  return whole + ".";
}

std::string link(std::string_view page) { return fmt::format("[{}]({})", page.substr(0, page.find('#')), page); }

std::string in_capitals(std::string_view word) {
  std::string all(word);
  for (char& c : all) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return all;
}

// Reasons that are another word than their code's: R-48 has them of old.
std::optional<Fault> fault_of_word(std::string_view word) {
  if (const auto fault = core::fault_from(word)) return fault;
  const Fault fault = vault::fault_of(word);
  if (fault != Fault::kNone) return fault;
  return core::fault_from(fmt::format("secret.{}", word));
}

nlohmann::json json_of(const FaultText& row) {
  return {{"code", row.code},
          {"title", row.title},
          {"explanation", row.explanation},
          {"remedy", row.remedy},
          {"page", fmt::format("docs/{}", row.page)}};
}

void print_row(const FaultText& row, bool as_json, std::ostream& out) {
  if (as_json) {
    out << json_of(row).dump(2) << '\n';
    return;
  }
  out << fmt::format("{}: {}\n  means  {}\n  do     {}\n  more   docs/{}\n", row.code, row.title, row.explanation,
                     row.remedy, row.page);
}

void print_setting(const Setting& setting, bool as_json, std::ostream& out) {
  if (as_json) {
    const nlohmann::json row{{"setting", setting.name},
                             {"about", setting.about},
                             {"value", allowed_values(setting)},
                             {"default", setting.fallback},
                             {"page", "docs/configure.md"}};
    out << row.dump(2) << '\n';
    return;
  }
  out << fmt::format("{}: {}\n  value    {}\n  default  {}\n  more     docs/configure.md\n", setting.name,
                     setting.about, allowed_values(setting), setting.fallback);
}

int print_all(bool as_json, std::ostream& out) {
  if (as_json) {
    nlohmann::json all = nlohmann::json::array();
    for (const FaultText& row : core::fault_table()) all.push_back(json_of(row));
    out << all.dump(2) << '\n';
    return 0;
  }
  std::size_t width = 0;
  for (const FaultText& row : core::fault_table()) width = std::max(width, row.code.size());
  for (const FaultText& row : core::fault_table()) out << fmt::format("{:<{}}  {}\n", row.code, width, row.title);
  return 0;
}

// The rules that code, tests and documents cite: numbered from 1 on, and none is ever taken away.
struct Rules {
  char letter;
  unsigned last;
  std::string_view about;
  std::string_view page;  // has each as a line of its own
};
constexpr std::array<Rules, 2> kRules{{
    {'R', 49, "how the file of a secret is read and how a new value comes into use",
     "docs/reference/secret-delivery.md"},
    {'S', 40, "what is protected, and from whom", "docs/reference/security.md"},
}};

// "R-48", and what people make of it: "r-48", "S-1".
const Rules* rules_of(std::string_view word, unsigned& number) {
  if (word.size() < 3 || word.size() > 4 || word[1] != '-') return nullptr;
  const auto [end, fault] = std::from_chars(word.data() + 2, word.data() + word.size(), number);
  if (fault != std::errc() || end != word.data() + word.size()) return nullptr;
  const auto* const found = std::find_if(kRules.begin(), kRules.end(), [&](const Rules& rules) {
    return rules.letter == std::toupper(static_cast<unsigned char>(word[0]));
  });
  return found == kRules.end() ? nullptr : found;
}

int print_rule(const Rules& rules, unsigned number, bool as_json, std::ostream& out, std::ostream& error) {
  const std::string name = fmt::format("{}-{:02}", rules.letter, number);
  if (number == 0 || number > rules.last) {
    error << fmt::format("embergate: there is no rule {}; {} has {}-01 to {}-{:02}\n", name, rules.page, rules.letter,
                         rules.letter, rules.last);
    return 2;
  }
  if (as_json) {
    out << nlohmann::json{{"rule", name}, {"about", rules.about}, {"page", rules.page}}.dump(2) << '\n';
  } else {
    out << fmt::format("{}: one of the rules on {}\n  more   {}, in the line that begins with {}\n", name, rules.about,
                       rules.page, name);
  }
  return 0;
}

// Codes and settings in whose names a part of one stands: "kafka.tls", "pem", "BOX_VAULT".
std::vector<std::pair<std::string_view, std::string_view>> names_with(const std::string& part) {
  std::vector<std::pair<std::string_view, std::string_view>> found;
  if (part.size() < kLeastOfAPart) return found;
  for (const FaultText& row : core::fault_table()) {
    if (row.code.find(part) != std::string_view::npos) found.emplace_back(row.code, row.title);
  }
  for (const Setting& setting : settings_table()) {
    if (core::lower(setting.name).find(part) != std::string::npos) found.emplace_back(setting.name, setting.about);
  }
  return found;
}

std::string nearest_to(const std::string& word) {
  core::Nearest nearest(word, std::min(kMostLettersWrong, word.size() / 3 + 1));
  for (const FaultText& row : core::fault_table()) {
    nearest.offer(row.code);
    nearest.offer(row.code.substr(group_of(row.code).size()));
  }
  if (!nearest.name().empty()) return std::string(nearest.name());
  return std::string(nearest_setting(in_capitals(word)));
}

int print_unknown(const std::string& word, std::ostream& error) {
  error << fmt::format("embergate: there is no error code, reason, rule or setting {}", shown_value(word));
  const std::string in_small = core::lower(word);
  const auto with = names_with(in_small);
  const std::string nearest = with.empty() ? nearest_to(in_small) : std::string();
  if (!nearest.empty()) {
    error << fmt::format("; did you mean {}?\n", nearest);
  } else if (with.empty()) {
    error << "; embergate explain lists all codes, embergate settings all settings\n";
  } else {
    error << "; these have it in their names:\n";
  }
  std::size_t width = 0;
  for (const auto& [name, about] : with) width = std::max(width, name.size());
  for (const auto& [name, about] : with) error << fmt::format("  {:<{}}  {}\n", name, width, about);
  return 2;
}

void add_group(const Group& group, std::string& page) {
  page += fmt::format(
      "\n## {}\n\n{}\n\n| code | title | what it means | what to do | more |\n| --- | --- | --- | --- | --- |\n",
      group.title, group.about);
  for (const FaultText& row : core::fault_table()) {
    if (group_of(row.code) != group.prefix) continue;
    page += fmt::format("| `{}` | {} | {} | {} | {} |\n", row.code, row.title, sentence(row.explanation),
                        sentence(row.remedy), link(row.page));
  }
}

}  // namespace

std::string error_codes_page() {
  std::string page =
      "# Error codes\n\n"
      "Each kind of fault has one code, and every place that reports the fault names it: `code` in `$status`, "
      "`$vault-status`, log lines and `GET /health`\n(administrators only), `details.coding` of an OperationOutcome, "
      "the "
      "label `code` of the metrics `embergate_errors_total` and `embergate_faults`.\n`embergate explain CODE` prints a "
      "row of this page. A code keeps its meaning in later versions; the words may change.\n\n"
      "A fault that lasts has one log line when it begins, one an hour (`fault/lasts`) and one when it ends "
      "(`fault/ended`).\n\n"
      "This page is made by `embergate explain --page`.\n";
  for (const Group& group : kGroups) add_group(group, page);
  return page;
}

int explain_command(const ExplainCommand& command, std::ostream& out, std::ostream& error) {
  if (command.page) {
    out << error_codes_page();
    return 0;
  }
  if (command.word.empty()) return print_all(command.json, out);
  if (const auto fault = fault_of_word(core::lower(command.word))) {
    print_row(core::text_of(*fault), command.json, out);
    return 0;
  }
  if (const Setting* setting = find_setting(in_capitals(command.word))) {
    print_setting(*setting, command.json, out);
    return 0;
  }
  unsigned number = 0;
  if (const Rules* rules = rules_of(command.word, number)) return print_rule(*rules, number, command.json, out, error);
  return print_unknown(command.word, error);
}

}  // namespace embergate::app
