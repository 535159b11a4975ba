// SPDX-License-Identifier: Apache-2.0
// Tokens for AWS MSK IAM: signed here, with credentials from where AWS's own programs find theirs (kafka.md 4.4,
// decision 37). Thread and failure: as TokenSource says. Ownership: the exchange and the environment outlive the
// source.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "embergate/kafka/token_sources.hpp"
#include "kafka/token_source.hpp"

namespace embergate::kafka {

core::Result<std::shared_ptr<TokenSource>> make_msk_source(const ConnectionSettings& settings, const JaasLogin& login,
                                                           const TokenExchange& exchange, const AwsEnvironment& aws,
                                                           const core::Clock& clock);
// Of <anything>.kafka.<region>.amazonaws.com, also kafka-serverless and the domains of China; nothing for others.
std::optional<std::string> msk_region_of_host(std::string_view host);
// From a bootstrap host such as b-1.c.kafka.eu-west-1.amazonaws.com; nothing when none is of MSK.
std::optional<std::string> msk_region(std::string_view bootstrap_servers);

}  // namespace embergate::kafka
