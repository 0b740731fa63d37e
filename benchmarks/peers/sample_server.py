"""As the published samples serve: Flask and pandas around a scikit-learn model, in Gunicorn's sync workers behind Nginx."""

import io
import pickle

import flask
import pandas as pd
from model import FOLDER

app = flask.Flask(__name__)
MODEL = pickle.loads((FOLDER / "classifier.pickle").read_bytes())


@app.route("/ping")
def ping() -> flask.Response:
    return flask.Response(response="\n", status=200, mimetype="application/json")


@app.route("/invocations", methods=["POST"])
def invocations() -> flask.Response:
    rows = pd.read_csv(io.StringIO(flask.request.data.decode("utf-8")), header=None)
    rows.columns = MODEL.feature_name_
    probabilities = MODEL.predict_proba(rows, num_threads=1)
    out = io.StringIO()
    pd.DataFrame({"class": probabilities.argmax(axis=1), "p": probabilities.max(axis=1)}).to_csv(
        out, header=False, index=False
    )
    return flask.Response(response=out.getvalue(), status=200, mimetype="text/csv")
