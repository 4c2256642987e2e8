"""The tables that promise something name the tests that prove it: every row at least one, and each test named exists.

usage: named_tests.py SOURCE_DIR scenarios|urlgrabber|limits

scenarios:   docs/design/connections.md, the scenarios 1 to 80
urlgrabber:  docs/guide/urlgrabber.md; besides, nothing of urlgrabber is left out, and what is said to be lastack's is in its public headers
             or an option of its program
limits:      docs/design/metadata-limits.md, the rows M1 to M32
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


def scenario_faults(source):
    rows = re.findall(r"^\| (\d+) \| .*? \| (.*) \|$", (source / "docs/design/connections.md").read_text(), re.M)
    for number, cell in rows:
        yield from faults_of(source, number, cell)
    if [int(number) for number, _ in rows] != list(range(1, 81)):
        yield "the table does not have the scenarios 1 to 80 in their order"


# What urlgrabber has: options, calls, classes, errors, and the options of its program.
OPTIONS = """copy_local close_connection keepalive curl_obj progress_obj multi_progress_obj text throttle bandwidth timeout minrate range reget
    user_agent http_headers ftp_headers proxies libproxy no_cache retry_no_cache prefix opener cache_openers ssl_context data urlparser quote
    username password ssl_ca_cert ssl_verify_peer ssl_verify_host ssl_key ssl_key_type ssl_key_pass ssl_cert ssl_cert_type size max_header_size
    ip_resolve async_ max_connections timedhosts half_life default_speed ftp_disable_epsv retry retrycodes checkfunc failure_callback failfunc
    interrupt_callback mirror_group relative_url logspec proxy"""
CALLS = """urlgrab urlopen urlread URLGrabber URLGrabberOptions default_grabber parallel_wait reset_curl_obj set_logger URLGRABBER_DEBUG
    set_throttle set_bandwidth set_progress_obj set_user_agent retrygrab MirrorGroup MGRandomStart MGRandomOrder derive raw_throttle find_proxy
    set_loglevel PyCurlFileObject URLGrabError increment increment_master remove remove_master fail private preference default_action
    BaseMeter TextMeter MultiFileMeter TextMultiFileMeter text_progress_meter text_meter_total_size format_number format_time
    terminal_width_cached TerminalLine RateEstimator RangeableFileObject range_tuple_normalize range_tuple_to_header range_header_to_tuple
    RangeError HTTPRangeHandler FileRangeHandler FTPRangeHandler URLParser HTTPHandler open_connections close_all urlgrabber-ext-down
    URLGRABBER_EXT_DOWN http_proxy https_proxy ftp_proxy no_proxy"""
ERRORS = [*range(1, 17), 256]
PROGRAM = "--help -o -O --repeat -p -v -d -D --profile"
COLUMNS = 5


def all_tests(source):
    """{"Suite.test": text of the files that have it}"""
    known = {}
    for path in sorted((source / "tests").glob("**/*_test.cpp")):
        text = path.read_text()
        for suite, test in re.findall(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", text, re.M):
            known[f"{suite}.{test}"] = known.get(f"{suite}.{test}", "") + text
    return known


def test_faults(tests, row, cell):
    named = re.findall(r"`([^`]+)`", cell)
    if not named:
        yield f"{row}: names no test"
    for name in named:
        plain, _, parameter = name.partition("/")
        if plain not in tests or "DISABLED_" in plain:
            yield f"{row}: there is no test {plain}"
        elif parameter and f'"{parameter}"' not in tests[plain]:
            yield f"{row}: {plain} has no parameter {parameter}"


def api_faults(headers, flags, row, cell):
    for word in re.findall(r"`([^`]+)`", cell):
        if re.match(r"--?\w", word):
            if not re.search(rf'[",]{re.escape(word.split()[0])}[",]', flags):
                yield f"{row}: the program has no option {word}"
        elif re.match(r"[A-Z]\w+(::\w+)*(\(|$)", word):
            for part in word.split("(")[0].split("::"):
                if not re.search(rf"\b{part}\b", headers):
                    yield f"{row}: no public header has {part}"


def urlgrabber_faults(source):
    tests = all_tests(source)
    headers = "".join(path.read_text() for path in (source / "include/lastack").glob("*.hpp"))
    flags = "".join((source / "src/cli" / name).read_text() for name in ("get_options.cpp", "arguments.cpp"))
    mapped = set()
    for line in (source / "docs/guide/urlgrabber.md").read_text().splitlines():
        if not line.startswith("|") or re.match(r"\|[-| ]+\|$", line):
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells[0] == "urlgrabber":
            continue
        if len(cells) != COLUMNS or not all(cells[i] for i in (0, 1, 2, 4)):
            yield f"{cells[0]}: a cell is missing"
            continue
        mapped.update(word.split("(")[0] for word in re.findall(r"`([^`]+)`", cells[0]))
        yield from api_faults(headers, flags, cells[0], cells[2])
        yield from test_faults(tests, cells[0], cells[4])
    wanted = [*OPTIONS.split(), *CALLS.split(), *(f"errno {number}" for number in ERRORS), *PROGRAM.split()]
    yield from (f"{name}: has no row" for name in wanted if name not in mapped)


def limits_faults(source):
    tests = all_tests(source)
    rows = re.findall(r"^\| (M\d+) \|(.*)\|$", (source / "docs/design/metadata-limits.md").read_text(), re.M)
    for number, cells in rows:
        yield from test_faults(tests, number, re.split(r"(?<!\\)\|", cells)[-1])
    wanted = [f"M{number}" for number in (*range(1, 9), *range(10, 15), 16, 17, 18, 19, 21, 22, 23, 24, 26, 28, 29, 30, 31, 32)]
    if [number for number, _ in rows] != wanted:
        yield "the table does not have the rows of metadata in their order"


def main():
    source = pathlib.Path(sys.argv[1])
    faults = list({"scenarios": scenario_faults, "urlgrabber": urlgrabber_faults, "limits": limits_faults}[sys.argv[2]](source))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
