// SPDX-License-Identifier: Apache-2.0
#include "embergate/rest/api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <mutex>
#include <tuple>

#include "embergate/core/blocking.hpp"
#include "embergate/core/text.hpp"
#include "embergate/interaction/history.hpp"
#include "embergate/observability/log.hpp"
#include "embergate/topic/idle.hpp"
#include "rest/call.hpp"
#include "rest/headers.hpp"
#include "rest/health_page.hpp"
#include "rest/held_parameters.hpp"
#include "rest/pretty.hpp"
#include "rest/render.hpp"
#include "rest/route.hpp"
#include "rest/service.hpp"
#include "rest/start_page.hpp"
#include "rest/vault_retarget.hpp"
#include "rest/vault_status.hpp"

namespace embergate::rest {
namespace {

namespace asio = boost::asio;
namespace log = observability::log;
using core::ErrorCode;
using http::Response;

core::Result<std::size_t> count_of(const Call& call) {
  const auto text = call.query("_count");
  return text ? interaction::parse_history_count(*text) : interaction::kDefaultHistoryCount;
}

// Whether a destination may be deleted with what is in its queue (contract 2.8).
core::Result<bool> discard_of(const Call& call) {
  const auto text = call.query("discard");
  if (!text || call.type != "AidboxTopicDestination") return false;
  if (*text != "true" && *text != "false")
    return core::make_error(ErrorCode::kMalformed, "discard must be true or false");
  return *text == "true";
}

Response render_failure(const core::Error& error, std::chrono::seconds retry_after) {
  Response response = render_error(error, retry_after);
  // The only wait that the caller can break here is the one for its own body (RFC 9110 15.5.9).
  if (error.code == ErrorCode::kTimeout) response.status = 408;
  return response;
}

// Answers that obey _pretty.
bool is_for_people(Operation operation) {
  static constexpr std::array kOperations{Operation::kHealth, Operation::kVersion, Operation::kDestinationStatus,
                                          Operation::kDestinationWaiting, Operation::kVaultStatus};
  return std::find(kOperations.begin(), kOperations.end(), operation) != kOperations.end();
}

}  // namespace

struct Api::Impl {
  Impl(ApiOptions given, ApiParts given_parts)
      : options(std::move(given)), parts(given_parts), health_page(parts.health, options) {}

  Response answer(interaction::Answer<interaction::InteractionResult> result) const {
    return result ? render_result(*std::move(result), options.base_url) : render_refusal(result.error());
  }

  asio::awaitable<core::Result<std::string>> body_of(Call& call) {
    EG_CO_CHECK(check_content_type(call.exchange.request()));
    co_return co_await call.exchange.read_body(options.max_body);
  }

  core::Result<interaction::RequestContext> context_of_call(const Call& call) const {
    EG_TRY(auto context,
           context_of(call.exchange.request(), options.correlation_id_header, options.skip_reference_allowed));
    context.caller = call.principal.client_id;
    if (call.principal.is_administrator()) return context;
    context.authorize = [principal = call.principal](std::string_view interaction, std::string_view type) {
      return auth::authorize(principal, interaction, type);
    };
    return context;
  }

  // What the head asks for. Behind a pointer: a coroutine that holds it stays small.
  struct Asked {
    interaction::RequestContext context;
    interaction::Preconditions preconditions;
  };
  core::Result<std::unique_ptr<Asked>> asked_by(const Call& call) const {
    auto asked = std::make_unique<Asked>();
    EG_TRY(asked->context, context_of_call(call));
    EG_TRY(asked->preconditions, preconditions_of(call.exchange.request()));
    return asked;
  }

  using Written = asio::awaitable<interaction::Answer<interaction::InteractionResult>>;
  Written create_asked(const Call& call, Asked& asked, std::string body) const {
    return parts.interactions.create(std::move(asked.context), call.type, std::move(body),
                                     std::move(asked.preconditions));
  }
  Written update_asked(const Call& call, Asked& asked, std::string body) const {
    return parts.interactions.update(std::move(asked.context), call.type, call.id, std::move(body),
                                     std::move(asked.preconditions));
  }

  asio::awaitable<core::Result<Response>> create(Call& call) {
    EG_CO_TRY(const auto asked, asked_by(call));
    EG_CO_CHECK(check_create_query(call.target));
    EG_CO_TRY(auto body, co_await body_of(call));
    auto created = co_await create_asked(call, *asked, std::move(body));
    if (created && created->status == 201 && call.type == "AidboxTopicDestination")
      co_return co_await created_destination(call, *created);
    co_return answer(std::move(created));
  }

  asio::awaitable<core::Result<Response>> created_destination(Call& call, interaction::InteractionResult& created) {
    const std::string why = co_await why_idle(created.id, call.principal.client_id);
    Response response = answer(std::move(created));
    if (!why.empty()) response.headers.push_back({"Warning", warning(why)});
    co_return response;
  }

