// SPDX-License-Identifier: Apache-2.0
#include "app/explain_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <span>
#include <string_view>
#include <utility>

#include "app/settings_table.hpp"
#include "embergate/core/fault.hpp"
#include "embergate/core/nearest.hpp"
#include "embergate/vault/explanations.hpp"

namespace embergate::app {
namespace {

using core::Fault;
using core::FaultText;

constexpr std::size_t kMostLettersWrong = 3;

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

void print_setting(const Setting& setting, std::ostream& out) {
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

// "R-48", "S-13": where the rule stands.
std::string_view page_of_rule(std::string_view word) {
  const bool is_rule = word.size() == 4 && word[1] == '-' && std::isdigit(static_cast<unsigned char>(word[2])) != 0 &&
                       std::isdigit(static_cast<unsigned char>(word[3])) != 0;
  if (!is_rule) return {};
  if (word[0] == 'R') return "docs/reference/secret-delivery.md";
  return word[0] == 'S' ? "docs/reference/security.md" : "";
}

int print_unknown(const std::string& word, std::ostream& error) {
  core::Nearest nearest(word, kMostLettersWrong);
  for (const FaultText& row : core::fault_table()) {
    nearest.offer(row.code);
    nearest.offer(row.code.substr(group_of(row.code).size()));
  }
  for (const Setting& setting : settings_table()) nearest.offer(setting.name);
  error << fmt::format("embergate: there is no error code, reason, rule or setting \"{}\"{}\n", word,
                       nearest.name().empty() ? std::string("; embergate explain lists all codes")
                                              : fmt::format("; did you mean {}?", nearest.name()));
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
  if (const auto fault = fault_of_word(command.word)) {
    print_row(core::text_of(*fault), command.json, out);
    return 0;
  }
  if (const Setting* setting = find_setting(command.word)) {
    print_setting(*setting, out);
    return 0;
  }
  if (const std::string_view page = page_of_rule(command.word); !page.empty()) {
    out << fmt::format("{}: a rule of {}\n", command.word, page);
    return 0;
  }
  return print_unknown(command.word, error);
}

}  // namespace embergate::app
