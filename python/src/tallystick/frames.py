"""Rows as a DataFrame when pandas is there, as a list of dicts otherwise."""

NANO = 10**9


def frame(rows):
    """Every row keeps its values: integers beyond 64 bits stay Python integers."""
    try:
        import pandas
    except ImportError:
        return rows
    return pandas.DataFrame(rows)


def round_rows(rounds, verified):
    """One dict per round; `verified` maps a round to True, False or None."""
    rows = []
    before = None
    for view in rounds:
        units = _units(view["metrics"])
        row = {"round": view["round"], "loss": units.get("lossBefore"), **units}
        row.update(_pooled(view["evaluations"]))
        row.update(
            weight=int(view["sumWeight"]),
            included=view["included"],
            excluded=view["excluded"],
            seconds=None if before is None else (view["closedAtMs"] - before) / 1000,
            header=view["header"],
            model=view["modelAfter"],
            status=view["status"],
            verified=verified(view["round"]),
        )
        before = view["closedAtMs"]
        rows.append(row)
    return rows


def node_rows(rounds, names):
    """One dict per round and site that measured the round's model."""
    return [
        {
            "round": view["round"],
            "node": own["node"],
            "name": names.get(own["node"], f"node-{own['node']}"),
            "numExamples": own["numExamples"],
            **_units(own["metrics"]),
        }
        for view in rounds
        for own in view["evaluations"]
    ]


def _units(metrics):
    return {name: nano / NANO for name, nano in metrics.items()}


def _pooled(evaluations):
    """`test_<metric>`: the sites' own measurements, weighted by their test rows."""
    sums = {}
    for own in evaluations:
        for name, nano in own["metrics"].items():
            total, rows = sums.get(name, (0, 0))
            sums[name] = (total + nano * own["numExamples"], rows + own["numExamples"])
    return {f"test_{name}": total / rows / NANO for name, (total, rows) in sums.items() if rows > 0}
