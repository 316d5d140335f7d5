#include "latentpath/io/npy.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "io/io_test_folder.h"
#include "latentpath/core/random.h"
#include "latentpath/io/file.h"
#include "latentpath/io/npy_stream.h"

namespace latentpath {
namespace {

using test::error_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

class NpyTest : public test::FolderTest {
 protected:
  // A .npy file as NumPy would write it, with this header text and payload.
  std::filesystem::path make(const std::string& header, const std::string& payload, char version = 1) {
    std::string bytes = "\x93NUMPY";
    bytes.push_back(version);
    bytes.push_back(0);
    const size_t length = header.size() + 1;
    for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
      bytes.push_back(static_cast<char>(length >> (8 * i) & 0xff));
    write_file(folder_ / "x.npy", bytes + header + "\n" + payload);
    return folder_ / "x.npy";
  }
  std::string read_error() {
    const std::string message = error_of(ErrorKind::kInput, [&] { read_npy(folder_ / "x.npy"); });
    EXPECT_THAT(message, HasSubstr("x.npy"));
    return message;
  }
};

TEST_F(NpyTest, RoundTripKeepsDtypeShapeAndValues) {
  at::Generator generator = make_generator(1);
  const Tensor base = torch::randn({3, 4, 5}, generator, torch::kDouble).mul(50);
  for (const auto dtype :
       {torch::kFloat, torch::kDouble, torch::kLong, torch::kInt, torch::kByte, torch::kBool}) {
    for (const Tensor& shaped :
         {base, base[0][0][0], base.narrow(1, 0, 0), base.transpose(0, 2), base[1][2]}) {
      const Tensor tensor = shaped.abs().to(dtype);
      write_npy(folder_ / "x.npy", tensor);
      const Tensor back = read_npy(folder_ / "x.npy");
      EXPECT_EQ(back.scalar_type(), tensor.scalar_type());
      EXPECT_EQ(back.sizes(), tensor.sizes());
      EXPECT_TRUE(torch::equal(back, tensor));
    }
  }
}

TEST_F(NpyTest, WritesWhatNumpyWrites) {
  write_npy(folder_ / "x.npy", torch::tensor({{1.0f, 2.0f}}).requires_grad_());
  const std::string bytes = read_file(folder_ / "x.npy");
  EXPECT_EQ((bytes.size() - 8) % 64, 0u);
  EXPECT_THAT(bytes, HasSubstr("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }"));
  write_npy(folder_ / "y.npy", torch::tensor({{1.0f, 2.0f}}));
  EXPECT_EQ(read_file(folder_ / "y.npy"), bytes);
}

TEST_F(NpyTest, ReadsFortranOrderOtherVersionsAndOtherHeaderStyles) {
  const std::string payload("\1\0\0\0\4\0\0\0\2\0\0\0\5\0\0\0\3\0\0\0\6\0\0\0", 24);
  const Tensor expected = torch::tensor({{1, 2, 3}, {4, 5, 6}}, torch::kInt);
  EXPECT_TRUE(torch::equal(
      read_npy(make("{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3), }", payload)), expected));
  EXPECT_TRUE(torch::equal(
      read_npy(make("{\"shape\":(2L,3L),'fortran_order':True,'descr':'<i4'}", payload, 3)), expected));
  EXPECT_TRUE(torch::equal(read_npy(make("{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }",
                                         std::string("\0\2\1", 3), 2)),
                           torch::tensor({false, true, true})));
}

TEST_F(NpyTest, RefusesForeignFilesWithOneSentence) {
  write_file(folder_ / "x.npy", "");
  EXPECT_THAT(read_error(), HasSubstr("is empty"));
  write_file(folder_ / "x.npy", "hello, this is a text file");
  EXPECT_THAT(read_error(), HasSubstr("is not a NumPy .npy file"));
  write_file(folder_ / "x.npy", "PK\x03\x04zzzzzzzz");
  EXPECT_THAT(read_error(), HasSubstr(".npz"));
  write_file(folder_ / "x.npy", "\x93NUM");
  EXPECT_THAT(read_error(), HasSubstr("cut short"));
  make("{}", "", 9);
  EXPECT_THAT(read_error(), HasSubstr("version 9"));
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { read_npy(folder_ / "absent.npy"); }),
              HasSubstr("absent.npy"));
}

TEST_F(NpyTest, RefusesDtypesItCannotHold) {
  const std::string rest = "', 'fortran_order': False, 'shape': (1,), }";
  make("{'descr': '|O" + rest, "12345678");
  EXPECT_THAT(read_error(), HasSubstr("Python objects"));
  make("{'descr': '<c16" + rest, "1234");
  EXPECT_THAT(read_error(), HasSubstr("dtype '<c16'; expected one of float32"));
  make("{'descr': '<f16" + rest, "1234567812345678");
  EXPECT_THAT(read_error(), HasSubstr("'<f16'"));
  make("{'descr': [('a', '<f4'), ('b', '<i4', (2, 2))], 'fortran_order': False, 'shape': (1,), }",
       "12345678");
  EXPECT_THAT(read_error(), HasSubstr("structured"));
}

