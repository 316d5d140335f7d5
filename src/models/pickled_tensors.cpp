#include "latentpath/models/pickled_tensors.h"

#include <ATen/ATen.h>

#include <cstring>
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/io/archive.h"

namespace latentpath {
namespace {

/// An object of a pickle. Lists, tuples and dictionaries (key, value, key, value, …) share their items, as
/// Python's do.
struct Value {
  enum class Kind { kOther, kInteger, kText, kItems, kName, kStorage, kTensor, kMark } kind = Kind::kOther;
  int64_t integer = 0;
  std::string text;
  std::shared_ptr<std::vector<Value>> items;
};
using Kind = Value::Kind;

Value items_value() { return {Kind::kItems, 0, {}, std::make_shared<std::vector<Value>>()}; }

/// The type of a storage's numbers, by the name of its class.
at::ScalarType storage_type(const std::string& name, bool& known) {
  constexpr std::pair<std::string_view, at::ScalarType> kTypes[] = {
      {"torch FloatStorage", at::kFloat},
      {"torch DoubleStorage", at::kDouble},
      {"torch HalfStorage", at::kHalf},
      {"torch BFloat16Storage", at::kBFloat16},
      {"torch LongStorage", at::kLong},
      {"torch IntStorage", at::kInt},
      {"torch ShortStorage", at::kShort},
      {"torch CharStorage", at::kChar},
      {"torch ByteStorage", at::kByte},
      {"torch BoolStorage", at::kBool},
      {"torch ComplexFloatStorage", at::kComplexFloat},
      {"torch ComplexDoubleStorage", at::kComplexDouble}};
  for (const auto& [text, type] : kTypes)
    if (name == text) return type;
  known = false;
  return at::kFloat;
}

using Tensors = std::map<std::string, Tensor>;

class Checkpoint {
 public:
  Checkpoint(std::string_view bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}

  /// The form before torch 1.6.
  Tensors read() {
    unpickle();  // the magic number
    unpickle();  // the version
    unpickle();  // the machine
    const Value state = unpickle();
    const Value keys = unpickle();
    need(keys.kind == Kind::kItems);
    std::unordered_map<std::string, Tensor> storages;
    for (const Value& key : *keys.items) storages[key.text] = read_storage(key.text);
    return tensors_of(state, storages);
  }

  /// The pickle of an archive; `contents` gives a storage's bytes by its key.
  Tensors read(const std::function<std::string(const std::string&)>& contents) {
    const Value state = unpickle();
    std::unordered_map<std::string, Tensor> storages;
    for (const auto& [key, type] : types_) {
      const std::string bytes = contents(key);
      storages[key] = storage_of(bytes, static_cast<int64_t>(bytes.size() / c10::elementSize(type)), type);
    }
    return tensors_of(state, storages);
  }

 private:
  void need(bool fits) const {
    LATENTPATH_CHECK(fits, kInput, name_, " is no checkpoint of tensors as torch.save writes them: byte ",
                     at_, " does not fit");
  }

  Tensors tensors_of(const Value& state, const std::unordered_map<std::string, Tensor>& storages) const {
    Tensors result;
    if (state.kind == Kind::kTensor) {
      result[""] = view(state, storages);
      return result;
    }
    need(state.kind == Kind::kItems && state.items->size() % 2 == 0);
    for (size_t i = 0; i + 1 < state.items->size(); i += 2) {
      const Value& tensor = (*state.items)[i + 1];
      need((*state.items)[i].kind == Kind::kText && tensor.kind == Kind::kTensor);
      result[(*state.items)[i].text] = view(tensor, storages);
    }
    return result;
  }

