// SPDX-License-Identifier: Apache-2.0
// Model tables read at run time: the versions beside the built-in one, and tables that are wrong.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "embergate/fhir/model.hpp"

namespace embergate::fhir {
namespace {

const std::filesystem::path kSource = EMBERGATE_SOURCE_DIR;

std::shared_ptr<const Model> load(const char* path) {
  auto model = Model::load(kSource / path);
  EXPECT_TRUE(model) << model.error().diagnostics;
  return model ? *model : nullptr;
}

TEST(ModelTable, OfR4IsWhatTheBuiltInModelIs) {
  const auto loaded = load("src/fhir/r4_model.tsv");
  ASSERT_TRUE(loaded);
  const Model& built_in = Model::r4();
  ASSERT_EQ(loaded->type_count(), built_in.type_count());
  for (std::size_t i = 0; i < built_in.type_count(); ++i) {
    const auto expected = static_cast<TypeId>(i);
    const TypeId type = loaded->find_type(built_in.name_of(expected));
    ASSERT_NE(type, kNoType) << built_in.name_of(expected);
    EXPECT_EQ(loaded->kind_of(type), built_in.kind_of(expected));
    EXPECT_EQ(loaded->system_type_of(type), built_in.system_type_of(expected));
    EXPECT_EQ(loaded->is_abstract(type), built_in.is_abstract(expected));
    EXPECT_EQ(loaded->name_of(loaded->base_of(type)), built_in.name_of(built_in.base_of(expected)));
    const auto here = loaded->elements_of(type);
    const auto there = built_in.elements_of(expected);
    ASSERT_EQ(here.size(), there.size()) << built_in.name_of(expected);
    for (std::size_t e = 0; e < here.size(); ++e) {
      EXPECT_EQ(here[e]->name, there[e]->name);
      EXPECT_EQ(here[e]->is_choice, there[e]->is_choice);
      EXPECT_EQ(here[e]->is_list, there[e]->is_list);
      EXPECT_EQ(here[e]->is_required, there[e]->is_required);
      ASSERT_EQ(here[e]->types.size(), there[e]->types.size());
      for (std::size_t t = 0; t < here[e]->types.size(); ++t)
        EXPECT_EQ(loaded->name_of(here[e]->types[t]), built_in.name_of(there[e]->types[t]));
    }
  }
}

TEST(ModelTable, OfR4BAndR5HoldWhatIsNewInThem) {
  const auto r4b = load("config/models/r4b.tsv");
  const auto r5 = load("config/models/r5.tsv");
  ASSERT_TRUE(r4b && r5);
  EXPECT_NE(r4b->find_type("CodeableReference"), kNoType);
  EXPECT_EQ(r4b->find_type("integer64"), kNoType);
  EXPECT_EQ(r5->system_type_of(r5->find_type("integer64")), SystemType::kLong);
  EXPECT_EQ(r5->system_type_of(r5->find_type("positiveInt")), SystemType::kInteger);
  EXPECT_TRUE(r5->is_a(r5->find_type("Patient"), r5->find_type("Base")));
  const TypeId item = r5->find_type("Questionnaire.item");
  ASSERT_NE(item, kNoType);
  EXPECT_EQ(r5->find_element(item, "item")->types.front(), item);
  EXPECT_EQ(r5->name_of(r5->find_json_member(r5->find_type("Observation"), "valueReference").type), "Reference");
  EXPECT_EQ(r4b->find_json_member(r4b->find_type("Observation"), "valueReference").element, nullptr);
}

TEST(ModelTable, SaysWhichLineIsWrong) {
  const std::string good = "T\tElement\tC\t1\t-\t-\nT\tstring\tP\t0\tElement\tString\n";
  const struct {
    std::string table;
    const char* says;
  } rows[] = {
      {"", "no types"},
      {good + "X\ta", "line 3: expected T with 5 fields or E with 4"},
      {good + "T\tcode\tQ\t0\tstring\tString", "line 3: the kind or the System type is not known"},
      {good + "T\tstring\tP\t0\tElement\tString", "string is there twice"},
      {good + "E\tstring\t0\t1\tstring", "a path with a dot"},
      {good + "E\tPatient.name\t0\t1\tstring", "Patient is not known"},
      {good + "E\tstring.name\t0\t1\tHumanName", "the type HumanName of string.name is not known"},
      {good + "T\tcode\tP\t0\turi\tString", "the base uri of code is not known"},
      {"T\ta\tC\t0\tb\t-\nT\tb\tC\t0\ta\t-", "is its own base"},
  };
  for (const auto& row : rows) {
    const auto model = Model::parse(row.table);
    ASSERT_FALSE(model) << row.says;
    EXPECT_NE(model.error().diagnostics.find(row.says), std::string::npos) << model.error().diagnostics;
  }
  EXPECT_EQ(Model::parse(std::string(5U << 20U, '#')).error().code, core::ErrorCode::kTooLarge);
  EXPECT_EQ(Model::load("/no/such/table.tsv").error().code, core::ErrorCode::kNotFound);
}

}  // namespace
}  // namespace embergate::fhir
