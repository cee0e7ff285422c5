# What `cmake --install` gives C++ users: the headers, the static libraries, the protos, and
# find_package(coheld) with the target coheld::client.
include(CMakePackageConfigHelpers)
set(PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/coheld)

set_target_properties(coheld_client PROPERTIES EXPORT_NAME client)
set_target_properties(coheld_wire PROPERTIES EXPORT_NAME wire)
set_target_properties(coheld_proto PROPERTIES EXPORT_NAME proto)
install(TARGETS coheld_client coheld_wire coheld_proto EXPORT coheld
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT sdk)
install(EXPORT coheld FILE coheldTargets.cmake NAMESPACE coheld:: DESTINATION ${PACKAGE_DIR} COMPONENT sdk)
install(DIRECTORY include/coheld DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT sdk)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/proto/coheld ${CMAKE_SOURCE_DIR}/proto/google
  DESTINATION ${CMAKE_INSTALL_DATADIR}/coheld/proto COMPONENT sdk FILES_MATCHING PATTERN *.proto)

configure_package_config_file(coheldConfig.cmake.in coheldConfig.cmake INSTALL_DESTINATION ${PACKAGE_DIR})
write_basic_package_version_file(coheldConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/coheldConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/coheldConfigVersion.cmake DESTINATION ${PACKAGE_DIR} COMPONENT sdk)
