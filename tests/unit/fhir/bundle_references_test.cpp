// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/bundle_references.hpp"

#include <gtest/gtest.h>

#include "embergate/fhir/reference.hpp"

namespace embergate::fhir {
namespace {

using Target = BundleReferences::Target;

constexpr std::string_view kBase = "http://localhost:8080/fhir";

ResourcePtr parse(const std::string& text) {
  auto parsed = Resource::parse(text);
  EXPECT_TRUE(parsed) << parsed.error().diagnostics;
  return *parsed;
}

std::string entry(const std::string& full_url, const std::string& resource) {
  const std::string name = full_url.empty() ? "" : R"("fullUrl":")" + full_url + R"(",)";
  return "{" + name + R"("resource":)" + resource + "}";
}

std::string observation(const std::string& reference) {
  return R"({"resourceType":"Observation","id":"o","subject":{"reference":")" + reference + R"("}})";
}

std::string patient(const std::string& id) { return R"({"resourceType":"Patient","id":")" + id + R"("})"; }

std::string bundle(const std::string& entries) {
  return R"({"resourceType":"Bundle","type":"collection","entry":[)" + entries + "]}";
}

// Of the first reference in the text.
Target target_in(const std::string& text) {
  const ResourcePtr resource = parse(text);
  const BundleReferences references(resource->root());
  std::optional<Target> target;
  for_each_reference(resource->root(), [&](Node reference) {
    if (!target) target = references.target_of(reference, reference.string(), kBase);
  });
  return target.value();
}

TEST(BundleReferences, ARelativeReferenceMeansTheEntryBesideItsOwn) {
  EXPECT_EQ(target_in(bundle(entry("http://a/fhir/Observation/o", observation("Patient/1")) + "," +
                             entry("http://a/fhir/Patient/1", patient("1")))),
            Target::kInside);
  EXPECT_EQ(target_in(bundle(entry("http://a/fhir/Observation/o", observation("Patient/1")) + "," +
                             entry("http://b/fhir/Patient/1", patient("1")))),
            Target::kElsewhere);
}

TEST(BundleReferences, ItsVersionDoesNotMatter) {
  EXPECT_EQ(target_in(bundle(entry("http://a/fhir/Observation/o", observation("Patient/1/_history/3")) + "," +
                             entry("http://a/fhir/Patient/1", patient("1")))),
            Target::kInside);
}

TEST(BundleReferences, AnAbsoluteReferenceMeansTheEntryOfThatFullUrl) {
  for (const char* url : {"http://a/fhir/Patient/1", "urn:uuid:4a7d1b9e-0000-4000-8000-000000000001", "resource:1"}) {
    EXPECT_EQ(target_in(bundle(entry("urn:uuid:x", observation(url)) + "," + entry(url, patient("1")))),
              Target::kInside)
        << url;
    EXPECT_EQ(target_in(bundle(entry("urn:uuid:x", observation(url)))), Target::kElsewhere) << url;
  }
}

TEST(BundleReferences, TypeAndIdNameAnEntryWhereNoFullUrlSaysOnWhichServerItIs) {
  EXPECT_EQ(target_in(bundle(entry("", observation("Patient/1")) + "," + entry("", patient("1")))), Target::kInside);
  EXPECT_EQ(target_in(bundle(entry("urn:uuid:x", observation("Patient/1")) + "," + entry("urn:uuid:y", patient("1")))),
            Target::kInside);
}

TEST(BundleReferences, OnlyWhatCanBeOfThisServerIsLookedUpThere) {
  EXPECT_EQ(target_in(bundle(entry("", observation("Patient/1")))), Target::kServer);
  EXPECT_EQ(target_in(bundle(entry(std::string(kBase) + "/Observation/o", observation("Patient/1")))), Target::kServer);
  EXPECT_EQ(target_in(bundle(entry("urn:uuid:x", observation(std::string(kBase) + "/Patient/1")))), Target::kServer);
  EXPECT_EQ(target_in(bundle(entry("urn:uuid:x", observation("Patient/1")))), Target::kElsewhere);
  EXPECT_EQ(target_in(bundle(entry("", observation("Patient?identifier=a")))), Target::kElsewhere);
}

TEST(BundleReferences, AnInnerBundleHasItsOwnEntries) {
  const std::string inner = bundle(entry("", observation("Patient/1")) + "," + entry("", patient("1")));
  EXPECT_EQ(target_in(bundle(entry("", inner))), Target::kInside);
  const std::string lonely = bundle(entry("", observation("Patient/1")));
  EXPECT_EQ(target_in(bundle(entry("", lonely) + "," + entry("", patient("1")))), Target::kServer);
}

TEST(BundleReferences, WhatIsNotInAnEntryIsNoneOfTheirs) {
  EXPECT_EQ(target_in(observation("Patient/1")), Target::kNoEntry);
  EXPECT_EQ(target_in(R"({"resourceType":"Bundle","type":"document","entry":[)" + entry("", patient("1")) +
                      R"(],"signature":{"who":{"reference":"Patient/1"}}})"),
            Target::kNoEntry);
}

TEST(BundleReferences, TheBaseOfAFullUrlEndsBeforeTypeAndId) {
  EXPECT_EQ(base_of_full_url("http://a/fhir/Patient/1"), "http://a/fhir");
  EXPECT_EQ(base_of_full_url("http://a/fhir/Patient/1/_history/2"), "http://a/fhir");
  for (const char* text : {"", "urn:uuid:x", "Patient/1", "http://a/fhir/Nothing/1", "http://Patient"})
    EXPECT_EQ(base_of_full_url(text), "") << text;
}

}  // namespace
}  // namespace embergate::fhir
