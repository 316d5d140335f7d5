#include "latentpath/zoo/model_store.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "synthetic_data.h"

namespace latentpath {
namespace {

using test::message_of;
using test::ScratchFolder;

TEST(ModelStore, FindsFilesAndNames) {
  const ScratchFolder first, second;
  test::write_bytes(first / "one.pt", "1");
  test::write_bytes(second / "one.pt", "other 1");
  test::write_bytes(second / "two.pt", "2");
  test::write_bytes(second / ".three.12.part.pt", "half");
  const std::vector<std::filesystem::path> folders{first.path(), first / "absent", second.path()};
  EXPECT_EQ(find_model("one", folders), first / "one.pt");
  EXPECT_EQ(find_model("two", folders), second / "two.pt");
  EXPECT_EQ(find_model((second / "one.pt").string(), folders), second / "one.pt");
  EXPECT_EQ(list_models(folders).size(), 2);
}

TEST(ModelStore, AnUnknownNameListsTheKnownOnes) {
  const ScratchFolder folder;
  EXPECT_EQ(message_of([&] { find_model("x", {folder.path()}); }),
            "there is no file and no shipped model 'x' (no models are installed)");
  test::write_bytes(folder / "b.pt", "");
  test::write_bytes(folder / "a.pt", "");
  EXPECT_EQ(message_of([&] { find_model("x", {folder.path()}); }),
            "there is no file and no shipped model 'x' (shipped models: a, b)");
  // A folder is no model.
  EXPECT_THROW(find_model(folder.path().string(), {}), Error);
  try {
    find_model("", {folder.path()});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
  }
}

TEST(ModelStore, CardsAreReadBack) {
  const ScratchFolder folder;
  const nlohmann::json card = {{"name", "a"}, {"kind", "decoder"}, {"latent_dim", 3}};
  write_card(folder / "a.pt", card);
  EXPECT_EQ(read_card(folder / "a.pt"), card);
  EXPECT_NE(message_of([&] { read_card(folder / "b.pt"); }).find("has no card"), std::string::npos);
  test::write_bytes(folder / "c.json", "{\"name\": ");
  EXPECT_NE(message_of([&] { read_card(folder / "c.pt"); }).find("is not valid JSON"), std::string::npos);
  test::write_bytes(folder / "d.json", "[1]");
  EXPECT_NE(message_of([&] { read_card(folder / "d.pt"); }).find("is not a model card"), std::string::npos);
}

TEST(ModelStore, Sha256OfAKnownText) {
  const ScratchFolder folder;
  test::write_bytes(folder / "-a b", "abc");  // FIPS 180-2, appendix B.1; a name that needs care
  EXPECT_EQ(file_sha256(folder / "-a b"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_THROW(file_sha256(folder / "absent"), Error);
}

}  // namespace
}  // namespace latentpath
