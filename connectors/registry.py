"""The table of connectors; a module of `connectors.providers` adds its own on import."""

from connectors.base import Connector
from datastream.core.registry import Registry

connectors = Registry[Connector]("connector")
