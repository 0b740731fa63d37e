"""One captured invocation as a preprocessor script sees it: the attributes that scripts for Model Monitor use."""

from collections.abc import Mapping
from dataclasses import dataclass

Json = Mapping[str, object]


@dataclass(frozen=True)
class CapturedBody:
    """`endpoint_input` or `endpoint_output`; `data` is the captured string as it stands in the file."""

    data: str | None
    encoding: str | None
    observed_content_type: str | None
    mode: str | None


@dataclass(frozen=True)
class EventMetadata:
    """`event_metadata`. `custom_attribute` is the list of strings that the file calls customAttributes, or None."""

    event_id: str | None
    event_time: str | None
    custom_attribute: list[str] | None
    inference_id: str | None

    @property
    def inference_time(self) -> str | None:
        """The name that the file uses for event_time."""
        return self.event_time

    @property
    def custom_attributes(self) -> list[str] | None:
        """The name that the file uses for custom_attribute."""
        return self.custom_attribute


@dataclass(frozen=True)
class InferenceRecord:
    """The argument of `preprocess_handler`."""

    endpoint_input: CapturedBody
    endpoint_output: CapturedBody
    event_metadata: EventMetadata
    event_version: str | None


def inference_record(record: Json) -> InferenceRecord:
    """The record of one line of a capture file."""
    captured, metadata = _member(record, "captureData"), _member(record, "eventMetadata")
    attributes = metadata.get("customAttributes")
    return InferenceRecord(
        endpoint_input=_body(_member(captured, "endpointInput")),
        endpoint_output=_body(_member(captured, "endpointOutput")),
        event_metadata=EventMetadata(
            event_id=_text(metadata, "eventId"),
            event_time=_text(metadata, "inferenceTime"),
            custom_attribute=[str(item) for item in attributes] if isinstance(attributes, list) else None,
            inference_id=_text(metadata, "inferenceId"),
        ),
        event_version=_text(record, "eventVersion"),
    )


def _body(body: Json) -> CapturedBody:
    keys = ("data", "encoding", "observedContentType", "mode")
    return CapturedBody(*(_text(body, key) for key in keys))


def _member(value: Json, key: str) -> Json:
    member = value.get(key)
    return member if isinstance(member, Mapping) else {}


def _text(value: Json, key: str) -> str | None:
    member = value.get(key)
    return member if isinstance(member, str) else None
