"""Executes the code cells of a notebook in order with the standard library; prints the last value of each cell."""

import ast
import json
import sys


def run(path):
    with open(path, encoding="utf-8") as file:
        cells = [cell for cell in json.load(file)["cells"] if cell["cell_type"] == "code"]
    names = {"__name__": "__main__"}
    for number, cell in enumerate(cells, 1):
        tree = ast.parse("".join(cell["source"]), f"cell {number}")
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, f"cell {number}", "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), f"cell {number}", "eval"), names)
            print(f"cell {number}: {value!r}")
    print(f"{len(cells)} cells")


if __name__ == "__main__":
    run(sys.argv[1])
