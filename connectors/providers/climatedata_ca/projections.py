"""ClimateData.ca `projections`: indices year by year, or month by month, from 1950 to 2100."""

from connectors.providers.climatedata_ca.downloads import Downloads, projection_parameters
from connectors.providers.climatedata_ca.indices import SERIES


class YearlyProjections(Downloads):
    name = "projections"
    title = "Climate projections by year and month (ClimateData.ca)"
    parameters = projection_parameters(SERIES)
    dataset_type = "allyears"
    years = 1
    time_rule = "A year, season or month is stored as midnight of its first day in UTC."
