// SPDX-License-Identifier: Apache-2.0
#include "app/secret_file.hpp"

#include <fmt/format.h>

#include "app/environment.hpp"
#include "app/start_file.hpp"

namespace embergate::app {
namespace {

constexpr std::size_t kMaxSecret = 8 * 1024;

// What has no slash may be the secret itself, set to the wrong variable.
std::string shown_path(const std::string& path) {
  if (path.find('/') != std::string::npos) return shown_value(path);
  return "the file of that name in the working directory (a value without a slash is not shown)";
}

}  // namespace

core::Result<vault::Secret> read_secret_file(const std::string& path) {
  const auto refused = [&](std::string_view reason) {
    return core::make_error(core::ErrorCode::kInvalid, fmt::format("{} {}", shown_path(path), reason));
  };
  std::string reason;
  auto content = read_start_file(path, kMaxSecret, reason);
  if (!content) return refused(reason);
  if (content->ends_with('\n')) content->pop_back();
  if (content->ends_with('\r')) content->pop_back();
  const bool is_empty = content->empty();
  const bool has_lines = content->find_first_of("\r\n") != std::string::npos;
  vault::Secret secret(*std::move(content));
  if (is_empty) return refused("is empty; it must hold one line, the secret");
  if (has_lines) return refused("has more than one line; it must hold one, the secret");
  return secret;
}

}  // namespace embergate::app
