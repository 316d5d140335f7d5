#include "models/exported_archive.h"

#include <ATen/ATen.h>

#include <cstring>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/io/json.h"
#include "latentpath/models/pickled_tensors.h"

namespace latentpath {
namespace {

constexpr int64_t kMost = int64_t{1} << 40;  // elements, or a stride

/// Before torch 2.8 infinite numbers were written as the words Infinity and NaN, which are no JSON; since
/// then the words are strings.
std::string quote_infinities(std::string text) {
  if (text.find("Infinity") == std::string::npos && text.find("NaN") == std::string::npos) return text;
  std::string result;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') in_string = !in_string;
    if (!in_string && (c == 'I' || c == 'N' || (c == '-' && text.compare(i, 2, "-I") == 0))) {
      size_t end = i + 1;
      while (end < text.size() && std::isalpha(static_cast<unsigned char>(text[end])) != 0) ++end;
      result += '"' + text.substr(i, end - i) + '"';
      i = end - 1;
      continue;
    }
    result += c;
    if (in_string && c == '\\' && i + 1 < text.size()) result += text[++i];
  }
  return result;
}

nlohmann::json read_json(ZipArchive& archive, const std::string& member) {
  nlohmann::json document = parse_json(quote_infinities(archive.read(member)));
  LATENTPATH_CHECK(!document.is_discarded(), kInput, archive.name(), " is damaged: its member ", member,
                   " is not JSON; export it anew");
  return document;
}

int64_t constant_integer(const nlohmann::json& value, const std::string& name) {
  const nlohmann::json& number = value.at("as_int");
  LATENTPATH_CHECK(number.is_number_integer() && number.get<int64_t>() >= 0 && number.get<int64_t>() < kMost,
                   kInput, name, " is damaged: a tensor has the size ", number.dump());
  return number.get<int64_t>();
}

std::vector<int64_t> constant_integers(const nlohmann::json& values, const std::string& name) {
  std::vector<int64_t> numbers;
  for (const nlohmann::json& value : values) numbers.push_back(constant_integer(value, name));
  return numbers;
}

/// A tensor of `bytes`, as `meta` (TensorMeta of torch/_export/serde/schema.py) describes it.
Tensor raw_tensor(const std::string& bytes, const nlohmann::json& meta, const std::string& name) {
  const at::ScalarType type = exported_scalar_type(meta.at("dtype").get<int64_t>(), name);
  const auto sizes = constant_integers(meta.at("sizes"), name);
  const auto strides = constant_integers(meta.at("strides"), name);
  const int64_t offset = constant_integer(meta.at("storage_offset"), name);
  const auto held = static_cast<int64_t>(bytes.size() / c10::elementSize(type));
  bool fits = sizes.size() == strides.size(), empty = false;
  int64_t last = offset, count = 1;
  for (size_t i = 0; fits && i < sizes.size(); ++i) {
    empty = empty || sizes[i] == 0;
    // Each extent below 2^40 and both factors bounded by what the file holds: nothing overflows.
    fits = sizes[i] <= held + 1 && strides[i] <= held + 1;
    if (!fits || empty) continue;
    last += (sizes[i] - 1) * strides[i];
    count *= sizes[i];
    fits = last < kMost && count <= held;
  }
  LATENTPATH_CHECK(fits && (empty || (last < held && count <= held)), kInput, name,
                   " is damaged: a tensor of shape ", shape_string(sizes), " is not in its ", bytes.size(),
                   " bytes");
  if (empty) return at::empty(sizes, type);
  const Tensor storage = at::empty({held}, type);
  std::memcpy(storage.data_ptr(), bytes.data(), static_cast<size_t>(held) * c10::elementSize(type));
  return storage.as_strided(sizes, strides, offset);
}

/// `folder` is the one of the weights or the constants; "" for an archive without.
void read_tensors(ZipArchive& archive, const std::string& folder, const std::string& config,
                  std::map<std::string, Tensor>& tensors) {
  const std::string& name = archive.name();
  if (archive.has(folder + "model.pt")) {
    const std::string member = folder + "model.pt";
    for (auto& [key, tensor] :
         read_pickled_tensors(archive.read(member), join_message(name, ": its member ", member)))
      tensors[key] = std::move(tensor);
  }
  if (!archive.has(folder + config)) return;
  const nlohmann::json document = read_json(archive, folder + config);
  for (const auto& [key, payload] : document.at("config").items()) {
    const std::string member = folder + payload.at("path_name").get<std::string>();
    LATENTPATH_CHECK(payload.contains("tensor_meta") && payload.at("tensor_meta").is_object(), kInput, name,
                     " holds '", key, "', an object that is no tensor; export a module that does without it");
    const std::string where = join_message(name, ": its member ", member);
    if (payload.at("use_pickle").get<bool>()) {
      for (auto& [inner, tensor] : read_pickled_tensors(archive.read(member), where)) tensors[key] = tensor;
      continue;
    }
    tensors[key] = raw_tensor(archive.read(member), payload.at("tensor_meta"), where);
  }
}

/// The folder that all members of an archive by torch 2.8 and later lie in: "model/".
std::string root_of(const ZipArchive& archive) {
  for (const std::string& member : archive.members()) {
    const size_t models = member.find("models/");
    if (models != std::string::npos && member.ends_with(".json")) return member.substr(0, models);
  }
  return {};
}

void read_older_layout(ZipArchive& archive, ExportedArchive& result) {
  result.program = read_json(archive, "serialized_exported_program.json");
  for (const char* member : {"serialized_state_dict.pt", "serialized_constants.pt"})
    if (archive.has(member))
      for (auto& [key, tensor] :
           read_pickled_tensors(archive.read(member), archive.name() + ": its member " + member))
        result.tensors[key] = std::move(tensor);
  const std::string folder = "extra_files/";
  for (const std::string& member : archive.members())
    if (member.rfind(folder, 0) == 0) result.stated[member.substr(folder.size())] = archive.read(member);
}

void read_layout(ZipArchive& archive, ExportedArchive& result) {
  const std::string root = root_of(archive);
  std::vector<std::string> models;
  for (const std::string& member : archive.members())
    if (member.rfind(root + "models/", 0) == 0) models.push_back(member);
  LATENTPATH_CHECK(models.size() == 1, kInput, archive.name(), " holds ", models.size(),
                   " programs; export the one that is meant with torch.export.save");
  if (archive.has(root + "byteorder"))
    LATENTPATH_CHECK(archive.read(root + "byteorder") == "little", kInput, archive.name(),
                     " was written on a machine with another order of bytes; export it on this one");
  const size_t begin = root.size() + std::string("models/").size();
  const std::string model = models[0].substr(begin, models[0].size() - begin - std::string(".json").size());
  result.program = read_json(archive, models[0]);
  read_tensors(archive, root + "data/weights/", model + "_weights_config.json", result.tensors);
  read_tensors(archive, root + "data/constants/", model + "_constants_config.json", result.tensors);
  const std::string folder = root + "extra/";
  for (const std::string& member : archive.members())
    if (member.rfind(folder, 0) == 0) result.stated[member.substr(folder.size())] = archive.read(member);
}

void check_version(const nlohmann::json& program, const std::string& name) {
  constexpr int64_t kOldest = 7, kNewest = 8;  // torch 2.5, torch 2.6 to 2.15
  const nlohmann::json& version = program.at("schema_version");
  const int64_t major = version.at("major").get<int64_t>(), minor = version.at("minor").get<int64_t>();
  LATENTPATH_CHECK(major >= kOldest && major <= kNewest, kInput, name, " is of version ", major, ".", minor,
                   " of torch.export's format, of which ", kOldest, " and ", kNewest,
                   " are read; export it with torch 2.5 to 2.15");
}

}  // namespace

