#include "latentpath/molecule/molecule_pairs.h"

#include <gmock/gmock.h>

#include <functional>

#include "latentpath/core/error.h"
#include "latentpath/io/file.h"
#include "latentpath/molecule/drawing.h"

namespace latentpath {
namespace {

using testing::HasSubstr;

std::filesystem::path file_with(const std::string& name, const std::string& text) {
  const auto file = std::filesystem::path(testing::TempDir()) / name;
  write_file(file, text);
  return file;
}

std::vector<std::string> texts(const MoleculePairs& list) {
  std::vector<std::string> result;
  for (const MoleculePair& pair : list.pairs) result.push_back(pair.from.smiles() + " " + pair.to.smiles());
  return result;
}

std::string refusal(const std::filesystem::path& file) {
  try {
    read_molecule_pairs(file);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput) << error.what();
    return error.what();
  }
  return "";
}

TEST(MoleculePairs, AreReadFromEveryKindOfList) {
  const std::vector<std::string> wanted{"CCO CCN", "CCC CCC"};
  EXPECT_EQ(texts(read_molecule_pairs(file_with("a.smi", "# mine\nOCC  CCN name\r\n\nCCC\n"))), wanted);
  EXPECT_EQ(texts(read_molecule_pairs(file_with("a.csv", "id,from,to\n1,OCC,NCC\n2,CCC,CCC\n"))), wanted);
  EXPECT_EQ(texts(read_molecule_pairs(file_with("b.csv", "OCC;NCC\nCCC;\n"))), wanted);
  EXPECT_EQ(texts(read_molecule_pairs(file_with("e.csv",
                                                "\xEF\xBB\xBF"
                                                "from,to\nOCC,NCC\nCCC,CCC\n"))),
            wanted);
  EXPECT_EQ(texts(read_molecule_pairs(file_with("c.tsv", "SMILES1\tSMILES2\n\"OCC\"\tNCC\nCCC\tCCC\n"))),
            wanted);
  EXPECT_EQ(texts(read_molecule_pairs(file_with("f.csv",
                                                "name,from,to\n\"1,2-dimethyl; or \"\"so\"\"\",OCC,\"NCC\"\n"
                                                "\"a, b\",CCC,\n"))),
            wanted);
  EXPECT_EQ(texts(read_molecule_pairs(file_with("g.csv", "\"a;b\",from,to\rx,OCC,NCC\ry,CCC,CCC\r"))),
            wanted);
  std::vector<Molecule> records;
  for (const char* smiles : {"CCO", "CCN", "CCC", "CCC"})
    records.push_back(parse_molecule(smiles, "it").molecule);
  EXPECT_EQ(texts(read_molecule_pairs(file_with("a.sdf", sd_file(records)))), wanted);
}

TEST(MoleculePairs, LeaveOutWhatCannotBeAndSayWhere) {
  const MoleculePairs list =
      read_molecule_pairs(file_with("d.smi", "CCO hello\nCCO CC[Na]\n[Na+].CC(=O)[O-] C[C@H](N)O\n"));
  EXPECT_EQ(texts(list), std::vector<std::string>{"CC(=O)O CC(N)O"});
  EXPECT_THAT(list.left_out, testing::ElementsAre(HasSubstr("the end in line 1 of d.smi, hello is no SMILES"),
                                                  HasSubstr("the end in line 2 of d.smi, CC[Na] holds Na")));
  EXPECT_THAT(list.notes, testing::Contains(HasSubstr("salt or mixture")));
  EXPECT_THAT(list.notes, testing::Contains(HasSubstr("stereo")));
  EXPECT_EQ(list.pairs[0].place, "line 3 of d.smi");
}

TEST(MoleculePairs, FilesWithoutAPairAreRefused) {
  EXPECT_THAT(refusal(file_with("empty.smi", " \n")), HasSubstr("is empty"));
  EXPECT_THAT(refusal(file_with("comment.smi", "# nothing\n")), HasSubstr("no line with molecules"));
  EXPECT_THAT(refusal(file_with("e.smi", "hello\nCC[Na]\n")), HasSubstr("no pair in"));
  EXPECT_THAT(refusal(file_with("e.xlsx", "CCO CCN\n")), HasSubstr(".smi, .csv, .tsv or .sdf"));
  EXPECT_THAT(refusal(file_with("to.csv", "to,name\nCCO,a\n")), HasSubstr("'from'"));
  EXPECT_THAT(refusal(file_with("odd.sdf", sd_file({parse_molecule("CCO", "it").molecule}))),
              HasSubstr("one is left over"));
  EXPECT_THAT(refusal(file_with("text.sdf", "nothing\nof\nthe kind\n")), HasSubstr("text.sdf"));
  EXPECT_THAT(refusal(file_with("wide.csv", "\xff\xfe f")), HasSubstr("UTF-16: save it in UTF-8"));
  EXPECT_THAT(refusal("/nowhere/a.smi"), HasSubstr("/nowhere/a.smi"));
}

}  // namespace
}  // namespace latentpath
