#include "molecule/tree_pass.h"

#include <ATen/ATen.h>

#include <torch/csrc/autograd/custom_function.h>

namespace latentpath {
namespace {

float* row(const Tensor& tensor, int64_t place) { return tensor.data_ptr<float>() + place * tensor.size(1); }

/// Keeps the order until the way back.
struct KeptOrder : torch::CustomClassHolder {
  explicit KeptOrder(std::shared_ptr<const MessageOrder> kept) : order(std::move(kept)) {}
  std::shared_ptr<const MessageOrder> order;
};

/// A level: its messages, and what goes into them.
struct Level {
  MessageRange range;
  int64_t first, count, first_entry, entries;
  Level(const MessageOrder& order, int32_t number)
      : range{order.first_of_level[static_cast<size_t>(number)],
              order.first_of_level[static_cast<size_t>(number) + 1]},
        first(range.first),
        count(range.last - range.first),
        first_entry(order.first_entry[static_cast<size_t>(range.first)]),
        entries(order.first_entry[static_cast<size_t>(range.last)] - first_entry) {}
  Tensor of(const Tensor& made) const { return made.narrow(0, first, count); }
  Tensor entries_of(const Tensor& all) const { return all.narrow(0, first_entry, entries); }
};

enum Kept : size_t { kUpdate, kReset, kState, kMessages, kSums, kGated, kUpdates, kStates, kResets };

class TreePass : public torch::autograd::Function<TreePass> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context,
                        const std::shared_ptr<const MessageOrder>& order, const Tensor& update_table,
                        const Tensor& reset_table, const Tensor& state_table, const Tensor& update,
                        const Tensor& reset, const Tensor& state, const Tensor& outside) {
    const int64_t width = update.size(0), given = order->outside, made = order->made();
    const Tensor messages = at::empty({given + made, width}), products = at::empty({given + made, width});
    const Tensor sums = at::empty({made, width}), gated = at::empty({made, width}),
                 updates = at::empty({made, width}), states = at::empty({made, width}),
                 resets = at::empty({static_cast<int64_t>(order->row.size()), width});
    const Tensor update_t = update.t(), reset_t = reset.t(), state_t = state.t();
    if (given > 0) {
      messages.narrow(0, 0, given).copy_(outside);
      Tensor own = products.narrow(0, 0, given);
      at::mm_out(own, outside, reset_t);
    }
    for (int32_t number = 0; number < order->levels(); ++number) {
      const Level level(*order, number);
      Tensor own_sums = level.of(sums), own_gated = level.of(gated), own_updates = level.of(updates),
             own_states = level.of(states), own_resets = level.entries_of(resets);
      sum_messages(*order, level.range, width, messages.data_ptr<float>(), products.data_ptr<float>(),
                   reset_table.data_ptr<float>(), row(sums, level.first), row(resets, level.first_entry));
      own_resets.sigmoid_();
      gate_messages(*order, level.range, width, messages.data_ptr<float>(), row(resets, level.first_entry),
                    row(gated, level.first));
      at::mm_out(own_updates, own_sums, update_t);
      at::mm_out(own_states, own_gated, state_t);
      add_table(*order, level.range, width, update_table.data_ptr<float>(), row(updates, level.first));
      add_table(*order, level.range, width, state_table.data_ptr<float>(), row(states, level.first));
      own_updates.sigmoid_();
      own_states.tanh_();
      mix_messages(level.count * width, row(sums, level.first), row(updates, level.first),
                   row(states, level.first), row(messages, given + level.first));
      if (number + 1 == order->levels()) break;
      Tensor own = products.narrow(0, given + level.first, level.count);
      at::mm_out(own, messages.narrow(0, given + level.first, level.count), reset_t);
    }
    context->saved_data["order"] = c10::IValue::make_capsule(c10::make_intrusive<KeptOrder>(order));
    context->saved_data["clusters"] = update_table.size(0);
    context->save_for_backward({update, reset, state, messages, sums, gated, updates, states, resets});
    return messages.narrow(0, given, made).clone();
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto held = context->saved_data["order"].toCapsule();
    const MessageOrder& order = *static_cast<const KeptOrder&>(*held).order;
    const auto kept = context->get_saved_variables();
    const Tensor& messages = kept[kMessages];
    const int64_t width = messages.size(1), given = order.outside, made = order.made();
    const Tensor d_messages = at::zeros_like(messages), d_products = at::zeros_like(messages);
    d_messages.narrow(0, given, made).copy_(gradients[0]);
    const auto table = [&] { return at::zeros({context->saved_data["clusters"].toInt(), width}); };
    const Tensor d_update_table = table(), d_reset_table = table(), d_state_table = table();
    const Tensor d_updates = at::empty({made, width}), d_states = at::empty({made, width});
    for (int32_t number = order.levels() - 1; number >= 0; --number) {
      const Level level(order, number);
      Tensor d_own = d_messages.narrow(0, given + level.first, level.count);
      if (number + 1 < order.levels())
        d_own.addmm_(d_products.narrow(0, given + level.first, level.count), kept[kReset]);
      Tensor d_sums = at::empty({level.count, width});
      mix_messages_backwards(level.count * width, row(d_messages, given + level.first),
                             row(kept[kSums], level.first), row(kept[kUpdates], level.first),
                             row(kept[kStates], level.first), row(d_updates, level.first),
                             row(d_states, level.first), d_sums.data_ptr<float>());
      add_table_backwards(order, level.range, width, row(d_updates, level.first),
                          d_update_table.data_ptr<float>());
      add_table_backwards(order, level.range, width, row(d_states, level.first),
                          d_state_table.data_ptr<float>());
      if (level.entries == 0) continue;
      d_sums.addmm_(level.of(d_updates), kept[kUpdate]);
      const Tensor d_gated = at::mm(level.of(d_states), kept[kState]);
      messages_backwards(order, level.range, width, messages.data_ptr<float>(),
                         row(kept[kResets], level.first_entry), d_sums.data_ptr<float>(),
                         d_gated.data_ptr<float>(), d_messages.data_ptr<float>(),
                         d_products.data_ptr<float>(), d_reset_table.data_ptr<float>());
    }
    Tensor d_outside = d_messages.narrow(0, 0, given);
    if (given > 0) d_outside = at::addmm(d_outside, d_products.narrow(0, 0, given), kept[kReset]);
    return {Tensor(),
            d_update_table,
            d_reset_table,
            d_state_table,
            at::mm(d_updates.t(), kept[kSums]),
            at::mm(d_products.t(), messages),
            at::mm(d_states.t(), kept[kGated]),
            d_outside};
  }
};

}  // namespace

TreeWeights::TreeWeights(const NamedTensors& weights, const std::string& prefix, const Tensor& embedding) {
  const int64_t h = embedding.size(1);
  const auto of = [&](const char* name) -> const Tensor& { return weights.at(prefix + name); };
  update_table = affine(embedding, of("W_z.weight").narrow(1, 0, h), of("W_z.bias"));
  state_table = affine(embedding, of("W_h.weight").narrow(1, 0, h), of("W_h.bias"));
  reset_table = affine(embedding, of("W_r.weight"), of("U_r.bias"));
  update = of("W_z.weight").narrow(1, h, h).contiguous();
  state = of("W_h.weight").narrow(1, h, h).contiguous();
  reset = of("U_r.weight");
}

Tensor pass_trees(const std::shared_ptr<const MessageOrder>& order, const TreeWeights& weights,
                  const Tensor& outside) {
  return TreePass::apply(order, weights.update_table, weights.reset_table, weights.state_table,
                         weights.update, weights.reset, weights.state, outside.contiguous());
}

}  // namespace latentpath
