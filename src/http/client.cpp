// SPDX-License-Identifier: Apache-2.0
#include "embergate/http/client.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <exception>
#include <mutex>
#include <utility>

#include "http/outbound_call.hpp"
#include "http/text.hpp"

namespace embergate::http {
namespace asio = boost::asio;
using core::Result;

namespace {
constexpr core::Milliseconds kStoppingStep{50};
}

std::string_view OutboundResponse::header(std::string_view name) const {
  for (const Header& field : headers) {
    if (equal_ignoring_case(field.name, name)) return field.value;
  }
  return {};
}

struct Client::Impl {
  explicit Impl(Egress rule) : egress(std::move(rule)) {}

  bool enter(const std::shared_ptr<OutboundCall>& call) {
    std::lock_guard lock(mutex);
    if (!stopped) calls.push_back(call);
    return !stopped;
  }
  void leave(const std::shared_ptr<OutboundCall>& call) {
    std::lock_guard lock(mutex);
    calls.erase(std::remove(calls.begin(), calls.end(), call), calls.end());
  }
  void stop() {
    // Posting within the lock: a call that has left may have taken its executor with it.
    std::lock_guard lock(mutex);
    stopped = true;
    for (const auto& call : calls) asio::post(call->executor(), [call] { call->abort(); });
  }

  const Egress egress;
  TrustStore trust;
  std::mutex mutex;
  bool stopped = false;
  std::vector<std::shared_ptr<OutboundCall>> calls;
};

// A call on the list of those that stop() ends, for as long as this lives.
class Client::Membership {
 public:
  Membership(Impl& impl, std::shared_ptr<OutboundCall> call)
      : impl_(impl), call_(std::move(call)), entered_(impl.enter(call_)) {}
  ~Membership() { impl_.leave(call_); }
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;
  [[nodiscard]] bool entered() const { return entered_; }

 private:
  Impl& impl_;
  std::shared_ptr<OutboundCall> call_;
  bool entered_;
};

Client::Client(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() { stop(); }

Result<std::unique_ptr<Client>> Client::make(const EgressRule& rule) {
  EG_TRY(Egress egress, Egress::make(rule));
  return std::unique_ptr<Client>(new Client(std::make_shared<Impl>(std::move(egress))));
}

void Client::stop() { impl_->stop(); }

asio::awaitable<Result<OutboundResponse>> Client::send(OutboundRequest request) {
  const std::shared_ptr<Impl> impl = impl_;
  const asio::any_io_executor strand = asio::make_strand(co_await asio::this_coro::executor);
  const auto call = std::make_shared<OutboundCall>(strand, std::move(request), impl->egress, impl->trust);
  const Membership membership(*impl, call);
  if (!membership.entered()) {
    co_return core::make_error(core::ErrorCode::kUnavailable, "refused: the program is stopping");
  }
  co_return co_await asio::co_spawn(strand, call->run(), asio::use_awaitable);
}

Result<OutboundResponse> Client::send_and_wait(OutboundRequest request, const std::atomic<bool>& stopping) {
  asio::io_context io(1);
  const auto call = std::make_shared<OutboundCall>(io.get_executor(), std::move(request), impl_->egress, impl_->trust);
  const Membership membership(*impl_, call);
  if (!membership.entered()) {
    return core::make_error(core::ErrorCode::kUnavailable, "refused: the program is stopping");
  }
  auto answer = asio::co_spawn(io, call->run(), asio::use_future);
  while (!io.stopped()) {
    io.run_for(kStoppingStep);
    if (stopping.load()) call->abort();
  }
  try {
    return answer.get();
  } catch (const std::exception&) {  // lack of memory or descriptors
    return core::make_error(core::ErrorCode::kInternal, "an internal operation failed unexpectedly");
  }
}

}  // namespace embergate::http
