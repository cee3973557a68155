from tests.factories import days


def test_points_come_back_as_they_were_sent(api, dataset):
    assert (
        api.post(f"/api/v1/datasets/{dataset.pk}/data", days(3), format="json").status_code == 200
    )
    assert (
        api.post(f"/api/v1/datasets/{dataset.pk}/data", days(3), format="json").json()["unchanged"]
        == 3
    )
    page = api.get(f"/api/v1/datasets/{dataset.pk}/data").json()
    assert [one["value"] for one in page["results"]] == [one["value"] for one in days(3)]
