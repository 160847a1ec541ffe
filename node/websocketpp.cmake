# Defines websocketpp_corrected: websocketpp 0.8.2 with three headers that C++20 compilers accept.
#
# The library spells constructors and destructors of some class templates as template-ids (`~server<config>()`).
# C++20 forbids that and GCC 12 rejects it. Copies of those three headers without the template arguments are written
# to the build tree, which comes first on the include path. Nothing else of the library is changed.
find_path(WEBSOCKETPP_INCLUDE_DIR websocketpp/server.hpp REQUIRED)
find_path(ASIO_INCLUDE_DIR asio/version.hpp REQUIRED)

set(corrected_dir ${CMAKE_CURRENT_BINARY_DIR}/websocketpp_corrected)

function(correct_header name)
    set(source ${WEBSOCKETPP_INCLUDE_DIR}/websocketpp/${name})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
    file(READ ${source} text)
    # Declarations of special members start a line; uses elsewhere are left alone.
    string(REGEX REPLACE "\n( *~?)(basic|endpoint|server)<[a-z,]+>\\(" "\n\\1\\2(" text "${text}")
    file(CONFIGURE OUTPUT ${corrected_dir}/websocketpp/${name} CONTENT "${text}" @ONLY)
endfunction()

correct_header(logger/basic.hpp)
correct_header(endpoint.hpp)
correct_header(roles/server_endpoint.hpp)

add_library(websocketpp_corrected INTERFACE)
target_include_directories(websocketpp_corrected SYSTEM BEFORE INTERFACE ${corrected_dir})

# ASIO_VERSION is major * 100000 + minor * 100 + patch.
file(STRINGS ${ASIO_INCLUDE_DIR}/asio/version.hpp asio_version_line REGEX "#define ASIO_VERSION ")
string(REGEX MATCH "[0-9]+" asio_version "${asio_version_line}")
if(asio_version GREATER_EQUAL 103400)
    message(FATAL_ERROR "Asio ${asio_version} dropped names that websocketpp 0.8.2 needs; use 1.33 or older (Debian 12 has 1.22).")
endif()
