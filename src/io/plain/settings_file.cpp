#include "latentpath/io/settings_file.h"

#include <algorithm>
#include <cctype>

#include "latentpath/core/error.h"
#include "latentpath/io/text_lines.h"

namespace latentpath {
namespace {

class Reader {
 public:
  Reader(const std::string& text, std::string file) : text_(text), file_(std::move(file)) {}

  std::vector<Setting> read() {
    std::vector<Setting> settings;
    std::string section;
    for (skip_blank(true); !at_end(); skip_blank(true)) {
      if (take('[')) {
        section = key();
        for (; take('.'); section += "." + key()) {
        }
        require(take(']'), "a section is written [name]");
      } else {
        Setting setting;
        setting.section = section;
        setting.line = line_;
        setting.name = key();
        require(take('='), "a setting is written name = value");
        skip_blank(false);
        if (take('[')) {
          for (skip_blank(true); !take(']'); skip_blank(true)) {
            setting.values.push_back(value(setting));
            skip_blank(true);
            if (take(',')) continue;
            require(take(']'), "an array is written [value, value]");
            break;
          }
        } else {
          setting.values.push_back(value(setting));
        }
        settings.push_back(std::move(setting));
      }
      skip_blank(false);
      require(at_end() || text_[place_] == '\n', "a line holds one setting");
    }
    return settings;
  }

 private:
  bool at_end() const { return place_ >= text_.size(); }

  bool take(char wanted) {
    if (at_end() || text_[place_] != wanted) return false;
    ++place_;
    return true;
  }

  void skip_blank(bool lines_too) {
    for (; !at_end(); ++place_) {
      const char c = text_[place_];
      if (c == '#') {
        while (!at_end() && text_[place_] != '\n') ++place_;
        if (at_end()) return;
      }
      if (text_[place_] == '\n') {
        if (!lines_too) return;
        ++line_;
      } else if (c != ' ' && c != '\t' && c != '\r') {
        return;
      }
    }
  }

  std::string key() {
    skip_blank(false);
    std::string name;
    if (!at_end() && (text_[place_] == '"' || text_[place_] == '\'')) {
      name = quoted();
    } else {
      while (!at_end() && (std::isalnum(static_cast<unsigned char>(text_[place_])) || text_[place_] == '-' ||
                           text_[place_] == '_'))
        name += text_[place_++];
    }
    require(!name.empty(), "a setting is written name = value");
    skip_blank(false);
    return name;
  }

  std::string value(Setting& setting) {
    if (!at_end() && (text_[place_] == '"' || text_[place_] == '\'')) return quoted();
    std::string word;
    while (!at_end() && std::string(" \t\r\n,]#").find(text_[place_]) == std::string::npos)
      word += text_[place_++];
    require(!word.empty(), "the value is missing");
    if (word == "true" || word == "false") {
      setting.is_boolean = true;
      return word;
    }
    const std::string known = "0123456789+-.eE_";
    const bool number = word.find_first_not_of(known) == std::string::npos || word == "inf" || word == "nan";
    require(number, "text needs quotes, as in name = \"" + word + "\"");
    word.erase(std::remove(word.begin(), word.end(), '_'), word.end());
    return word;
  }

  std::string quoted() {
    const char quote = text_[place_++];
    std::string word;
    while (!at_end() && text_[place_] != quote && text_[place_] != '\n') {
      char c = text_[place_++];
      if (quote == '"' && c == '\\' && !at_end()) {
        c = text_[place_++];
        if (c == 'n') c = '\n';
        if (c == 't') c = '\t';
      }
      word += c;
    }
    require(take(quote), "a quote is not closed");
    return word;
  }

  void require(bool condition, const std::string& rule) const {
    LATENTPATH_CHECK(condition, kInput, "the settings file ", file_, " is not valid TOML in line ", line_,
                     ": ", rule);
  }

  const std::string& text_;
  std::string file_;
  size_t place_ = 0;
  int64_t line_ = 1;
};

}  // namespace

std::vector<Setting> read_settings(const std::string& file) {
  const std::string text = read_text(file);
  return Reader(text, file).read();
}

}  // namespace latentpath
