"""Builds wheels from what is here now: what an earlier build left in ``build/`` never gets into a new one."""

import shutil

from setuptools import setup
from setuptools.command.build import build


class FreshBuild(build):
    """A build into an empty folder; setuptools itself only ever adds to the one that it finds."""

    def run(self) -> None:
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


setup(cmdclass={"build": FreshBuild})
