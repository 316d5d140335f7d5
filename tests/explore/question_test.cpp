#include "latentpath/explore/question.h"

#include <gtest/gtest.h>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

using nlohmann::json;

json good() {
  return {{"from", "seed:23"},      {"to", {0.5, -1.25}}, {"favor", json::array()},
          {"avoid", json::array()}, {"odds", 4},          {"sharpness", 1}};
}

Question read(const json& request, std::vector<std::string> known = {}) {
  RequestFields fields(request);
  Question question = read_question(fields, {.latent_dim = 2, .known_ends = std::move(known)});
  fields.finish();
  return question;
}

std::string refusal(const json& request) {
  try {
    read(request);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kArgument);
    return error.what();
  }
  return "";
}

TEST(Question, EndsAreReadAsInterpolateTakesThem) {
  const Question question = read(good());
  EXPECT_EQ(question.from, "seed:23");
  EXPECT_EQ(question.to, "0.5,-1.25");
  json request = good();
  request["from"] = {-0.0, 1e-7};
  request["to"] = "seed:007";
  EXPECT_EQ(read(request).from, "0,1e-07");
  EXPECT_EQ(read(request).to, "seed:7");
}

TEST(Question, AFileIsReadOnlyWhereTheCommandLineNamedIt) {
  json request = good();
  request["from"] = "image:photo.png";
  EXPECT_NE(refusal(request), "");
  EXPECT_EQ(read(request, {"image:photo.png"}).from, "image:photo.png");
}

TEST(Question, EveryFieldIsNeededAndNoOther) {
  const json whole = good();
  for (const auto& [name, value] : whole.items()) {
    json request = good();
    request.erase(name);
    EXPECT_NE(refusal(request).find("\"" + name + "\""), std::string::npos) << name;
    request = good();
    request[name] = json::object();
    EXPECT_NE(refusal(request).find("\"" + name + "\""), std::string::npos) << name;
  }
  json request = good();
  request["further"] = 1;
  EXPECT_NE(refusal(request).find("further"), std::string::npos);
}

TEST(Question, NumbersKeepTheirBounds) {
  for (const auto& [name, value] : {std::pair<const char*, json>{"odds", 0},
                                    {"odds", 1e9},
                                    {"sharpness", -1},
                                    {"to", json{1e7, 0}},
                                    {"to", json{1, 2, 3}},
                                    {"to", json{1, "2"}}}) {
    json request = good();
    request[name] = value;
    EXPECT_NE(refusal(request), "") << name << " " << value;
  }
}

TEST(Question, FeaturesNeedAClassifier) {
  json request = good();
  request["favor"] = {"8"};
  EXPECT_NE(refusal(request).find("classifier"), std::string::npos);
}

TEST(Question, ARequestIsAnObject) {
  for (const char* body : {"", "[]", "1", "{", "{\"a\": 1}}", "{'a': 1}"})
    EXPECT_THROW(parse_request(body), Error) << body;
  EXPECT_EQ(parse_request("{\"a\": 1}")["a"], 1);
  EXPECT_THROW(parse_request(std::string(100'000, '[')), Error);
}

TEST(Question, ARunsNameLeadsNowhereElse) {
  const auto name = [](const std::string& text) {
    const json request{{"name", text}};
    RequestFields fields(request);
    return read_run_name(fields);
  };
  EXPECT_EQ(name("eights-1.b_2"), "eights-1.b_2");
  for (const char* bad : {"", ".", "..", "../a", "a/b", "-o", ".a", "a b", "\xc3\xa4"})
    EXPECT_THROW(name(bad), Error) << bad;
}

}  // namespace
}  // namespace latentpath
