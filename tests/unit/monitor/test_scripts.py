"""A user's scripts: the contract that Model Monitor's users know, and errors that say whose they are."""

from pathlib import Path

import pytest

from mlsystem.monitor.errors import ScriptError
from mlsystem.monitor.reading.lines import UnreadableRecordError
from mlsystem.monitor.reading.records import InferenceRecord, inference_record
from mlsystem.monitor.scripts import load_preprocessor, run_postprocessor

RECORD = inference_record(
    {
        "captureData": {
            "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2\n", "encoding": "CSV"},
            "endpointOutput": {"observedContentType": "text/csv", "mode": "OUTPUT", "data": "0.5\n", "encoding": "CSV"},
        },
        "eventMetadata": {
            "eventId": "e-7",
            "customAttributes": ['{"test": false}'],
            "inferenceTime": "2022-04-18T00:21:48Z",
        },
        "eventVersion": "0",
    }
)


def script(folder: Path, text: str) -> Path:
    path = folder / "handler.py"
    path.write_text(text)
    return path


def test_a_handler_sees_the_attributes_that_scripts_for_model_monitor_use(tmp_path: Path) -> None:
    preprocess = load_preprocessor(
        script(
            tmp_path,
            "import json\n"
            "def preprocess_handler(inference_record):\n"
            "    assert inference_record.endpoint_input.encoding == 'CSV'\n"
            "    assert inference_record.event_metadata.event_id == 'e-7'\n"
            "    assert json.loads(inference_record.event_metadata.custom_attribute[0]) == {'test': False}\n"
            "    data = inference_record.endpoint_output.data.rstrip() + ',' + inference_record.endpoint_input.data.rstrip()\n"
            "    return {str(i).zfill(20): d for i, d in enumerate(data.split(','))}\n",
        )
    )
    assert preprocess(RECORD) == [
        {"00000000000000000000": "0.5", "00000000000000000001": "1", "00000000000000000002": "2"}
    ]


def test_a_handler_may_take_a_logger_and_skip_or_multiply_a_record(tmp_path: Path) -> None:
    preprocess = load_preprocessor(
        script(
            tmp_path,
            "def preprocess_handler(inference_record, logger):\n"
            "    logger.info('seen')\n"
            "    return [] if inference_record.event_version == '1' else [{'a': 1}, {'a': None}]\n",
        )
    )
    assert preprocess(RECORD) == [{"a": 1}, {"a": None}]
    later = InferenceRecord(RECORD.endpoint_input, RECORD.endpoint_output, RECORD.event_metadata, "1")
    assert preprocess(later) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("def other(): pass\n", r"handler\.py defines no function preprocess_handler"),
        ("import no_such_module\n", r"loading .*handler\.py: ModuleNotFoundError"),
        ("import sys\nsys.exit(0)\n", r"loading .*handler\.py: SystemExit: 0"),
    ],
)
def test_a_preprocessor_that_cannot_be_loaded_is_told(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ScriptError, match=problem):
        load_preprocessor(script(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("def preprocess_handler(r): return r.nothing\n", r"for event e-7: AttributeError"),
        ("def preprocess_handler(r): return 'text'\n", "must return a flat dict"),
        ("def preprocess_handler(r): return {'a': [1]}\n", "must return a flat dict"),
        ("def preprocess_handler(r): return None\n", "must return a flat dict"),
        ("def preprocess_handler(r): return {}\n", "must return a flat dict"),
        ("def preprocess_handler(r): raise SystemExit\n", "for event e-7: SystemExit"),
    ],
)
def test_a_record_that_the_preprocessor_makes_nothing_of_cannot_be_read(
    tmp_path: Path, text: str, problem: str
) -> None:
    preprocess = load_preprocessor(script(tmp_path, text))
    with pytest.raises(UnreadableRecordError, match=problem):
        preprocess(RECORD)


def test_a_postprocessor_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=r"postprocess_handler of .*handler\.py: ZeroDivisionError"):
        run_postprocessor(script(tmp_path, "def postprocess_handler(): 1 / 0\n"))


def test_a_script_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=r"gone\.py is not a Python file"):
        run_postprocessor(tmp_path / "gone.py")
