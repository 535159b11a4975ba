// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/edit.hpp"

#include <gtest/gtest.h>

#include <string>

#include "embergate/core/time_format.hpp"
#include "support/gzip_lines.hpp"

namespace embergate::fhir {
namespace {

const Stamp kStamp{"p1", 42, *core::parse_instant("2026-03-01T08:15:30.000123Z"),
                   *core::parse_instant("1969-12-31T23:59:59.5Z"), "ex:createdAt"};
const std::string kMeta = R"({"versionId":"42","lastUpdated":"2026-03-01T08:15:30.000123Z",)"
                          R"("extension":[{"url":"ex:createdAt","valueInstant":"1969-12-31T23:59:59.500000Z"}])";

std::string stamped(const std::string& text) {
  const auto resource = Resource::parse(text);
  EXPECT_TRUE(resource) << text;
  std::string out = stamp(**resource, kStamp);
  EXPECT_TRUE(Resource::parse(out)) << out;
  return out;
}

TEST(Stamp, PutsIdAndMetaBehindTheTypeOfANewResource) {
  EXPECT_EQ(stamped(R"({"resourceType":"Patient"})"), R"({"resourceType":"Patient","id":"p1","meta":)" + kMeta + "}}");
  EXPECT_EQ(stamped(R"({"resourceType":"Patient","active":true})"),
            R"({"resourceType":"Patient","id":"p1","meta":)" + kMeta + R"(},"active":true})");
}

TEST(Stamp, ReplacesTheIdAndPutsMetaBehindIt) {
  EXPECT_EQ(stamped(R"({"id":"old","resourceType":"Patient"})"),
            R"({"id":"p1","meta":)" + kMeta + R"(},"resourceType":"Patient"})");
}

TEST(Stamp, KeepsWhatTheClientWroteInMeta) {
  EXPECT_EQ(
      stamped(
          R"({"resourceType":"Patient","id":"x","meta":{"profile":["http://a"],"versionId":"1","lastUpdated":"2020-01-01T00:00:00Z",)"
          R"("extension":[{"url":"ex:createdAt","valueInstant":"2001-01-01T00:00:00Z"},{"url":"http://b", "valueInteger":1.0}],)"
          R"("tag": [ {"code":"t"} ]}})"),
      R"({"resourceType":"Patient","id":"p1","meta":)" + kMeta.substr(0, kMeta.size() - 1) +
          R"(,{"url":"http://b", "valueInteger":1.0}],"profile":["http://a"],"tag":[ {"code":"t"} ]}})");
}

TEST(Stamp, FindsMetaBeforeTheId) {
  EXPECT_EQ(stamped(R"({"meta":{},"resourceType":"Patient","id":"x","active":true})"),
            R"({"meta":)" + kMeta + R"(},"resourceType":"Patient","id":"p1","active":true})");
  EXPECT_EQ(stamped(R"({"meta":{},"resourceType":"Patient","active":true})"),
            R"({"meta":)" + kMeta + R"(},"resourceType":"Patient","id":"p1","active":true})");
}

TEST(Stamp, StaysValidWithoutATypeAndWithOddMeta) {
  EXPECT_EQ(stamped("{}"), R"({"id":"p1","meta":)" + kMeta + "}}");
  EXPECT_EQ(stamped(R"({"a":1})"), R"({"id":"p1","meta":)" + kMeta + R"(},"a":1})");
  EXPECT_EQ(stamped(R"({"meta":null})"), R"({"id":"p1","meta":)" + kMeta + "}}");
}

TEST(Stamp, LeavesIndentedTextAsItIs) {
  EXPECT_EQ(stamped("{\n  \"resourceType\": \"Patient\",\n  \"x\": 1.50\n}\n"),
            "{\n  \"resourceType\": \"Patient\",\"id\":\"p1\",\"meta\":" + kMeta + "},\n  \"x\": 1.50\n}\n");
}

TEST(Stamp, EscapesWhatItPutsIn) {
  const auto resource = *Resource::parse(R"({"resourceType":"Patient","meta":{"so\u0022me":1}})");
  Stamp odd = kStamp;
  odd.created_at_url = "a\"b";
  const auto again = Resource::parse(stamp(*resource, odd));
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->root().member("meta").member("extension").at(0).member("url").string(), "a\"b");
  EXPECT_EQ((*again)->root().member("meta").member("so\"me").raw(), "1");
}

TEST(Stamp, ChangesNothingElseInAnyExample) {
  const auto lines =
      test::read_gzip_lines(std::string(EMBERGATE_SOURCE_DIR) + "/tests/data/fhir-r4-examples/examples.ndjson.gz");
  ASSERT_EQ(lines.size(), 470U);
  for (const std::string& line : lines) {
    const auto before = *Resource::parse(line);
    const auto result = Resource::parse(stamp(*before, kStamp));
    ASSERT_TRUE(result) << line.substr(0, 80);
    const Resource& after = **result;
    EXPECT_EQ(after.id(), "p1");
    EXPECT_EQ(after.root().member("meta").member("versionId").string(), "42");
    for (Node member = before->root().first_child(); member; member = member.next_sibling(before->root())) {
      if (member.name() == "id" || member.name() == "meta") continue;
      EXPECT_EQ(after.root().member(member.name()).raw(), member.raw());
    }
    const Node meta = before->root().member("meta");
    for (Node member = meta.first_child(); member; member = member.next_sibling(meta)) {
      if (member.name() == "versionId" || member.name() == "lastUpdated" || member.name() == "extension") continue;
      EXPECT_EQ(after.root().member("meta").member(member.name()).raw(), member.raw());
    }
    EXPECT_EQ(stamp(after, kStamp), after.text());
  }
}

TEST(Replace, AppliesChangesInAnyOrder) {
  EXPECT_EQ(replace("0123456789", {{8, 2, "Z"}, {0, 1, "abc"}, {4, 0, "-"}}), "abc123-4567Z");
  EXPECT_EQ(replace("abc", {}), "abc");
  EXPECT_EQ(replace("abc", {{3, 0, "d"}}), "abcd");
}

TEST(ReplaceDeathTest, RefusesOverlappingChanges) {
  EXPECT_DEATH(replace("abcdef", {{0, 3, "x"}, {2, 2, "y"}}), "assertion failed");
}

}  // namespace
}  // namespace embergate::fhir
