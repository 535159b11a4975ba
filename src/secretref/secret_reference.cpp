// SPDX-License-Identifier: Apache-2.0
#include "embergate/secretref/secret_reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "embergate/core/nearest.hpp"
#include "embergate/fhir/reference.hpp"
#include "secretref/secret_fields.hpp"

namespace embergate::secretref {
namespace {

using fhir::Issue;
using fhir::Node;

constexpr std::string_view kMasked = "masked";

bool is_reference_url(Node node) {
  return node.is_string() && node.name() == "url" && node.string() == kSecretReferenceUrl;
}

bool is_inside(Node node, Node ancestor) {
  return ancestor && node.index() >= ancestor.index() && node.index() < ancestor.owner()->record(ancestor.index()).next;
}

// All places in the tree where a reference is written, whatever is around it.
std::vector<Node> reference_urls_in(const fhir::Resource& resource) {
  const auto text = resource.text();
  // Most resources have none. The URL can be spelled without its letters only by escapes.
  if (text.find("secret-reference") == std::string_view::npos && text.find('\\') == std::string_view::npos) return {};
  std::vector<Node> found;
  for (std::uint32_t i = 0; i < resource.node_count(); ++i) {
    if (const Node node(&resource, i); is_reference_url(node)) found.push_back(node);
  }
  return found;
}

bool has_reference_url(const std::vector<Node>& urls, Node sibling) {
  return std::any_of(urls.begin(), urls.end(), [&](Node url) { return is_inside(url, sibling); });
}

// An extension of exactly a url and this one value.
Node only_value(Node extension, std::string_view url, std::string_view value_name) {
  if (!extension.is_object() || extension.size() != 2 || extension.member("url").string() != url) return {};
  const Node value = extension.member(value_name);
  return value.is_string() ? value : Node();
}

// "Patient.name[0].family" out of the place of a url deep in an extension of "_family".
std::string field_of(Node url) {
  auto place = fhir::path_of(url);
  for (const std::string_view tail : {".extension[", ".modifierExtension["}) {
    if (const auto at = place.find(tail); at != std::string::npos) place.resize(at);
  }
  if (const auto underscore = place.rfind("._");
      underscore != std::string::npos && place.find('.', underscore + 1) == std::string::npos) {
    place.erase(underscore + 1, 1);
  }
  return place;
}

std::string pattern(std::string_view sibling_name) {
  return fmt::format(
      R"("{}": {{"extension": [{{"url": "{}", "valueCode": "masked"}}, {{"url": "{}", "valueString": "<name in the vault config>"}}]}})",
      sibling_name, kDataAbsentReasonUrl, kSecretReferenceUrl);
}

Issue invalid(std::string diagnostics, std::string path) {
  return {"fatal", "invalid", std::move(diagnostics), std::move(path)};
}

class Validation {
 public:
  Validation(const fhir::Resource& resource, std::string_view stored_id, const vault::ConfigInForce& config,
             const Options& options)
      : resource_(resource),
        stored_id_(stored_id),
        in_force_(config),
        options_(options),
        urls_(reference_urls_in(resource)) {}

  std::vector<Issue> run() {
    const auto fields = secret_fields_of(resource_);
    for (const auto& field : fields) check(field);
    for (const Node url : urls_) {
      const bool allowed = std::any_of(fields.begin(), fields.end(),
                                       [&](const SecretField& field) { return is_inside(url, field.sibling); });
      if (!allowed) {
        const auto path = field_of(url);
        issues_.push_back(
            invalid(fmt::format("{} cannot take a secret reference; it would be stored and never used", path), path));
      }
    }
    return std::move(issues_);
  }

 private:
  void check(const SecretField& field) {
    if (field.sibling) {
      check_sibling(field);
    } else if (field.value_is_credential) {
      refuse_inline(field);
    }
  }

  void check_sibling(const SecretField& field) {
    const auto name = reference_in(field.sibling);
    if (field.value) {
      issues_.push_back(
          invalid(fmt::format("{} has a value and {} beside it; give one of them", field.path, field.sibling_name),
                  field.path));
    } else if (name) {
      check_name(*name, field);
    } else if (has_reference_url(urls_, field.sibling)) {
      issues_.push_back(
          invalid(fmt::format("the secret reference in {} is malformed; it must be exactly {}, in either order",
                              field.path, pattern(field.sibling_name)),
                  field.path));
    } else {
      issues_.push_back(
          invalid(fmt::format("{} is masked, and there is no stored value to keep; give a value or a secret reference",
                              field.path),
                  field.path));
    }
  }

