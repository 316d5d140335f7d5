# Installs library, headers, program, shipped models and the CMake package, so that another project
# needs only find_package(latentpath) and target_link_libraries(… latentpath::latentpath).

set(latentpath_package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/latentpath)

set_target_properties(latentpath PROPERTIES
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

install(TARGETS latentpath EXPORT latentpath-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(LATENTPATH_MOLECULES)
  install(TARGETS latentpath_molecules EXPORT latentpath-molecules-targets
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT latentpath-molecules-targets NAMESPACE latentpath:: DESTINATION ${latentpath_package_folder})
  install(FILES ${CMAKE_CURRENT_LIST_DIR}/FindRDKit.cmake DESTINATION ${latentpath_package_folder})
endif()
if(LATENTPATH_EXPLORE)
  install(TARGETS latentpath_explorer EXPORT latentpath-explorer-targets
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT latentpath-explorer-targets NAMESPACE latentpath:: DESTINATION ${latentpath_package_folder})
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/latentpath ${PROJECT_BINARY_DIR}/include/latentpath
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/models DESTINATION ${CMAKE_INSTALL_DATADIR}/latentpath OPTIONAL)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/NOTICE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# With a shared library, the installed program finds it beside itself, wherever the prefix is moved.
if(LATENTPATH_BUILD_PROGRAM)
  file(RELATIVE_PATH latentpath_library_from_program
       ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  set_target_properties(latentpath-program PROPERTIES
      INSTALL_RPATH "$ORIGIN/${latentpath_library_from_program}")
endif()

# A static library leaves its own libraries to whoever links it; a shared one has them already.
get_target_property(latentpath_library_type latentpath TYPE)
configure_package_config_file(
    ${CMAKE_CURRENT_LIST_DIR}/latentpath-config.cmake.in ${PROJECT_BINARY_DIR}/latentpath-config.cmake
    INSTALL_DESTINATION ${latentpath_package_folder} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/latentpath-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/latentpath-config.cmake ${PROJECT_BINARY_DIR}/latentpath-config-version.cmake
        DESTINATION ${latentpath_package_folder})
install(EXPORT latentpath-targets NAMESPACE latentpath:: DESTINATION ${latentpath_package_folder})
