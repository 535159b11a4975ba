// SPDX-License-Identifier: Apache-2.0
#include "app/status_command.hpp"

#include <fmt/format.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <ostream>

#include "app/environment.hpp"
#include "app/gateway_call.hpp"
#include "app/status_text.hpp"
#include "embergate/app/settings.hpp"
#include "embergate/core/text.hpp"
#include "embergate/fhir/reference.hpp"

namespace embergate::app {
namespace {

using json = nlohmann::ordered_json;

constexpr std::chrono::milliseconds kLimit{5'000};
enum Code { kWell = 0, kTrouble = 1, kWrong = 2, kNotReached = 3 };

struct Asked {
  GatewayPlace place;
  vault::Secret login;

  [[nodiscard]] GatewayAnswer get(std::string_view target) const {
    return ask_gateway(place, target, login, std::chrono::steady_clock::now() + kLimit);
  }
};

// "id:secret" of the root client; empty when it has no secret.
core::Result<vault::Secret> login_of_root(const SettingsReading& reading) {
  for (const std::string& fault : reading.faults) {
    if (fault.starts_with("BOX_ROOT_CLIENT")) return core::make_error(core::ErrorCode::kInvalid, fault);
  }
  const auth::RootClient& root = reading.settings.root;
  if (root.secret.empty()) return vault::Secret();
  return root.secret.with_plaintext(
      [&](std::string_view secret) { return vault::Secret(fmt::format("{}:{}", root.id, secret)); });
}

core::Result<Asked> whom_to_ask(const StatusCommand& command, char** environment) {
  Asked asked;
  EG_TRY(asked.place, command.url.empty() ? place_of_settings(environment) : place_of_url(command.url));
  const SettingsReading reading = read_all_settings(environment);
  EG_TRY(asked.login, login_of_root(reading));
  asked.place.proof = proof_of(reading);
  return asked;
}

int refused(const GatewayAnswer& answer, const Asked& asked, std::ostream& error) {
  if (!answer.connected || answer.text.empty()) {
    error << (answer.connected ? asked.place.authority() + " answered nothing" : answer.why) << '\n';
    return kNotReached;
  }
  const std::string says = text_of_outcome(answer.body());
  error << fmt::format("{} answered {}{}{}\n", asked.place.url(), core::printable(answer.first_line()),
                       says.empty() ? "" : ": ", says);
  if (answer.status() == 401 || answer.status() == 403)
    error << "it is asked as the client of BOX_ROOT_CLIENT_ID, with BOX_ROOT_CLIENT_SECRET or "
             "BOX_ROOT_CLIENT_SECRET_FILE\n";
  return answer.status() >= 400 && answer.status() < 500 && answer.status() != 429 ? kWrong : kTrouble;
}

int gateway_status(const StatusCommand& command, const Asked& asked, std::ostream& out, std::ostream& error) {
  const GatewayAnswer answer = asked.get("/health");
  const json health = json::parse(answer.body(), nullptr, false);
  if (!health.is_object() || !health.contains("status")) return refused(answer, asked, error);
  if (command.json) {
    out << core::printable_lines(answer.body()) << '\n';
  } else {
    out << asked.place.url() << "  " << text_of_health(health);
    if (asked.login.empty()) error << "without BOX_ROOT_CLIENT_SECRET or _FILE only what everybody may see\n";
  }
  return is_well(health) ? kWell : kTrouble;
}

// With the gateway's own judgement of the destination. Its reason is the `stateDetail` of $status, and stands there.
bool add_check(const Asked& asked, const std::string& destination, std::string& heading) {
  const json health = json::parse(asked.get("/health").body(), nullptr, false);
  const auto state = state_of_check(health, "kafka:" + destination);
  heading = fmt::format("{}{}{}\n\n", destination, state ? "  " : "", state.value_or(""));
  return !state || *state == "pass";
}

int destination_status(const StatusCommand& command, const Asked& asked, std::ostream& out, std::ostream& error) {
  const GatewayAnswer answer = asked.get("/fhir/AidboxTopicDestination/" + command.destination + "/$status");
  const json status = json::parse(answer.body(), nullptr, false);
  if (answer.status() != 200 || !status.is_object()) return refused(answer, asked, error);
  std::string heading;
  const bool well = add_check(asked, command.destination, heading) && is_destination_well(status);
  if (command.json) {
    out << core::printable_lines(answer.body()) << '\n';
  } else {
    out << heading << text_of_status(status);
  }
  return well ? kWell : kTrouble;
}

}  // namespace

int status_command(const StatusCommand& command, char** environment, std::ostream& out, std::ostream& error) {
  if (!command.destination.empty() && !fhir::is_valid_id(command.destination)) {
    error << fmt::format("embergate: {} is no id of a destination\n", shown_value(command.destination));
    return kWrong;
  }
  const auto asked = whom_to_ask(command, environment);
  if (!asked) {
    error << fmt::format("embergate: {}\n", asked.error().diagnostics);
    return kWrong;
  }
  std::signal(SIGPIPE, SIG_IGN);
  return command.destination.empty() ? gateway_status(command, *asked, out, error)
                                     : destination_status(command, *asked, out, error);
}

}  // namespace embergate::app
