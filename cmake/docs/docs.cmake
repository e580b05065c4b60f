# urn_docs: the pages and the headers as a site, docs/html/index.html in the build folder. Needs Doxygen, which nothing else
# of urn does.
set(urn_docs_folder ${PROJECT_BINARY_DIR}/docs)
configure_file(${CMAKE_CURRENT_LIST_DIR}/Doxyfile.in ${urn_docs_folder}/Doxyfile @ONLY)
set(urn_docs_command ${CMAKE_CURRENT_LIST_DIR}/site ${urn_docs_folder})
add_custom_target(urn_docs COMMAND ${urn_docs_command})