  // A destination may come before its topic, so that nothing is wrong with it; but most often a url is misspelt.
  asio::awaitable<std::string> why_idle(std::string id, std::string caller) {
    auto look = [this, id]() -> core::Result<std::string> {
      EG_TRY(const auto catalog, parts.interactions.catalog());
      for (const auto& destination : catalog->destinations()) {
        if (destination->id == id) return topic::why_idle(*catalog, destination->topic_url);
      }
      return std::string();
    };
    const auto why = co_await core::run_blocking(parts.pool, std::move(caller), std::move(look));
    co_return why && !why->empty() ? fmt::format("the destination is idle: {}", *why) : std::string();
  }

  asio::awaitable<core::Result<Response>> update(Call& call) {
    EG_CO_TRY(const auto asked, asked_by(call));
    EG_CO_TRY(auto body, co_await body_of(call));
    auto updated = co_await update_asked(call, *asked, std::move(body));
    co_return answer(std::move(updated));
  }

  asio::awaitable<core::Result<Response>> remove(Call& call) {
    EG_CO_TRY(auto context, context_of_call(call));
    EG_CO_TRY(auto preconditions, preconditions_of(call.exchange.request()));
    EG_CO_TRY(preconditions.discard_queue, discard_of(call));
    Response response =
        answer(co_await parts.interactions.remove(std::move(context), call.type, call.id, std::move(preconditions)));
    if (response.status == 200 && call.query("_no-content") == "true") {
      response.status = 204;
      response.body.clear();
    }
    co_return response;
  }

  asio::awaitable<core::Result<Response>> read(Call& call) {
    EG_CO_TRY(auto preconditions, preconditions_of(call.exchange.request()));
    co_return answer(
        co_await parts.interactions.read(call.type, call.id, std::move(preconditions), call.principal.client_id));
  }

  asio::awaitable<core::Result<Response>> vread(Call& call) {
    EG_CO_TRY(const auto version, parse_version(call.version));
    EG_CO_TRY(auto preconditions, preconditions_of(call.exchange.request()));
    co_return answer(co_await parts.interactions.vread(call.type, call.id, version, std::move(preconditions),
                                                       call.principal.client_id));
  }

  asio::awaitable<core::Result<Response>> history(Call& call) {
    EG_CO_TRY(const std::size_t count, count_of(call));
    co_return answer(co_await parts.interactions.history(call.type, call.id, count, 0, call.principal.client_id));
  }

  asio::awaitable<core::Result<Response>> bundle(Call& call) {
    EG_CO_TRY(auto context, context_of_call(call));
    EG_CO_TRY(auto body, co_await body_of(call));
    co_return answer(co_await parts.interactions.bundle(std::move(context), std::move(body)));
  }

  asio::awaitable<core::Result<Response>> topic_dry_run(Call& call) {
    EG_CO_TRY(auto context, context_of_call(call));
    EG_CO_TRY(auto body, co_await body_of(call));
    co_return answer(co_await parts.interactions.dry_run(std::move(context), std::move(body)));
  }

  asio::awaitable<core::Result<Response>> destination_status(Call& call) {
    auto status = co_await parts.deliveries.status(call.id);
    co_return co_await answer_of_destination(call, std::move(status));
  }

  asio::awaitable<core::Result<Response>> destination_waiting(Call& call) {
    EG_CO_TRY(const auto query, held_query_of(call.target));
    auto page = co_await parts.deliveries.waiting(call.id, query);
    co_return co_await answer_of_destination(call, std::move(page));
  }

  asio::awaitable<core::Result<Response>> destination_decide(Call& call, delivery::Deliveries::Decision decision) {
    EG_CO_TRY(auto body, co_await body_of(call));
    auto read = [text = std::move(body)]() mutable { return held_selection_of(std::move(text)); };
    std::string owner = call.principal.client_id;
    EG_CO_TRY(auto selection, co_await core::run_blocking(parts.pool, std::move(owner), std::move(read)));
    std::string by = call.principal.kind == auth::Principal::Kind::kRoot ? "root" : call.principal.client_id;
    auto done = co_await parts.deliveries.decide(call.id, decision, std::move(selection), std::move(by));
    co_return co_await answer_of_destination(call, std::move(done));
  }

  asio::awaitable<core::Result<Response>> answer_of_destination(Call& call, core::Result<std::string> result) {
    if (result) co_return render_json(200, *std::move(result), "application/fhir+json; charset=utf-8");
    if (result.error().code != ErrorCode::kNotFound) co_return std::move(result).error();
    // A destination that was deleted is gone, not unknown (contract 2.14).
    interaction::Preconditions none;
    auto known =
        co_await parts.interactions.read("AidboxTopicDestination", call.id, std::move(none), call.principal.client_id);
    if (!known) co_return render_refusal(known.error());
    co_return std::move(result).error();
  }

