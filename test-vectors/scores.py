#!/usr/bin/env python3
"""Writes scores.json to standard output: contribution scores of two epochs, from the words of ADR 0022 alone.

Products, sums and quotients are Python's own integers; the two steps that round (the novel part and its quantisation)
are binary64 in the order of positions, as IEEE 754 has them in every language.
"""

import hashlib
import json

NANO, PPM, PPB = 10**9, 10**6, 10**9
D, NODES, ROUNDS = 37, 5, 5


class Lcg:
    """What the inputs are drawn from: a 64-bit linear congruential generator (Knuth, MMIX), its upper 32 bits."""

    def __init__(self, seed):
        self.state = seed

    def between(self, low, high):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return low + (self.state >> 32) % (high - low + 1)


class Words:
    """Public randomness: SHA-256 of seed and counter, eight little-endian words each; what was drawn is kept."""

    def __init__(self, seed):
        self.seed, self.counter, self.left, self.drawn = bytes.fromhex(seed), 0, [], []

    def below(self, n):
        limit = 2**32 - 2**32 % n
        while True:
            if not self.left:
                block = hashlib.sha256(self.seed + self.counter.to_bytes(4, "little")).digest()
                self.left = [int.from_bytes(block[i : i + 4], "little") for i in range(0, 32, 4)]
                self.counter += 1
            self.drawn.append(self.left.pop(0))
            if self.drawn[-1] < limit:
                return self.drawn[-1] % n


def toward_zero(a, b):
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def product(a, b):
    total = 0
    for x, y in zip(a, b):
        total += x * y
    return total


def removed(vector, basis):
    rest = list(vector)
    for along, squared in basis + basis:
        share = product(rest, along) / squared
        rest = [r - share * x for r, x in zip(rest, along)]
    return rest


def novel_part(gradient, base, earlier):
    models, basis = [base] + earlier[:5], []
    for after, before in zip(models, models[1:]):
        change = [a - b for a, b in zip(after, before)]
        rest = removed(change, basis)
        if product(rest, rest) > 2.0**-40 * product(change, change):
            basis.append((rest, product(rest, rest)))
    return removed(gradient, basis)


def quantise(gradient):
    most, exponent = max(abs(g) for g in gradient), 126
    while most * 2.0**exponent > 2**23 - 1:
        exponent -= 1
    return {"exponent": exponent, "values": [round(g * 2.0**exponent) for g in gradient]}


def path_scores(contributions, gradient):
    total, places = sum(c["weight"] for c in contributions), gradient["exponent"] + 32
    assert places >= 0
    return [
        toward_zero(-NANO * c["weight"] * product(gradient["values"], c["values"]), total << places)
        for c in contributions
    ]


def similar(contributions):
    rows = []
    for i, a in enumerate(contributions):
        row = []
        for b in contributions[:i]:
            p = product(a["values"], b["values"])
            lengths = product(a["values"], a["values"]) * product(b["values"], b["values"])
            row.append(toward_zero(PPB * p * abs(p), lengths) if lengths else 0)
        rows.append(row)
    return rows


def audit_plan(words, counts):
    plan = []
    for at in range(0, len(counts), 5):
        index = at + words.below(min(5, len(counts) - at))
        permutations = []
        for m in range(30):
            order = list(range(counts[index]))
            for i in range(len(order) - 1, 0, -1):
                j = words.below(i + 1)
                order[i], order[j] = order[j], order[i]
            first = order.index(m % len(order))
            order[0], order[first] = order[first], order[0]
            permutations.append(order)
        plan.append({"index": index, "permutations": permutations})
    return plan


def shapley(permutations, loss_of):
    """The values, and the losses in the order they were asked for."""
    losses = [loss_of([]), loss_of(sorted(permutations[0]))]
    before, after = losses
    falls = [0] * len(permutations[0])
    if abs(before - after) <= 100_000:
        return None, losses
    for order in permutations:
        loss = before
        for k, member in enumerate(order):
            if 100 * abs(after - loss) < abs(before - after):
                break
            losses.append(loss_of(order[: k + 1]))
            falls[member] += loss - losses[-1]
            loss = losses[-1]
    return [toward_zero(fall, len(permutations)) for fall in falls], losses


