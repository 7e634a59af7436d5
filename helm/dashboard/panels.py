"""How panels look: grey where nothing asks for a look, colour from a stated bound on, in the dark and in the light."""

from __future__ import annotations

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")

QUIET = "#8a8f98"
WARNING, ERROR, CRITICAL = "semi-dark-yellow", "semi-dark-orange", "semi-dark-red"
SEVERITIES = {"warning": WARNING, "error": ERROR, "critical": CRITICAL}


def asked(query: str, legend: str = "", name: str = "A") -> prometheus.Dataquery:
    """Return a query over the time shown."""
    return prometheus.Dataquery().ref_id(name).expr(query).legend_format(legend).range()


def asked_now(query: str, legend: str = "", name: str = "A") -> prometheus.Dataquery:
    """Return a query of this moment."""
    return prometheus.Dataquery().ref_id(name).expr(query).legend_format(legend).instant()


def bounds(*steps: tuple[float, str], below: str = QUIET) -> dashboard.ThresholdsConfig:
    """Return colours from values on."""
    first = models.Threshold(value=None, color=below)
    above = [models.Threshold(value=value, color=colour) for value, colour in steps]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps([first, *above])


def figure(title: str, words: str, query: str, *, unit: str, legend: str = "") -> stat.Panel:
    """Return one number of this moment."""
    return (
        stat.Panel()
        .title(title)
        .description(words)
        .datasource(SOURCE)
        .with_target(asked_now(query, legend))
        .unit(unit)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .graph_mode(shapes.BigValueGraphMode.NONE)
        .color_mode(shapes.BigValueColorMode.VALUE)
        .thresholds(bounds(below="text"))
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .height(4)
    )


def lines(title: str, words: str, *queries: prometheus.Dataquery, unit: str, width: int = 12) -> timeseries.Panel:
    """Return lines over time, the largest first in the legend."""
    legend = (
        common.VizLegendOptions()
        .display_mode(shapes.LegendDisplayMode.TABLE)
        .placement(shapes.LegendPlacement.BOTTOM)
        .show_legend(show_legend=True)
        .calcs(["lastNotNull", "max"])
        .sort_by("Max")
        .sort_desc(sort_desc=True)
    )
    panel = timeseries.Panel().title(title).description(words).datasource(SOURCE).unit(unit).targets(list(queries))
    return (
        panel.legend(legend)
        .tooltip(common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI).sort(shapes.SortOrder.DESCENDING))
        .line_width(1)
        .fill_opacity(0)
        .show_points(shapes.VisibilityMode.NEVER)
        .axis_soft_min(0)
        .span(width)
        .height(8)
    )


def coloured_above(panel: timeseries.Panel, bound: float, colour: str = ERROR) -> timeseries.Panel:
    """Return lines that are grey up to a bound, which is drawn."""
    return (
        panel.thresholds(bounds((bound, colour)))
        .thresholds_style(common.GraphThresholdsStyleConfig().mode(shapes.GraphTresholdsStyleMode.DASHED))
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .gradient_mode(shapes.GraphGradientMode.SCHEME)
        .axis_soft_max(1.2 * bound)
    )


def rows(title: str, words: str, columns: dict[str, tuple[str, str]]) -> table.Panel:
    """Return a table of signals; `columns` are the query and the unit by title, the first one orders the rows."""
    panel = table.Panel().title(title).description(words).datasource(SOURCE).span(14).height(10)
    names = {}
    for name, (heading, (query, unit)) in zip("ABCDEFGH", columns.items(), strict=False):
        panel.with_target(asked_now(query, name=name).format(PromQueryFormat.TABLE))
        panel.override_by_name(heading, [models.DynamicConfigValue("unit", unit)])
        names[f"Value #{name}"] = heading
    order = {"model": 0, "signal": 1} | {name: place for place, name in enumerate(names, 2)}
    panel.with_transformation(models.DataTransformerConfig("merge", options={}))
    organised = {"excludeByName": {"Time": True}, "indexByName": order, "renameByName": names}
    panel.with_transformation(models.DataTransformerConfig("organize", options=organised))
    first = next(iter(columns))
    beyond = models.DynamicConfigValue("thresholds", bounds((1, ERROR), below="text").build())
    panel.override_by_name(first, [models.DynamicConfigValue("custom.cellOptions", {"type": "color-text"}), beyond])
    return panel.decimals(2).sort_by([common.TableSortByFieldState().display_name(first).desc(desc=True)])