  asio::awaitable<core::Result<Response>> vault_status(const Call& call) {
    EG_CO_TRY(const auto uses, co_await parts.interactions.secret_uses(call.principal.client_id));
    const auto in_use = parts.deliveries.generations_in_use();
    co_return render_json(200, vault_status_json(parts.secrets, parts.bindings, uses, in_use, parts.clock.system_now()),
                          "application/fhir+json; charset=utf-8");
  }

  // Of what is open to everybody. A credential that comes along must be right.
  asio::awaitable<core::Result<auth::Principal>> caller_of(const Call& call) {
    const http::Request& request = call.exchange.request();
    std::string credential(request.header("authorization"));
    std::string address = request.remote_address;
    co_return co_await parts.authenticator.authenticate(std::move(credential), std::move(address), *call.retry_after);
  }

  asio::awaitable<core::Result<Response>> start_page_of(const Call& call) {
    EG_CO_TRY(const auto caller, co_await caller_of(call));
    co_return start_page(options, wants_html(call), caller.kind != auth::Principal::Kind::kAnonymous);
  }

  // Everybody sees it, without names.
  asio::awaitable<core::Result<Response>> health(const Call& call) {
    EG_CO_TRY(const auto caller, co_await caller_of(call));
    const bool all = auth::authorize_administrator(caller).has_value();
    co_return health_page.answer(all ? HealthPage::Reader::kAdministrator : HealthPage::Reader::kEverybody);
  }

  asio::awaitable<core::Result<Response>> vault_retarget(Call& call) {
    EG_CO_TRY(auto body, co_await body_of(call));
    auto read = [this, text = std::move(body)]() mutable {
      return read_retarget(std::move(text), *parts.secrets.config(), parts.clock.system_now());
    };
    const std::string& owner = call.principal.client_id;
    EG_CO_TRY(const vault::TargetBinding wanted, co_await core::run_blocking(parts.pool, owner, std::move(read)));
    auto confirm = [this, &wanted] { return parts.bindings.retarget(wanted); };
    EG_CO_TRY(const auto before, co_await core::run_blocking(parts.pool, owner, std::move(confirm)));
    log::event(log::Level::kWarn, "secret/retargeted", "an administrator confirmed another target for a secret",
               {{"secret", std::string_view(wanted.secret.value())},
                {"resource", std::string_view(wanted.resource)},
                {"client", std::string_view(call.principal.client_id)}});
    parts.producers.targets_changed();
    co_return render_json(200, retarget_json(wanted, before), "application/fhir+json; charset=utf-8");
  }

  static asio::awaitable<core::Result<Response>> at_once(core::Result<Response> answer) { co_return answer; }

  // No coroutine: its frame would hold one of each operation.
  asio::awaitable<core::Result<Response>> dispatch(Operation operation, Call& call) {
    switch (operation) {
      case Operation::kStartPage:
        return start_page_of(call);
      case Operation::kHealth:
        return health(call);
      case Operation::kVersion:
        return at_once(render_version(options));
      case Operation::kDropCache:
        parts.secrets.drop();
        parts.authenticator.drop_caches();
        return at_once(Response{});
      case Operation::kBundle:
        return bundle(call);
      case Operation::kCreate:
        return create(call);
      case Operation::kRead:
        return read(call);
      case Operation::kVread:
        return vread(call);
      case Operation::kUpdate:
        return update(call);
      case Operation::kDelete:
        return remove(call);
      case Operation::kHistory:
        return history(call);
      case Operation::kDestinationStatus:
        return destination_status(call);
      case Operation::kDestinationWaiting:
        return destination_waiting(call);
      case Operation::kDestinationRelease:
        return destination_decide(call, delivery::Deliveries::Decision::kRelease);
      case Operation::kDestinationDiscard:
        return destination_decide(call, delivery::Deliveries::Decision::kDiscard);
      case Operation::kTopicDryRun:
        return topic_dry_run(call);
      case Operation::kVaultStatus:
        return vault_status(call);
      case Operation::kVaultRetarget:
        return vault_retarget(call);
    }
    return at_once(core::make_error(ErrorCode::kInternal, "no such operation"));
  }

  // Headers, then identity, then rights; the body is not touched before (S-29).
  asio::awaitable<core::Result<void>> admit(Call& call, const RouteMatch& route) {
    if (route.found && route.open) co_return core::Result<void>();
    const http::Request& request = call.exchange.request();
    EG_CO_TRY(call.principal, co_await parts.authenticator.authenticate(std::string(request.header("authorization")),
                                                                        request.remote_address, *call.retry_after));
    EG_CO_CHECK(authorize(call.principal, route));
    co_return core::Result<void>();
  }