def settle(rounds, before):
    """Scores of one epoch of up to five rounds and the tallies it leaves; rounds are dicts of nodes, novel, similar and perhaps audit."""
    sums, pairs, tallies = {}, {}, {n: list(t) for n, t in before.items()}
    for r in rounds:
        for i, node in enumerate(r["nodes"]):
            sums[node] = sums.get(node, 0) + r["novel"][i]
            for j, ppb in enumerate(r["similar"][i]):
                pairs.setdefault((node, r["nodes"][j]), []).append(ppb)
            if "audit" in r:
                path, value = tallies.get(node, (0, 0))
                tallies[node] = [path + r["audit"]["path"][i], value + r["audit"]["shapley"][i]]
    repeats = {}
    for (node, other), each in sorted(pairs.items()):
        if sum(each) > 902_500_000 * len(each):
            repeats.setdefault(node, other)
    paid = {n: max(0, s) if n not in repeats else 0 for n, s in sums.items()}
    multipliers = {
        n: min(1_500_000, max(100_000, v * PPM // p)) if p > 0 and v > 0 else 100_000 for n, (p, v) in tallies.items()
    }
    scores = []
    for node in sorted(sums):
        m = multipliers.get(node, PPM)
        row = {"node": node, "sum": str(sums[node]), "multiplierPpm": str(m), "score": str(paid[node] * m // PPM)}
        scores.append({**row, "duplicateOf": repeats[node]} if node in repeats else row)
    return scores, tallies


def contributions_of(lcg, round_number):
    """Node 9 nearly repeats node 5; node 3 is absent from one round; the values reach the ends of their range."""
    out = []
    for k in range(NODES):
        values = [lcg.between(-(2**31), 2**31) - 2**30 for _ in range(D)]
        if k == 0 and round_number == 0:
            values[:2] = [2**41 - 1, 1 - 2**41]
        if k == 4:
            values = [v + lcg.between(-(2**20), 2**20) for v in out[2]["values"]]
        out.append({"node": 2 * k + 1, "weight": lcg.between(1, 800), "values": values})
    return [c for c in out if not (c["node"] == 3 and round_number == 1)]


def epoch(lcg, number, models, before):
    words, rounds = Words(hashlib.sha256(bytes([number])).hexdigest()), []
    for r in range(ROUNDS):
        models.insert(0, [lcg.between(-4096, 4096) / 1024 for _ in range(D)])
        gradient = [lcg.between(-(2**31), 2**31) / 2**33 for _ in range(D)]
        contributions = contributions_of(lcg, r)
        rounds.append({
            "round": ROUNDS * number + r,
            "base": models[0],
            "earlier": models[1:6],
            "gradient": gradient,
            "contributions": contributions,
            "novel": quantise(novel_part(gradient, models[0], models[1:6])),
            "similar": similar(contributions),
        })
    plan, facts = audit_plan(words, [len(r["contributions"]) for r in rounds]), []
    for r in rounds:
        fact = {"nodes": [c["node"] for c in r["contributions"]], "similar": r["similar"]}
        facts.append({**fact, "novel": path_scores(r["contributions"], r["novel"])})
    for audit in plan:
        r = rounds[audit["index"]]
        worth = [lcg.between(-(10**7), 10**8) for _ in r["contributions"]]
        table = {}

        def loss_of(subset):
            key = tuple(sorted(subset))
            if key not in table:
                table[key] = 2 * NANO - sum(worth[i] for i in subset) + lcg.between(-(10**6), 10**6)
            return table[key]

        values, losses = shapley(audit["permutations"], loss_of)
        r["audit"] = {"path": quantise(r["gradient"]), "losses": losses}
        path = path_scores(r["contributions"], r["audit"]["path"])
        facts[audit["index"]]["audit"] = {"path": path, "shapley": values}
    scores, tallies = settle(facts, before)
    for r, fact in zip(rounds, facts):
        r["phi"] = [str(x) for x in fact["novel"]]
        if "audit" in fact:
            r["audit"]["shapley"] = [str(x) for x in fact["audit"]["shapley"]]
    return {
        "seed": words.seed.hex(),
        "words": words.drawn,
        "plan": plan,
        "rounds": rounds,
        "scores": scores,
        "tallies": [{"node": n, "path": str(p), "shapley": str(v)} for n, (p, v) in sorted(tallies.items())],
    }, tallies


def run():
    lcg, models, before, epochs = Lcg(5), [], {}, []
    models.append([lcg.between(-4096, 4096) / 1024 for _ in range(D)])
    for number in range(2):
        settled, before = epoch(lcg, number, models, before)
        epochs.append(settled)
    return {"epochs": epochs}


print(json.dumps(run(), separators=(",", ":")))
