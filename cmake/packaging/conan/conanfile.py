"""The recipe of urn for Conan 2: `conan create cmake/packaging/conan` packages the sources that it lies among."""

import re
from pathlib import Path

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, load
from conan.tools.layout import basic_layout

required_conan_version = ">=2.0"

# What a component needs beside the core, in Conan's words. urn::thrust needs a CUDA toolkit, which is no package.
packages = {
    "simd": {"xsimd/[>=8.1]": "xsimd::xsimd"},
    "transformer": {
        "eigen/[>=3.4 <4]": "eigen::eigen",
        "nlohmann_json/[>=3.11 <4]": "nlohmann_json::nlohmann_json",
        "pcre2/[>=10]": "pcre2::pcre2-8",
    },
    "client": {},
}


class Urn(ConanFile):
    name = "urn"
    description = "Exact sampling from a language model's logits"
    license = "BSL-1.0"
    topics = ("sampling", "language-model", "logits", "header-only")
    package_type = "header-library"
    settings = "os", "compiler", "build_type", "arch"
    options = {component: [True, False] for component in packages}
    default_options = {component: False for component in packages}
    no_copy_source = True

    @property
    def _sources(self):
        return Path(self.recipe_folder).parents[2]

    def set_version(self):
        header = load(self, self._sources / "include/urn/version.hpp")
        self.version = ".".join(re.findall(r"#define URN_VERSION_\w+ (\d+)", header))

    def export_sources(self):
        for pattern in ("LICENSE", "include/*"):
            copy(self, pattern, self._sources, self.export_sources_folder)

    def layout(self):
        basic_layout(self)

    def requirements(self):
        for component, needs in packages.items():
            for reference in needs if self.options.get_safe(component) else ():
                self.requires(reference)

    def package_id(self):
        self.info.clear()  # the headers are the same

    def validate(self):
        check_min_cppstd(self, 20)
        if self.options.client and not self.options.transformer:
            raise ConanInvalidConfiguration("urn's client needs transformer=True")

    def package(self):
        copy(self, "LICENSE", self.source_folder, Path(self.package_folder, "licenses"))
        copy(self, "*.hpp", Path(self.source_folder, "include"), Path(self.package_folder, "include"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "urn")
        self._component("urn", "urn")
        for component, needs in packages.items():
            if self.options.get_safe(component):
                self._component(component, f"urn-{component}").requires = ["urn", *needs.values()]
        if self.options.client:
            self.cpp_info.components["client"].requires.append("transformer")

    def _component(self, name, package):
        component = self.cpp_info.components[name]
        component.set_property("cmake_target_name", f"urn::{name}")
        component.set_property("pkg_config_name", package)
        component.bindirs = component.libdirs = []
        return component
