"""What can go wrong in an analysis, as one tree.

MonitorError                the base: its text is for the person who reads it, and ends the run with exit code 1
├── ConfigurationError      the run was asked for something that makes no sense (environment, options, dataset_format)
├── NoDataError             there is nothing to analyse: a state of its own, never a pass
├── DatasetError            the data is there and cannot be read
├── BaselineError           the baseline cannot be read or does not fit: the run fails closed
├── ScriptError             a preprocessor or postprocessor of the user failed
├── ReportError             the page cannot be made of the files that are there
├── OutputError             a report cannot be written
└── PublishingError         the metrics did not reach CloudWatch, so an alarm on them would see nothing
"""


class MonitorError(Exception):
    """An analysis that cannot go on; the text says what failed, on which thing, and what to do next."""


class ConfigurationError(MonitorError):
    """The run was asked for something that makes no sense."""


class NoDataError(MonitorError):
    """There is nothing to analyse."""


class DatasetError(MonitorError):
    """The data is there and cannot be read."""


class BaselineError(MonitorError):
    """The baseline cannot be read, or does not hold what a check needs."""


class ScriptError(MonitorError):
    """A preprocessor or postprocessor script of the user failed."""


class ReportError(MonitorError):
    """The page cannot be made of the files that are there."""


class OutputError(MonitorError):
    """A report cannot be written."""


class PublishingError(MonitorError):
    """CloudWatch did not take the metrics."""
