# The library for other programs: archives, headers, and what find_package and pkg-config read. Component "dev":
#   cmake --install build/release --prefix DIR --component dev
include(CMakePackageConfigHelpers)

set(LASTACK_LIBRARY_LAYERS download http net base)  # from the top, as a linker wants them
add_library(lastack_library INTERFACE)
target_link_libraries(lastack_library INTERFACE lastack_download)
add_library(lastack::lastack ALIAS lastack_library)

foreach(layer ${LASTACK_LIBRARY_LAYERS})
  install(TARGETS lastack_${layer} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
  string(APPEND LASTACK_PC_LIBS " -llastack_${layer}")
endforeach()
string(STRIP "${LASTACK_PC_LIBS}" LASTACK_PC_LIBS)
install(DIRECTORY include/lastack DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev FILES_MATCHING PATTERN "*.hpp")

set(lastack_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/lastack)
configure_package_config_file(cmake/lastackConfig.cmake.in ${CMAKE_BINARY_DIR}/package/lastackConfig.cmake
                              INSTALL_DESTINATION ${lastack_package_dir} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/lastackConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/package/lastackConfig.cmake ${CMAKE_BINARY_DIR}/package/lastackConfigVersion.cmake
        DESTINATION ${lastack_package_dir} COMPONENT dev)

# Relative to the file itself, so that `cmake --install --prefix` and a moved folder both work.
file(RELATIVE_PATH lastack_pc_up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" lastack_pc_up "${lastack_pc_up}")
configure_file(cmake/lastack.pc.in ${CMAKE_BINARY_DIR}/package/lastack.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/package/lastack.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
