"""The dashboards ask for metrics that exist, and are where Grafana is told to look."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from hub.ops.metrics import describe
from tests.deploy.composed import ROOT, services
from tests.deploy.test_rules import NAME, PART, promtool, series

GRAFANA = ROOT / "deploy" / "grafana"
BOARDS: dict[str, dict[str, Any]] = {
    file.stem: json.loads(file.read_text(encoding="utf-8")) for file in (GRAFANA / "dashboards").glob("*.json")
}


def queries() -> list[str]:
    return [target["expr"] for board in BOARDS.values() for panel in board["panels"] for target in panel["targets"]]


def test_every_query_asks_for_what_exists() -> None:
    assert queries()
    for query in queries():
        assert set(NAME.findall(query)) <= series(), query
        for labels in re.findall(r"by \(([^)]*)\)", query):
            known = {label for metric in describe() for label in metric.labels}
            asked = {label.strip() for label in labels.split(",")}
            assert asked <= known | {"le", "role", "instance", "alertname", "severity"}, query


def test_every_metric_stands_on_a_dashboard() -> None:
    asked = {PART.sub("", name) for query in queries() for name in NAME.findall(query)}
    assert asked == {metric.name for metric in describe()}


def test_prometheus_understands_every_query(tmp_path: Path) -> None:
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries())]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}), encoding="utf-8")
    promtool("check", "rules", str(file))


def test_the_dashboards_lead_to_each_other() -> None:
    assert len(BOARDS) == 3
    assert all({link["type"] for link in board["links"]} == {"dashboards"} for board in BOARDS.values())
    assert all(set(link["tags"]) <= set(board["tags"]) for board in BOARDS.values() for link in board["links"])


def test_panels_have_numbers_places_and_the_provisioned_source() -> None:
    (source,) = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text())["datasources"]
    for name, board in BOARDS.items():
        assert board["uid"] == name and not board["editable"]
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
        places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]
        assert len(set(places)) == len(places)
        assert all(panel["title"] for panel in board["panels"])
        for panel in board["panels"]:
            assert {target["datasource"]["uid"] for target in panel["targets"]} == {source["uid"]}


def test_grafana_is_told_where_they_are() -> None:
    (provider,) = yaml.safe_load((GRAFANA / "provisioning" / "dashboards" / "regiehub.yml").read_text())["providers"]
    mounted = {volume["target"]: volume["source"] for volume in services()["grafana"]["volumes"]}
    assert mounted[provider["options"]["path"]] == str(GRAFANA / "dashboards")
    assert mounted["/etc/grafana/provisioning"] == str(GRAFANA / "provisioning")
