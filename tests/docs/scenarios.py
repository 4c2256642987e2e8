"""Every scenario of docs/design/connections.md names at least one test, and each test named there exists.

usage: scenarios.py SOURCE_DIR
"""
import pathlib
import re
import sys

FOLDERS = {"U": "tests/unit", "S": "tests/sim", "I": "tests/integration", "N": "tests/integration/netns", "P": "tests/package"}


def tests_of(path):
    """The suites and the tests of one file: ({"Suite"}, {"Suite.test"})."""
    text = path.read_text()
    named = re.findall(r"TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", text)
    return {suite for suite, _ in named}, {f"{suite}.{test}" for suite, test in named}


def faults_of(source, number, cell):
    named = 0
    for reference in cell.split(";"):
        match = re.match(r"\s*([USINP]) ([\w/]+): (.*)", reference, re.S)
        if not match:
            continue
        level, where, names = match.groups()
        path = source / FOLDERS[level] / f"{where}_test.cpp"
        if not path.exists():
            yield f"{number}: {path.relative_to(source)} does not exist"
            continue
        suites, tests = tests_of(path)
        suite = ""
        for name in re.sub(r"\([^)]*\)", "", names).split(","):
            name = name.strip().rstrip(".").split("/")[-1].removesuffix(".*")
            if not name:
                continue
            if name.startswith("."):
                name = suite + name
            suite = name.split(".")[0]
            known = name in tests if "." in name else name in suites
            if not known:
                yield f"{number}: {path.relative_to(source)} has no {name}"
            named += 1
    if named == 0 and "open: HTTP/2" not in cell and not re.search(r"the tests of \d+", cell):
        yield f"{number}: names no test"


def main():
    source = pathlib.Path(sys.argv[1])
    rows = re.findall(r"^\| (\d+) \| .*? \| (.*) \|$", (source / "docs/design/connections.md").read_text(), re.M)
    faults = [fault for number, cell in rows for fault in faults_of(source, number, cell)]
    if [int(number) for number, _ in rows] != list(range(1, 81)):
        faults.append("the table does not have the scenarios 1 to 80 in their order")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
