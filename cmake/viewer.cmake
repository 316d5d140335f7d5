# The page report.html: viewer/ built by npm and Vite into one HTML file, as bytes in the library.
#
# Without Node or npm, or where the packages cannot be fetched, the library is built all the same and writes
# plain reports; LATENTPATH_BUILD_VIEWER=OFF asks for that.

option(LATENTPATH_BUILD_VIEWER "Build the interactive report page with npm; without it, reports are plain" ON)

find_program(LATENTPATH_NODE node)
find_program(LATENTPATH_NPM npm)
set(viewer_usable OFF)
if(NOT LATENTPATH_BUILD_VIEWER)
  message(STATUS "The report page is not built (LATENTPATH_BUILD_VIEWER=OFF): reports will be plain")
elseif(NOT LATENTPATH_NODE OR NOT LATENTPATH_NPM)
  message(STATUS "Node or npm is missing: reports will be plain (scripts/setup installs both)")
else()
  execute_process(COMMAND ${LATENTPATH_NODE} --version OUTPUT_VARIABLE node_version
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  string(REGEX REPLACE "^v" "" node_version "${node_version}")
  if(node_version VERSION_LESS 18)
    message(STATUS "Node ${node_version} is too old for the report page (18 or newer): reports will be plain")
  else()
    set(viewer_usable ON)
  endif()
endif()

set(viewer_work ${PROJECT_BINARY_DIR}/viewer)
set(embedded_page ${viewer_work}/embedded_page.cpp)
file(GLOB_RECURSE viewer_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/viewer/src/*)
file(GLOB viewer_settings CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/viewer/*.*)
add_custom_command(
    OUTPUT ${embedded_page}
    COMMAND ${CMAKE_COMMAND} -D SOURCE=${PROJECT_SOURCE_DIR}/viewer -D WORK=${viewer_work} -D OUTPUT=${embedded_page}
            -D USABLE=${viewer_usable} -D NPM=${LATENTPATH_NPM}
            -P ${PROJECT_SOURCE_DIR}/cmake/build_viewer.cmake
    DEPENDS ${viewer_sources} ${viewer_settings} ${PROJECT_SOURCE_DIR}/cmake/build_viewer.cmake
    COMMENT "Building the report page" VERBATIM)
set(viewer_state ${viewer_work}/usable)  # turning the page on or off builds it anew
file(CONFIGURE OUTPUT ${viewer_state} CONTENT "${viewer_usable}\n")
set_source_files_properties(${embedded_page} PROPERTIES SKIP_PRECOMPILE_HEADERS ON
                            INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/src/report)
add_custom_command(OUTPUT ${embedded_page} DEPENDS ${viewer_state} APPEND)
target_sources(latentpath_report PRIVATE ${embedded_page})
