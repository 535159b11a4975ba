// SPDX-License-Identifier: Apache-2.0
#include "support/gateway.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "embergate/core/assert.hpp"
#include "support/eventually.hpp"
#include "support/http_client.hpp"
#include "support/temp_dir.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;

bool can_bind(std::uint16_t port) {
  const int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool fine = bind(handle, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(handle);
  return fine;
}

std::string of_all_starts(const std::filesystem::path& directory, const char* suffix, int starts) {
  std::string text;
  for (int i = 1; i <= starts; ++i) text += read_file(directory / ("gateway-" + std::to_string(i) + suffix));
  return text;
}

std::string tail(const std::string& text, std::size_t bytes) {
  return text.size() <= bytes ? text : text.substr(text.size() - bytes);
}

}  // namespace

std::string gateway_binary() {
  const char* path = std::getenv("EG_BINARY");
  if (path == nullptr || *path == '\0') {
    std::fprintf(stderr, "EG_BINARY is not set: it names the program to test, for example build/ci/embergate\n");
    std::abort();
  }
  return path;
}

std::uint16_t free_port() {
  static std::mt19937 random{std::random_device{}()};
  std::uniform_int_distribution<int> ports(10'000, 32'000);
  while (true) {
    const auto port = static_cast<std::uint16_t>(ports(random));
    if (can_bind(port)) return port;
  }
}

Gateway::Gateway(std::filesystem::path directory)
    : directory_(std::move(directory)), environment_(base_environment()), metrics_port_(free_port()) {
  std::filesystem::create_directories(database_directory());
  set("BOX_WEB_HOST", "127.0.0.1");
  set("BOX_WEB_PORT", "0");
  set("BOX_METRICS_PORT", std::to_string(metrics_port_));
  set("BOX_DB_PATH", (database_directory() / "gateway.db").string());
}

std::string Gateway::output_file() const {
  return (directory_ / ("gateway-" + std::to_string(starts_) + ".out")).string();
}
std::string Gateway::error_file() const {
  return (directory_ / ("gateway-" + std::to_string(starts_) + ".err")).string();
}

void Gateway::launch() {
  child_.reset();
  port_ = 0;
  ++starts_;
  child_ = std::make_unique<ChildProcess>(
      ChildOptions{{gateway_binary(), "serve"}, environment_, output_file(), error_file(), unprivileged_, open_files_});
}

bool Gateway::find_port() {
  std::istringstream lines(read_file(output_file()));
  for (std::string line; std::getline(lines, line);) {
    if (line.find("http/listening") == std::string::npos) continue;
    const json event = json::parse(line, nullptr, false);
    if (event.is_discarded() || event.value("ev", "") != "http/listening" || !event.contains("port")) continue;
    port_ = event["port"].get<std::uint16_t>();
    return true;
  }
  return false;
}

testing::AssertionResult Gateway::wait_listening(std::chrono::milliseconds deadline) {
  const bool settled = eventually([this] { return find_port() || !running(); }, deadline);
  if (settled && port_ != 0) return testing::AssertionSuccess();
  return testing::AssertionFailure() << (running() ? "the gateway said no port in time: " : "the gateway ended: ")
                                     << last_words();
}

testing::AssertionResult Gateway::wait_ready(std::chrono::milliseconds deadline) {
  if (auto listening = wait_listening(deadline); !listening) return listening;
  HttpReply reply;
  const bool healthy = eventually(
      [&] {
        reply = request(port_, "GET", "/health");
        return reply.status == 200;
      },
      deadline);
  if (healthy) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "GET /health answered " << reply.status << " " << reply.error << ": "
                                     << last_words();
}

testing::AssertionResult Gateway::start() {
  launch();
  return wait_ready();
}

void Gateway::kill() { child_->kill(); }

std::optional<int> Gateway::terminate(std::chrono::milliseconds deadline) {
  child_->signal(SIGTERM);
  const std::optional<int> code = child_->wait(deadline);
  child_->kill();
  return code;
}

std::string Gateway::output() const { return of_all_starts(directory_, ".out", starts_); }
std::string Gateway::error_output() const { return of_all_starts(directory_, ".err", starts_); }

bool Gateway::logged(const std::string& event) const {
  return read_file(output_file()).find("\"ev\":\"" + event + "\"") != std::string::npos;
}

std::string Gateway::last_words() const {
  return tail(read_file(output_file()), 3'000) + tail(read_file(error_file()), 3'000);
}

}  // namespace embergate::test
