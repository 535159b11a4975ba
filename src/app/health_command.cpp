// SPDX-License-Identifier: Apache-2.0
#include "app/health_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ostream>
#include <string>
#include <thread>
#include <utility>

#include "app/gateway_call.hpp"
#include "embergate/core/text.hpp"

namespace embergate::app {
namespace {

using Clock = std::chrono::steady_clock;
using Answer = GatewayAnswer;

constexpr std::chrono::milliseconds kLimit{5'000};
constexpr std::chrono::milliseconds kBetweenAsks{100};

Answer ask(const GatewayPlace& place, Clock::time_point end) {
  return ask_gateway(place, "/health", vault::Secret(), end);
}

bool is_well(const Answer& answer) { return answer.status() == 200; }

// Again and again until it is well or the time is over. The last answer that says something is what counts:
// the one that the end of the time cuts off says nothing.
Answer ask_until(const GatewayPlace& place, Clock::time_point end) {
  Answer answer;
  for (;;) {
    const auto now = Clock::now();
    Answer next = ask(place, std::min(end, now + kLimit));
    if (!next.text.empty() || answer.text.empty()) answer = std::move(next);
    if (is_well(answer) || Clock::now() + kBetweenAsks >= end) return answer;
    std::this_thread::sleep_for(kBetweenAsks);
  }
}

int tell(const Answer& answer, const GatewayPlace& place, bool waited, std::ostream& out, std::ostream& error) {
  if (answer.text.find("\r\n\r\n") != std::string::npos) out << core::printable_lines(answer.body()) << '\n';
  if (is_well(answer)) return 0;
  if (!answer.connected) {
    error << answer.why << '\n';
  } else {
    const std::string first = core::printable(answer.first_line());
    error << place.authority() << " answered " << (first.empty() ? "nothing" : first) << '\n';
  }
  return waited && answer.text.empty() ? 3 : 1;
}

}  // namespace

int health_command(char** environment, std::optional<std::chrono::milliseconds> wait, std::ostream& out,
                   std::ostream& error) {
  const auto place = place_of_settings(environment);
  if (!place) {
    error << place.error().diagnostics << "; the health check asks at BOX_WEB_HOST and BOX_WEB_PORT\n";
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  const auto begun = Clock::now();
  if (!wait) return tell(ask(*place, begun + kLimit), *place, false, out, error);
  error << fmt::format("waiting up to {} s until the gateway at {} says pass or warn\n",
                       std::chrono::ceil<std::chrono::seconds>(*wait).count(), place->authority())
        << std::flush;
  return tell(ask_until(*place, begun + *wait), *place, true, out, error);
}

}  // namespace embergate::app
