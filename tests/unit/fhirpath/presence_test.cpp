// SPDX-License-Identifier: Apache-2.0
// Primitives with a value, without one, and with one that is too large; what hasValue() and hasExtension() say of them.
#include <gtest/gtest.h>

#include <utility>

#include "evaluation.hpp"

namespace embergate::fhirpath::test {
namespace {

struct PresenceCase {
  const char* text;
  const char* gives;
};

void expect_on(std::initializer_list<PresenceCase> rows, std::string_view json) {
  const auto on = resource(json);
  CompileOptions typed;
  typed.context_type = fhir::Model::r4().find_type(on->type());
  for (const PresenceCase& row : rows) {
    EXPECT_EQ(evaluate(row.text, on.get()), row.gives) << row.text;
    EXPECT_EQ(evaluate(row.text, on.get(), typed), row.gives) << row.text << " (typed)";
  }
}

constexpr std::string_view kPatient = R"({"resourceType":"Patient","id":"p","gender":"female","active":false,
  "name":[{"use":"official","family":"Doe","given":["Ann","Bea"],"period":{"start":"2020","end":"2019"}},
          {"use":"usual","given":["Ann"],"period":{"start":"2020"}}],
  "_birthDate":{"id":"b","extension":[{"url":"http://x/absent","valueCode":"unknown"}]}})";

TEST(HasValue, Fp50_IsFalseOfSeveralItemsAndOfAComplexOne) {
  expect_on(
      {{"name.given.hasValue() = false and name.first().hasValue() = false and gender.hasValue()", "Boolean:true"},
       {"name.given.hasValue()", "Boolean:false"},
       {"name.hasValue()", "Boolean:false"},
       {"name.first().hasValue()", "Boolean:false"},
       {"hasValue()", "Boolean:false"},
       {"children().hasValue()", "Boolean:false"},
       {"active.hasValue()", "Boolean:true"},
       {"id.hasValue() and name.family.hasValue() and name.last().given.hasValue()", "Boolean:true"},
       {"name.given.select(hasValue())", "Boolean:true Boolean:true Boolean:true"}},
      kPatient);
}

TEST(HasValue, Fp65_IsFalseOfWhatIsAbsent) {
  expect_on({{"deceased.hasValue() = false and address.hasValue().not()", "Boolean:true"},
             {"deceased.hasValue()", "Boolean:false"},
             {"maritalStatus.coding.code.hasValue()", "Boolean:false"},
             {"{}.hasValue()", "Boolean:false"},
             {"birthDate.exists() and birthDate.hasValue().not()", "Boolean:true"},
             {"telecom.hasValue() or gender.hasValue()", "Boolean:true"}},
            kPatient);
}

TEST(HasValue, Fp65_LetsTheInvariantsOfFhirHold) {
  constexpr const char* kPer1 = "start.hasValue().not() or end.hasValue().not() or (start <= end)";
  constexpr const char* kEle1 = "hasValue() or (children().count() > id.count())";
  const std::pair<const char*, const char*> periods[] = {{R"({})", "Boolean:true"},
                                                         {R"({"start":"2020"})", "Boolean:true"},
                                                         {R"({"end":"2020"})", "Boolean:true"},
                                                         {R"({"start":"2019","end":"2020"})", "Boolean:true"},
                                                         {R"({"start":"2020","end":"2019"})", "Boolean:false"},
                                                         {R"({"_start":{"id":"s"},"end":"2019"})", "Boolean:true"}};
  for (const auto& [period, holds] : periods) {
    const auto on = resource(std::string(R"({"resourceType":"Encounter","period":)") + period + "}");
    EXPECT_EQ(evaluate("period.all(" + std::string(kPer1) + ")", on.get()), holds) << period;
    EXPECT_EQ(evaluate("period.select(" + std::string(kPer1) + ")", on.get()), holds) << period;
  }
  expect_on({{(std::string("name.all(") + kEle1 + ")").c_str(), "Boolean:true"},
             {(std::string("gender.all(") + kEle1 + ")").c_str(), "Boolean:true"},
             {(std::string("birthDate.all(") + kEle1 + ")").c_str(), "Boolean:true"}},
            kPatient);
}

// "A single value which is a FHIR primitive": a literal or a computed value is none.
TEST(HasValue, Fp50_IsFalseOfSystemValues) {
  for (const char* text :
       {"'a'.hasValue()", "1.hasValue()", "true.hasValue()", "(1 'mg').hasValue()", "now().hasValue()"})
    EXPECT_EQ(evaluate(text), "Boolean:false") << text;
  expect_on({{"gender.value.hasValue()", "Boolean:false"}, {"gender.toString().hasValue()", "Boolean:false"}},
            kPatient);
}

TEST(HasValue, Fp66_OfADecimalThatIsTooLargeToComputeWith) {
  expect_on({{"value.ofType(Quantity).value.hasValue()", "Boolean:true"},
             {"value.ofType(Quantity).value.exists()", "Boolean:true"},
             {"value.ofType(Quantity).value.empty()", "Boolean:false"},
             {"value.ofType(Quantity).value.count()", "Integer:1"},
             {"value.ofType(Quantity).value.toString()", "String:\"-1.0E+245\""},
             {"value.ofType(Quantity).value.convertsToString()", "Boolean:true"},
             {"value.ofType(Quantity).value is decimal", "Boolean:true"},
             {"value.ofType(Quantity).value", "decimal:-1.0E+245"},
             {"true and value.ofType(Quantity).value", "Boolean:true"},
             {"value = value", "Boolean:true"},
             // It has no order and no sum here; that is empty and never wrong.
             {"value.ofType(Quantity).value < 0", ""},
             {"value.ofType(Quantity).value + 1", ""},
             {"value.ofType(Quantity).value.toDecimal()", ""},
             {"(value.ofType(Quantity).value | component.value.ofType(Quantity).value).sum()", ""},
             {"(value.ofType(Quantity).value | component.value.ofType(Quantity).value).max()", ""}},
            R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},
                 "valueQuantity":{"value":-1.0E+245},"component":[{"valueQuantity":{"value":1}}]})");
}

