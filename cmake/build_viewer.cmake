# cmake -D SOURCE=viewer -D WORK=folder -D OUTPUT=embedded_page.cpp -D USABLE=ON|OFF -D NPM=npm -P build_viewer.cmake
#
# Builds the page in a folder of the build tree, so that the source tree stays clean, and writes its bytes as a
# C++ file. Never fails: whatever goes wrong, the file is written without a page, and a message says why.

set(page "")
set(explore_page "")

function(build_page)
  file(MAKE_DIRECTORY ${WORK})
  file(COPY ${SOURCE}/ DESTINATION ${WORK}/source PATTERN node_modules EXCLUDE PATTERN dist EXCLUDE)
  # What was deleted at the source is deleted in the copy.
  file(GLOB_RECURSE copies RELATIVE ${WORK}/source/src ${WORK}/source/src/*)
  foreach(copy ${copies})
    if(NOT EXISTS ${SOURCE}/src/${copy})
      file(REMOVE ${WORK}/source/src/${copy})
    endif()
  endforeach()

  # The packages, exactly those of package-lock.json, unless they are there already.
  file(SHA256 ${SOURCE}/package-lock.json wanted)
  set(installed "")
  if(EXISTS ${WORK}/source/node_modules/.installed)
    file(READ ${WORK}/source/node_modules/.installed installed)
  endif()
  if(NOT installed STREQUAL wanted)
    # Their install scripts are not needed, and not run.
    execute_process(COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --prefer-offline --fetch-retries=1
                            --fetch-timeout=60000
                    WORKING_DIRECTORY ${WORK}/source TIMEOUT 600
                    RESULT_VARIABLE result OUTPUT_FILE ${WORK}/npm.log ERROR_FILE ${WORK}/npm.log)
    if(NOT result EQUAL 0)
      message("npm could not fetch the packages of the report page: reports will be plain (${WORK}/npm.log; "
              "to try again: rm ${OUTPUT})")
      return()
    endif()
    file(WRITE ${WORK}/source/node_modules/.installed ${wanted})
  endif()
  foreach(step check build)
    execute_process(COMMAND ${NPM} run ${step} WORKING_DIRECTORY ${WORK}/source TIMEOUT 600
                    RESULT_VARIABLE result OUTPUT_FILE ${WORK}/${step}.log ERROR_FILE ${WORK}/${step}.log)
    if(NOT result EQUAL 0 OR (step STREQUAL build AND
       NOT (EXISTS ${WORK}/source/dist/index.html AND EXISTS ${WORK}/source/dist/explore.html)))
      message("The report page cannot be built: reports will be plain (${WORK}/${step}.log; to try again: rm ${OUTPUT})")
      return()
    endif()
  endforeach()
  file(READ ${WORK}/source/dist/index.html bytes HEX)
  set(page "${bytes}" PARENT_SCOPE)
  file(READ ${WORK}/source/dist/explore.html bytes HEX)
  set(explore_page "${bytes}" PARENT_SCOPE)
endfunction()

if(USABLE)
  build_page()
endif()

set(code "// Made by cmake/build_viewer.cmake from viewer/.\n#include \"embedded_page.h\"\n\nnamespace latentpath {\n")
foreach(name page explore_page)
  if(${name} STREQUAL "")
    string(APPEND code "std::string_view embedded_${name}() noexcept { return {}; }\n")
  else()
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${${name}}")
    string(APPEND code "namespace {\nconst unsigned char k_${name}[] = {${bytes}};\n}  // namespace\n"
           "std::string_view embedded_${name}() noexcept {\n"
           "  return {reinterpret_cast<const char*>(k_${name}), sizeof k_${name}};\n}\n")
  endif()
endforeach()
string(APPEND code "}  // namespace latentpath\n")
file(WRITE ${OUTPUT} "${code}")
