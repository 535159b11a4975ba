// SPDX-License-Identifier: Apache-2.0
// Decimals keep their digits: the tree prints back as the text it came from, for every example there is.
#include <gtest/gtest.h>

#include <string>

#include "embergate/fhir/outcome.hpp"
#include "embergate/fhir/resource.hpp"
#include "support/gzip_lines.hpp"

namespace embergate::fhir {
namespace {

const std::string kData = std::string(EMBERGATE_SOURCE_DIR) + "/tests/data";

void print(std::string& out, Node node) {
  switch (node.kind()) {
    case NodeKind::kObject:
    case NodeKind::kArray: {
      out += node.is_object() ? '{' : '[';
      bool first = true;
      for (Node child = node.first_child(); child; child = child.next_sibling(node)) {
        if (!first) out += ',';
        first = false;
        if (node.is_object()) out += json_string(child.name()) + ":";
        print(out, child);
      }
      out += node.is_object() ? '}' : ']';
      break;
    }
    case NodeKind::kString:
      out += json_string(node.string());
      break;
    case NodeKind::kNumber:
      out += node.number_text();
      break;
    default:
      out += node.raw();
  }
}

// Prints the tree of `text`, reads that again and compares every node. Returns the print; counts the numbers with a
// point.
std::string printed_and_compared(const std::string& text, std::size_t& decimals) {
  const auto resource = Resource::parse(text);
  EXPECT_TRUE(resource);
  std::string printed;
  print(printed, (*resource)->root());
  const auto again = Resource::parse(printed);
  EXPECT_TRUE(again) << printed.substr(0, 80);
  EXPECT_EQ((*again)->node_count(), (*resource)->node_count());
  std::size_t differences = 0;
  for (std::uint32_t i = 0; i < (*resource)->node_count(); ++i) {
    const Node a(resource->get(), i);
    const Node b(again->get(), i);
    const bool same =
        a.kind() == b.kind() && a.name() == b.name() && a.string() == b.string() && a.number_text() == b.number_text();
    if (!same) ++differences;
    if (a.is_number() && a.raw().find('.') != std::string_view::npos) ++decimals;
  }
  EXPECT_EQ(differences, 0U) << text.substr(0, 80);
  return printed;
}

TEST(RoundTrip, EveryExampleComesBackFromTheTreeAsItWas) {
  const auto lines = test::read_gzip_lines(kData + "/fhir-r4-examples/examples.ndjson.gz");
  ASSERT_EQ(lines.size(), 470U);
  std::size_t decimals = 0;
  for (const std::string& line : lines) {
    const std::string printed = printed_and_compared(line, decimals);
    if (line.find('\\') == std::string::npos) {
      EXPECT_EQ(printed, line);
    }
  }
  EXPECT_GT(decimals, 250U);
}

TEST(RoundTrip, EverySyntheaBundleComesBackFromTheTree) {
  std::size_t decimals = 0;
  for (const char* name :
       {"p1-elder-cardiac", "p2-child-allergy", "p3-deceased-male", "p4-child", "p5-notes-provenance"}) {
    printed_and_compared(test::read_gzip(kData + "/synthea/" + name + ".json.gz"), decimals);
  }
  EXPECT_GT(decimals, 4000U);
}

TEST(RoundTrip, NumbersKeepTheirText) {
  for (const std::string number :
       {"1.50", "-0", "1e400", "12345678901234567890.123", "0.0", "1E-7", "100", "-0.00e+00"}) {
    const auto resource = *Resource::parse("{\"value\": " + number + " }");
    EXPECT_EQ(resource->root().member("value").number_text(), number);
  }
}

}  // namespace
}  // namespace embergate::fhir
