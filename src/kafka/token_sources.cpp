// SPDX-License-Identifier: Apache-2.0
#include "embergate/kafka/token_sources.hpp"

#include <utility>

#include "kafka/msk_token_source.hpp"
#include "kafka/oauth_token_source.hpp"
#include "kafka/token_source.hpp"

namespace embergate::kafka {
namespace {

using core::ErrorCode;
using core::make_error;

class TokenSources final : public TokenSourceFactory {
 public:
  TokenSources(TokenExchange exchange, AwsEnvironment aws, const core::Clock& clock)
      : exchange_(std::move(exchange)), aws_(std::move(aws)), clock_(clock) {}

  core::Result<std::shared_ptr<TokenSource>> make(const ConnectionSettings& settings, TokenMaterial material) override {
    if (settings.sasl_mechanism == SaslMechanism::kMskIam) {
      if (material.login.module != LoginModule::kMskIam) return wrong_module("AWS_MSK_IAM", "IAMLoginModule");
      return make_msk_source(settings, material.login, exchange_, aws_, clock_);
    }
    if (!material.bearer_token.empty()) return make_file_token_source(std::move(material.bearer_token), clock_);
    if (material.login.module != LoginModule::kOauthBearer)
      return wrong_module("OAUTHBEARER", "OAuthBearerLoginModule");
    return make_oauth_source(settings, std::move(material), exchange_, clock_);
  }

 private:
  static core::Error wrong_module(const char* mechanism, const char* module) {
    return make_error(ErrorCode::kInvalid, std::string("the JAAS line's login module does not fit saslMechanism ") +
                                               mechanism + ": use " + module);
  }

  const TokenExchange exchange_;
  const AwsEnvironment aws_;
  const core::Clock& clock_;
};

}  // namespace

std::shared_ptr<TokenSourceFactory> make_token_sources(TokenExchange exchange, AwsEnvironment aws,
                                                       const core::Clock& clock) {
  return std::make_shared<TokenSources>(std::move(exchange), std::move(aws), clock);
}

}  // namespace embergate::kafka
