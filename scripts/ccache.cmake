# Compiles through ccache where it is installed; the presets include this before project(). Paths are taken relative
# to the source tree, so that another clone of it (a CI run, a second worktree) finds what the first one built.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER
        env CCACHE_BASEDIR=${CMAKE_CURRENT_SOURCE_DIR} CCACHE_NOHASHDIR=true ${CCACHE_PROGRAM}
        CACHE STRING "Compiler launcher")
endif()
