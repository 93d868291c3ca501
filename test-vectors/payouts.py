#!/usr/bin/env python3
"""Writes payouts.json to standard output: pay by the rules of protocol.md section 6, in plain integers.

Shares the words of the protocol and nothing else with the product: the cap is filled as it is told there (pay
everyone above it, take them out, repeat), sums and quotients are Python's own, hashes are hashlib's.
"""

import hashlib
import json

PPM = 10**6
SEED, VECTORS, CHUNK = 20, 100_000, 1_000


def split(budget, shares):
    """Floors, then one more to the largest remainders, ties to the smaller index."""
    total = sum(shares)
    units = [budget * s // total for s in shares]
    order = sorted(range(len(shares)), key=lambda i: (-(budget * shares[i] % total), i))
    for i in order[: budget - sum(units)]:
        units[i] += 1
    return units


def cap_of(budget, cap_ppm, payees):
    kappa = max(cap_ppm, -(-PPM // payees))
    return max(budget * kappa // PPM, -(-budget // payees))


def fill(budget, shares, cap):
    """Pays the cap to each whose proportional part exceeds it, takes them out, and repeats."""
    units = [0] * len(shares)
    inside = list(range(len(shares)))
    while inside:
        total = sum(shares[i] for i in inside)
        above = [i for i in inside if budget * shares[i] > cap * total]
        if not above:
            for i, part in zip(inside, split(budget, [shares[i] for i in inside])):
                units[i] = part
            break
        for i in above:
            units[i] = cap
        budget -= cap * len(above)
        inside = [i for i in inside if i not in above]
    return units


def pay(earners, policy, cap_ppm, budget):
    """earners: (node, account, share); gives (account, first node, share, units) by first node."""
    payees = {}
    for node, account, share in sorted(earners):
        if share > 0:
            first, before = payees.get(account, (node, 0))
            payees[account] = (first, 1 if policy == "equal" else before + share)
    if not payees:
        return []
    shares = [share for _, share in payees.values()]
    units = fill(budget, shares, cap_of(budget, cap_ppm, len(shares)))
    assert sum(units) == budget
    return [(a, first, share, u) for (a, (first, share)), u in zip(payees.items(), units)]


class Draws:
    """A 64-bit linear congruential generator (Knuth, MMIX); its upper 32 bits are what is drawn."""

    def __init__(self, seed):
        self.state = seed

    def u32(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return self.state >> 32

    def below(self, n):
        return self.u32() % n

    def bits(self, n):
        value = 0
        for _ in range(-(-n // 32)):
            value = value << 32 | self.u32()
        return value >> (-n % 32)


def drawn(draws):
    """One vector of the bulk: budget, capPpm and the shares of 1 to 16 payees."""
    payees = 1 + draws.below(16)
    budget = 2**96 if draws.below(16) == 0 else draws.bits(draws.below(97))
    cap_ppm = PPM if draws.below(4) == 0 else 1 + draws.below(PPM)
    kind = draws.below(8)
    if kind == 0:
        shares = [draws.bits(64)] * payees
    elif kind == 1:
        shares = [draws.below(2) for _ in range(payees)]
    elif kind == 2:
        shares = [(2**64 - 1) * draws.below(2) for _ in range(payees)]
    elif kind == 3:
        shares = [2**64 - 1] + [draws.below(3) for _ in range(payees - 1)]
    else:
        shares = [draws.bits(draws.below(65)) for _ in range(payees)]
    return budget, cap_ppm, shares


def bulk():
    """A SHA-256 for every 1,000 lines of units, so that a difference is found at once and its place soon."""
    draws, digests = Draws(SEED), []
    for _ in range(VECTORS // CHUNK):
        lines = []
        for _ in range(CHUNK):
            budget, cap_ppm, shares = drawn(draws)
            earners = [(i, i, share) for i, share in enumerate(shares)]
            lines.append(",".join(str(p[3]) for p in pay(earners, "weight", cap_ppm, budget)) + "\n")
        digests.append(hashlib.sha256("".join(lines).encode()).hexdigest())
    return {"seed": SEED, "vectors": VECTORS, "chunk": CHUNK, "digests": digests}


def account(i):
    return bytes((i * 37 + k) % 256 for k in range(32)).hex()


def case(why, policy, cap_ppm, budget, earners):
    payments = pay(earners, policy, cap_ppm, budget)
    return {
        "why": why,
        "policy": policy,
        "capPpm": cap_ppm,
        "budget": str(budget),
        "earners": [{"node": n, "account": a, "share": str(s)} for n, a, s in earners],
        "payments": [
            {"account": a, "firstNode": n, "share": str(s), "units": str(u)} for a, n, s, u in payments
        ],
    }


def alone(shares):
    """Every node its own organisation; accounts do not follow the order of the nodes."""
    return [(i, account(i), s) for i, s in enumerate(shares)]


def cases():
    two_nodes = [(4, account(1), 10), (2, account(1), 5), (3, account(2), 15), (0, account(3), 1)]
    yield case("nobody contributed: the budget stays in the pot", "weight", PPM, 1000, alone([0, 0]))
    yield case("no budget", "weight", PPM, 0, alone([3, 4]))
    yield case("one takes all, whatever the cap", "weight", 1, 1000, alone([7]))
    yield case("ties go to the smaller node", "weight", PPM, 2, alone([1, 1, 1]))
    yield case("one unit, three equal organisations, a cap below it", "weight", 1, 1, alone([5, 5, 5]))
    yield case("a zero is paid nothing", "weight", PPM, 100, alone([0, 1, 2]))
    yield case("the largest remainder first", "weight", PPM, 10, alone([1, 5, 5]))
    yield case("nodes of one organisation are paid as one", "weight", PPM, 100, two_nodes)
    yield case("equal counts organisations, not nodes", "equal", PPM, 100, two_nodes)
    yield case("equal leaves out who did not contribute", "equal", PPM, 100, alone([9, 0, 1]))
    yield case("equal with a remainder", "equal", PPM, 11, alone([9, 2, 1]))
    yield case("a cap of 40 %", "weight", 400_000, 1000, alone([90, 5, 4, 1]))
    yield case("a cap whose overflow lifts the next one above it", "weight", 400_000, 1000, alone([80, 15, 5]))
    yield case("a cap below an equal part is an equal part", "weight", 100_000, 1000, alone([98, 1, 1]))
    yield case("exactly at the cap is not above it", "weight", 500_000, 1000, alone([50, 25, 25]))
    yield case("a cap on organisations with several nodes", "weight", 350_000, 1000, two_nodes)
    yield case("scores in nano-units", "contribution", 400_000, 10**9, alone([123_456_789_012, 987, 0, 55_555_555_555]))
    yield case("the largest pot and weights", "weight", PPM, 2**96, alone([2**64 - 1] * 3 + [1]))
    yield case("the largest pot under a cap", "contribution", 333_333, 2**96 - 1, alone([2**63 - 1, 1, 1, 1, 2**40]))
    yield case("more organisations than units", "weight", PPM, 5, alone(list(range(1, 21))))


def leaf_hash(holder, cumulative):
    tag = b"tally/entitle/v1".ljust(16, b"\0")
    return hashlib.sha256(b"\x02" + tag + bytes.fromhex(holder) + cumulative.to_bytes(16, "little")).digest()


def tree(leaves):
    """Root and total of (hash, sum) leaves: RFC 6962, the left side the largest power of two below the count."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    (left, a), (right, b) = tree(leaves[:half]), tree(leaves[half:])
    parts = b"\x03" + left + a.to_bytes(16, "little") + right + b.to_bytes(16, "little")
    return hashlib.sha256(parts).digest(), a + b


def epochs():
    """Five epochs of one run: what everybody may have drawn after each, and the root that binds it."""
    draws, cumulative, out = Draws(21), {}, []
    for rounds in (5, 5, 5, 5, 2):
        earners = [(n, account(n % 5), draws.bits(22)) for n in range(8)]
        budget = 123_456_789 * rounds // 5
        for holder, _, _, units in pay(earners, "weight", 300_000, budget):
            cumulative[holder] = cumulative.get(holder, 0) + units
        entitled = sorted((h, u) for h, u in cumulative.items() if u > 0)
        root, total = tree([(leaf_hash(h, u), u) for h, u in entitled])
        out.append({
            "rounds": rounds,
            "budget": str(budget),
            "earners": [{"node": n, "account": a, "share": str(s)} for n, a, s in earners],
            "entitlements": [{"account": h, "cumulative": str(u)} for h, u in entitled],
            "root": root.hex(),
            "total": str(total),
        })
    return {"epochBudget": "123456789", "epochRounds": 5, "capPpm": 300_000, "epochs": out}


print(json.dumps({"cases": list(cases()), "bulk": bulk(), "run": epochs()}, indent=2))
