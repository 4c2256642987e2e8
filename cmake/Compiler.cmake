# Compiler, language and warning settings; the only file that knows them.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR "g++ before 13 compiles coroutines wrongly without a warning (docs/adr/0002): use clang-19 (dev/build does)")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# What one checkout compiled serves every other on the machine: paths below the sources count as relative.
find_program(LASTACK_CCACHE ccache)
if(LASTACK_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${LASTACK_CCACHE})
endif()

add_library(lastack_settings INTERFACE)
target_compile_options(lastack_settings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
                       -Woverloaded-virtual -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # Designated initialisers name what matters; the rest has defaults.
  target_compile_options(lastack_settings INTERFACE -Wno-missing-designated-field-initializers "SHELL:-Xclang -fno-pch-timestamp")
endif()
if(LASTACK_WERROR)
  target_compile_options(lastack_settings INTERFACE -Werror)
endif()
if(LASTACK_SANITIZE)
  target_compile_options(lastack_settings INTERFACE -fsanitize=${LASTACK_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(lastack_settings INTERFACE -fsanitize=${LASTACK_SANITIZE})
endif()
if(LASTACK_FUZZ)
  # Coverage of the layers is what guides the fuzzer.
  target_compile_options(lastack_settings INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  # A package manager runs as root on bytes from the network: the usual hardening costs nothing that a bench shows.
  target_compile_options(lastack_settings INTERFACE -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  target_link_options(lastack_settings INTERFACE -Wl,-z,relro,-z,now)
endif()
find_program(LASTACK_LLD ld.lld-19)
if(LASTACK_LLD AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_link_options(-fuse-ld=${LASTACK_LLD})
endif()
