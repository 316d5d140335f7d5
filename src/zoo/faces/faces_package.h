#pragma once
// The files of this folder as text (cmake/faces.cmake), for `npm ci` and `node draw_faces.mjs`.

namespace latentpath {

extern const char* const kFacesScript;       // draw_faces.mjs
extern const char* const kFacesPackage;      // package.json
extern const char* const kFacesPackageLock;  // package-lock.json

}  // namespace latentpath
