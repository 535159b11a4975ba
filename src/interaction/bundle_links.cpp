// SPDX-License-Identifier: Apache-2.0
#include "interaction/bundle_links.hpp"

#include <fmt/format.h>

#include <optional>
#include <vector>

#include "embergate/core/text.hpp"
#include "embergate/fhir/bundle_references.hpp"
#include "embergate/fhir/edit.hpp"
#include "embergate/fhir/narrative.hpp"
#include "embergate/fhir/outcome.hpp"
#include "embergate/fhir/reference.hpp"
#include "embergate/fhir/stored.hpp"
#include "embergate/fhir/string_walk.hpp"

namespace embergate::interaction {
namespace {

using Kind = fhir::Reference::Kind;
using BundleTarget = fhir::BundleReferences::Target;

// Walks the strings of one resource and collects what to put in their places.
class Resolver {
 public:
  Resolver(const fhir::Resource& resource, std::string_view full_url, const LinkTargets& targets,
           const ResolveConditional* conditional)
      : base_(fhir::base_of_full_url(full_url)),
        inner_(resource.root()),
        walk_(resource.root()),
        targets_(targets),
        conditional_(conditional) {}

  core::Result<void> run() {
    while (walk_.next()) {
      const fhir::Node node = walk_.node();
      if (node.name() == "reference") {
        EG_CHECK(reference(node));
      } else if (node.name() == "div") {
        narrative(node);
      } else {
        element(node);
      }
    }
    return {};
  }

  [[nodiscard]] bool complete() const { return complete_; }
  std::vector<fhir::Replacement> take() { return std::move(replacements_); }

 private:
  core::Result<void> reference(fhir::Node node) {
    const std::string_view text = node.string();
    const BundleTarget within = inner_.target_of(node, text, {});
    if (within == BundleTarget::kInside) return {};
    if (const std::string* place = target_of(node, text)) {
      put(node, *place);
      return {};
    }
    // What a Bundle holds that is stored as it is, is not ours to decide.
    if (within != BundleTarget::kNoEntry) return {};
    const Kind kind = fhir::parse_reference(text).kind;
    if (kind == Kind::kConditional) return condition(node);
    if (kind != Kind::kUrn) return {};
    complete_ = false;
    if (conditional_ == nullptr) return {};
    return core::make_error(
        core::ErrorCode::kInvalid,
        fmt::format("no entry of the bundle has the fullUrl \"{}\"", core::whole_characters(text, 300)),
        fhir::path_of(node));
  }

  core::Result<void> condition(fhir::Node node) {
    complete_ = false;
    if (conditional_ == nullptr) return {};
    EG_TRY(const std::string place, (*conditional_)(node));
    put(node, place);
    return {};
  }

  void element(fhir::Node node) {
    const std::string* const place = targets_.find(node.string());
    if (place == nullptr || is_of_inner_bundle(node, node.string())) return;
    const std::string_view type = walk_.type();
    if (is_name(node, type)) return;
    if (type == "uri" || type == "url" || type == "oid" || type == "uuid") put(node, *place);
  }

  // Of a StructureDefinition, a CodeSystem, an extension: canonicals, codings and extensions that go by it stay as they
  // are, so it must stay as well. An address has the type `url`.
  static bool is_name(fhir::Node node, std::string_view type) {
    return type == "uri" && (node.name() == "url" || node.name() == "system");
  }

  void narrative(fhir::Node node) {
    const std::string_view xhtml = node.string();
    std::vector<fhir::Replacement> links;
    for (const std::string_view link : fhir::narrative_links(xhtml)) {
      const std::string* const place = target_of(node, link);
      if (place == nullptr || is_of_inner_bundle(node, link)) continue;
      if (place->empty()) complete_ = false;
      if (!place->empty()) links.push_back({static_cast<std::size_t>(link.data() - xhtml.data()), link.size(), *place});
    }
    if (links.empty()) return;
    put(node, fhir::replace(xhtml, std::move(links)));
  }

  // The names of its entries, and links to them, stay in a Bundle that is stored as it is.
  [[nodiscard]] bool is_of_inner_bundle(fhir::Node place, std::string_view text) const {
    return place.name() == "fullUrl" || inner_.target_of(place, text, {}) == BundleTarget::kInside;
  }

