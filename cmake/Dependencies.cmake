# Every library we link, each with the Debian package that brings it (dev/packages) and the layer that uses it.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)              # Asio, headers only: net
find_package(OpenSSL 3.0 REQUIRED COMPONENTS SSL Crypto)  # digests: base; TLS: net; TLS peers of the tests
find_package(CURL REQUIRED)                    # ftp URLs: download (its header; the library is loaded when it is needed)
find_package(EXPAT REQUIRED)                   # metalinks: download; repomd.xml: repo
find_package(nlohmann_json 3.11 REQUIRED)      # manifests, headers only: download
if(NOT LASTACK_LIBRARY_ONLY)
  find_package(PkgConfig REQUIRED)
  find_package(fmt REQUIRED)                   # cli, package
  find_package(CLI11 REQUIRED)                 # cli
  find_package(ZLIB REQUIRED)                  # repo
  find_package(BZip2 REQUIRED)                 # repo
  find_package(LibLZMA REQUIRED)               # repo
  pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)            # repo
  pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)           # module documents: repo
  pkg_check_modules(SOLV REQUIRED IMPORTED_TARGET libsolv libsolvext) # package
  pkg_check_modules(RPM REQUIRED IMPORTED_TARGET rpm)                 # package (reading), transact
endif()