  static core::Result<void> authorize(const auth::Principal& principal, const RouteMatch& route) {
    if (!route.method_allowed) return auth::authorize_any(principal);
    if (route.interaction.empty()) return auth::authorize_administrator(principal);
    // Which of the two it is stands in the body.
    if (route.operation == Operation::kBundle && auth::authorize(principal, "batch", {})) return {};
    return auth::authorize(principal, route.interaction, route.type);
  }

  static core::Error no_route(const RouteMatch& route, const http::Request& request) {
    if (route.found) {
      return core::make_error(
          ErrorCode::kMethodNotAllowed,
          fmt::format("{} cannot be used here; allowed: {}", core::whole_characters(request.method, 20), route.allow));
    }
    return core::make_error(ErrorCode::kNotFound,
                            fmt::format("there is nothing at {}", core::whole_characters(request.target, 300)));
  }

  static Response refuse_route(const RouteMatch& route, const http::Request& request) {
    Response response = render_error(no_route(route, request));
    if (route.found) response.headers.push_back({"Allow", route.allow});
    return response;
  }

  static core::Result<void> take_target(Call& call) {
    auto target = http::parse_target(call.exchange.request().target);
    if (!target) return core::make_error(ErrorCode::kMalformed, "the URL has a malformed escape or is not UTF-8");
    call.target = *std::move(target);
    return {};
  }

  asio::awaitable<core::Result<Response>> process(http::Exchange& exchange, std::string_view& route_name,
                                                  std::chrono::seconds& retry_after) {
    Call call{exchange, {}, {}, {}, {}, {}, &retry_after};
    core::Result<void> goes_on = take_target(call);
    if (!goes_on) co_return std::move(goes_on).error();
    RouteMatch route = match_route(exchange.request().method, call.target.segments);
    if (!route.route.empty()) route_name = route.route;
    goes_on = co_await admit(call, route);
    if (!goes_on) co_return std::move(goes_on).error();
    if (!route.method_allowed) co_return refuse_route(route, exchange.request());
    if (route.operation != Operation::kStartPage) goes_on = check_accept(call);
    if (!goes_on) co_return std::move(goes_on).error();
    call.type = std::move(route.type);
    call.id = std::move(route.id);
    call.version = std::move(route.version);
    auto answer = co_await dispatch(route.operation, call);
    if (answer && is_for_people(route.operation)) make_pretty(call, *answer);
    co_return answer;
  }

  void observe(const http::Request& request, std::string_view route, int status, core::SteadyTime start) {
    const std::chrono::duration<double> spent = parts.clock.steady_now() - start;
    histogram_of(request.method, route, status)->observe(spent.count());
    const auto level = status >= 500 ? log::Level::kError : log::Level::kDebug;
    if (!log::enabled(level)) return;
    log::event(level, "w/resp", "",
               {{"w_m", std::string_view(request.method)},
                {"w_url", std::string_view(request.target)},
                {"w_st", std::int64_t{status}},
                {"w_addr", std::string_view(request.remote_address)},
                {"d", spent.count() * 1000.0}});
  }

  std::shared_ptr<observability::Histogram> histogram_of(const std::string& method, std::string_view route,
                                                         int status) {
    static constexpr std::array<std::string_view, 6> kMethods{"GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"};
    const bool known = std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
    const std::string_view label = known ? std::string_view(method) : std::string_view("other");
    std::lock_guard lock(mutex);
    auto& handle = histograms[{std::string(label), std::string(route), status}];
    if (!handle) {
      handle = parts.metrics.histogram(
          "http_request_duration_seconds", "Requests by method, route and status",
          {{"method", std::string(label)}, {"route", std::string(route)}, {"status", std::to_string(status)}});
    }
    return handle;
  }

  ApiOptions options;
  ApiParts parts;
  HealthPage health_page;
  std::mutex mutex;
  // Bounded: methods, routes and statuses are fixed sets.
  std::map<std::tuple<std::string, std::string, int>, std::shared_ptr<observability::Histogram>> histograms;
};

Api::Api(ApiOptions options, ApiParts parts) : impl_(std::make_unique<Impl>(std::move(options), parts)) {}
Api::~Api() = default;

asio::awaitable<Response> Api::handle(http::Exchange& exchange) {
  const core::SteadyTime start = impl_->parts.clock.steady_now();
  std::string_view route = "none";
  std::chrono::seconds retry_after{};
  auto result = co_await impl_->process(exchange, route, retry_after);
  if (!result) result = render_failure(result.error(), retry_after);
  impl_->observe(exchange.request(), route, result->status, start);
  co_return *std::move(result);
}

}  // namespace embergate::rest
