// SPDX-License-Identifier: Apache-2.0
#include "app/init_bundle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "embergate/observability/log.hpp"

namespace embergate::app {
namespace {

namespace log = observability::log;

core::Error refuse(std::string text) {
  return core::make_error(core::ErrorCode::kInvalid, "BOX_INIT_BUNDLE: " + std::move(text));
}

core::Result<std::string> read_location(const std::string& location) {
  if (location.find("://") != std::string::npos && !location.starts_with("file://")) {
    return refuse("only file:// locations can be read by this version; mount the bundle as a file");
  }
  const std::string path = location.starts_with("file://") ? location.substr(7) : location;
  std::ifstream in(path, std::ios::binary);
  if (!in.is_open()) return refuse(fmt::format("{} cannot be read", path));
  return std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
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

boost::asio::awaitable<core::Result<void>> run_init_bundle(std::string location,
                                                           interaction::Interactions& interactions) {
  auto text = read_location(location);
  if (!text) co_return std::move(text).error();
  interaction::RequestContext context;
  context.return_minimal = true;  // only failures are looked at
  auto answer = co_await interactions.bundle(std::move(context), *std::move(text));
  if (!answer) {
    const core::Error& error = answer.error().error;
    co_return refuse(fmt::format("{}{}{}", error.expression, error.expression.empty() ? "" : ": ", error.diagnostics));
  }
  for (const std::string& part : answer->more) answer->body += part;
  warn_of_failed_entries(answer->body);
  log::event(log::Level::kInfo, "init-bundle/done", "the init bundle was executed");
  co_return core::Result<void>();
}

}  // namespace embergate::app
