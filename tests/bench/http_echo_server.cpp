// SPDX-License-Identifier: Apache-2.0
// The HTTP server with nothing behind it: answers every request with its body. Prints "port <n>"; ends on end of input
// and then prints the requests served and the CPU time of each. Usage: http_echo_server [io threads] [port]
#include <sys/resource.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "embergate/http/server.hpp"

namespace {

namespace http = embergate::http;
std::atomic<std::uint64_t> served{0};

boost::asio::awaitable<http::Response> echo(http::Exchange& exchange) {
  served.fetch_add(1, std::memory_order_relaxed);
  http::Response response;
  auto body = co_await exchange.read_body(20 * 1024 * 1024);
  if (!body) {
    response.status = 400;
    co_return response;
  }
  response.headers.push_back({"Content-Type", "application/fhir+json"});
  response.body = std::move(*body);
  co_return response;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  boost::asio::io_context io(threads);
  auto work = boost::asio::make_work_guard(io);
  http::ServerOptions options;
  options.host = "127.0.0.1";
  options.port = static_cast<std::uint16_t>(argc > 2 ? std::atoi(argv[2]) : 0);
  http::Server server(io.get_executor(), options, echo);
  const auto port = server.listen();
  if (!port) {
    std::fprintf(stderr, "%s\n", port.error().diagnostics.c_str());
    return 1;
  }
  std::printf("port %u\n", *port);
  std::fflush(stdout);
  std::vector<std::thread> runners;
  for (int i = 0; i < threads; ++i) runners.emplace_back([&io] { io.run(); });
  while (std::getchar() != EOF) {
  }
  const double cpu = cpu_seconds();
  const auto count = served.load();
  std::printf("%llu requests, %.1f us of CPU each\n", static_cast<unsigned long long>(count),
              count == 0 ? 0.0 : cpu * 1e6 / static_cast<double>(count));
  work.reset();
  boost::asio::co_spawn(io, server.shutdown(std::chrono::seconds(1)), boost::asio::detached);
  for (auto& runner : runners) runner.join();
  return 0;
}
