"""What Envoy writes down: a line of each request in the request log, and of each captured one in the capture log.

The request log is the source of all figures, rather than Envoy's own counters: it has the exact latency in
microseconds (the counters' histograms have milliseconds, in buckets), the moment of each request, and a restart of
Envoy resets nothing. It is tab-separated because that is the cheapest to write and to read; no field of it can hold a
tab.
"""

from __future__ import annotations

from mlsystem.engine.dataplane.typed import Json, extension, typed

NAMESPACE = "mlsystem"

_START_MILLISECONDS = "%START_TIME(%s%3f)%"

REQUEST_FIELDS = {
    "started_ms": _START_MILLISECONDS,
    "route": "%ROUTE_NAME%",
    "cluster": "%UPSTREAM_CLUSTER%",
    "status": "%RESPONSE_CODE%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "model_status": f"%DYNAMIC_METADATA({NAMESPACE}:model_status)%",
    "upstream_us": "%COMMON_DURATION(US_TX_BEG:US_RX_END:us)%",
    "total_us": "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%",
}

_CAPTURE_FIELDS = {
    "route": "%ROUTE_NAME%",
    "cluster": "%UPSTREAM_CLUSTER%",
    "started_ms": _START_MILLISECONDS,
    "request_id": "%REQ(X-REQUEST-ID)%",
    "status": "%RESPONSE_CODE%",
    "inference_id": "%REQ(X-AMZN-SAGEMAKER-INFERENCE-ID)%",
    "custom_attributes": "%REQ(X-AMZN-SAGEMAKER-CUSTOM-ATTRIBUTES)%",
    "request_type": "%REQ(CONTENT-TYPE)%",
    "response_type": "%RESP(CONTENT-TYPE)%",
    "request": f"%DYNAMIC_METADATA({NAMESPACE}:request)%",
    "response": f"%DYNAMIC_METADATA({NAMESPACE}:response)%",
}


def access_logs(request_log: str, capture_log: str) -> list[Json]:
    served = "xds.route_name.startsWith('endpoint/') || xds.route_name.startsWith('api/')"
    is_served = typed("extensions.access_loggers.filters.cel.v3.ExpressionFilter", expression=served)
    is_captured = {
        "matcher": {"filter": NAMESPACE, "path": [{"key": "is_complete"}], "value": {"bool_match": True}},
        "match_if_key_not_found": False,
    }
    line = "\t".join(REQUEST_FIELDS.values()) + "\n"
    return [
        {
            "filter": {"extension_filter": {"name": "cel", "typed_config": is_served}},
            **_file(request_log, {"text_format_source": {"inline_string": line}}),
        },
        {
            "filter": {"metadata_filter": is_captured},
            **_file(capture_log, {"json_format": _CAPTURE_FIELDS, "omit_empty_values": True}),
        },
    ]


def _file(path: str, log_format: Json) -> Json:
    return extension(
        "envoy.access_loggers.file", "extensions.access_loggers.file.v3.FileAccessLog", path=path, log_format=log_format
    )
