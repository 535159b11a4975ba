// SPDX-License-Identifier: Apache-2.0
#include "app/fhirpath_evaluation.hpp"

#include <fmt/format.h>

#include <fstream>
#include <istream>

#include "embergate/fhir/outcome.hpp"

namespace embergate::app {
namespace {

fhirpath::CompileOptions options_for(const States& states, std::string_view type, const FhirpathSetting& setting) {
  fhirpath::CompileOptions options;
  options.model = setting.model.get();
  options.variables = {"current", "previous"};
  for (const auto& [name, value] : states.variables) {
    if (name != "current" && name != "previous") options.variables.push_back(name);
  }
  const fhir::Resource* context = states.context();
  const std::string_view context_type = context ? context->type() : type;
  if (setting.model && !context_type.empty()) options.context_type = setting.model->find_type(context_type);
  return options;
}

std::optional<Fault> finding_of(const fhirpath::Expression& expression) {
  for (const fhirpath::Warning& warning : expression.warnings()) {
    if (!warning.about_result) return Fault{warning.message, Position{warning.line, warning.column}, true};
  }
  return std::nullopt;
}

core::Result<std::string> read_bounded(std::istream& in, const std::string& name) {
  std::string text;
  std::string block(64 * 1024, '\0');
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) {
    text.append(block.data(), static_cast<std::size_t>(in.gcount()));
    if (text.size() > kMaxInputBytes) {
      return core::make_error(core::ErrorCode::kTooLarge,
                              fmt::format("{} is longer than {} bytes", name, kMaxInputBytes));
    }
  }
  return text;
}

}  // namespace

const fhir::Resource* States::context() const {
  if (resource) return resource.get();
  return current ? current.get() : previous.get();
}

Compiled compile_for(std::string_view expression, const States& states, std::string_view type,
                     const FhirpathSetting& setting) {
  fhirpath::CompileError error;
  auto compiled = fhirpath::Expression::compile(expression, options_for(states, type, setting), &error);
  if (!compiled) {
    std::string message = error.hint.empty() ? error.message : fmt::format("{}; {}", error.message, error.hint);
    return {nullptr, Fault{std::move(message), Position{error.line, error.column}, true}};
  }
  if (setting.strict) {
    if (auto finding = finding_of(**compiled)) return {nullptr, std::move(finding)};
  }
  return {*std::move(compiled), std::nullopt};
}

fhirpath::EvaluationContext context_for(const States& states, const FhirpathSetting& setting) {
  fhirpath::EvaluationContext context;
  context.resource = states.context();
  context.now = setting.now;
  const fhir::Resource* current = states.current ? states.current.get() : states.resource.get();
  if (!states.variables.contains("current")) context.variables.push_back({"current", current});
  if (!states.variables.contains("previous")) context.variables.push_back({"previous", states.previous.get()});
  for (const auto& [name, value] : states.variables) context.variables.push_back({name, value.get(), true});
  return context;
}

core::Result<std::string> read_input(const std::string& file, std::istream& in) {
  if (file == "-") return read_bounded(in, "standard input");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return core::make_error(core::ErrorCode::kNotFound, file + " cannot be read");
  return read_bounded(stream, file);
}

std::string json_of_item(const fhirpath::ResultItem& item, bool with_path) {
  std::string text = fmt::format(R"({{"type":{},"value":{})", fhir::json_string(item.type), item.value);
  if (with_path) text += fmt::format(R"(,"path":{})", fhir::json_string(item.path));
  return text + "}";
}

std::string json_of_items(const std::vector<fhirpath::ResultItem>& items, bool with_path) {
  std::string text = "[";
  for (const fhirpath::ResultItem& item : items) {
    if (text.size() > 1) text += ',';
    text += json_of_item(item, with_path);
  }
  return text + "]";
}

std::string json_of(const Position& position) {
  return fmt::format(R"({{"line":{},"column":{}}})", position.line, position.column);
}

}  // namespace embergate::app
