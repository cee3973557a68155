"""ClimateData.ca `projections-30y`: averages of 30 years, and their changes since a base period."""

from connectors.providers.climatedata_ca.downloads import Downloads, projection_parameters
from connectors.providers.climatedata_ca.indices import AVERAGES


class ThirtyYearProjections(Downloads):
    name = "projections-30y"
    title = "Climate projections, 30-year averages and changes (ClimateData.ca)"
    parameters = projection_parameters(AVERAGES)
    dataset_type = "30ygraph"
    years = 30
    time_rule = (
        "30 years are stored as midnight of their first day in UTC: 1951 is 1951 to 1980, in the "
        "month or season that was asked for."
    )
