#pragma once
// What the program says at once to the first Ctrl-C, of people who watch a terminal: finishing may take a
// moment.

namespace latentpath::program {

/// From now on it is said. Called by whoever shows progress on a terminal.
void answer_first_interrupt();

}  // namespace latentpath::program
