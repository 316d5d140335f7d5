#include "latentpath/molecule/molecule_pairs.h"

#include <GraphMol/FileParsers/MolSupplier.h>
#include <GraphMol/RDKitBase.h>
#include <GraphMol/SmilesParse/SmilesWrite.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <sstream>

#include "latentpath/core/error.h"
#include "latentpath/io/text_lines.h"
#include "molecule/rdkit_log.h"

namespace latentpath {
namespace {

namespace fs = std::filesystem;

/// The texts of a pair, and where they stand.
struct Entry {
  std::string place, from, to;
  std::string trouble = {};  ///< why there are none
};

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::optional<size_t> column_of(const std::vector<std::string>& heading,
                                const std::vector<std::string>& names) {
  for (size_t i = 0; i < heading.size(); ++i)
    if (std::find(names.begin(), names.end(), lower(heading[i])) != names.end()) return i;
  return std::nullopt;
}

std::vector<Entry> entries_of_lines(const std::string& text, const std::string& name, bool table) {
  static const std::vector<std::string> starts{"from",     "start",       "smiles",      "smiles1",
                                               "smiles_1", "from_smiles", "smiles_from", "start_smiles"};
  static const std::vector<std::string> ends{"to",        "end",       "smiles2",   "smiles_2",
                                             "to_smiles", "smiles_to", "end_smiles"};
  std::vector<Entry> entries;
  char separator = ' ';
  size_t from_column = 0, to_column = 1;
  bool first = true;
  int64_t number = 0;
  for (const std::string_view line : lines_of(text)) {
    ++number;
    if (trimmed(line).empty() || line[0] == '#') continue;
    if (first && table) separator = separator_of(line);
    const std::vector<std::string> fields = fields_of(line, separator);
    if (first) {
      first = false;
      const auto from = column_of(fields, starts), to = column_of(fields, ends);
      if (from) from_column = *from, to_column = to.value_or(fields.size());
      if (from || to) {
        LATENTPATH_CHECK(from, kInput, name, " has a column '", fields[*to],
                         "' for the end of a path and none for its start: call that 'from'");
        continue;
      }
    }
    Entry entry{"line " + std::to_string(number) + " of " + name, "", ""};
    if (from_column < fields.size()) entry.from = fields[from_column];
    entry.to = to_column < fields.size() && !fields[to_column].empty() ? fields[to_column] : entry.from;
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<Entry> entries_of_records(const std::string& text, const std::string& name) {
  silence_rdkit();
  std::istringstream stream(text);
  RDKit::ForwardSDMolSupplier supplier(&stream, false, false, false, false);
  std::vector<std::string> smiles, troubles;
  while (!supplier.atEnd()) {
    std::string read;
    bool sound = false;
    try {
      const std::unique_ptr<RDKit::ROMol> molecule(supplier.next());
      if (!molecule && supplier.atEnd()) break;
      sound = molecule != nullptr;
      if (sound) read = RDKit::MolToSmiles(*molecule);
    } catch (const std::exception&) {
      sound = false;  // damaged, or read as what cannot be written
    }
    smiles.push_back(read);
    troubles.push_back(sound ? ""
                             : "record " + std::to_string(smiles.size()) + " of " + name + " cannot be read");
  }
  LATENTPATH_CHECK(smiles.size() % 2 == 0, kInput, name, " has ", smiles.size(),
                   " records: each two are the ends of a path, and one is left over");
  std::vector<Entry> entries;
  for (size_t i = 0; i + 1 < smiles.size(); i += 2)
    entries.push_back({"records " + std::to_string(i + 1) + " and " + std::to_string(i + 2) + " of " + name,
                       smiles[i], smiles[i + 1], troubles[i].empty() ? troubles[i + 1] : troubles[i]});
  return entries;
}

}  // namespace

MoleculePairs read_molecule_pairs(const fs::path& file, const ParseOptions& options) {
  const std::string text = read_text(file), name = file.filename().string();
  const std::string kind = lower(file.extension().string());
  LATENTPATH_CHECK(text.find_first_not_of(" \t\r\n") != std::string::npos, kInput, file.string(),
                   " is empty: a line holds the SMILES of two molecules");
  std::vector<Entry> entries;
  if (kind == ".sdf" || kind == ".sd") {
    entries = entries_of_records(text, name);
  } else {
    LATENTPATH_CHECK(
        kind == ".smi" || kind == ".smiles" || kind == ".txt" || kind == ".csv" || kind == ".tsv", kInput,
        file.string(), " is no list of molecules by its name: .smi, .csv, .tsv or .sdf");
    entries = entries_of_lines(text, name, kind == ".csv" || kind == ".tsv");
  }
  LATENTPATH_CHECK(!entries.empty(), kInput, file.string(), " has no line with molecules");
  MoleculePairs result;
  for (const Entry& entry : entries) {
    try {
      LATENTPATH_CHECK(entry.trouble.empty(), kInput, entry.trouble);
      ParsedMolecule from = parse_molecule(entry.from, "the start in " + entry.place + ",", options);
      ParsedMolecule to = parse_molecule(entry.to, "the end in " + entry.place + ",", options);
      for (auto* parsed : {&from, &to})
        result.notes.insert(result.notes.end(), parsed->notes.begin(), parsed->notes.end());
      result.pairs.push_back({entry.place, from.molecule, to.molecule});
    } catch (const Error& refusal) {
      result.left_out.emplace_back(refusal.what());
    }
  }
  LATENTPATH_CHECK(!result.pairs.empty(), kInput, "no pair in ", file.string(),
                   " can be read; the first: ", result.left_out.front());
  return result;
}

}  // namespace latentpath
