"""The package that `chalice deploy` finds and uploads, made by Chalice of what is installed here.

Chalice would download everything once more, for its own oldest Linux; here the packages of this environment do.
"""

from __future__ import annotations

import shutil
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path

from chalice.deploy.packager import DependencyBuilder, LambdaDeploymentPackager
from chalice.utils import UI, OSUtils
from packaging.requirements import Requirement


class InstalledPackages(DependencyBuilder):
    def build_site_packages(self, abi: str, requirements_filepath: str, target_directory: str) -> None:
        lines = [
            line for line in Path(requirements_filepath).read_text().splitlines() if line and not line.startswith("#")
        ]
        for package in _closure(lines):
            for file in package.files or []:
                if ".." not in file.parts and "__pycache__" not in file.parts:
                    target = Path(target_directory, *file.parts)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(str(file.locate()), target)


def _closure(lines: list[str]) -> list[Distribution]:
    found: dict[str, Distribution] = {}
    waiting = [Requirement(line) for line in lines]
    while waiting:
        wanted = waiting.pop()
        if wanted.name.lower() in found or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
            continue
        found[wanted.name.lower()] = package = distribution(wanted.name)
        waiting += [Requirement(line) for line in package.requires or []]
    return list(found.values())


def pack(project: Path) -> Path:
    packager = LambdaDeploymentPackager(OSUtils(), InstalledPackages(OSUtils()), UI())
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return Path(packager.create_deployment_package(str(project), version))
