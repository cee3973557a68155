"""GLOBE's protocols as data: which fields of a record are read, as which variables."""

from dataclasses import dataclass

from connectors.base import Variable


@dataclass(frozen=True, slots=True)
class Field:
    """A measured quantity.

    keys : what may follow the protocol's prefix in a record; the first that any record has is read
    """

    keys: tuple[str, ...]
    variable: Variable


@dataclass(frozen=True, slots=True)
class Protocol:
    """A kind of observation, with its own fields.

    is_of_things : whether one site may have several at an instant, as it has several trees
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    is_of_things: bool = False

    @property
    def prefix(self) -> str:
        """What the names of its fields begin with: `air_temps` → `airtemps`."""
        return self.name.replace("_", "").lower()


AIR = "air_temperature"
SKY = "none, clear, few, isolated, scattered, broken, overcast or obscured"
SIDES = ("North", "East", "South", "West")


# fmt: off
def number(
    keys: str, name: str, unit: str, limits: tuple[float, float], description: str, **more: str
) -> Field:
    """A number; `keys` stand between blanks, and `more` holds the words of CF."""
    low, high = limits
    return Field(
        tuple(keys.split()),
        Variable(name, unit, valid_min=low, valid_max=high, description=description, **more),
    )


def text(key: str, name: str, description: str) -> Field:
    """A category, a count or a range, kept as it was written."""
    return Field((key,), Variable(name, "1", kind="text", description=description))


PROTOCOLS: tuple[Protocol, ...] = (
    Protocol("air_temps", "Air temperature", (
        number("CurrentTemp", AIR, "degC", (-90, 60), "Air temperature when observed.",
               standard_name=AIR, cell_method="time: point"),
    )),
    Protocol("air_temp_dailies", "Daily air temperature", (
        number("CurrentTemp", AIR, "degC", (-90, 60), "Air temperature when observed.",
               standard_name=AIR, cell_method="time: point"),
        number("MaximumTemp", "air_temperature_max", "degC", (-90, 60),
               "Highest of the 24 hours around local solar noon.",
               standard_name=AIR, cell_method="time: maximum", interval="P1D"),
        number("MinimumTemp", "air_temperature_min", "degC", (-90, 60),
               "Lowest of the 24 hours around local solar noon.",
               standard_name=AIR, cell_method="time: minimum", interval="P1D"),
    )),
    Protocol("precipitations", "Precipitation", (
        number("LiquidAccumulation LiquidAccumulationMm", "precipitation", "mm", (0, 1830),
               "Rain since the gauge was last emptied, as a rule a day before.",
               standard_name="lwe_thickness_of_precipitation_amount", cell_method="time: sum"),
    )),
    Protocol("precipitation_monthlies", "Monthly precipitation", (
        number("LiquidAccumulationMm LiquidAccumulation", "precipitation_month", "mm", (0, 10_000),
               "Rain of the month.", standard_name="lwe_thickness_of_precipitation_amount",
               cell_method="time: sum", interval="P1M"),
    )),
    Protocol("humidities", "Relative humidity", (
        number("RelativeHumidityPercent", "relative_humidity", "percent", (0, 100),
               "Relative humidity.", standard_name="relative_humidity", cell_method="time: point"),
        number("Dewpoint", "dew_point_temperature", "degC", (-90, 40), "Dew point.",
               standard_name="dew_point_temperature", cell_method="time: point"),
    )),
    # The names of the fields of this protocol and of hydrology_phs are not confirmed anywhere.
    Protocol("barometric_pressures", "Barometric pressure", (
        number("Pressure PressureMb PressureMbar BarometricPressure StationPressure",
               "air_pressure", "hPa", (400, 1100), "Pressure of the air at the site.",
               standard_name="air_pressure", cell_method="time: point"),
    )),
    Protocol("water_temperatures", "Water temperature", (
        number("WaterTempC", "water_temperature", "degC", (-10, 100),
               "Temperature of the water of a lake, a river or the sea.",
               cell_method="time: point"),
    )),
    Protocol("hydrology_phs", "pH of water", (
        number("Ph PhValue AveragePh HydrologyPh", "water_ph", "1", (0, 14), "pH of the water.",
               cell_method="time: point"),
    )),
    Protocol("surface_temperatures", "Surface temperature", (
        number("AverageSurfaceTemperatureC", "surface_temperature", "degC", (-90, 100),
               "Temperature of the ground's surface, mean of nine spots.",
               standard_name="surface_temperature", cell_method="area: mean"),
    )),
    Protocol("soil_temp_dailies", "Daily soil temperature", (
        number("AverageTempC", "soil_temperature", "degC", (-70, 80), "Mean of the day.",
               standard_name="soil_temperature", cell_method="time: mean", interval="P1D"),
        number("MaximumTempC", "soil_temperature_max", "degC", (-70, 80), "Highest of the day.",
               standard_name="soil_temperature", cell_method="time: maximum", interval="P1D"),
        number("MinimumTempC", "soil_temperature_min", "degC", (-70, 80), "Lowest of the day.",
               standard_name="soil_temperature", cell_method="time: minimum", interval="P1D"),
    )),
    Protocol("sky_conditions", "Clouds", (
        text("CloudCover", "cloud_cover", f"Cover of all clouds: {SKY}."),
        text("CloudCoverHigh", "cloud_cover_high", f"Cover of the high clouds: {SKY}."),
        text("CloudCoverMid", "cloud_cover_mid", f"Cover of the middle clouds: {SKY}."),
        text("CloudCoverLow", "cloud_cover_low", f"Cover of the low clouds: {SKY}."),
        text("SkyClarity", "sky_clarity", "How clear the sky is, in words."),
        text("ShortLivedContrails", "contrails_short_lived", "Number of short-lived contrails."),
        text("NonSpreadingContrails", "contrails_persistent",
             "Number of contrails that last and do not spread."),
        text("SpreadingContrails", "contrails_spreading", "Number of contrails that spread."),
    )),
    Protocol("tree_heights", "Height of trees", (
        number("TreeHeightAvgM", "tree_height", "m", (0, 130), "Mean height of the trees."),
    ), is_of_things=True),
    # The spelling is the service's own.
    Protocol("vegatation_covers", "Vegetation cover", (
        number("GroundCoverGreenPercent", "ground_cover_green", "percent", (0, 100),
               "Share of the ground under green plants."),
    )),
    Protocol("mosquito_habitat_mapper", "Mosquito habitats", (
        text("LarvaeCount", "larvae_count",
             "Number of larvae, or its range in words: 5, 1-25, more than 100."),
        text("Genus", "mosquito_genus", "Genus of the larvae."),
        text("Species", "mosquito_species", "Species of the larvae."),
        text("WaterSource", "water_source", "What the water stands in."),
        text("WaterSourceType", "water_source_type", "The kind of that, such as artificial."),
        text("MosquitoAdults", "mosquito_adults", "Whether adults were seen: true or false."),
        text("MosquitoEggs", "mosquito_eggs", "Whether eggs were seen: true or false."),
        text("MosquitoPupae", "mosquito_pupae", "Whether pupae were seen: true or false."),
        text("BreedingGroundEliminated", "breeding_ground_eliminated",
             "Whether the water was emptied or covered: true or false."),
    ), is_of_things=True),
    Protocol("land_covers", "Land cover", (
        text("MucCode", "muc_code", "Code of the Modified UNESCO Classification."),
        text("MucDescription", "muc_description", "The same in words."),
        *(text(f"{side}Classifications", f"land_cover_{side.lower()}",
               f"What is seen to the {side.lower()}, with shares.") for side in SIDES),
        *(text(key, name, f"Whether {what}: true or false.") for key, name, what in (
            ("DryGround", "ground_dry", "the ground was dry"),
            ("Muddy", "ground_muddy", "the ground was muddy"),
            ("SnowIce", "ground_snow_ice", "snow or ice lay on the ground"),
            ("StandingWater", "ground_standing_water", "water stood on the ground"),
            ("LeavesOnTrees", "leaves_on_trees", "the trees had leaves"),
            ("RainingSnowing", "raining_snowing", "it rained or snowed"),
        )),
    ), is_of_things=True),
)
# fmt: on