at::ScalarType exported_scalar_type(int64_t number, const std::string& name) {
  // torch/_export/serde/schema.py, ScalarType
  constexpr at::ScalarType kTypes[] = {at::kByte,        at::kChar,         at::kShort,         at::kInt,
                                       at::kLong,        at::kHalf,         at::kFloat,         at::kDouble,
                                       at::kComplexHalf, at::kComplexFloat, at::kComplexDouble, at::kBool,
                                       at::kBFloat16};
  LATENTPATH_CHECK(number >= 1 && number <= static_cast<int64_t>(std::size(kTypes)), kInput, name,
                   " holds numbers of a type that is not known here (", number,
                   " in torch.export's format); export the model after .float()");
  return kTypes[number - 1];
}

bool holds_exported_program(const ZipArchive& archive) {
  for (const std::string& member : archive.members()) {
    if (member == "serialized_exported_program.json") return true;
    // What TorchScript and torch.save write has neither.
    if (member.ends_with("/archive_format")) return true;
  }
  return false;
}

ExportedArchive read_exported_archive(ZipArchive& archive) {
  ExportedArchive result;
  try {
    if (archive.has("serialized_exported_program.json")) {
      read_older_layout(archive, result);
    } else {
      const std::string root = root_of(archive);
      bool compiled = false;
      for (const std::string& member : archive.members())
        compiled = compiled || member.find("data/aotinductor/") != std::string::npos;
      LATENTPATH_CHECK(!root.empty() || archive.has("models/model.json") || !compiled, kInput, archive.name(),
                       " is a package compiled by AOTInductor, which has no derivatives; save the program "
                       "itself, with torch.export.save");
      read_layout(archive, result);
    }
    check_version(result.program, archive.name());
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::kInput,
                join_message(archive.name(), " is damaged: its JSON is not what torch.export writes (",
                             error.what(), "); export it anew"));
  }
  return result;
}

}  // namespace latentpath
