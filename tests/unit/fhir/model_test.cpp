// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/model.hpp"

#include <gtest/gtest.h>

#include <string>

namespace embergate::fhir {
namespace {

const Model& model() { return Model::r4(); }
TypeId type(std::string_view name) {
  const TypeId found = model().find_type(name);
  EXPECT_NE(found, kNoType) << name;
  return found;
}

TEST(R4Model, FindsTypesBackbonesAndTheirBases) {
  EXPECT_EQ(model().name_of(type("Patient")), "Patient");
  EXPECT_EQ(model().name_of(type("Patient.contact")), "Patient.contact");
  EXPECT_EQ(model().find_type("patient"), kNoType);
  EXPECT_EQ(model().find_type(""), kNoType);
  EXPECT_EQ(model().base_of(type("Patient")), type("DomainResource"));
  EXPECT_EQ(model().base_of(type("Resource")), kNoType);
  EXPECT_EQ(model().base_of(type("Patient.contact")), type("BackboneElement"));
  EXPECT_EQ(model().base_of(type("Timing.repeat")), type("Element"));
  EXPECT_TRUE(model().is_a(type("code"), type("string")));
  EXPECT_TRUE(model().is_a(type("Age"), type("Quantity")));
  EXPECT_TRUE(model().is_a(type("Bundle"), type("Resource")));
  EXPECT_TRUE(model().is_a(type("Bundle"), type("Bundle")));
  EXPECT_FALSE(model().is_a(type("Bundle"), type("DomainResource")));
  EXPECT_FALSE(model().is_a(type("string"), type("code")));
  EXPECT_FALSE(model().is_a(type("string"), kNoType));
  EXPECT_TRUE(model().is_abstract(type("DomainResource")));
  EXPECT_FALSE(model().is_abstract(type("Patient")));
}

TEST(R4Model, KnowsWhatKindATypeIs) {
  EXPECT_EQ(model().kind_of(type("positiveInt")), TypeKind::kPrimitive);
  EXPECT_EQ(model().kind_of(type("HumanName")), TypeKind::kComplex);
  EXPECT_EQ(model().kind_of(type("Patient")), TypeKind::kResource);
  EXPECT_EQ(model().kind_of(type("Bundle.entry.request")), TypeKind::kBackbone);
  EXPECT_EQ(model().system_type_of(type("positiveInt")), SystemType::kInteger);
  EXPECT_EQ(model().system_type_of(type("instant")), SystemType::kDateTime);
  EXPECT_EQ(model().system_type_of(type("markdown")), SystemType::kString);
  EXPECT_EQ(model().system_type_of(type("HumanName")), SystemType::kNone);
  EXPECT_EQ(model().system_type_of(kNoType), SystemType::kNone);
}

TEST(R4Model, FindsOwnAndInheritedElements) {
  const Element* name = model().find_element(type("Patient"), "name");
  ASSERT_NE(name, nullptr);
  EXPECT_TRUE(name->is_list);
  EXPECT_FALSE(name->is_required);
  ASSERT_EQ(name->types.size(), 1U);
  EXPECT_EQ(name->types[0], type("HumanName"));
  EXPECT_NE(model().find_element(type("Patient"), "id"), nullptr);
  EXPECT_EQ(model().find_element(type("Patient"), "id")->types[0], type("id"));
  EXPECT_NE(model().find_element(type("Patient"), "contained"), nullptr);
  EXPECT_NE(model().find_element(type("Patient.contact"), "modifierExtension"), nullptr);
  EXPECT_EQ(model().find_element(type("Bundle"), "contained"), nullptr);
  EXPECT_EQ(model().find_element(type("Patient"), "nothing"), nullptr);
  EXPECT_TRUE(model().find_element(type("Observation"), "status")->is_required);
  EXPECT_EQ(model().find_element(type("Patient"), "contact")->types[0], type("Patient.contact"));
  EXPECT_EQ(model().find_element(kNoType, "id"), nullptr);
}

TEST(R4Model, FollowsTheSameContentReferences) {
  EXPECT_EQ(model().find_element(type("Questionnaire.item"), "item")->types[0], type("Questionnaire.item"));
  EXPECT_EQ(model().find_element(type("Bundle.entry"), "link")->types[0], type("Bundle.link"));
}

TEST(R4Model, DecidesTheTypeOfAChoiceByItsJsonName) {
  const auto quantity = model().find_json_member(type("Observation"), "valueQuantity");
  ASSERT_NE(quantity.element, nullptr);
  EXPECT_EQ(quantity.element->name, "value");
  EXPECT_TRUE(quantity.element->is_choice);
  EXPECT_EQ(quantity.type, type("Quantity"));
  EXPECT_EQ(model().find_json_member(type("Observation"), "valueDateTime").type, type("dateTime"));
  EXPECT_EQ(model().find_json_member(type("Observation"), "value").element, nullptr);
  EXPECT_EQ(model().find_json_member(type("Observation"), "valueHumanName").element, nullptr);
  EXPECT_EQ(model().find_element(type("Observation"), "value"), quantity.element);
  EXPECT_EQ(model().find_element(type("Observation"), "valueQuantity"), nullptr);
}

TEST(R4Model, ListsInheritedElementsFirst) {
  const auto elements = model().elements_of(type("Patient"));
  ASSERT_GT(elements.size(), 10U);
  EXPECT_EQ(elements[0]->name, "id");
  EXPECT_EQ(elements[1]->name, "meta");
  EXPECT_EQ(elements.back()->name, "link");
}

TEST(R4Model, AnswersForEveryJsonNameOfEveryType) {
  std::size_t names = 0;
  for (std::size_t i = 0; i < model().type_count(); ++i) {
    const auto id = static_cast<TypeId>(i);
    EXPECT_EQ(model().find_type(model().name_of(id)), id);
    for (const Element* element : model().elements_of(id)) {
      EXPECT_EQ(model().find_element(id, element->name), element) << model().name_of(id) << '.' << element->name;
      for (const TypeId choice : element->types) {
        std::string name(element->name);
        if (element->is_choice) {
          std::string suffix(model().name_of(choice));
          suffix[0] = static_cast<char>(std::toupper(suffix[0]));
          name += suffix;
        }
        const auto found = model().find_json_member(id, name);
        EXPECT_EQ(found.element, element) << model().name_of(id) << '.' << name;
        EXPECT_EQ(found.type, choice);
        ++names;
      }
    }
  }
  EXPECT_GT(names, 4733U);
}

}  // namespace
}  // namespace embergate::fhir
