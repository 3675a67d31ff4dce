#!/usr/bin/env python3
"""Makes world.json, the outlines of countries that the console draws, from world-atlas's countries-50m.json:

    make.py countries-50m.json iso_3166-1.json >world.json

The first comes from the npm package world-atlas 2.0.2, the second from Debian's package iso-codes. Borders are stored once, as
arcs that neighbours share, so that thinning them leaves no gaps. Written: {"arcs": [[x, y, dx, dy, ...]], "countries":
[{"code": "DE", "rings": [[arc, ...], ...]}]}; degrees times 100, an arc n < 0 is arc ~n backwards, code is "" where ISO has none."""

import json
import sys

TOLERANCE = 5  # hundredths of a degree that a border may move
ANTARCTICA = "010"


def thinned(points):
    """Douglas and Peucker: the fewest points from which none of the others is further away than TOLERANCE."""
    keep = {0, len(points) - 1}
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        (ax, ay), (bx, by) = points[first], points[last]
        length = ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5
        furthest, distance = None, TOLERANCE
        for at in range(first + 1, last):
            x, y = points[at]
            away = (abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length if length
                    else ((x - ax) ** 2 + (y - ay) ** 2) ** 0.5)
            if away > distance:
                furthest, distance = at, away
        if furthest is not None:
            keep.add(furthest)
            spans += [(first, furthest), (furthest, last)]
    # An island that is smaller than the tolerance keeps its shape.
    return points if points[0] == points[-1] and len(keep) < 4 else [points[at] for at in sorted(keep)]


def main():
    atlas = json.load(open(sys.argv[1], encoding="utf-8"))
    codes = {entry["numeric"]: entry["alpha_2"] for entry in json.load(open(sys.argv[2], encoding="utf-8"))["3166-1"]}
    scale, shift = atlas["transform"]["scale"], atlas["transform"]["translate"]
    arcs = []
    for arc in atlas["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((round(100 * (x * scale[0] + shift[0])), round(100 * (y * scale[1] + shift[1]))))
        flat, before = [], (0, 0)
        for point in thinned(points):
            flat += [point[0] - before[0], point[1] - before[1]]
            before = point
        arcs.append(flat)
    countries = {}
    for shape in atlas["objects"]["countries"]["geometries"]:
        if shape.get("id") == ANTARCTICA:
            continue
        polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
        code = codes.get(shape.get("id"), "")
        # Islands with an entry of their own go with their country; what has no code stays by itself.
        countries.setdefault(code or len(countries), {"code": code, "rings": []})["rings"] += [
            ring for polygon in polygons for ring in polygon]
    json.dump({"arcs": arcs, "countries": list(countries.values())}, sys.stdout, separators=(",", ":"))


if __name__ == "__main__":
    main()
