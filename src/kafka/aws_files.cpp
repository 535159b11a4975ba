// SPDX-License-Identifier: Apache-2.0
#include "kafka/aws_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace embergate::kafka {
namespace {

using core::ErrorCode;

constexpr std::size_t kMostBytes = 64 * 1024;

class Descriptor {
 public:
  // Without waiting: a pipe in the place of a file must not stop a thread.
  explicit Descriptor(const std::string& path)
      : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

// Some tools write "[profile x]" here as they do in the configuration file.
bool is_section(std::string_view line, std::string_view profile) {
  if (!line.starts_with('[') || !line.ends_with(']')) return false;
  std::string_view name = trim(line.substr(1, line.size() - 2));
  if (name == profile) return true;
  if (!name.starts_with("profile ")) return false;
  name.remove_prefix(8);
  return trim(name) == profile;
}

void take_setting(std::string_view line, AwsCredentials& credentials) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return;
  const std::string_view key = trim(line.substr(0, equals));
  const std::string_view value = trim(line.substr(equals + 1));
  if (key == "aws_access_key_id") credentials.access_key_id = value;
  if (key == "aws_secret_access_key") credentials.secret_access_key = vault::Secret(std::string(value));
  if (key == "aws_session_token") credentials.session_token = vault::Secret(std::string(value));
}

}  // namespace

std::optional<vault::Secret> read_operator_file(const std::string& path) {
  const Descriptor file(path);
  struct stat status{};
  if (file.number() < 0 || ::fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  std::string content(kMostBytes + 1, '\0');
  std::size_t filled = 0;
  ssize_t got = 1;
  while (got > 0 && filled < content.size()) {
    got = ::read(file.number(), content.data() + filled, content.size() - filled);
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
  const bool usable = got == 0 && filled > 0;
  content.resize(usable ? filled : 0);
  vault::Secret secret(std::move(content));
  if (!usable) return std::nullopt;
  return secret;
}

core::Result<vault::Secret> read_token_file(const std::string& path, std::string_view variable) {
  const auto content = read_operator_file(path);
  if (!content) {
    return core::make_retriable(ErrorCode::kUnavailable,
                                fmt::format("the file that {} names is missing, empty or cannot be read", variable));
  }
  return content->with_plaintext([&](std::string_view text) -> core::Result<vault::Secret> {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    if (text.empty() || text.find_first_of("\r\n") != std::string_view::npos) {
      return core::make_retriable(ErrorCode::kUnavailable,
                                  fmt::format("the file that {} names must hold one line", variable));
    }
    return vault::Secret(std::string(text));
  });
}

core::Result<AwsCredentials> read_profile(std::string_view file, std::string_view profile) {
  AwsCredentials credentials;
  bool within = false;
  bool found = false;
  while (!file.empty()) {
    const std::string_view line = trim(take_line(file));
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      within = is_section(line, profile);
      found = found || within;
    } else if (within) {
      take_setting(line, credentials);
    }
  }
  if (!found) {
    return core::make_retriable(ErrorCode::kUnavailable,
                                "the shared credentials file has no such profile (awsProfileName, AWS_PROFILE)");
  }
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return core::make_retriable(
        ErrorCode::kUnavailable,
        "the profile in the shared credentials file needs aws_access_key_id and aws_secret_access_key");
  }
  credentials.principal = credentials.access_key_id;
  return credentials;
}

}  // namespace embergate::kafka
