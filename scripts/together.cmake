# Compiles the files of a target several at a time. Most of what a small file costs are the headers it includes and what
# they instantiate; together, files pay for that once: a third of the time, as measured for tests.
#   TOGETHER=ON     tests, and the pure libraries where another build proves that each of their files compiles alone
#   TOGETHER=tests  tests only
#   TOGETHER=OFF    nothing
# Each file must still compile alone: TARGET_apart does that. It is built by nobody unless asked for; editors and
# scripts/check find there how a file is compiled. Files that have definitions of their own stay alone.
set(TOGETHER tests CACHE STRING "Compile files together: ON, tests or OFF")
set(files_together 6)

function(compile_together target)
    if(NOT TOGETHER OR (TOGETHER STREQUAL "tests" AND NOT CMAKE_CURRENT_SOURCE_DIR MATCHES "/tests$"))
        return()
    endif()
    get_target_property(sources ${target} SOURCES)
    set(kept)
    set(joined)
    foreach(source IN LISTS sources)
        get_source_file_property(definitions ${source} COMPILE_DEFINITIONS)
        if(definitions OR NOT source MATCHES "\\.cpp$")
            list(APPEND kept ${source})
        else()
            list(APPEND joined ${source})
        endif()
    endforeach()
    add_library(${target}_apart OBJECT EXCLUDE_FROM_ALL ${joined})
    target_link_libraries(${target}_apart PRIVATE $<TARGET_PROPERTY:${target},LINK_LIBRARIES>)
    target_compile_options(${target}_apart PRIVATE $<TARGET_PROPERTY:${target},COMPILE_OPTIONS>)

    # By paths from the project's folder: clones that say the same share ccache.
    set(number 0)
    while(joined)
        list(SUBLIST joined 0 ${files_together} some)
        list(REMOVE_ITEM joined ${some})
        set(text "")
        foreach(source IN LISTS some)
            cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
            string(APPEND text "#include \"${source}\"\n")
        endforeach()
        math(EXPR number "${number} + 1")
        set(file ${CMAKE_CURRENT_BINARY_DIR}/${target}_together_${number}.cpp)
        file(CONFIGURE OUTPUT ${file} CONTENT "${text}" @ONLY)
        list(APPEND kept ${file})
    endwhile()
    set_property(TARGET ${target} PROPERTY SOURCES ${kept})
    # What shadows a name of its own file's headers is found where files are compiled alone.
    target_compile_options(${target} PRIVATE -Wno-shadow)
endfunction()