  // By its own text; a relative one by what it means where it stands (FHIR R4 bundle.html#references). A fullUrl has no
  // version. A link with one stays when the resource keeps its type and id: the version is one of this server.
  [[nodiscard]] const std::string* target_of(fhir::Node node, std::string_view text) {
    if (const std::string* place = targets_.find(text)) return place;
    const std::string_view plain = text.substr(0, text.find("/_history/"));
    const std::string* const place = is_relative(text) ? beside(node, plain) : with_version(text, plain);
    const bool is_versioned = plain.size() < text.size();
    if (place != nullptr && is_versioned && !place->empty() && plain.ends_with(*place)) return nullptr;
    return place;
  }

  static bool is_relative(std::string_view text) { return fhir::parse_reference(text).kind == Kind::kLocal; }

  [[nodiscard]] const std::string* with_version(std::string_view text, std::string_view plain) const {
    return plain.size() < text.size() ? targets_.find(plain) : nullptr;
  }

  [[nodiscard]] const std::string* beside(fhir::Node node, std::string_view type_and_id) {
    const auto number = number_of_base(inner_.base_at(node).value_or(base_));
    return number ? targets_.find_beside(*number, type_and_id) : nullptr;
  }

  // Each fullUrl is looked at once; where its base lies tells one from another.
  std::optional<LinkTargets::BaseNumber> number_of_base(std::string_view base) {
    if (base.empty()) return std::nullopt;
    const auto [at, is_new] = base_numbers_.try_emplace(base.data());
    if (is_new) at->second = targets_.number_of_base(base);
    return at->second;
  }

  void put(fhir::Node node, std::string_view text) {
    if (text.empty()) {
      complete_ = false;
    } else if (text != node.string()) {
      replacements_.push_back({node.raw_offset(), node.raw().size(), fhir::json_string(text)});
    }
  }

  const std::string_view base_;
  std::unordered_map<const char*, std::optional<LinkTargets::BaseNumber>> base_numbers_;
  const fhir::BundleReferences inner_;
  fhir::StringWalk walk_;
  const LinkTargets& targets_;
  const ResolveConditional* conditional_;
  std::vector<fhir::Replacement> replacements_;
  bool complete_ = true;
};

std::string name_of(LinkTargets::BaseNumber base, std::string_view type_and_id) {
  return fmt::format("{} {}", base, type_and_id);
}

core::Result<fhir::ResourcePtr> apply(const fhir::ResourcePtr& resource, std::vector<fhir::Replacement> replacements) {
  if (replacements.empty()) return resource;
  return fhir::parse_stored(fhir::replace(resource->text(), std::move(replacements)));
}

}  // namespace

void LinkTargets::put(std::string_view full_url, std::string place) {
  if (const std::string_view base = fhir::base_of_full_url(full_url); !base.empty()) {
    const BaseNumber number = bases_.emplace(base, bases_.size()).first->second;
    by_names_.insert_or_assign(name_of(number, full_url.substr(base.size() + 1)), place);
  }
  places_.insert_or_assign(std::string(full_url), std::move(place));
}

std::optional<LinkTargets::BaseNumber> LinkTargets::number_of_base(std::string_view base) const {
  const auto found = bases_.find(base);
  return found == bases_.end() ? std::nullopt : std::optional(found->second);
}

const std::string* LinkTargets::find_beside(BaseNumber base, std::string_view type_and_id) const {
  const auto found = by_names_.find(name_of(base, type_and_id));
  return found == by_names_.end() ? nullptr : &found->second;
}

const std::string* LinkTargets::find(std::string_view full_url) const {
  const auto found = places_.find(full_url);
  return found == places_.end() ? nullptr : &found->second;
}

core::Result<ResolvedLinks> resolve_links(const fhir::ResourcePtr& resource, std::string_view full_url,
                                          const LinkTargets& targets) {
  Resolver resolver(*resource, full_url, targets, nullptr);
  EG_CHECK(resolver.run());
  ResolvedLinks resolved;
  resolved.complete = resolver.complete();
  // All or nothing: a place that was put in must not be read as a link of the entry once more.
  EG_TRY(resolved.resource, resolved.complete ? apply(resource, resolver.take()) : resource);
  return resolved;
}

core::Result<fhir::ResourcePtr> resolve_all_links(const fhir::ResourcePtr& resource, std::string_view full_url,
                                                  const LinkTargets& targets, const ResolveConditional& conditional) {
  Resolver resolver(*resource, full_url, targets, &conditional);
  EG_CHECK(resolver.run());
  return apply(resource, resolver.take());
}

}  // namespace embergate::interaction
