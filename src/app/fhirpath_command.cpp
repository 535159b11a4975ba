// SPDX-License-Identifier: Apache-2.0
#include "app/fhirpath_command.hpp"

#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/fhirpath_cases.hpp"
#include "app/fhirpath_evaluation.hpp"
#include "embergate/core/time_format.hpp"
#include "embergate/fhir/outcome.hpp"

namespace embergate::app {
namespace {

constexpr int kEvaluated = 0;
constexpr int kEvaluationFailed = 1;
constexpr int kBadUsage = 2;

int refuse(std::ostream& err, std::string_view message) {
  fmt::print(err, "embergate: {}\n", message);
  return kBadUsage;
}

int report(std::ostream& err, const Fault& fault) {
  const Position at = fault.position.value_or(Position{});
  fmt::print(err, "line {}, column {}: {}\n", at.line, at.column, fault.message);
  return fault.of_expression ? kBadUsage : kEvaluationFailed;
}

using ModelPtr = std::shared_ptr<const fhir::Model>;

core::Result<ModelPtr> model_of(const FhirpathOptions& options) {
  if (options.fhir_version == "R4") return ModelPtr(ModelPtr(), &fhir::Model::r4());
  if (options.fhir_version != "R4B" && options.fhir_version != "R5") {
    return core::make_error(core::ErrorCode::kInvalid,
                            fmt::format("there is no FHIR version {}; R4, R4B and R5 are known", options.fhir_version));
  }
  const std::string name = options.fhir_version == "R5" ? "r5.tsv" : "r4b.tsv";
  for (const std::string& folder : options.model_folders) {
    auto model = fhir::Model::load((std::filesystem::path(folder) / name).string());
    if (model || model.error().code != core::ErrorCode::kNotFound) return model;
  }
  return core::make_error(core::ErrorCode::kNotFound,
                          fmt::format("the table {} is in none of: {}", name, fmt::join(options.model_folders, ", ")));
}

core::Result<FhirpathSetting> setting_of(const FhirpathOptions& options) {
  FhirpathSetting setting;
  setting.strict = options.strict;
  EG_TRY(setting.model, model_of(options));
  if (options.now.empty()) return setting;
  setting.now = core::parse_instant(options.now);
  if (!setting.now) {
    return core::make_error(core::ErrorCode::kInvalid,
                            fmt::format("--now {}: no instant; write it as 2026-01-15T12:00:00Z", options.now));
  }
  return setting;
}

core::Result<fhir::ResourcePtr> read_resource(const std::string& file, std::istream& in) {
  if (file.empty()) return fhir::ResourcePtr();
  EG_TRY(std::string text, read_input(file, in));
  fhir::ParseLimits limits;
  limits.max_bytes = kMaxInputBytes;
  limits.max_tokens = 16'000'000;
  auto resource = fhir::Resource::parse(std::move(text), limits);
  if (!resource) {
    return core::make_error(core::ErrorCode::kMalformed, fmt::format("{}: {}", file, resource.error().diagnostics));
  }
  return resource;
}

core::Result<States> read_states(const FhirpathOptions& options, std::istream& in) {
  States states;
  EG_TRY(states.resource, read_resource(options.resource_file, in));
  EG_TRY(states.previous, read_resource(options.previous_file, in));
  return states;
}

// One item as people read it: texts without quotes, quantities as number and unit, objects as JSON.
std::string plain(const fhirpath::ResultItem& item) {
  if (item.value == "null") return fmt::format("(no value: {})", item.path);
  if (item.value.front() == '"') return nlohmann::json::parse(item.value).get<std::string>();
  if (item.type == "System.Quantity") {
    if (const auto quantity = fhir::Resource::parse(item.value)) {
      const fhir::Node root = (*quantity)->root();
      return fmt::format("{} {}", root.member("value").raw(), root.member("unit").string());
    }
  }
  return item.value;
}

std::string json_of_warnings(const std::vector<fhirpath::Warning>& warnings) {
  std::string text = "[";
  for (const fhirpath::Warning& warning : warnings) {
    text += fmt::format(R"({}{{"message":{},"position":{}}})", text.size() > 1 ? "," : "",
                        fhir::json_string(warning.message), json_of(Position{warning.line, warning.column}));
  }
  return text + "]";
}

std::string json_of_fault(const Fault& fault) {
  return fmt::format(R"({{"message":{},"position":{}}})", fhir::json_string(fault.message),
                     json_of(fault.position.value_or(Position{})));
}

int check_only(const FhirpathOptions& options, const Compiled& compiled, std::ostream& out, std::ostream& err) {
  static const std::vector<fhirpath::Warning> none;
  const auto& warnings = compiled.expression ? compiled.expression->warnings() : none;
  if (options.json) {
    fmt::print(out, "{{\"errors\":[{}],\"warnings\":{}}}\n", compiled.fault ? json_of_fault(*compiled.fault) : "",
               json_of_warnings(warnings));
    return compiled.fault ? kBadUsage : kEvaluated;
  }
  if (compiled.fault) return report(err, *compiled.fault);
  for (const fhirpath::Warning& warning : warnings) {
    fmt::print(out, "warning: line {}, column {}: {}\n", warning.line, warning.column, warning.message);
  }
  if (warnings.empty()) fmt::print(out, "no findings\n");
  return kEvaluated;
}

// What an evaluation says beside its result.
struct Story {
  std::vector<fhirpath::Step> steps;
  fhirpath::Trace trace;
  std::uint64_t work = 0;
};

void print_story(const fhirpath::Expression& expression, const Story& story, std::ostream& out) {
  fmt::print(out, "tree\n{}", expression.tree());
  for (const fhirpath::Warning& warning : expression.warnings()) {
    fmt::print(out, "warning: line {}, column {}: {}\n", warning.line, warning.column, warning.message);
  }
  fmt::print(out, "steps ({} counted)\n", story.work);
  for (const fhirpath::Step& step : story.steps) {
    fmt::print(out, "{:<7} {:{}}{}{}{} -> {}\n", fmt::format("{}:{}", step.line, step.column), "", 2 * step.depth,
               step.expression, step.input.empty() ? "" : " on ", step.input,
               step.items == 0 && step.result.empty() ? "{}" : step.result);
  }
  for (const auto& line : story.trace.lines) fmt::print(out, "trace {}: {}\n", line.name, line.text);
  if (story.trace.cut) fmt::print(out, "trace: the rest is cut\n");
  fmt::print(out, "result\n");
}

std::string json_of_steps(const std::vector<fhirpath::Step>& steps) {
  std::string text = "[";
  for (const fhirpath::Step& step : steps) {
    text += fmt::format(R"({}{{"position":{},"depth":{},"expression":{},"input":{},"items":{},"result":{}}})",
                        text.size() > 1 ? "," : "", json_of(Position{step.line, step.column}), step.depth,
                        fhir::json_string(step.expression), fhir::json_string(step.input), step.items,
                        fhir::json_string(step.result));
  }
  return text + "]";
}

std::string json_of_trace(const fhirpath::Trace& trace) {
  std::string text = "[";
  for (const auto& line : trace.lines) {
    text += fmt::format(R"({}{{"name":{},"text":{}}})", text.size() > 1 ? "," : "", fhir::json_string(line.name),
                        fhir::json_string(line.text));
  }
  return text + "]";
}

std::string json_of_story(const fhirpath::Expression& expression, const Story& story) {
  return fmt::format(R"("tree":{},"warnings":{},"counted":{},"steps":{},"trace":{})",
                     fhir::json_string(expression.tree()), json_of_warnings(expression.warnings()), story.work,
                     json_of_steps(story.steps), json_of_trace(story.trace));
}

void print_items(const std::vector<fhirpath::ResultItem>& items, std::ostream& out) {
  if (items.empty()) fmt::print(out, "{{}}\n");
  for (const fhirpath::ResultItem& item : items) fmt::print(out, "{}\n", plain(item));
}

int evaluate(const FhirpathOptions& options, const fhirpath::Expression& expression, const States& states,
             const FhirpathSetting& setting, std::ostream& out, std::ostream& err) {
  Story story;
  fhirpath::EvaluationContext context = context_for(states, setting);
  if (options.explain) {
    context.explain = &story.steps;
    context.trace = &story.trace;
    context.steps_used = &story.work;
  }
  fhirpath::EvaluationError error;
  const auto items = expression.evaluate(context, &error);
  const Fault fault{error.message, Position{error.line, error.column}, false};
  if (options.explain && options.json) {
    const std::string result =
        items ? "\"result\":" + json_of_items(*items, true) : "\"error\":" + json_of_fault(fault);
    fmt::print(out, "{{{},{}}}\n", result, json_of_story(expression, story));
    return items ? kEvaluated : kEvaluationFailed;
  }
  if (options.explain) print_story(expression, story, out);
  if (!items) return report(err, fault);
  options.json ? fmt::print(out, "{}\n", json_of_items(*items, true)) : print_items(*items, out);
  return kEvaluated;
}

int run_cases(const FhirpathOptions& options, const FhirpathSetting& setting, std::istream& in, std::ostream& out,
              std::ostream& err) {
  if (!options.expression.empty() || !options.resource_file.empty() || !options.previous_file.empty()) {
    return refuse(err, "--cases takes its expressions and resources from the file");
  }
  FhirpathCases cases(setting, std::filesystem::path(options.cases_file).parent_path());
  if (options.cases_file == "-") {
    cases.run(in, out);
    return kEvaluated;
  }
  std::ifstream file(options.cases_file, std::ios::binary);
  if (!file) return refuse(err, options.cases_file + " cannot be read");
  cases.run(file, out);
  return kEvaluated;
}

}  // namespace

std::vector<std::string> model_folders_of_program() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const std::filesystem::path folder = program.parent_path();
  return {folder / "models", folder.parent_path() / "share/embergate/models"};
}

int fhirpath_command(const FhirpathOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
  const auto setting = setting_of(options);
  if (!setting) return refuse(err, setting.error().diagnostics);
  if (!options.cases_file.empty()) return run_cases(options, *setting, in, out, err);
  if (options.expression.empty()) return refuse(err, "an expression is missing; see embergate fhirpath --help");
  if (!options.type.empty() && setting->model->find_type(options.type) == fhir::kNoType) {
    return refuse(err, fmt::format("--type {}: FHIR {} has no such type", options.type, options.fhir_version));
  }
  const auto states = read_states(options, in);
  if (!states) return refuse(err, states.error().diagnostics);
  const Compiled compiled = compile_for(options.expression, *states, options.type, *setting);
  if (options.check) return check_only(options, compiled, out, err);
  if (compiled.fault) return report(err, *compiled.fault);
  return evaluate(options, *compiled.expression, *states, *setting, out, err);
}

}  // namespace embergate::app
