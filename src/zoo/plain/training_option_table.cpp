#include "latentpath/zoo/training.h"

namespace latentpath {

const OptionTable<TrainingOptions>& training_option_table() {
  using O = TrainingOptions;
  static const OptionTable<O> table =
      OptionTable<O>()
          .add("data", &O::data)
          .help("Folder with the data set, as latentpath data gets it")
          .unset("data/NAME of the data set")
          .add("out", &O::out)
          .help("File to write, ending in .pt; card and picture go beside it")
          .unset("NAME.pt")
          .add("epochs", &O::epochs)
          .help("Passes through the data")
          .at_least(0)
          .zero("the recipe's")
          .add("batch", &O::batch)
          .help("Images in a step")
          .at_least(2)
          .zero("the recipe's")
          .add("seed", &O::seed)
          .help("Seed of all randomness")
          .add("threads", &O::threads)
          .help("Threads")
          .range(1, 1024)
          .add("checkpoint-every", &O::checkpoint_every)
          .help("Epochs between checkpoints")
          .at_least(0)
          .zero("none")
          .add("resume", &O::resume)
          .help("Go on from the checkpoint beside the file to write")
          .add("classifier", &O::classifier)
          .help("Model that evaluates a decoder's samples for its card: FILE or NAME")
          .add("autoencoder", &O::autoencoder)
          .help("Decoder whose codes a flow learns, with NAME-encoder.pt beside it: FILE or NAME")
          .unset("the recipe's")
          .add("samples-from", &O::samples_from)
          .help("Decoder whose samples the classifier learns from: FILE or NAME; repeatable");
  return table;
}

}  // namespace latentpath
