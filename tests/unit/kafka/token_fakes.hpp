// SPDX-License-Identifier: Apache-2.0
// An exchange that answers from a script and remembers what it was asked; secrets opened for tests; tokens made for
// them.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "embergate/kafka/token_sources.hpp"
#include "kafka/token_base64.hpp"
#include "kafka/token_source.hpp"
#include "support/fake_clock.hpp"

namespace embergate::kafka {

inline std::string open(const vault::Secret& secret) {
  return secret.with_plaintext([](std::string_view text) { return std::string(text); });
}

inline std::string jwt(const std::string& payload) {
  return base64url_encode(R"({"alg":"none"})") + "." + base64url_encode(payload) + "." + base64url_encode("signature");
}

struct AskedRequest {
  std::string method;
  std::string url;
  std::string body;
  std::string authorization;
  bool operator_address = false;
  core::Milliseconds timeout{};
};

class ScriptedExchange {
 public:
  void answer(int status, std::string body) { answers_.emplace_back(TokenAnswer{status, std::move(body)}); }
  void fail(core::Error error) { answers_.emplace_back(std::move(error)); }
  [[nodiscard]] const std::vector<AskedRequest>& asked() const { return asked_; }

  TokenExchange exchange() {
    return [this](const TokenRequest& request, const std::atomic<bool>&) -> core::Result<TokenAnswer> {
      AskedRequest asked{request.method,           request.url,    open(request.body), "",
                         request.operator_address, request.timeout};
      for (const auto& [name, value] : request.secret_headers) {
        if (name == "Authorization") asked.authorization = open(value);
      }
      asked_.push_back(std::move(asked));
      if (answers_.empty()) return core::make_retriable(core::ErrorCode::kUnavailable, "refused: no answer is left");
      auto next = std::move(answers_.front());
      answers_.pop_front();
      return next;
    };
  }

 private:
  std::deque<core::Result<TokenAnswer>> answers_;
  std::vector<AskedRequest> asked_;
};

// A factory with a scripted network and a clock that the test moves.
struct TokenWorld {
  static constexpr core::Milliseconds kLimit{5'000};
  ScriptedExchange network;
  test::FakeClock clock;
  std::atomic<bool> stopping{false};

  std::shared_ptr<TokenSourceFactory> factory(AwsEnvironment aws = {}) {
    return make_token_sources(network.exchange(), std::move(aws), clock);
  }
  core::Result<BearerToken> fetch(TokenSource& source) { return source.fetch(clock.steady_now() + kLimit, stopping); }
};

}  // namespace embergate::kafka
