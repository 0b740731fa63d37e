"""The Flask application: /ping and /invocations on CSV."""

import csv
import io
import json
import os

import flask

prefix = "/opt/ml/"
model_path = os.path.join(prefix, "model")


def nearest(centres, features):
    def distance(label):
        return sum((a - b) ** 2 for a, b in zip(centres[label], features))

    return min(sorted(centres), key=distance)


class ScoringService(object):
    model = None

    @classmethod
    def get_model(cls):
        if cls.model is None:
            with open(os.path.join(model_path, "centres.json")) as inp:
                cls.model = json.load(inp)
        return cls.model

    @classmethod
    def predict(cls, rows):
        return [nearest(cls.get_model(), row) for row in rows]


app = flask.Flask(__name__)


@app.route("/ping", methods=["GET"])
def ping():
    health = ScoringService.get_model() is not None
    return flask.Response(response="\n", status=200 if health else 404, mimetype="application/json")


@app.route("/invocations", methods=["POST"])
def transformation():
    if flask.request.content_type != "text/csv":
        return flask.Response(response="This predictor only supports CSV data", status=415, mimetype="text/plain")
    data = flask.request.data.decode("utf-8")
    rows = [[float(cell) for cell in row] for row in csv.reader(io.StringIO(data)) if row]
    result = "".join(label + "\n" for label in ScoringService.predict(rows))
    return flask.Response(response=result, status=200, mimetype="text/csv")
