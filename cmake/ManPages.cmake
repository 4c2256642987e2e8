# Manual pages, from docs/man/NAME.SECTION.scd.
find_program(LASTACK_SCDOC scdoc REQUIRED)
file(GLOB man_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.scd)
foreach(source ${man_sources})
  get_filename_component(page ${source} NAME_WLE)
  get_filename_component(section ${page} LAST_EXT)
  string(SUBSTRING ${section} 1 -1 section)
  set(made ${CMAKE_BINARY_DIR}/man/${page})
  add_custom_command(OUTPUT ${made} DEPENDS ${source} VERBATIM
                     COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/man
                     COMMAND sh -c [=["$0" < "$1" > "$2"]=] ${LASTACK_SCDOC} ${source} ${made})
  list(APPEND man_pages ${made})
  install(FILES ${made} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
add_custom_target(man_pages ALL DEPENDS ${man_pages})