TEST_F(NpyTest, ReadsBothByteOrdersAndWidensWhatHasNoTypeOfItsOwn) {
  using namespace std::string_literals;
  const auto expect = [&](const std::string& descr, const std::string& bytes, const Tensor& values) {
    make("{'descr': '" + descr + "', 'fortran_order': False, 'shape': (2,), }", bytes);
    const Tensor read = read_npy(folder_ / "x.npy");
    EXPECT_EQ(read.scalar_type(), values.scalar_type()) << descr;
    EXPECT_TRUE(at::equal(read, values)) << descr << " " << read;
  };
  expect(">f8", "\x3f\xf8\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0"s, torch::tensor({1.5, -2.0}, at::kDouble));
  expect(">i4", "\0\0\1\2\xff\xff\xff\xfe"s, torch::tensor({258, -2}, at::kInt));
  expect("<f2", "\0\x3e\0\xc0"s, torch::tensor({1.5, -2.0}, at::kFloat));
  expect(">f2", "\x3e\0\xc0\0"s, torch::tensor({1.5, -2.0}, at::kFloat));
  expect("<i2", "\2\1\xfe\xff"s, torch::tensor({258, -2}, at::kInt));
  expect("|i1", "\7\xfe"s, torch::tensor({7, -2}, at::kInt));
}

TEST_F(NpyTest, RefusesWrongLengthsNamingBoth) {
  const std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }";
  make(header, std::string(40, 'x'));
  EXPECT_THAT(read_error(), AllOf(HasSubstr("cut short"), HasSubstr("takes 48 bytes, the file has 40")));
  make(header, std::string(50, 'x'));
  EXPECT_THAT(read_error(), AllOf(HasSubstr("left over"), HasSubstr("takes 48 bytes, the file has 50")));
  make("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 1000), }", "12345678");
  EXPECT_THAT(read_error(), HasSubstr("takes 8000000000000 bytes, the file has 8"));
  make("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", "12345678");
  EXPECT_THAT(read_error(), HasSubstr("impossible shape"));
  make("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 4294967296, 4294967296), }", "");
  EXPECT_THAT(read_error(), HasSubstr("impossible shape"));
}

TEST_F(NpyTest, EveryTruncationAndEveryDamagedHeaderByteIsAnErrorOrAnArray) {
  write_npy(folder_ / "whole.npy", torch::ones({2, 3}));
  const std::string whole = read_file(folder_ / "whole.npy");
  for (size_t length = 0; length < whole.size(); ++length) {
    write_file(folder_ / "x.npy", whole.substr(0, length));
    read_error();
  }
  for (size_t at = 0; at < 128 && at < whole.size(); ++at) {
    for (const char c : {'\0', '\xff', '9', '(', ' ', '\''}) {
      std::string damaged = whole;
      damaged[at] = c;
      write_file(folder_ / "x.npy", damaged);
      try {
        read_npy(folder_ / "x.npy");
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kInput);
      }
    }
  }
}

TEST_F(NpyTest, RefusesMalformedHeaders) {
  for (const char* header :
       {"", "{", "{}", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 1}", "{'descr': [[[, 'fortran_order': False}"}) {
    make(header, "1234");
    EXPECT_THAT(read_error(), HasSubstr("malformed")) << header;
  }
}

TEST_F(NpyTest, WriteErrorsNameTheFile) {
  EXPECT_THAT(error_of(ErrorKind::kArgument, [] { write_npy("/dev/full", torch::ones({3})); }),
              HasSubstr("/dev/full: No space left"));
  EXPECT_THAT(error_of(ErrorKind::kArgument,
                       [&] { write_npy(folder_ / "x.npy", torch::ones({3}).to(torch::kHalf)); }),
              HasSubstr("Half"));
  error_of(ErrorKind::kArgument, [&] { write_npy(folder_ / "x.npy", Tensor()); });
  EXPECT_EQ(entry_count(), 0u);
}

TEST_F(NpyTest, PartsMakeTheSameBytesAndAreReadBack) {
  at::Generator generator = make_generator(2);
  for (const auto dtype : {at::kFloat, at::kDouble}) {
    const Tensor whole = torch::randn({5, 3, 2}, generator, torch::kDouble).to(dtype);
    write_npy(folder_ / "whole.npy", whole);
    NpyWriter writer(folder_ / "parts.npy", dtype, {5, 3, 2});
    for (int64_t row = 0; row < 5; ++row) writer.append(whole[row]);
    writer.close();
    EXPECT_EQ(read_file(folder_ / "parts.npy"), read_file(folder_ / "whole.npy"));
    NpyReader reader(folder_ / "parts.npy");
    EXPECT_EQ(reader.shape(), (std::vector<int64_t>{5, 3, 2}));
    EXPECT_TRUE(at::equal(reader.read(18, 12), whole.flatten().narrow(0, 18, 12)));
    EXPECT_TRUE(at::equal(reader.read(0, 6), whole[0].flatten()));
  }
  write_npy(folder_ / "x.npy", at::zeros({2}, at::kLong));
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { NpyReader(folder_ / "x.npy"); }),
              HasSubstr("float32 or float64"));
  write_file(folder_ / "x.npy", read_file(folder_ / "whole.npy").substr(0, 200));
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { NpyReader(folder_ / "x.npy"); }), HasSubstr("cut short"));
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { NpyReader(folder_ / "no.npy"); }), HasSubstr("no.npy"));
}

TEST_F(NpyTest, AFileThatIsNotClosedIsNotLeft) {
  {
    FileWriter file(folder_ / "half.csv");
    file.append(std::string(1 << 20, 'x'));
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "half.csv"));
  EXPECT_THAT(error_of(ErrorKind::kArgument, [&] { FileWriter(folder_ / "no" / "x.csv"); }),
              HasSubstr("x.csv"));
  EXPECT_THAT(error_of(ErrorKind::kArgument,
                       [&] {
                         FileWriter full("/dev/full");
                         full.append("x");
                         full.close();
                       }),
              HasSubstr("No space left"));
  EXPECT_TRUE(std::filesystem::exists("/dev/full"));  // no file, and not removed
}

}  // namespace
}  // namespace latentpath