TEST(HasValue, Fp66_ADecimalThatIsTooLargeEqualsItself) {
  expect_on({{"component[0].value.ofType(Quantity).value = component[1].value.ofType(Quantity).value", "Boolean:true"},
             {"component[0].value.ofType(Quantity).value = component[2].value.ofType(Quantity).value", ""},
             {"component[0].value.ofType(Quantity).value ~ component[1].value.ofType(Quantity).value", "Boolean:true"},
             {"component[0].value.ofType(Quantity).value ~ component[2].value.ofType(Quantity).value", "Boolean:false"},
             {"component[0].value.ofType(Quantity).value ~ component[3].value.ofType(Quantity).value", "Boolean:false"},
             {"component[0].value ~ component[1].value and component[0].value = component[1].value", "Boolean:true"},
             {"component[0].value ~ component[2].value", "Boolean:false"},
             {"component.value.ofType(Quantity).value.distinct().count()", "Integer:3"}},
            R"({"resourceType":"Observation","component":[{"valueQuantity":{"value":1E+245}},
                 {"valueQuantity":{"value":1E+245}},{"valueQuantity":{"value":2E+245}},{"valueQuantity":{"value":7}}]})");
}

TEST(Presence, OfAPrimitiveWithoutAValueItsIdCanBeRead) {
  expect_on({{"name.given.id", "string:\"a\" string:\"c\""},
             {"name.given[0].id", "string:\"a\""},
             {"name.given.where(id = 'c')", "string:\"Ann\""},
             {"name.given.where(hasValue().not()).id", "string:\"a\""},
             {"name.given.id.count()", "Integer:2"},
             {"name.family.id", "string:\"f\""},
             {"name.family.hasValue()", "Boolean:false"},
             {"birthDate.id", "string:\"x\""},
             {"birthDate.hasValue()", "Boolean:false"},
             {"birthDate.value", ""},
             {"birthDate.extension('http://x/e').value", "integer:7"},
             {"birthDate.extension('http://x/e').id", "string:\"y\""},
             {"birthDate.extension('http://x/e').value.id", ""},
             {"gender.id", "string:\"g\""},
             {"gender.hasValue()", "Boolean:true"},
             {"deceased.id", "string:\"d\""},
             {"deceased.hasValue()", "Boolean:false"},
             {"active.id", ""}},
            R"({"resourceType":"Patient","name":[{"given":[null,"Peter","Ann"],"_given":[{"id":"a"},null,{"id":"c"}],
                   "_family":{"id":"f"}}],
                 "_birthDate":{"id":"x","extension":[{"url":"http://x/e","id":"y","valueInteger":7}]},
                 "gender":"male","_gender":{"id":"g"},"_deceasedBoolean":{"id":"d"},"active":true})");
}

TEST(Presence, OfATypeThatIsNotKnownIdsAndExtensionsAreFoundAsWell) {
  const auto on = resource(R"({"resourceType":"Unheard","_a":{"id":"x","extension":[{"url":"u","valueCode":"c"}]},
    "b":"text","_b":{"id":"y"}})");
  EXPECT_EQ(evaluate("a.id", on.get()), "unknown:\"x\"");
  EXPECT_EQ(evaluate("b.id", on.get()), "unknown:\"y\"");
  EXPECT_EQ(evaluate("a.extension('u').exists()", on.get()), "Boolean:true");
  EXPECT_EQ(evaluate("b.hasValue() and a.hasValue().not()", on.get()), "Boolean:true");
}

TEST(HasExtension, AsksWhatExtensionWouldFind) {
  expect_on({{"birthDate.hasExtension('http://x/absent')", "Boolean:true"},
             {"birthDate.hasExtension('http://x/other')", "Boolean:false"},
             {"gender.hasExtension('http://x/absent')", "Boolean:false"},
             {"photo.hasExtension('http://x/absent')", "Boolean:false"},
             {"birthDate.hasExtension({})", "Boolean:false"},
             {"hasExtension('http://x/absent')", "Boolean:false"},
             {"children().hasExtension('http://x/absent')", "Boolean:true"},
             {"(gender | birthDate).where(hasExtension('http://x/absent')).id", "string:\"b\""},
             {"birthDate.hasExtension('http://x/absent').not()", "Boolean:false"}},
            kPatient);
  EXPECT_NE(evaluate("hasExtension()").find("hasExtension() takes 1 argument, here are 0; write hasExtension(url)"),
            std::string::npos);
  EXPECT_NE(evaluate("hasExtension(1)").find("hasExtension() needs a string as argument 1"), std::string::npos);
  CompileOptions typed;
  typed.context_type = fhir::Model::r4().find_type("Patient");
  const auto criterion = Expression::compile("birthDate.hasExtension('http://x/absent')", typed);
  ASSERT_TRUE(criterion);
  EXPECT_TRUE((*criterion)->warnings().empty());
}

}  // namespace
}  // namespace embergate::fhirpath::test
