// SPDX-License-Identifier: Apache-2.0
#include "app/init_bundle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "app/environment.hpp"
#include "app/start_file.hpp"
#include "embergate/fhir/resource.hpp"
#include "embergate/observability/log.hpp"

namespace embergate::app {
namespace {

namespace log = observability::log;

core::Error refuse(std::string text) {
  return core::make_error(core::ErrorCode::kInvalid, "BOX_INIT_BUNDLE: " + std::move(text));
}

constexpr std::size_t kMaxBundle = 1'073'741'824;  // what may be in it is decided when it is parsed

core::Result<std::string> path_of(const std::string& location) {
  if (location.find("://") != std::string::npos && !location.starts_with("file://")) {
    return refuse(fmt::format("{}: only file:// locations can be read by this version; mount the bundle as a file",
                              shown_value(location)));
  }
  return location.starts_with("file://") ? location.substr(7) : location;
}

core::Result<std::string> read_bundle(const std::string& path) {
  std::string reason;
  auto text = read_start_file(path, kMaxBundle, reason);
  if (!text) return refuse(fmt::format("{} {}", path, reason));
  return *std::move(text);
}

core::Error refuse_at(const std::string& path, const core::Error& error) {
  return refuse(
      fmt::format("{}: {}{}{}", path, error.expression, error.expression.empty() ? "" : ": ", error.diagnostics));
}

// Failed entries of a batch are told, one line each; the start goes on.
void warn_of_failed_entries(const std::string& answer) {
  fhir::ParseLimits limits;
  limits.max_bytes = std::max(limits.max_bytes, answer.size());
  auto bundle = fhir::Resource::parse(answer, limits);
  if (!bundle) {
    log::event(log::Level::kWarn, "init-bundle/entry-failed",
               "whether entries failed cannot be said: " + bundle.error().diagnostics);
    return;
  }
  const fhir::Node entries = (*bundle)->root().member("entry");
  std::size_t index = 0;
  for (fhir::Node entry = entries.first_child(); entry; entry = entry.next_sibling(entries), ++index) {
    const fhir::Node response = entry.member("response");
    if (response.member("status").string().starts_with('2')) continue;
    const std::string text =
        fmt::format("entry {} failed with {}: {}", index, response.member("status").string(),
                    response.member("outcome").member("issue").at(0).member("diagnostics").string());
    log::event(log::Level::kWarn, "init-bundle/entry-failed", text);
  }
}

}  // namespace

core::Result<void> check_init_bundle(const std::string& location, std::size_t max_bytes) {
  EG_TRY(const std::string path, path_of(location));
  std::error_code unknown;
  if (std::filesystem::is_other(path, unknown)) return {};  // a pipe gives its text once, when it is executed
  EG_TRY(std::string text, read_bundle(path));
  fhir::ParseLimits limits;
  limits.max_bytes = max_bytes;
  const auto parsed = fhir::Resource::parse(std::move(text), limits);
  if (!parsed) return refuse_at(path, parsed.error());
  const std::string_view resource = (*parsed)->type();
  const std::string_view type = (*parsed)->root().member("type").string();
  if (resource != "Bundle" || (type != "transaction" && type != "batch"))
    return refuse(fmt::format("{} must hold a Bundle of type transaction or batch", path));
  return {};
}

boost::asio::awaitable<core::Result<void>> run_init_bundle(std::string location,
                                                           interaction::Interactions& interactions) {
  const auto path = path_of(location);
  if (!path) co_return path.error();
  auto text = read_bundle(*path);
  if (!text) co_return std::move(text).error();
  interaction::RequestContext context;
  context.return_minimal = true;  // only failures are looked at
  auto answer = co_await interactions.bundle(std::move(context), *std::move(text));
  if (!answer) co_return refuse_at(*path, answer.error().error);
  for (const std::string& part : answer->more) answer->body += part;
  warn_of_failed_entries(answer->body);
  log::event(log::Level::kInfo, "init-bundle/done", "the init bundle was executed");
  co_return core::Result<void>();
}

}  // namespace embergate::app
