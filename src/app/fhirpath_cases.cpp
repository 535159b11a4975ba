// SPDX-License-Identifier: Apache-2.0
#include "app/fhirpath_cases.hpp"

#include <fmt/format.h>

#include <istream>
#include <ostream>
#include <sstream>
#include <utility>

#include "embergate/fhir/outcome.hpp"

namespace embergate::app {
namespace {

fhir::ParseLimits limits_of_line() {
  fhir::ParseLimits limits;
  limits.max_bytes = kMaxInputBytes;
  limits.max_depth += 8;  // the line around the resource
  limits.max_tokens = 16'000'000;
  return limits;
}

core::Result<fhir::ResourcePtr> parse_resource(std::string text, std::string_view what) {
  auto resource = fhir::Resource::parse(std::move(text), limits_of_line());
  if (!resource) {
    return core::make_error(core::ErrorCode::kMalformed, fmt::format("{}: {}", what, resource.error().diagnostics));
  }
  return resource;
}

// Absent and null are no resource.
core::Result<fhir::ResourcePtr> resource_in(fhir::Node line, std::string_view member) {
  const fhir::Node node = line.member(member);
  if (!node || node.is_null()) return fhir::ResourcePtr();
  if (!node.is_object()) {
    return core::make_error(core::ErrorCode::kMalformed, fmt::format("{} must be a resource", member));
  }
  return parse_resource(std::string(node.raw()), member);
}

core::Result<std::map<std::string, fhir::ResourcePtr>> variables_in(fhir::Node line) {
  std::map<std::string, fhir::ResourcePtr> variables;
  const fhir::Node object = line.member("variables");
  for (fhir::Node value = object.first_child(); value; value = value.next_sibling(object)) {
    std::string_view name = value.name();
    if (name.starts_with('%')) name.remove_prefix(1);
    fhir::ResourcePtr parsed;
    if (!value.is_null()) {
      EG_TRY(parsed, fhirpath::parse_value(value.raw()));
    }
    variables[std::string(name)] = std::move(parsed);
  }
  return variables;
}

std::string answer_error(std::string_view id, const Fault& fault) {
  std::string text = fmt::format(R"({{"id":{},"error":{})", id, fhir::json_string(fault.message));
  if (fault.position) text += fmt::format(R"(,"position":{})", json_of(*fault.position));
  return text + "}";
}

enum class Read { kLine, kTooLong, kEnd };

// One line of at most kMaxInputBytes; the rest of a longer one is read and dropped.
Read read_line(std::istream& in, std::string& line) {
  line.clear();
  std::streambuf& buffer = *in.rdbuf();
  bool is_too_long = false;
  for (int c = buffer.sbumpc();; c = buffer.sbumpc()) {
    if (c == std::char_traits<char>::eof()) {
      if (line.empty()) return Read::kEnd;
      break;
    }
    if (c == '\n') break;
    is_too_long = is_too_long || line.size() == kMaxInputBytes;
    if (!is_too_long) line.push_back(static_cast<char>(c));
  }
  return is_too_long ? Read::kTooLong : Read::kLine;
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

}  // namespace

FhirpathCases::FhirpathCases(FhirpathSetting setting, std::filesystem::path folder)
    : setting_(std::move(setting)), folder_(std::move(folder)) {}

void FhirpathCases::run(std::istream& in, std::ostream& out) {
  std::string line;
  std::size_t number = 0;
  for (Read read = read_line(in, line); read != Read::kEnd; read = read_line(in, line)) {
    ++number;
    if (read == Read::kTooLong) {
      out << answer_error("null", {fmt::format("line {} is longer than {} bytes", number, kMaxInputBytes), {}, true});
    } else if (is_blank(line)) {
      continue;
    } else {
      out << answer(line);
    }
    out << '\n';
    if (in.rdbuf()->in_avail() <= 0) out.flush();  // a caller who feeds lines one by one waits for the answer
  }
  out.flush();
}

std::string FhirpathCases::answer(std::string_view line) {
  const auto parsed = fhir::Resource::parse(std::string(line), limits_of_line());
  if (!parsed) return answer_error("null", {parsed.error().diagnostics, {}, true});
  const fhir::Node root = (*parsed)->root();
  const std::string id(root.member("id") ? root.member("id").raw() : std::string_view("null"));
  const fhir::Node expression = root.member("expression");
  if (!expression.is_string()) return answer_error(id, {"expression must be a text", {}, true});
  const auto states = states_of(root);
  if (!states) return answer_error(id, {states.error().diagnostics, {}, true});
  const Compiled compiled = compile_for(expression.string(), *states, {}, setting_);
  if (compiled.fault) return answer_error(id, *compiled.fault);
  fhirpath::EvaluationError error;
  const auto items = compiled.expression->evaluate(context_for(*states, setting_), &error);
  if (!items) return answer_error(id, {error.message, Position{error.line, error.column}, false});
  return fmt::format(R"({{"id":{},"result":{}}})", id, json_of_items(*items, false));
}

core::Result<States> FhirpathCases::states_of(fhir::Node line) {
  States states;
  EG_TRY(states.resource, resource_in(line, "resource"));
  EG_TRY(states.current, resource_in(line, "current"));
  EG_TRY(states.previous, resource_in(line, "previous"));
  EG_TRY(states.variables, variables_in(line));
  const fhir::Node name = line.member("resourceFile");
  if (!states.resource && name.is_string()) {
    EG_TRY(states.resource, file(name.string()));
  }
  return states;
}

core::Result<fhir::ResourcePtr> FhirpathCases::file(std::string_view name) {
  if (last_resource_ && last_file_ == name) return last_resource_;
  const std::filesystem::path beside = folder_ / std::filesystem::path(name);
  std::error_code ignored;
  std::istringstream nothing;
  EG_TRY(std::string text,
         read_input(std::filesystem::exists(beside, ignored) ? beside.string() : std::string(name), nothing));
  EG_TRY(last_resource_, parse_resource(std::move(text), name));
  last_file_ = name;
  return last_resource_;
}

}  // namespace embergate::app
