#pragma once
// RDKit writes what it thinks of a molecule to stderr; the library does not print.

namespace latentpath {

/// Turns RDKit's log off, once a process.
void silence_rdkit();

}  // namespace latentpath