  void check_name(const vault::SecretName& name, const SecretField& field) {
    const vault::Requester requester{std::string(resource_.type()), std::string(stored_id_), field.path};
    if (!config_) config_ = in_force_.load();
    switch (config_->check(name, requester)) {
      case vault::ScopeVerdict::kGranted:
        return;
      case vault::ScopeVerdict::kUnknownName:
        if (!options_.strict_references) return;
        issues_.push_back(
            {"fatal", "not-found",
             config_->enabled()
                 ? fmt::format("secret \"{}\" is not in the vault config{}", name.value(),
                               instead(name, requester, "add it there, or name one that is"))
                 : fmt::format("secret \"{}\" is not known: no vault config is set (BOX_VAULT_CONFIG)", name.value()),
             field.path});
        return;
      case vault::ScopeVerdict::kOutOfScope:
        issues_.push_back(
            {"fatal", "forbidden",
             fmt::format("secret \"{}\" is not available to {}/{}{}", name.value(), requester.resource_type,
                         requester.id, instead(name, requester, "name one whose scope in the vault config has it")),
             field.path});
        return;
    }
  }

  // Only names that the resource itself may use: others are no business of who writes it (S-13).
  [[nodiscard]] std::string instead(const vault::SecretName& name, const vault::Requester& requester,
                                    std::string_view otherwise) const {
    core::Nearest nearest(name.value(), name.value().size() / 3 + 1);
    for (const auto& [known, entry] : config_->entries()) {
      if (known != name && config_->check(known, requester) == vault::ScopeVerdict::kGranted)
        nearest.offer(known.value());
    }
    return nearest.name().empty() ? fmt::format(": {}", otherwise)
                                  : fmt::format("; did you mean \"{}\"?", nearest.name());
  }

  void refuse_inline(const SecretField& field) {
    auto text = fmt::format(
        "{} holds a credential, which is not stored here. Put it into a file, name the file in the vault config, and "
        "write {} instead",
        field.path, pattern(field.sibling_name));
    if (options_.allow_inline) {
      text +=
          ". BOX_VAULT_ALLOW_INLINE does not help: inline values need BOX_VAULT_INLINE_KEY_FILE, which is not "
          "available in this version";
    }
    issues_.push_back(invalid(std::move(text), field.path));
  }

  const fhir::Resource& resource_;
  std::string_view stored_id_;
  const vault::ConfigInForce& in_force_;
  std::shared_ptr<const vault::VaultConfig> config_;  // of all references alike; null: none yet
  const Options& options_;
  std::vector<Node> urls_;
  std::vector<Issue> issues_;
};

}  // namespace

std::optional<vault::SecretName> reference_in(Node sibling) {
  const Node extensions = sibling.member("extension");
  if (!sibling.is_object() || sibling.size() != 1 || !extensions.is_array() || extensions.size() != 2) return {};
  Node absent_reason;
  Node reference;
  for (std::size_t i = 0; i < 2; ++i) {
    const Node extension = extensions.at(i);
    if (const Node code = only_value(extension, kDataAbsentReasonUrl, "valueCode")) absent_reason = code;
    if (const Node name = only_value(extension, kSecretReferenceUrl, "valueString")) reference = name;
  }
  if (absent_reason.string() != kMasked) return {};
  return vault::make_secret_name(reference.string());
}

std::vector<FieldReference> references_in(const fhir::Resource& resource) {
  std::vector<FieldReference> references;
  for (const auto& field : secret_fields_of(resource)) {
    const auto name = reference_in(field.sibling);
    if (name && !field.value) references.push_back({field.path, *name, field.kind});
  }
  return references;
}

std::vector<Issue> validate(const fhir::Resource& resource, std::string_view stored_id,
                            const vault::ConfigInForce& config, const Options& options) {
  return Validation(resource, stored_id, config, options).run();
}

}  // namespace embergate::secretref