  template <class Number>
  Number number() {
    Number value{};
    need(bytes_.size() - at_ >= sizeof value);
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  std::string text(size_t count) {
    need(bytes_.size() - at_ >= count);
    at_ += count;
    return std::string(bytes_.substr(at_ - count, count));
  }

  std::string line() {
    const size_t end = bytes_.find('\n', at_);
    need(end != std::string_view::npos);
    std::string result = text(end - at_);
    ++at_;
    return result;
  }

  Value pop() {
    need(!stack_.empty());
    Value value = std::move(stack_.back());
    stack_.pop_back();
    return value;
  }

  Value& top() {
    need(!stack_.empty());
    return stack_.back();
  }

  void push_items(size_t count) {
    need(stack_.size() >= count);
    Value tuple = items_value();
    tuple.items->assign(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    stack_.push_back(std::move(tuple));
  }

  /// How many values lie above the last mark, which is removed.
  size_t marked() {
    size_t place = stack_.size();
    while (place > 0 && stack_[place - 1].kind != Kind::kMark) --place;
    need(place > 0);
    stack_.erase(stack_.begin() + static_cast<std::ptrdiff_t>(place - 1));
    return stack_.size() - (place - 1);
  }

  /// Adds the topmost values to the list or dictionary below them.
  void add_to_items(size_t count) {
    need(stack_.size() > count);
    Value& target = stack_[stack_.size() - count - 1];
    need(target.kind == Kind::kItems);
    const auto items = target.items;
    for (size_t i = stack_.size() - count; i < stack_.size(); ++i) items->push_back(stack_[i]);
    stack_.resize(stack_.size() - count);
  }

  /// Of ('storage', its type, key, device, elements, view): the key.
  void persistent_id() {
    const Value id = pop();
    need(id.kind == Kind::kItems && id.items->size() >= 5);
    bool known = true;
    const std::string& key = (*id.items)[2].text;
    types_[key] = storage_type((*id.items)[1].text, known);
    need(known);
    stack_.push_back({Kind::kStorage, 0, key, nullptr});
  }

  void call() {
    const Value arguments = pop(), function = pop();
    need(function.kind == Kind::kName && arguments.kind == Kind::kItems);
    if (function.text == "collections OrderedDict") {
      stack_.push_back(dictionary(*arguments.items));
    } else if (function.text == "torch._utils _rebuild_parameter") {
      need(!arguments.items->empty() && (*arguments.items)[0].kind == Kind::kTensor);
      stack_.push_back((*arguments.items)[0]);
    } else {
      need(function.text == "torch._utils _rebuild_tensor" ||
           function.text == "torch._utils _rebuild_tensor_v2");
      need(arguments.items->size() >= 4 && (*arguments.items)[0].kind == Kind::kStorage);
      stack_.push_back({Kind::kTensor, 0, {}, arguments.items});
    }
  }

  /// Python 2 writes sizes like this: bytes, the least first, in two's complement.
  static Value long_integer(const std::string& bytes) {
    if (bytes.size() > sizeof(int64_t)) return {};  // the magic number
    uint64_t value =
        !bytes.empty() && (static_cast<unsigned char>(bytes.back()) & 0x80) != 0 ? ~uint64_t{0} : 0;
    for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return {Kind::kInteger, static_cast<int64_t>(value), {}, nullptr};
  }

  /// OrderedDict(), or, as Python 2 writes it, OrderedDict([[key, value], …]).
  Value dictionary(const std::vector<Value>& arguments) const {
    Value result = items_value();
    if (arguments.empty()) return result;
    need(arguments.size() == 1 && arguments[0].kind == Kind::kItems);
    for (const Value& pair : *arguments[0].items) {
      need(pair.kind == Kind::kItems && pair.items->size() == 2);
      result.items->insert(result.items->end(), pair.items->begin(), pair.items->end());
    }
    return result;
  }

  /// Operations that push a value. @return false for another operation
  bool push(unsigned char operation) {
    switch (operation) {
      case 'N':
      case 0x88:
      case 0x89:
        stack_.push_back({});
        return true;
      case '(':
        stack_.push_back({Kind::kMark, 0, {}, nullptr});
        return true;
      case ')':
      case ']':
      case '}':
        stack_.push_back(items_value());
        return true;
      case 'J':
        stack_.push_back({Kind::kInteger, number<int32_t>(), {}, nullptr});
        return true;
      case 'K':
        stack_.push_back({Kind::kInteger, number<uint8_t>(), {}, nullptr});
        return true;
      case 'M':
        stack_.push_back({Kind::kInteger, number<uint16_t>(), {}, nullptr});
        return true;
      case 'X':
      case 'T':
        stack_.push_back({Kind::kText, 0, text(number<uint32_t>()), nullptr});
        return true;
      case 'U':
        stack_.push_back({Kind::kText, 0, text(number<uint8_t>()), nullptr});
        return true;
      case 0x8a:
        stack_.push_back(long_integer(text(number<uint8_t>())));
        return true;
      case 'c': {
        std::string name = line();
        name += " " + line();
        stack_.push_back({Kind::kName, 0, std::move(name), nullptr});
        return true;
      }
      default:
        return false;
    }
  }

  /// One pickle, from where the last one ended.
  Value unpickle() {
    stack_.clear();
    memory_.clear();
    while (true) {
      const auto operation = number<unsigned char>();
      if (push(operation)) continue;
      switch (operation) {
        case 0x80:
          number<uint8_t>();
          break;  // the protocol
        case '.':
          return pop();
        case 'q':
          memory_[number<uint8_t>()] = top();
          break;
        case 'r':
          memory_[number<uint32_t>()] = top();
          break;
        case 'h':
          stack_.push_back(memory_[number<uint8_t>()]);
          break;
        case 'j':
          stack_.push_back(memory_[number<uint32_t>()]);
          break;
        case 't':
          push_items(marked());
          break;
        case 0x85:
          push_items(1);
          break;
        case 0x86:
          push_items(2);
          break;
        case 0x87:
          push_items(3);
          break;
        case 'a':
          add_to_items(1);
          break;
        case 's':
          add_to_items(2);
          break;
        case 'e':
        case 'u':
          add_to_items(marked());
          break;
        case 'Q':
          persistent_id();
          break;
        case 'R':
          call();
          break;
        case 'b':
          pop();
          break;  // an attribute, _metadata
        default:
          --at_;
          need(false);
      }
    }
  }

  static Tensor storage_of(std::string_view bytes, int64_t count, at::ScalarType type) {
    Tensor storage = at::empty({count}, type);
    std::memcpy(storage.data_ptr(), bytes.data(), static_cast<size_t>(count) * c10::elementSize(type));
    return storage;
  }

  Tensor read_storage(const std::string& key) {
    const auto type = types_.find(key);
    need(type != types_.end());
    const size_t size = c10::elementSize(type->second);
    const auto count = number<int64_t>();
    need(count >= 0 && static_cast<uint64_t>(count) <= (bytes_.size() - at_) / size);
    Tensor storage = storage_of(bytes_.substr(at_), count, type->second);
    at_ += static_cast<size_t>(count) * size;
    return storage;
  }

  Tensor view(const Value& tensor, const std::unordered_map<std::string, Tensor>& storages) const {
    const auto& parts = *tensor.items;
    const auto storage = storages.find(parts[0].text);
    need(storage != storages.end() && parts[2].kind == Kind::kItems && parts[3].kind == Kind::kItems &&
         parts[2].items->size() == parts[3].items->size());
    constexpr int64_t kMost = int64_t{1} << 31;
    std::vector<int64_t> sizes, strides;
    int64_t last = parts[1].integer;
    int64_t count = 1;
    bool fits = last >= 0, empty = false;
    for (size_t i = 0; i < parts[2].items->size(); ++i) {
      sizes.push_back((*parts[2].items)[i].integer);
      strides.push_back((*parts[3].items)[i].integer);
      fits =
          fits && sizes.back() >= 0 && sizes.back() < kMost && strides.back() >= 0 && strides.back() < kMost;
      empty = empty || sizes.back() == 0;
      count *= fits ? sizes.back() : 0;
      fits = fits && count < kMost;
      if (fits && !empty) last += (sizes.back() - 1) * strides.back();
      fits = fits && last < kMost;
    }
    // A tensor that repeats its storage is none that a model has, and could be of any size.
    need(fits && (empty || (last < storage->second.numel() && count <= storage->second.numel())));
    return storage->second.as_strided(sizes, strides, parts[1].integer).clone();
  }

  std::string_view bytes_;
  std::string name_;
  size_t at_ = 0;
  std::vector<Value> stack_;
  std::unordered_map<uint32_t, Value> memory_;
  std::map<std::string, at::ScalarType> types_;  // of the storages, by their keys
};

}  // namespace

Tensors read_pickled_tensors(const std::string& bytes, const std::string& name) {
  if (bytes.compare(0, 2, "PK") != 0) return Checkpoint(bytes, name).read();
  ZipArchive archive = ZipArchive::in_memory(bytes, name);
  const std::string pickle = "data.pkl";
  for (const std::string& member : archive.members()) {
    if (member.size() < pickle.size() ||
        member.compare(member.size() - pickle.size(), pickle.size(), pickle) != 0)
      continue;
    const std::string folder = member.substr(0, member.size() - pickle.size()) + "data/";
    const std::string contents = archive.read(member);
    return Checkpoint(contents, name).read([&](const std::string& key) {
      return archive.read(folder + key);
    });
  }
  throw Error(ErrorKind::kInput, name + " is no archive that torch.save wrote: it has no member data.pkl");
}

}  // namespace latentpath
