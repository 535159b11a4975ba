# SPDX-License-Identifier: Apache-2.0
# The library of helpers that tests and benchmarks share.
include_guard(GLOBAL)
find_package(GTest REQUIRED)
find_package(ZLIB REQUIRED)

file(GLOB_RECURSE support_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.cpp)
add_library(embergate_test_support STATIC ${support_sources})
target_include_directories(embergate_test_support PUBLIC ${CMAKE_SOURCE_DIR}/tests ${CMAKE_SOURCE_DIR}/src)
target_link_libraries(embergate_test_support PUBLIC embergate_vault GTest::gmock GTest::gtest PRIVATE embergate_rdkafka nlohmann_json::nlohmann_json OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB)
target_compile_options(embergate_test_support PRIVATE $<$<CONFIG:RelWithDebInfo>:-O0>)
