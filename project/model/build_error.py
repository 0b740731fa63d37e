"""The one error of a build: what is wrong, in which file or variable, and what to do.

`main` functions print it and exit with 1, so that the last line of the build's log is the reason of its failure.
"""


class BuildError(Exception):
    """A mistake that the person who reads the build's log can mend."""
