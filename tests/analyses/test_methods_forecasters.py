"""Each method of forecasting against published numbers, R and statsmodels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tsa.forecasting.theta import ThetaModel
from threadpoolctl import threadpool_limits

from analyses.methods.boosting import gradient_boosting
from analyses.methods.forecasters import (
    Plan,
    ets,
    seasonal_naive,
    theta,
    waves,
    without_waves,
)
from analyses.methods.regular_rows import bridged
from analyses.methods.sarima import sarima

LAWS = settings(max_examples=5, deadline=None, database=None)
Z = 1.959963984540054
AIRLINE = (0, 1, 1)

# Quarterly production of beer in Australia from 1992 on (ausbeer of R's fpp2).
BEER_TEXT = """
443 410 420 532 433 421 410 512 449 381 423 531 426 408 416 520 409 398 398 507 432 398 406 526
428 397 403 517 435 383 424 521 421 402 414 500 451 380 416 492 428 408 406 506 435 380 421 490
435 390 412 454 416 403 408 482 438 386 405 491 427 383 394 473 420 390 410 488 415 398 419 488
414 374
"""
BEER = np.array(BEER_TEXT.split(), float)
# Accidental deaths in the USA by month, 1973 to 1978 (USAccDeaths of R).
DEATHS_TEXT = """
9007 8106 8928 9137 10017 10826 11317 10744 9713 9938 9161 8927 7750 6981 8038 8422 8714 9512
10120 9823 8743 9129 8710 8680 8162 7306 8124 7870 9387 9556 10093 9620 8285 8466 8160 8034
7717 7461 7767 7925 8623 8945 10078 9179 8037 8488 7874 8647 7792 6957 7726 8106 8890 9299
10625 9302 8314 8850 8265 8796 7836 6892 7791 8192 9115 9434 10484 9827 9110 9070 8633 9240
"""
DEATHS = np.array(DEATHS_TEXT.split(), float)
# Passengers of airlines by month, 1949 to 1960: Box and Jenkins, series G (AirPassengers of R).
PASSENGERS_TEXT = """
112 118 132 129 121 135 148 148 136 119 104 118 115 126 141 135 125 149 170 170 158 133 114 140
145 150 178 163 172 178 199 199 184 162 146 166 171 180 193 181 183 218 230 242 209 191 172 194
196 196 236 235 229 243 264 272 237 211 180 201 204 188 235 227 234 264 302 293 259 229 203 229
242 233 267 269 270 315 364 347 312 274 237 278 284 277 317 313 318 374 413 405 355 306 271 306
315 301 356 348 355 422 465 467 404 347 305 336 340 318 362 348 363 435 491 505 404 359 310 337
360 342 406 396 420 472 548 559 463 407 362 405 417 391 419 461 472 535 622 606 508 461 390 432
"""
PASSENGERS = np.array(PASSENGERS_TEXT.split(), float)
# Production of oil in Saudi Arabia by year, and nights of visitors in Australia by quarter (oildata
# and austourists of R's fpp2, as in the tests of statsmodels).
OIL_TEXT = """
111.009 130.828 141.287 154.228 162.741 192.166 240.8 304.217 384.005 429.662 359.317 437.252
468.401 424.435 487.979 509.828 506.347 340.184 240.259 219.033 172.075 252.59 221.071 276.519
271.148 342.619 428.356 442.395 432.785 437.25 437.209 445.364 453.195 454.41 422.379 456.037
440.387 425.194 486.205 500.429 521.276 508.948 488.889 509.871 456.723 473.817 525.951 549.834
542.340
"""
OIL = np.array(OIL_TEXT.split(), float)
TOURISTS_TEXT = """
30.0525 19.1485 25.3177 27.5914 32.0765 23.488 28.4759 35.1238 36.8385 25.007 30.7222 28.6938
36.641 23.8246 29.3117 31.7703 35.1779 19.7752 29.6017 34.5388 41.2736 26.6559 28.2799 35.1912
42.2057 24.6492 32.6673 37.2574 45.2425 29.3505 36.3442 41.7821 49.2766 31.2754 37.8506 38.837
51.2369 31.8386 41.3234 42.799 55.7084 33.4071 42.3166 45.1571 59.5761 34.8373 44.8417 46.9712
60.019 38.3712 46.9759 50.7338 61.6469 39.2996 52.6712 54.3323 66.8344 40.8712 51.8285 57.4919
65.2515 43.0612 54.7608 59.8345 73.257 47.6966 61.0978 66.0558
"""
TOURISTS = np.array(TOURISTS_TEXT.split(), float)


# The analysis keeps these to itself: what a fit warns of shows in its back-test.
pytestmark = pytest.mark.filterwarnings(
    "ignore::statsmodels.tools.sm_exceptions.ModelWarning", "ignore::RuntimeWarning"
)


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """As in the process that computes; small matrices gain nothing by more."""
    with threadpool_limits(1):
        yield


def plan(season, horizon, *, step="month", confidence=0.95, order=None):
    return Plan(step, season, horizon, confidence, order, order)


def deviations(forecast):
    return (forecast.upper - forecast.mean) / Z


def test_seasonal_naive_has_the_errors_of_forecasting_principles_and_practice():
    # Hyndman and Athanasopoulos 2018, Forecasting: Principles and Practice, 2nd edition, section
    # 3.4: trained on 1992 to 2007, RMSE 14.31, MAE 13.40, MASE 0.94 on the quarters after.
    known, came = BEER[:64], BEER[64:]
    said = seasonal_naive(known, plan(4, came.size)).predict(known)
    errors = came - said.mean
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(14.31, abs=0.005)
    assert np.mean(np.abs(errors)) == pytest.approx(13.40, abs=0.005)
    scale = np.mean(np.abs(known[4:] - known[:-4]))
    assert np.mean(np.abs(errors)) / scale == pytest.approx(0.94, abs=0.005)


def test_the_deviation_of_seasonal_naive_grows_with_the_seasons():
    found = deviations(seasonal_naive(BEER, plan(4, 9)).predict(BEER))
    once = np.sqrt(np.mean((BEER[4:] - BEER[:-4]) ** 2))
    assert found == pytest.approx(once * np.sqrt([1, 1, 1, 1, 2, 2, 2, 2, 3]))


def test_seasonal_naive_goes_back_to_the_last_that_is_known():
    known = np.arange(24.0)
    known[[23, 22, 10]] = np.nan
    said = seasonal_naive(known, plan(12, 12)).predict(known).mean
    assert said[:10].tolist() == list(range(12, 22))
    assert said[11] == 11
    # No November is known.
    assert said[10] == pytest.approx(np.nanmean(known))


def test_ets_without_a_trend_is_that_of_r_on_oil():
    # R, forecast::ets(oildata, model = "ANN"), as statsmodels' own tests have it from there:
    # alpha 0.9999, sigma2 2405.97, forecast 542.3412.
    scaled = (OIL - OIL.mean()) / OIL.std()
    fitted = ets(scaled, plan(1, 4, step="year"))
    said = fitted.predict(scaled)
    assert fitted.form == "ETS(A,N,N)"
    assert fitted.parameters["smoothing_level"] == pytest.approx(0.9999, abs=1e-4)
    assert said.mean * OIL.std() + OIL.mean() == pytest.approx([542.3412] * 4, rel=1e-5)
    # R divides by n - 2 where statsmodels divides by n.
    first = deviations(said)[0] * OIL.std()
    assert first**2 * 49 / 47 == pytest.approx(2405.97, rel=1e-3)


def test_ets_with_seasons_is_close_to_that_of_r_on_tourists():
    # R, forecast::ets(austourists, model = "AAA", damped = FALSE): 75.34454, 50.75845, 63.05023,
    # 67.48395; by AICc it is the best of the additive ones there too. The optimisers differ.
    scaled = (TOURISTS - TOURISTS.mean()) / TOURISTS.std()
    fitted = ets(scaled, plan(4, 4))
    assert fitted.form == "ETS(A,A,A)"
    said = fitted.predict(scaled).mean * TOURISTS.std() + TOURISTS.mean()
    assert said == pytest.approx([75.34454, 50.75845, 63.05023, 67.48395], rel=0.01)


def test_sarima_has_the_coefficients_of_r_on_passengers():
    # R, the example of its help on AirPassengers, the "airline model" by full maximum likelihood on
    # log10: ma1 -0.4018, sma1 -0.5569.
    values = np.log10(PASSENGERS)
    found = sarima(values, plan(12, 12, order=AIRLINE)).parameters
    assert found["ma.L1"] == pytest.approx(-0.4018, abs=5e-5)
    assert found["ma.S.L12"] == pytest.approx(-0.5569, abs=5e-5)


def test_sarima_forecasts_as_r_does_on_deaths():
    # R, the example of its help on predict.Arima: ma1 -0.4303, sma1 -0.5528, and what is below.
    fitted = sarima(DEATHS, plan(12, 6, order=AIRLINE))
    said = fitted.predict(DEATHS)
    assert fitted.form == "ARIMA(0,1,1)(0,1,1)[12]"
    assert list(fitted.parameters.values()) == pytest.approx([-0.4303, -0.5528], abs=1e-4)
    wanted = [8336.061, 7531.829, 8314.644, 8616.869, 9488.916, 9859.757]
    assert said.mean == pytest.approx(wanted, rel=1e-5)
    errors = [315.4481, 363.0054, 405.0164, 443.0623, 478.0897, 510.7197]
    assert deviations(said) == pytest.approx(errors, rel=5e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "form", "coefficients"),
    [
        # R, forecast::auto.arima, of USAccDeaths and of AirPassengers.
        (DEATHS, "ARIMA(0,1,1)(0,1,1)[12]", [-0.4303, -0.5528]),
        (PASSENGERS, "ARIMA(2,1,1)(0,1,0)[12]", [0.5960, 0.2143, -0.9819]),
    ],
)
def test_the_form_is_the_one_that_auto_arima_chooses(values, form, coefficients):
    fitted = sarima((values - values.mean()) / values.std(), plan(12, 12))
    assert fitted.form == form
    assert list(fitted.parameters.values()) == pytest.approx(coefficients, abs=5e-3)


@pytest.mark.parametrize(("order", "form"), [((0, 1, 0), "ARIMA(0,1,0)"), ((1, 0, 0), "with a")])
def test_sarima_takes_the_order_it_is_given(order, form):
    values = np.cumsum(np.random.default_rng(1).normal(size=60))
    fitted = sarima(values, Plan("year", 1, 3, 0.95, order))
    assert form in fitted.form
    assert fitted.predict(values).is_finite


def test_sarima_goes_without_what_is_missing():
    values = DEATHS.copy()
    values[[20, 30, 31, 32, 33, 34, 71]] = np.nan
    said = sarima(values, plan(12, 6, order=AIRLINE)).predict(values)
    whole = sarima(DEATHS, plan(12, 6, order=AIRLINE)).predict(DEATHS)
    assert said.mean == pytest.approx(whole.mean, rel=0.05)
    # The last month is missing, so the first of the forecast is two months ahead.
    assert deviations(said)[0] > deviations(whole)[0]


def test_theta_is_that_of_statsmodels():
    found = theta(DEATHS, plan(12, 24)).predict(DEATHS)
    model = ThetaModel(DEATHS, period=12, use_test=False, method="additive").fit()
    assert found.mean == pytest.approx(model.forecast(24).to_numpy(), rel=1e-6)


def test_theta_is_smoothing_with_half_the_slope_of_the_line():
    # Hyndman and Billah 2003, equation 5.
    values = np.random.default_rng(2).normal(size=80) + 0.3 * np.arange(80)
    fitted = theta(values, plan(1, 5, step="year"))
    alpha, level = fitted.parameters["alpha"], values[0]
    for value in values:
        level += alpha * (value - level)
    drift = np.polyfit(np.arange(80), values, 1)[0] / 2
    wanted = level + drift * (np.arange(5) + 1 / alpha - (1 - alpha) ** 80 / alpha)
    said = fitted.predict(values)
    assert said.mean == pytest.approx(wanted, rel=1e-6)
    # The variance of an integrated moving average: Hyndman et al. 2008, section 6.3.
    assert deviations(said) ** 2 / deviations(said)[0] ** 2 == pytest.approx(
        1 + np.arange(5) * alpha**2
    )


@pytest.mark.slow
def test_trees_learn_a_season_and_a_rise():
    time = np.arange(360)
    values = 3 * np.sin(2 * np.pi * time / 12) + 0.01 * time
    values += np.random.default_rng(3).normal(scale=0.1, size=360)
    said = gradient_boosting(values, plan(12, 12)).predict(values)
    ahead = np.arange(360, 372)
    wanted = 3 * np.sin(2 * np.pi * ahead / 12) + 0.01 * ahead
    assert said.mean == pytest.approx(wanted, abs=0.4)
    assert (said.lower <= said.mean).all()
    assert (said.mean <= said.upper).all()


@pytest.mark.slow
def test_trees_take_what_is_missing():
    values = np.sin(np.arange(240) / 2) + np.random.default_rng(3).normal(scale=0.1, size=240)
    values[[50, 100, 101, 102, 238, 239]] = np.nan
    assert gradient_boosting(values, plan(12, 12)).predict(values).is_finite


def test_the_seasons_of_days_are_taken_away_and_put_back():
    days = np.arange(1500)
    seasons = waves(days) @ [1.0, 5.0, 0.5, 0.1, -3.0, 0.2, 0.3]
    said = without_waves(theta)(seasons, plan(365, 30, step="day")).predict(seasons)
    wanted = waves(np.arange(1500, 1530)) @ [1.0, 5.0, 0.5, 0.1, -3.0, 0.2, 0.3]
    assert said.mean == pytest.approx(wanted, abs=1e-6)


def test_a_gap_is_filled_with_its_seasons():
    values = np.tile(np.arange(12.0), 5) + 3
    gappy = values.copy()
    gappy[[0, 30, 31, 59]] = np.nan
    assert bridged(gappy, 12) == pytest.approx(values)


@LAWS
@given(st.integers(0, 1000), st.floats(0.1, 10), st.floats(-100, 100))
@pytest.mark.parametrize("method", [seasonal_naive, theta])
def test_a_forecast_follows_unit_and_zero(method, seed, scale, shift):
    values = np.random.default_rng(seed).normal(size=60)
    before = method(values, plan(12, 5)).predict(values)
    moved = scale * values + shift
    after = method(moved, plan(12, 5)).predict(moved)
    assert after.mean == pytest.approx(scale * before.mean + shift, rel=1e-3, abs=1e-2 * scale)
